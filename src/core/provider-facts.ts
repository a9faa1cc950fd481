/**
 * What an identity provider publishes about itself: facts of its SAML metadata or its OpenID
 * discovery document and keys, as `init` and `doctor` judge them.
 *
 * The facts also describe a provider that the bridge rejects. `rejected` is the sentence with which
 * a running bridge rejects it, from the same code.
 */
import { BridgeError } from './errors.ts';
import type { Instant, Seconds } from './time.ts';

export type DocumentLocation = { readonly url: string } | { readonly file: string };

/** `entityId` chooses an entity of a document with several. */
export type MetadataLocation = DocumentLocation & { readonly entityId?: string | undefined };

/** The largest document with several entities that is read: a federation has tens of megabytes. */
export const MOST_AGGREGATE_BYTES: number = 64 * 1024 * 1024;

/** How a document came. Everything is undefined for a file. */
export interface Served {
  /** The clock of the provider minus ours, by its `Date` header; accurate to about a second. */
  readonly skewSeconds?: Seconds | undefined;
  /** End of the TLS certificate; undefined behind a proxy of the environment, and for http. */
  readonly tlsEndsAt?: Instant | undefined;
}

/** A signing key of the provider. */
export interface PublishedKey {
  /** SHA-256 of the certificate in hexadecimal, or the `kid` of a JWK. */
  readonly name: string;
  /** Where the document has it: `KeyDescriptor 2, use signing`. */
  readonly place?: string | undefined;
  /** `rsa`, `ec`, `ed25519`, ... */
  readonly type: string;
  /** Bits of an RSA modulus. */
  readonly bits?: number | undefined;
  /** `alg` of a JWK, or the algorithm that signed the certificate: `sha256WithRSAEncryption`. */
  readonly algorithm?: string | undefined;
  /** Dates of the certificate. */
  readonly startsAt?: Instant | undefined;
  readonly endsAt?: Instant | undefined;
  /** Why the bridge does not use this key, as the end of a sentence; undefined if it does. */
  readonly unused?: string | undefined;
}

export interface PublishedEndpoint {
  /** `SingleSignOnService`, or the name in the discovery document: `token_endpoint`. */
  readonly name: string;
  readonly url: string;
  /** SAML: the last part of the binding: `HTTP-Redirect`. */
  readonly binding?: string | undefined;
}

interface ProviderFacts {
  readonly keys: readonly PublishedKey[];
  readonly endpoints: readonly PublishedEndpoint[];
  readonly served: Served;
  /** Why a running bridge rejects this provider; undefined if it accepts it. */
  readonly rejected?: string | undefined;
}

/** SAML V2.0 Metadata. */
export interface SamlProviderFacts extends ProviderFacts {
  readonly protocol: 'saml';
  readonly entityId: string;
  readonly validUntil?: Instant | undefined;
  readonly nameIdFormats: readonly string[];
  readonly wantsSignedRequests: boolean;
  /** Names of the attributes that it lists; most providers list none. */
  readonly attributes: readonly string[];
}

/** OpenID Connect Discovery 1.0 section 3. A list is undefined if the document omits it. */
export interface OidcProviderFacts extends ProviderFacts {
  readonly protocol: 'oidc';
  /** As the document names it, which can differ from what was asked for. */
  readonly issuer: string;
  readonly idTokenAlgorithms?: readonly string[] | undefined;
  readonly scopes?: readonly string[] | undefined;
  readonly claims?: readonly string[] | undefined;
  readonly clientAuthentication?: readonly string[] | undefined;
  readonly responseTypes?: readonly string[] | undefined;
  readonly grantTypes?: readonly string[] | undefined;
  readonly codeChallengeMethods?: readonly string[] | undefined;
  readonly acrValues?: readonly string[] | undefined;
  readonly backchannelLogout: boolean;
  readonly claimsParameter: boolean;
}

/** Why a provider cannot be looked at. */
export type ProviderFaultKind =
  | 'address'
  | 'name'
  | 'unreachable'
  | 'timeout'
  | 'tls'
  | 'proxy'
  | 'redirect'
  | 'too-large'
  | 'status'
  | 'file'
  | 'document'
  | 'keys';

/** A provider that cannot be looked at. Its sentences contain no text of a document. */
export class ProviderFault extends BridgeError {
  readonly kind: ProviderFaultKind;
  /** What to do, as a sentence. */
  readonly fix: string;

  constructor(kind: ProviderFaultKind, message: string, options: { fix: string; cause?: unknown }) {
    super('idp_unreachable', message, { cause: options.cause });
    this.kind = kind;
    this.fix = options.fix;
  }
}

/** Looks at identity providers, with limits. Every member throws `ProviderFault`. */
export interface ProviderInspector {
  saml(metadata: MetadataLocation): Promise<SamlProviderFacts>;
  /**
   * Fetches the discovery document and the keys. `discovery` is where the document is, if it is not
   * below the issuer.
   */
  oidc(provider: {
    readonly issuer: string;
    readonly discovery?: string | undefined;
  }): Promise<OidcProviderFacts>;
  /** Resolves if the server of the address answers, whatever it answers. */
  reach(url: string): Promise<void>;
}
