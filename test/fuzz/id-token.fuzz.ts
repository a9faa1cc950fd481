/**
 * An id_token, by the way of a sign-in: the connector redeems a code and gets the input. What is
 * accepted was signed for this bridge, and the identity is what the claims say.
 *
 * An input that begins with `{` becomes the claims of a correctly signed token.
 */
import { createOidcConnector } from '../../src/connectors/oidc.ts';
import type { ConnectorId } from '../../src/core/identity.ts';
import { KEY_SET, signedClaims, tokenOf } from './signed-token.ts';
import { clock, OIDC, outboundOf, PROVIDER } from './signed-world.ts';
import { type FuzzTarget, promise, unlessRejected } from './target.ts';

const SECONDS = clock.now() / 1000;
const DEFAULTS = {
  ...{ iss: OIDC.issuer, aud: OIDC.clientId, sub: 'p-0001', nonce: OIDC.nonce },
  ...{ iat: SECONDS, exp: SECONDS + 300, auth_time: SECONDS },
  ...{ preferred_username: 'alice', email: 'alice@example.test', groups: ['developers'] },
};

let answered = '';
const connector = createOidcConnector({
  ...{ id: 'idp' as ConnectorId, label: 'IdP', baseUrl: 'https://bridge.example.test' },
  ...{ issuer: OIDC.issuer, clientId: OIDC.clientId, clientSecret: 'a-secret' },
  clientAuthentication: 'client_secret_basic',
  ...{
    scopes: ['openid'],
    claims: { username: 'preferred_username', email: 'email', groups: 'groups' },
  },
  ...{ multiFactorMethods: ['mfa'], logout: { backchannel: false, endsTerminals: false } },
  ...{ reauthenticate: 'prompt', keepCorporateProof: false, clock },
  secrets: { token: () => OIDC.nonce } as never,
  outbound: outboundOf({
    '/.well-known/openid-configuration': () => PROVIDER,
    '/jwks': () => KEY_SET,
    '/token': () => ({
      ...{ access_token: OIDC.accessToken, token_type: 'Bearer', id_token: answered },
    }),
  }),
});
await connector.asked;
connector.close();

export const target: FuzzTarget = {
  name: 'id-token',
  mostBytes: 4000,
  mostMilliseconds: 500,
  guidedBy: [
    '/src/connectors/',
    ...['/node_modules/oauth4webapi/', '/node_modules/openid-client/'],
  ],
  covers: [
    'oidc-id-token',
    'oidc-identity',
    'attributes',
    'claim-values',
    'oidc-client',
    'oidc-errors',
    'group-claim',
  ].map(name => `src/connectors/${name}.ts`),
  check: async input => {
    const token = tokenOf(input, DEFAULTS);
    if (token === null) return;
    answered = token;
    const verified = await unlessRejected(
      // What is no JWT at all counts as a provider that does not answer as it must.
      ['oidc_response_refused', 'identity_incomplete', 'idp_unreachable'],
      () =>
        connector.complete(
          {
            protocol: 'oidc',
            parameters: new URLSearchParams({ code: 'a-code', state: 'a-state' }),
          },
          { protocol: 'oidc', nonce: OIDC.nonce, codeVerifier: 'a'.repeat(43) },
        ),
    );
    if (verified === undefined) return;
    const claims = signedClaims(token);
    promise(claims !== undefined, 'only a token that the provider signed is accepted');
    const { identity } = verified;
    promise(claims.iss === OIDC.issuer, 'an accepted token is of the issuer');
    promise([claims.aud].flat().includes(OIDC.clientId), 'an accepted token is for the bridge');
    promise(claims.nonce === OIDC.nonce, 'an accepted token is of this sign-in');
    promise(Number(claims.exp) > SECONDS - 61, 'an accepted token has not expired');
    promise(identity.subject === claims.sub, 'the subject is the claim sub');
    // A list of one, or of equal values, is that value.
    const names = [claims.preferred_username].flat().filter(name => name !== null && name !== '');
    promise(
      names.length > 0 && names.every(name => name === identity.username),
      'the user name is its claim',
    );
    const said: readonly unknown[] = [claims.groups].flat();
    promise(
      identity.groups.every(group => said.includes(group)),
      'every group is one of the claim',
    );
  },
};
