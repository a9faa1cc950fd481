/**
 * A logout token, which anyone can post: it ends sessions only if the provider signed it for this
 * bridge, as a logout token and not as another one.
 *
 * An input that begins with `{` becomes the claims of a correctly signed token.
 */
import type { ServerMetadata } from 'openid-client';
import { createProviderKeys } from '../../src/connectors/oidc-keys.ts';
import { verifyLogoutToken } from '../../src/connectors/oidc-logout-token.ts';
import { KEY_SET, signedClaims, tokenOf } from './signed-token.ts';
import { clock, OIDC, outboundOf, PROVIDER } from './signed-world.ts';
import { type FuzzTarget, promise, unlessRejected } from './target.ts';

const EVENT = 'http://schemas.openid.net/event/backchannel-logout';
const SECONDS = clock.now() / 1000;
const DEFAULTS = {
  ...{ iss: OIDC.issuer, aud: OIDC.clientId, sub: 'p-0001', jti: 'j-1', iat: SECONDS },
  events: { [EVENT]: {} },
};
const METADATA = PROVIDER as unknown as ServerMetadata;
const keys = createProviderKeys({ clock, outbound: outboundOf({ '/jwks': () => KEY_SET }) });

export const target: FuzzTarget = {
  name: 'logout-token',
  mostBytes: 4000,
  mostMilliseconds: 500,
  guidedBy: ['/src/connectors/', '/node_modules/jose/'],
  covers: [
    'src/connectors/oidc-logout-token.ts',
    'src/connectors/oidc-keys.ts',
    'src/connectors/key-cache.ts',
  ],
  check: async input => {
    const token = tokenOf(input, DEFAULTS);
    if (token === null) return;
    const verified = await unlessRejected(['logout_token_refused'], () =>
      verifyLogoutToken(token, {
        ...{ metadata: METADATA, provider: { newer: async () => undefined }, keys },
        ...{ clientId: OIDC.clientId, now: clock.now() },
      }),
    );
    if (verified === undefined) return;
    const claims = signedClaims(token);
    promise(claims !== undefined, 'only a token that the provider signed is accepted');
    promise(claims.iss === OIDC.issuer, 'an accepted token is of the issuer');
    promise([claims.aud].flat().includes(OIDC.clientId), 'an accepted token is for the bridge');
    promise(!('nonce' in claims), 'an id_token is no logout token');
    promise(EVENT in (claims.events as object), 'an accepted token says that it is a logout');
    promise(verified.jti === claims.jti, 'the id is the claim jti');
    promise(
      verified.sub === claims.sub && verified.sid === claims.sid,
      'whom it ends is in its claims',
    );
    promise(verified.sub !== undefined || verified.sid !== undefined, 'it says whom it ends');
    promise(Number.isFinite(verified.expiresAt), 'it ends');
    promise(verified.expiresAt > clock.now(), 'its id is remembered as long as it is accepted');
  },
};
