/**
 * The SAML engine (node-saml) behind a narrow interface: writes AuthnRequests, verifies signatures.
 *
 * Its messages are translated here, and only here. It has one InResponseTo cache for the process,
 * uses the system's clock, and crashes without Conditions, so request, times and audience are
 * checked in the profile.
 */
import { SAML, type SamlConfig, ValidateInResponseTo } from '@node-saml/passport-saml';
import type { BridgeError } from '../../core/errors.ts';
import type { AuthenticationRequest } from '../../core/sign-in.ts';
import type { SignOnService } from './idp-metadata.ts';
import { refusal } from './refusal.ts';
import type { ReceivedResponse } from './response.ts';

export interface EngineOptions {
  /** Our entityID. */
  readonly entityId: string;
  readonly acsUrl: string;
}

/** RequestedAuthnContext (saml-core 3.3.2.2.1). */
export interface RequestedContext {
  /** `AuthnContextClassRef` values. */
  readonly authnContext: readonly string[];
  readonly comparison: 'exact' | 'minimum' | 'better' | 'maximum';
}

export interface AuthnRequestOptions {
  readonly service: SignOnService;
  readonly requestId: string;
  readonly relayState: string;
  readonly forceAuthn: boolean;
  /** Undefined accepts any context. */
  readonly requestedContext: RequestedContext | undefined;
  /** Signs with RSA-SHA256 if given. */
  readonly privateKeyPem: string | undefined;
}

export interface Engine {
  /**
   * An AuthnRequest in the binding of the service (saml-bindings 3.4, HTTP-Redirect; 3.5,
   * HTTP-POST).
   */
  authnRequest(request: AuthnRequestOptions): Promise<AuthenticationRequest>;
  /**
   * The signed Assertion as XML text. Throws `saml_response_refused`. Takes only what
   * `readResponse` has accepted: the engine's own parser is tolerant, and slow on hostile input.
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
    // AD FS and others reject a context that they cannot match exactly, so none is requested unless
    // it is configured.
    disableRequestedAuthnContext: true,
    identifierFormat: null,
    signatureAlgorithm: 'sha256',
    digestAlgorithm: 'sha256',
  } satisfies Partial<SamlConfig>;

  return {
    async authnRequest({
      service: { binding, url },
      requestId,
      relayState,
      forceAuthn,
      requestedContext,
      privateKeyPem,
    }) {
      const saml = new SAML({
        ...base,
        entryPoint: url,
        // By POST it is not compressed.
        skipRequestCompression: binding === 'post',
        forceAuthn,
        ...(requestedContext !== undefined && {
          disableRequestedAuthnContext: false,
          authnContext: [...requestedContext.authnContext],
          racComparison: requestedContext.comparison,
        }),
        generateUniqueId: () => requestId,
        // Required by the type; nothing is verified here.
        idpCert: 'none',
        ...(privateKeyPem === undefined ? {} : { privateKey: privateKeyPem }),
      });
      if (binding === 'redirect')
        return { binding, url: await saml.getAuthorizeUrlAsync(relayState, undefined, {}) };
      const message = await saml.getAuthorizeMessageAsync(relayState, undefined, {});
      return { binding, url, fields: message as Readonly<Record<string, string>> };
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
 * Messages of the engine, and ours. Its own can quote the response, so they go to the log only, as
 * the cause.
 */
const FAULTS: readonly (readonly [RegExp, string])[] = [
  [/^Invalid document signature$/, 'the Response is not what was signed'],
  [/^Invalid signature$/, 'the Assertion is not what was signed'],
  [/^Invalid signature: multiple assertions$/, 'the Response contains more than one Assertion'],
  [
    /^Invalid signature: ID cannot refer to more than one element$/,
    'a signature refers to an ID that does not occur exactly once',
  ],
  [
    /^Invalid signature: Referenced node does not refer/,
    'a signature refers to another element than its parent',
  ],
  [/^Invalid signature, too many transforms$/, 'a signature has too many transforms'],
  [/^Too many signatures found/, 'an element has more than one Signature'],
  [/^Missing SAML assertion$/, 'the Response contains no Assertion'],
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
