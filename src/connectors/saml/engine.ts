/**
 * The SAML engine (node-saml) behind a narrow door: writes AuthnRequests, verifies signatures.
 *
 * What it says in prose is translated here, and only here. Its InResponseTo cache is one for the
 * whole process, its clock is the system's, and it takes a missing Conditions for a crash: request,
 * times and audience are the profile's to check.
 */
import { SAML, type SamlConfig, ValidateInResponseTo } from '@node-saml/passport-saml';
import type { BridgeError } from '../../core/errors.ts';
import { type ReceivedResponse, refusal } from './response.ts';

export interface EngineOptions {
  /** Our entityID. */
  readonly entityId: string;
  readonly acsUrl: string;
}

export interface AuthnRequestOptions {
  readonly destination: string;
  readonly requestId: string;
  readonly relayState: string;
  readonly forceAuthn: boolean;
  /** Signs with RSA-SHA256 when given. */
  readonly privateKeyPem: string | undefined;
}

export interface Engine {
  /** The IdP's URL with the AuthnRequest (saml-bindings 3.4, HTTP-Redirect). */
  authnRequestUrl(request: AuthnRequestOptions): Promise<string>;
  /**
   * The Assertion as it was signed by one of the keys, as XML text. Throws `saml_response_refused`.
   * Call it with what `readResponse` let through: the engine's own parser is tolerant, and slow on
   * hostile input.
   */
  signedAssertion(
    received: Pick<ReceivedResponse, 'encoded' | 'responseIsSigned'>,
    certificatesPem: readonly string[],
  ): Promise<string>;
}

/** Nothing is cached. */
const NO_CACHE: SamlConfig['cacheProvider'] = {
  saveAsync: async () => null,
  getAsync: async () => null,
  removeAsync: async () => null,
};

export function createEngine({ entityId, acsUrl }: EngineOptions): Engine {
  const base = {
    issuer: entityId,
    callbackUrl: acsUrl,
    cacheProvider: NO_CACHE,
    validateInResponseTo: ValidateInResponseTo.never,
    // AD FS and others refuse a context that they cannot reach exactly, and MFA is more than the
    // default password context.
    disableRequestedAuthnContext: true,
    identifierFormat: null,
    signatureAlgorithm: 'sha256',
  } satisfies Partial<SamlConfig>;

  return {
    authnRequestUrl({ destination, requestId, relayState, forceAuthn, privateKeyPem }) {
      const saml = new SAML({
        ...base,
        entryPoint: destination,
        forceAuthn,
        generateUniqueId: () => requestId,
        // Required by the type; nothing is verified here.
        idpCert: 'none',
        ...(privateKeyPem === undefined ? {} : { privateKey: privateKeyPem }),
      });
      return saml.getAuthorizeUrlAsync(relayState, undefined, {});
    },

    async signedAssertion({ encoded, responseIsSigned }, certificatesPem) {
      const saml = new SAML({
        ...base,
        audience: false,
        idpCert: [...certificatesPem],
        wantAssertionsSigned: true,
        wantAuthnResponseSigned: responseIsSigned,
        acceptedClockSkewMs: -1,
      });
      try {
        const { profile } = await saml.validatePostResponseAsync({ SAMLResponse: encoded });
        const xml = profile?.getAssertionXml?.();
        if (xml !== undefined) return xml;
      } catch (cause) {
        throw refusalOf(cause);
      }
      throw refusal('the signature engine found no signed Assertion');
    },
  };
}

/**
 * What the engine says, and what we say. Its own words may quote the response, so they go to the
 * log as the cause only.
 */
const FAULTS: readonly (readonly [RegExp, string])[] = [
  [/^Invalid document signature$/, 'the Response is not what was signed'],
  [/^Invalid signature$/, 'the Assertion is not what was signed'],
  [/^Invalid signature: multiple assertions$/, 'the Response holds more than one Assertion'],
  [
    /^Invalid signature: ID cannot refer to more than one element$/,
    'a signature refers to an ID that is not there exactly once',
  ],
  [
    /^Invalid signature: Referenced node does not refer/,
    'a signature refers to another element than its parent',
  ],
  [/^Invalid signature, too many transforms$/, 'a signature has too many transforms'],
  [/^Too many signatures found/, 'an element has more than one Signature'],
  [/^Missing SAML assertion$/, 'the Response holds no Assertion'],
  [/^Unable to process multiple conditions/, 'the Assertion has more than one Conditions'],
  [
    /^Error parsing (?:NotOnOrAfter|IssueInstant|NotBefore):/,
    'a time of the Assertion is missing or cannot be read',
  ],
];

function refusalOf(cause: unknown): BridgeError {
  const prose = cause instanceof Error ? cause.message : '';
  const known = FAULTS.find(([pattern]) => pattern.test(prose));
  return refusal(known?.[1] ?? 'the signature engine could not read the response', { cause });
}
