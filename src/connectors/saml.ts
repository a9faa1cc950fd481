/**
 * The SAML connector: the bridge as a service provider of one corporate SAML 2.0 IdP.
 *
 * Owns: what a Response must match, the choice of the stable subject, our two URLs, and the
 * availability of the IdP. Does not own: the validation of a Response (saml/validation), the
 * one-time use of requests and assertions (bridge/sign-in), permissions.
 */
import { type KeyObject, randomBytes } from 'node:crypto';
import type { ConnectorId, IdentityMapping, IdentitySource } from '../core/identity.ts';
import type { BeginOptions, Clock, Connector } from '../core/ports.ts';
import type { MetadataLocation } from '../core/provider-facts.ts';
import type {
  AuthenticationResponse,
  Availability,
  Expectation,
  VerifiedSignIn,
} from '../core/sign-in.ts';
import type { Seconds } from '../core/time.ts';
import type { Outbound } from '../outbound.ts';
import { identityFrom, incomplete, TOO_MANY_GROUPS } from './attributes.ts';
import { CONTROL, textOf } from './claim-values.ts';
import { inspected } from './inspection.ts';
import { createEngine, type Engine, type RequestedContext } from './saml/engine.ts';
import type { IdpMetadata } from './saml/idp-metadata.ts';
import {
  type MetadataCopies,
  type MetadataMemory,
  MetadataSource,
  type MetadataSourceOptions,
} from './saml/idp-metadata-source.ts';
import {
  type AssertedPerson,
  EMAIL_FORMAT,
  PERSISTENT_FORMAT,
  UNSPECIFIED_FORMAT,
} from './saml/profile.ts';
import { refusal } from './saml/refusal.ts';
import { requireResponseSize } from './saml/response.ts';
import type { ResponseValidator } from './saml/response-validator.ts';
import { UnknownSigner } from './saml/signers.ts';
import { spMetadataXml } from './saml/sp-metadata.ts';
import type { Decryption, ValidatedResponse } from './saml/validation.ts';

export interface SamlConnectorOptions {
  readonly id: ConnectorId;
  readonly label: string;
  /** The bridge's own origin, without a trailing slash. */
  readonly baseUrl: string;
  readonly metadata: MetadataLocation;
  /** Names of SAML attributes. */
  readonly attributes: IdentityMapping;
  /** The attribute that is the stable id of a user. Default: the NameID. */
  readonly subject?: string | undefined;
  readonly allowUnsolicited: boolean;
  /** Signs every request. False: only if the IdP's metadata requires it. */
  readonly signRequests: boolean;
  /** At most 120. */
  readonly clockSkewSeconds: Seconds;
  /**
   * Methods that count as multi-factor: values of AuthnContextClassRef, or of Microsoft's
   * `authnmethodsreferences`.
   */
  readonly multiFactorMethods: readonly string[];
  /** How a second factor is asked for. Default: `ForceAuthn` alone. */
  readonly stepUp?: RequestedContext | undefined;
  /** Keeps the Response for accounts that trust this IdP directly. */
  readonly keepCorporateProof: boolean;
  /**
   * Signs AuthnRequests. The certificates are those of all our keys that an IdP must know, with
   * that of this key first.
   */
  readonly signingKey: {
    readonly privateKeyPem: string;
    readonly certificatesPem: readonly string[];
  };
  /** Publishes the encryption key, and takes encrypted Assertions. */
  readonly encryption: boolean;
  /** Takes AES-CBC in a signed Response. */
  readonly allowCbc: boolean;
  /** Undefined if the bridge has none. */
  readonly encryptionKey?:
    | {
        /** Of the key that is published. */
        readonly certificatePem: string;
        /** All that decrypt. */
        readonly privateKeys: readonly KeyObject[];
      }
    | undefined;
  readonly clock: Clock;
  readonly outbound: Outbound;
  readonly validator: ResponseValidator;
  /** Between two readings of the IdP's metadata. Default: one hour. */
  readonly refreshSeconds?: Seconds | undefined;
  /** `cause` is for the log; the reason in the availability is fit for a page. */
  readonly onChange?: ((availability: Availability, cause?: unknown) => void) | undefined;
  /** Called when the metadata names other keys that are not used than before, with the reasons. */
  readonly onSkippedKeys?: ((keys: readonly string[]) => void) | undefined;
  readonly onReading?: MetadataSourceOptions['onReading'];
  /** The metadata of earlier processes. */
  readonly copies?: MetadataCopies | undefined;
  /** What an earlier connector knew of the metadata at the same place. */
  readonly before?: MetadataMemory | undefined;
}

export interface SamlConnector extends Connector {
  /** Resolves after the first reading of the IdP's metadata, whether it succeeded or not. */
  readonly asked: Promise<void>;
  memory(): MetadataMemory;
  /** Our metadata for the IdP, which depends on what the IdP's metadata requires. */
  metadata(): string;
}

const MAX_CLOCK_SKEW: Seconds = 120;

/** Formats of NameIDs that identify a user permanently. Transient and unknown formats do not. */
const STABLE_FORMATS = new Set([
  PERSISTENT_FORMAT,
  EMAIL_FORMAT,
  UNSPECIFIED_FORMAT,
  'urn:oasis:names:tc:SAML:1.1:nameid-format:X509SubjectName',
  'urn:oasis:names:tc:SAML:1.1:nameid-format:WindowsDomainQualifiedName',
  'urn:oasis:names:tc:SAML:2.0:nameid-format:kerberos',
]);

/**
 * Authentication methods of AD FS and Entra ID, whose AuthnContextClassRef stays `Password` even
 * after a second factor.
 */
const MICROSOFT_METHODS = 'http://schemas.microsoft.com/claims/authnmethodsreferences';

const GROUPS_ELSEWHERE = 'http://schemas.microsoft.com/claims/groups.link';

/** What one connector is made of. */
interface Parts {
  readonly options: SamlConnectorOptions;
  readonly entityId: string;
  readonly acsUrl: string;
  readonly engine: Engine;
  readonly source: MetadataSource;
  readonly decryption: Decryption;
}

/**
 * Begins to read the IdP's metadata. If that fails, the connector is unavailable and retries by
 * itself. Throws a RangeError for a clock skew of more than 120 seconds.
 */
export function createSamlConnector(options: SamlConnectorOptions): SamlConnector {
  const { id, label, baseUrl, clockSkewSeconds, allowUnsolicited } = options;
  if (!(clockSkewSeconds >= 0 && clockSkewSeconds <= MAX_CLOCK_SKEW))
    throw new RangeError(`clockSkewSeconds must be 0 to ${MAX_CLOCK_SKEW}`);
  const entityId = `${baseUrl}/saml/${id}/metadata`;
  const acsUrl = `${baseUrl}/saml/${id}/acs`;
  const { certificatesPem } = options.signingKey;
  const described = { entityId, acsUrl, certificatesPem, encryption: publishedBy(options) };
  const metadata = {
    signed: spMetadataXml({ ...described, requestsSigned: true }),
    unsigned: spMetadataXml({ ...described, requestsSigned: false }),
  };
  const source = new MetadataSource({ ...options, location: options.metadata });
  const parts: Parts = {
    options,
    entityId,
    acsUrl,
    engine: createEngine({ entityId, acsUrl }),
    source,
    decryption: decryptionOf(options),
  };

  return {
    id,
    label,
    protocol: 'saml',
    acceptsUnsolicited: allowUnsolicited,
    asked: source.asked,
    memory: () => source.memory(),
    availability: () => source.availability(),
    source: () => ({ issuer: source.known()?.entityId, trustedBy: placeOf(options.metadata) }),
    begin: begun => begin(begun, parts),

    complete: async (response, expectation) =>
      signInOf(await verify(response, expectation, parts), options),

    inspect: async (response, expectation) => {
      const validated = await verify(response, expectation, parts);
      const { person, source } = validated;
      return inspected({
        source,
        values: valuesIn(person),
        signIn: () => signInOf(validated, options),
        assertion: { id: person.assertionId, expiresAt: person.acceptedUntil },
      });
    },

    metadata: () => (signsRequests(options, source.known()) ? metadata.signed : metadata.unsigned),

    close: async () => source.close(),
  };
}

function publishedBy({ encryption, allowCbc, encryptionKey }: SamlConnectorOptions) {
  if (!encryption || encryptionKey === undefined) return undefined;
  return { certificatePem: encryptionKey.certificatePem, allowCbc };
}

function decryptionOf({ encryption, allowCbc, encryptionKey }: SamlConnectorOptions): Decryption {
  if (!encryption) return { state: 'off' };
  if (encryptionKey === undefined) return { state: 'no-key' };
  return { state: 'on', keys: encryptionKey.privateKeys, allowCbc };
}

/** Throws `saml_response_refused` for a response that the attempt does not expect. */
function expectedResponse(
  response: AuthenticationResponse,
  expectation: Expectation | undefined,
  { allowUnsolicited }: SamlConnectorOptions,
): { readonly samlResponse: string; readonly requestId: string | undefined } {
  if (response.protocol !== 'saml') throw refusal('the response is not a SAML Response');
  if (expectation !== undefined && expectation.protocol !== 'saml')
    throw refusal('the sign-in was not begun with SAML');
  if (expectation === undefined && !allowUnsolicited) {
    throw refusal(
      'the Response is unsolicited, and this connector rejects these (allowUnsolicited)',
      {
        hint: 'Start at the sign-in page of this bridge, not at your identity provider.',
      },
    );
  }
  return { samlResponse: response.samlResponse, requestId: expectation?.requestId };
}

/** An RSA signature costs milliseconds, and anyone can start a sign-in: sign only if required. */
function signsRequests(
  { signRequests }: SamlConnectorOptions,
  idp: IdpMetadata | undefined,
): boolean {
  return signRequests || (idp?.wantsSignedRequests ?? false);
}

async function begin(
  { attemptId, reauthenticate, wish }: BeginOptions,
  { options, engine, source }: Parts,
): ReturnType<Connector['begin']> {
  // The response comes in a few seconds.
  options.validator.prepare();
  const idp = await source.current();
  // XML ids begin with a letter or an underscore.
  const requestId = `_${randomBytes(20).toString('hex')}`;
  const request = await engine.authnRequest({
    service: idp.signOn,
    requestId,
    relayState: attemptId,
    forceAuthn: reauthenticate || wish !== undefined,
    requestedContext: wish?.multiFactor === true ? options.stepUp : undefined,
    privateKeyPem: signsRequests(options, idp) ? options.signingKey.privateKeyPem : undefined,
  });
  return {
    request,
    expectation: { protocol: 'saml', requestId },
    source: sourceOf(idp, options),
  };
}

/** A validated Response, and the IdP that it came from. */
interface Validated extends ValidatedResponse {
  readonly source: IdentitySource;
}

async function verify(
  response: AuthenticationResponse,
  expectation: Expectation | undefined,
  { options, entityId, acsUrl, source, decryption }: Parts,
): Promise<Validated> {
  const { samlResponse, requestId } = expectedResponse(response, expectation, options);
  requireResponseSize(samlResponse);
  const idp = await source.current();
  const { entityId: idpEntityId, signingCertificates } = idp;
  const { clock, clockSkewSeconds } = options;
  const expected = { idpEntityId, entityId, acsUrl, requestId, now: clock.now(), clockSkewSeconds };
  try {
    const validated = await options.validator.validate({
      samlResponse,
      expected,
      signingCertificates,
      decryption,
    });
    return { ...validated, source: sourceOf(idp, options) };
  } catch (refused) {
    // The IdP may have a new key. The next response benefits; this one must not wait.
    if (refused instanceof UnknownSigner) source.refreshSoon();
    throw refused;
  }
}

function sourceOf({ entityId }: IdpMetadata, { metadata }: SamlConnectorOptions): IdentitySource {
  return { issuer: entityId, trustedBy: placeOf(metadata) };
}

function placeOf(metadata: MetadataLocation): string {
  const place = 'file' in metadata ? `file ${metadata.file}` : `url ${metadata.url}`;
  return metadata.entityId === undefined ? place : `${place} entity ${metadata.entityId}`;
}

function signInOf(
  { person, encoded: samlResponse, wasEncrypted, source }: Validated,
  options: SamlConnectorOptions,
): VerifiedSignIn {
  const values = Object.fromEntries(person.attributes);
  refuseOverage(values, options.attributes.groups);
  const read = identityFrom({
    connector: options.id,
    source,
    assertedAt: person.issuedAt,
    subject: subjectOf(person, options.subject),
    values,
    mapping: options.attributes,
    authenticatedAt: person.authenticatedAt,
    methods: [...person.methods, ...(person.attributes.get(MICROSOFT_METHODS) ?? [])],
    multiFactorMethods: options.multiFactorMethods,
  });
  return {
    ...read,
    sessionNotAfter: person.sessionNotAfter,
    assertion: { id: person.assertionId, expiresAt: person.acceptedUntil },
    corporateProof: options.keepCorporateProof
      ? wasEncrypted
        ? { kind: 'encrypted-response', expiresAt: person.expiresAt }
        : { kind: 'saml-response', samlResponse, expiresAt: person.expiresAt }
      : undefined,
  };
}

/** What an administrator sees: the attributes, and in parentheses what else describes the user. */
function valuesIn({ attributes, nameId, methods, authenticatedAt }: AssertedPerson) {
  return {
    ...Object.fromEntries(attributes),
    '(NameID)': nameId.text,
    '(NameID Format)': nameId.format,
    '(AuthnContextClassRef)': methods,
    '(AuthnInstant)': new Date(authenticatedAt).toISOString(),
  };
}

/**
 * Entra ID leaves the groups out beyond 150 and names a place to fetch them from, which we do not
 * follow (threats R20).
 */
function refuseOverage(values: Readonly<Record<string, unknown>>, groups: string): void {
  if (Object.hasOwn(values, groups) || !Object.hasOwn(values, GROUPS_ELSEWHERE)) return;
  throw incomplete(
    `the attribute "${groups}" is kept elsewhere by the identity provider (groups overage)`,
    values,
    TOO_MANY_GROUPS,
  );
}

/** The id that makes a person the same person at the next sign-in. Throws `identity_incomplete`. */
function subjectOf({ nameId, attributes }: AssertedPerson, attribute: string | undefined): string {
  const values = Object.fromEntries(attributes);
  if (attribute !== undefined) {
    const { value, fault } = textOf(attributes.get(attribute), CONTROL);
    if (value !== undefined) return value;
    throw incomplete(
      `the attribute "${attribute}", which is the subject, ${fault ?? 'is missing or empty'}`,
      values,
    );
  }
  if (STABLE_FORMATS.has(nameId.format)) return nameId.text;
  throw incomplete(
    `the NameID has the format ${formatName(nameId.format)}, which is transient or not known to be stable; let the IdP send a persistent one, or name an attribute as the subject of this connector`,
    values,
  );
}

/** A format is the name of a kind of NameID, and no value of the user. */
function formatName(format: string): string {
  return /^[\x21-\x7e]{1,128}$/.test(format) ? format : '(not printable)';
}
