/** Groups that are read again, for the connectors of one snapshot that are set up so. */
import { createIdentityRefresh, type IdentityRefresh } from '../bridge/identity-refresh.ts';
import type { IdentityRefreshParts } from '../bridge/refresh-answer.ts';
import type { Configuration } from '../config/configuration.ts';
import type { Logger } from '../log.ts';

const GET_REFRESH_TOKENS =
  'add offline_access to scopes, or let the provider issue refresh tokens to this client';

export function openIdentityRefresh(
  ports: Omit<IdentityRefreshParts, 'refreshSettings' | 'wait' | 'notices'>,
  { connectors }: Configuration,
  log: Logger,
): IdentityRefresh {
  return createIdentityRefresh({
    ...ports,
    refreshSettings: new Map(
      connectors.flatMap(connector =>
        connector.protocol === 'oidc' && connector.refresh !== undefined
          ? [[connector.id, connector.refresh] as const]
          : [],
      ),
    ),
    wait: milliseconds => new Promise(resolve => setTimeout(resolve, milliseconds)),
    notices: {
      failed: (connector, { code, message: why }) =>
        log.warn({ connector, code, why }, 'groups cannot be read again'),
      withoutRefreshToken: connector =>
        log.warn({ connector, fix: GET_REFRESH_TOKENS }, 'the provider gave no refresh token'),
    },
  });
}
