/**
 * The bridge as an identity provider for AWS.
 *
 * Owns: the assertion about a user for one role, its signature, the metadata with our keys. Does
 * not own: permissions, the call to STS.
 */
import type { Partitions } from '../core/partitions.ts';
import type { AssertionIssuer, Clock, FederationMetadata } from '../core/ports.ts';
import { canonicalXml, element } from './canonical-xml.ts';
import { keyData } from './enveloped-signature.ts';
import { issueSamlResponse } from './saml-assertion.ts';
import type { SigningKeys } from './signing-keys.ts';
import { issueWebIdentityToken, WEB_IDENTITY_ALGORITHM } from './web-identity-token.ts';

export interface IssuerOptions {
  /** Our origin, and the `iss` of our tokens. */
  readonly baseUrl: string;
  /** Our name as a SAML identity provider. */
  readonly samlEntityId: string;
  /** The `aud` of our tokens: a client id of the IAM OIDC provider. */
  readonly audience: string;
  readonly keys: SigningKeys;
  readonly partitions: Partitions;
  readonly clock: Clock;
}

/**
 * Builds the metadata once: it changes only with the keys, and then the issuer is created again.
 */
export function createIssuer(options: IssuerOptions): AssertionIssuer & FederationMetadata {
  const { baseUrl, samlEntityId: entityId, audience, keys, partitions, clock } = options;
  const metadata = samlMetadata(options);
  const configuration = openIdConfiguration(baseUrl);
  const jwks = {
    keys: keys.webIdentity.published.map(({ kid, publicJwk, certificate }) => ({
      ...publicJwk,
      kid,
      use: 'sig',
      alg: WEB_IDENTITY_ALGORITHM,
      // For an STS that checks tokens by the certificate of a key and its thumbprint (RFC 7517
      // section 4.7).
      x5c: [certificate],
    })),
  };
  return {
    samlResponse: async (subject, trust) =>
      issueSamlResponse({
        subject,
        trust,
        entityId,
        partition: partitions[subject.account.partition],
        key: keys.saml.active,
        now: clock.now(),
      }),
    webIdentityToken: subject =>
      issueWebIdentityToken({
        subject,
        issuer: baseUrl,
        audience: subject.account.stsAudience ?? audience,
        key: keys.webIdentity.active,
        now: clock.now(),
      }),
    samlMetadata: () => metadata,
    openIdConfiguration: () => configuration,
    jwks: () => jwks,
  };
}

/**
 * The IdP metadata for CreateSAMLProvider. IAM requires an SSO location. AWS never sends an
 * AuthnRequest there, so it is the portal.
 */
function samlMetadata({ baseUrl, samlEntityId, keys }: IssuerOptions): string {
  const { active, published } = keys.saml;
  const root = element(
    'md:EntityDescriptor',
    { entityID: samlEntityId, validUntil: new Date(active.certificateEndsAt).toISOString() },
    [
      element(
        'md:IDPSSODescriptor',
        {
          protocolSupportEnumeration: 'urn:oasis:names:tc:SAML:2.0:protocol',
          WantAuthnRequestsSigned: 'false',
        },
        [
          ...published.map(key =>
            element('md:KeyDescriptor', { use: 'signing' }, [
              element('ds:KeyInfo', {}, [keyData(key)]),
            ]),
          ),
          element('md:NameIDFormat', {}, 'urn:oasis:names:tc:SAML:2.0:nameid-format:persistent'),
          ...['HTTP-Redirect', 'HTTP-POST'].map(binding =>
            element('md:SingleSignOnService', {
              Binding: `urn:oasis:names:tc:SAML:2.0:bindings:${binding}`,
              Location: `${baseUrl}/`,
            }),
          ),
        ],
      ),
    ],
  );
  return `<?xml version="1.0" encoding="UTF-8"?>\n${canonicalXml(root)}\n`;
}

/**
 * OpenID Connect Discovery 1.0 section 3, without login endpoints: STS reads the issuer and the
 * keys.
 */
function openIdConfiguration(baseUrl: string): Readonly<Record<string, unknown>> {
  return {
    issuer: baseUrl,
    jwks_uri: `${baseUrl}/.well-known/jwks.json`,
    response_types_supported: ['id_token'],
    subject_types_supported: ['public'],
    id_token_signing_alg_values_supported: [WEB_IDENTITY_ALGORITHM],
    scopes_supported: ['openid'],
    claims_supported: [
      'iss',
      'sub',
      'aud',
      'iat',
      'exp',
      'jti',
      'https://aws.amazon.com/tags',
      'https://aws.amazon.com/source_identity',
    ],
  };
}
