/** Checks of an OpenID provider. What its document omits is not judged. */
import type { OidcConnectorDescription } from '../../config/configuration.ts';
import { listed } from '../../core/listed.ts';
import type { OidcProviderFacts } from '../../core/provider-facts.ts';
import type { Check, Found } from './check.ts';

type OidcCheck = Check<OidcProviderFacts, OidcConnectorDescription>;
type Given = Parameters<OidcCheck>[0];

export const OIDC_CHECKS: readonly OidcCheck[] = [
  issuer,
  codeFlow,
  pkce,
  algorithms,
  clientAuthentication,
  scopes,
  claims,
  stepUp,
  refresh,
  backchannelLogout,
  otherHosts,
];

function* issuer({ facts, connector }: Given): Generator<Found> {
  if (facts.issuer === connector.issuer) return;
  const isSlash = withoutSlash(facts.issuer) === withoutSlash(connector.issuer);
  yield {
    id: 'connectors.issuer-differs',
    message: isSlash
      ? 'The provider names its issuer with another trailing slash.'
      : 'The provider names another issuer.',
    expected: connector.issuer,
    found: facts.issuer,
    fix: 'Write the issuer exactly as the provider names it, if this is the right provider.',
  };
}

/** An issuer without a slash at its end. */
export function withoutSlash(text: string): string {
  return text.replace(/\/$/, '');
}

function* codeFlow({ facts: { responseTypes } }: Given): Generator<Found> {
  if (responseTypes === undefined || responseTypes.includes('code')) return;
  yield {
    id: 'connectors.code-flow-unsupported',
    message: 'The provider does not offer the authorization code flow.',
    expected: 'code',
    found: listed(responseTypes) || 'none',
    fix: 'Enable the authorization code flow at the provider.',
  };
}

function* pkce({ facts: { codeChallengeMethods } }: Given): Generator<Found> {
  if (codeChallengeMethods === undefined || codeChallengeMethods.includes('S256')) return;
  yield {
    id: 'connectors.pkce-unsupported',
    message: 'The provider does not offer PKCE with S256.',
    expected: 'S256',
    found: listed(codeChallengeMethods) || 'none',
    fix: 'Enable PKCE with S256 at the provider.',
  };
}

/** As connectors/oidc-metadata has them. */
const REFUSED_ALGORITHM = /^(?:none|HS\d+)$/;

function* algorithms({ facts: { idTokenAlgorithms } }: Given): Generator<Found> {
  if (idTokenAlgorithms === undefined) return;
  if (idTokenAlgorithms.some(name => !REFUSED_ALGORITHM.test(name))) return;
  yield {
    id: 'connectors.algorithms-unsupported',
    message: 'The provider signs id_tokens only in ways that the bridge rejects.',
    expected: 'RS, PS or ES with 256 to 512, or EdDSA',
    found: listed(idTokenAlgorithms) || 'none',
    fix: 'Set the signature algorithm of id_tokens to RS256 or ES256 at the provider.',
  };
}

function* clientAuthentication({ facts, connector }: Given): Generator<Found> {
  const { clientAuthentication: offered } = facts;
  if (offered === undefined || offered.includes(connector.clientAuthentication)) return;
  const other = ['client_secret_basic', 'client_secret_post'].find(name => offered.includes(name));
  yield {
    id: 'connectors.client-authentication',
    message: 'The provider does not offer the client authentication of this connector.',
    expected: connector.clientAuthentication,
    found: listed(offered) || 'none',
    fix:
      other === undefined
        ? 'Allow client_secret_basic for this client at the provider.'
        : `Set clientAuthentication: ${other}.`,
  };
}

function* scopes({ facts, connector }: Given): Generator<Found> {
  const missing = missingFrom(facts.scopes, connector.scopes);
  if (missing.length > 0)
    yield {
      id: 'connectors.scope-unsupported',
      message: `The provider does not list the scope ${listed(missing)}.`,
      found: listed(facts.scopes ?? []) || 'none',
      fix: 'Remove it from scopes, or create it at the provider. Some providers reject unknown scopes.',
    };
}

function* claims({ facts, connector }: Given): Generator<Found> {
  const { username, email, groups } = connector.claims;
  const names = [username, email, groups].map(name => name.split('.')[0]!);
  const missing = missingFrom(facts.claims, names);
  if (missing.length > 0)
    yield {
      id: 'connectors.claim-unlisted',
      message: `The provider does not list the claim ${listed(missing)}.`,
      fix: 'Many providers omit claims that you configure yourself. Try a sign-in at /sign-in/test/ of the bridge.',
    };
}

function* stepUp({ facts, connector }: Given): Generator<Found> {
  const { stepUp: asked } = connector;
  if (asked === undefined || asked.claim === 'acrs') return;
  const missing = missingFrom(facts.acrValues, asked.acrValues);
  if (missing.length > 0)
    yield {
      id: 'connectors.acr-unsupported',
      message: `The provider does not list the step-up value ${listed(missing)}.`,
      found: listed(facts.acrValues ?? []) || 'none',
      fix: 'Correct stepUp.acrValues, or define the value at the provider.',
    };
}

function* refresh({ facts, connector }: Given): Generator<Found> {
  if (connector.refresh === undefined) return;
  if (missingFrom(facts.grantTypes, ['refresh_token']).length > 0)
    yield {
      id: 'connectors.refresh-unsupported',
      message: 'The provider does not list the grant type refresh_token, which refresh requires.',
      found: listed(facts.grantTypes ?? []) || 'none',
      fix: 'Allow refresh tokens for this client at the provider, or remove refresh.',
    };
}

function* backchannelLogout({ facts, connector }: Given): Generator<Found> {
  if (connector.logout.backchannel && !facts.backchannelLogout)
    yield {
      id: 'connectors.backchannel-unsupported',
      message: 'The provider does not say that it supports back-channel logout.',
      fix: 'Register the back-channel logout address at the provider, or remove logout.backchannel.',
    };
}

const OF_THE_BRIDGE: readonly string[] = ['token_endpoint', 'jwks_uri', 'userinfo_endpoint'];

function* otherHosts({ facts }: Given): Generator<Found> {
  const own = siteOf(facts.issuer);
  const others = facts.endpoints.filter(
    ({ name, url }) => OF_THE_BRIDGE.includes(name) && siteOf(url) !== own,
  );
  if (own === undefined || others.length === 0) return;
  yield {
    id: 'connectors.endpoint-elsewhere',
    message: `Endpoints are on another site than the issuer: ${listed(
      others.map(({ name, url }) => `${name} at ${new URL(url).host}`),
    )}.`,
    fix: 'If you do not know this host, check that the discovery document is the right one.',
  };
}

/** The last two labels of the host, or the whole host of an address. */
function siteOf(url: string): string | undefined {
  const { hostname } = URL.parse(url) ?? {};
  if (hostname === undefined || /^[\d.]+$|^\[/.test(hostname)) return hostname;
  return hostname.split('.').slice(-2).join('.');
}

/** Nothing, if the provider lists nothing. */
function missingFrom(
  offered: readonly string[] | undefined,
  wanted: readonly string[],
): readonly string[] {
  return offered === undefined ? [] : wanted.filter(name => !offered.includes(name));
}
