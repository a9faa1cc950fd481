/**
 * Sign-outs at an OpenID provider: those that a user begins here (RP-Initiated Logout 1.0), and
 * those that the provider tells of (Back-Channel Logout 1.0).
 */
import { decodeJwt } from 'jose';
import type { ConnectorId } from '../core/identity.ts';
import type { Clock, ProviderLogout } from '../core/ports.ts';
import type { ProviderSession } from '../core/provider-session.ts';
import { personIdOf } from './attributes.ts';
import type { Provider } from './oidc-discovery.ts';
import type { ProviderKeys } from './oidc-keys.ts';
import { verifyLogoutToken } from './oidc-logout-token.ts';

/** Longer request lines are refused by some providers. */
const MAX_ADDRESS = 4000;
const MAX_HINT = 512;

export interface LogoutOptions {
  /** Whether logout tokens of the provider are accepted. */
  readonly backchannel: boolean;
  /** Whether they also end sessions in terminals. */
  readonly endsTerminals: boolean;
}

interface Parts {
  readonly connector: ConnectorId;
  readonly clientId: string;
  readonly baseUrl: string;
  readonly logout: LogoutOptions;
  readonly provider: Provider;
  readonly keys: ProviderKeys;
  readonly clock: Clock;
}

export function createLogout(parts: Parts): ProviderLogout {
  const { connector, clientId, provider, keys, clock, logout } = parts;
  const { backchannel, endsTerminals } = logout;
  return {
    addressFor: session => addressFor(session, parts),
    backChannel: backchannel
      ? {
          terminals: endsTerminals ? 'end' : 'go on',
          verify: async logoutToken => {
            const metadata = await provider.metadata('connector_unavailable');
            const by = { metadata, provider, keys, clientId, now: clock.now() };
            const { jti, sub, sid, expiresAt } = await verifyLogoutToken(logoutToken, by);
            const person = sub === undefined ? undefined : personIdOf(connector, sub);
            return { id: jti, issuer: metadata.issuer, person, sid, expiresAt };
          },
        }
      : undefined,
  };
}

/**
 * With the id_token as a hint the provider need not ask the user. Without one it must, and it
 * cannot tell a forged link from ours.
 */
function addressFor(
  session: Pick<ProviderSession, 'idToken' | 'sid'> | undefined,
  { clientId, baseUrl, provider }: Parts,
): string | undefined {
  const endpoint = provider.known()?.end_session_endpoint;
  if (endpoint === undefined) return undefined;
  const address = (hints: Readonly<Record<string, string | undefined>>): string => {
    const url = new URL(endpoint);
    url.searchParams.set('client_id', clientId);
    url.searchParams.set('post_logout_redirect_uri', `${baseUrl}/signed-out`);
    for (const [name, value] of Object.entries(hints))
      if (value !== undefined) url.searchParams.set(name, value);
    return url.href;
  };
  if (session === undefined) return address({});
  const logout_hint = loginHintIn(session.idToken);
  const hinted = address({ id_token_hint: session.idToken, logout_hint });
  // An id_token with many groups can be longer than an address.
  return hinted.length <= MAX_ADDRESS
    ? hinted
    : address({ logout_hint: logout_hint ?? session.sid });
}

/** Entra ID names the account for a sign-out by this claim. */
function loginHintIn(idToken: string): string | undefined {
  const { login_hint: hint } = decodeJwt(idToken);
  return typeof hint === 'string' && hint !== '' && hint.length <= MAX_HINT ? hint : undefined;
}
