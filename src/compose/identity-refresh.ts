/** Groups that are read again, for the connectors of one snapshot that are set up so. */
import { setTimeout } from 'node:timers/promises';
import { createIdentityRefresh, type IdentityRefresh } from '../bridge/identity-refresh.ts';
import type { IdentityRefreshParts } from '../bridge/refresh-answer.ts';
import type { Configuration } from '../config/configuration.ts';
import type { Logger } from '../log.ts';

/**
 * How long requests wait for a provider while its last answer is good, in milliseconds: longer than
 * a provider takes that works, and less than AWS tools wait for credentials of a container, with
 * their retries (botocore three times two seconds, JavaScript four times one).
 */
const IMPATIENCE = 2500;

const GET_REFRESH_TOKENS =
  'add offline_access to scopes, or let the provider issue refresh tokens to this client';

export function openIdentityRefresh(
  ports: Omit<IdentityRefreshParts, 'refreshSettings' | 'wait' | 'impatience' | 'notices'>,
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
    wait: milliseconds => setTimeout(milliseconds),
    impatience: () => setTimeout<void>(IMPATIENCE, undefined, { ref: false }),
    notices: {
      failed: (connector, { code, message: why }) =>
        log.warn({ connector, code, why }, 'groups cannot be read again'),
      withoutRefreshToken: connector =>
        log.warn({ connector, fix: GET_REFRESH_TOKENS }, 'the provider gave no refresh token'),
    },
  });
}
