/**
 * Reads a SAML response as STS and the sign-in page do (IAM User Guide, "Configure SAML assertions
 * for the authentication response"). Everything after the signature is read from the very element
 * that the signature covers.
 */
import type { Partition } from './partitions.ts';
import { unknownPart } from './saml-grammar.ts';
import type { SamlMetadata } from './saml-metadata.ts';
import { isSigned, SignatureRefused, verifySignature } from './saml-signature.ts';
import { readStatements, type SamlAttributes } from './saml-statements.ts';
import {
  attributeOf,
  childrenNamed,
  elementsOf,
  parseStrictXml,
  textOf,
  XmlRefused,
} from './strict-xml.ts';
import { StsError } from './sts-error.ts';
import { readUtcTime } from './utc-time.ts';

const SAML = 'urn:oasis:names:tc:SAML:2.0:assertion';
const SAMLP = 'urn:oasis:names:tc:SAML:2.0:protocol';
const SUCCESS = 'urn:oasis:names:tc:SAML:2.0:status:Success';
const BEARER = 'urn:oasis:names:tc:SAML:2.0:cm:bearer';
const REDEEM_WITHIN_MS = 5 * 60 * 1000;
/**
 * IssueInstant bounds no validity, so a clock that is a little ahead is forgiven there; NotBefore
 * is meant exactly.
 */
const ISSUED_AHEAD_MS = 60 * 1000;

/** NameID formats that AWS accepts; the first two are told in short in `saml:sub_type`. */
const NAME_ID_FORMATS: ReadonlySet<string> = new Set([
  'urn:oasis:names:tc:SAML:2.0:nameid-format:persistent',
  'urn:oasis:names:tc:SAML:2.0:nameid-format:transient',
  'urn:oasis:names:tc:SAML:2.0:nameid-format:kerberos',
  'urn:oasis:names:tc:SAML:2.0:nameid-format:entity',
  'urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress',
  'urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified',
  'urn:oasis:names:tc:SAML:1.1:nameid-format:X509SubjectName',
  'urn:oasis:names:tc:SAML:1.1:nameid-format:WindowsDomainQualifiedName',
]);
const UNSPECIFIED = 'urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified';

/** A response whose form was checked and nothing else. */
export interface UnverifiedResponse {
  readonly response: Element;
  readonly assertion: Element;
}

export interface SamlIdentity {
  readonly issuer: string;
  /** Recipient of the bearer confirmation: `saml:aud`. */
  readonly recipient: string;
  readonly subject: string;
  readonly subjectFormat: string;
  /** Epoch milliseconds. */
  readonly sessionNotOnOrAfter: number | undefined;
  readonly attributes: SamlAttributes;
}

/**
 * Base64 of a `samlp:Response` with one plain assertion. Throws `StsError` InvalidIdentityToken.
 */
export function parseSamlResponse(base64: string): UnverifiedResponse {
  const compact = base64.replace(/[\t\n\r ]/g, '');
  if (!/^[A-Za-z0-9+/]+={0,2}$/.test(compact) || compact.length % 4 !== 0)
    throw new StsError('InvalidIdentityToken', 'Invalid base64 SAMLResponse');
  let document: Document;
  try {
    document = parseStrictXml(
      new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(
        Buffer.from(compact, 'base64'),
      ),
    );
  } catch (cause) {
    throw notValid(cause instanceof XmlRefused ? cause.message : 'not UTF-8');
  }
  const response = document.documentElement;
  if (response.namespaceURI !== SAMLP || response.localName !== 'Response')
    throw notValid('the document is no samlp:Response');
  const all = [...elementsOf(response)];
  if (all.some(element => element.localName === 'EncryptedAssertion'))
    throw notValid('encrypted assertions are not supported here');
  if (all.some(element => element !== response && element.localName === 'Response'))
    throw notValid('the response contains another Response');
  const assertions = all.filter(
    element => element.localName === 'Assertion' && element.namespaceURI === SAML,
  );
  if (assertions.length !== 1 || assertions[0]!.parentNode !== response)
    throw notValid('the response has not exactly one Assertion');
  const unknown = unknownPart(response);
  if (unknown !== undefined) throw notValid(unknown);
  for (const element of [response, assertions[0]!]) {
    if (attributeOf(element, 'Version') !== '2.0')
      throw notValid(`${element.localName} is not of Version 2.0`);
  }
  const status = childrenNamed(response, SAMLP, 'Status').flatMap(element =>
    childrenNamed(element, SAMLP, 'StatusCode'),
  );
  if (status.length !== 1 || attributeOf(status[0]!, 'Value') !== SUCCESS)
    throw notValid('the status is not Success');
  return { response, assertion: assertions[0]! };
}

export interface Expectation {
  readonly metadata: SamlMetadata;
  readonly partition: Partition;
  readonly signature: 'assertion' | 'either';
  readonly now: number;
}

/** Issuer, signature, times, recipient, audience, statements: in this order. Throws `StsError`. */
export async function verifySamlResponse(
  response: UnverifiedResponse,
  expected: Expectation,
): Promise<SamlIdentity> {
  try {
    return await verify(response, expected);
  } catch (cause) {
    throw cause instanceof XmlRefused ? notValid(cause.message) : cause;
  }
}

async function verify(
  { response, assertion }: UnverifiedResponse,
  expected: Expectation,
): Promise<SamlIdentity> {
  const { metadata, partition, now } = expected;
  const issuer = requireOne(assertion, 'Issuer');
  for (const element of [...childrenNamed(response, SAML, 'Issuer'), issuer]) {
    if (textOf(element) !== metadata.entityId) {
      throw new StsError(
        'InvalidIdentityToken',
        'Issuer not present in specified provider',
        `the Issuer of the ${element.parentNode?.nodeName} is not the entityID of the metadata`,
      );
    }
  }
  if (metadata.validUntil !== undefined && now >= metadata.validUntil)
    throw signatureInvalid('the metadata is past its validUntil');
  await verifySignatures(response, assertion, expected);
  checkTimes(assertion, now);
  const subject = readSubject(assertion, partition, now);
  checkAudience(assertion, partition);
  return {
    issuer: textOf(issuer),
    ...subject,
    sessionNotOnOrAfter: readSessionEnd(assertion, now),
    attributes: readStatements(assertion, partition),
  };
}

async function verifySignatures(
  response: Element,
  assertion: Element,
  { metadata, signature, now }: Expectation,
): Promise<void> {
  const valid = metadata.certificates.filter(
    certificate => now < certificate.validToDate.getTime(),
  );
  if (valid.length === 0) throw signatureInvalid('every certificate of the metadata has expired');
  const keys = valid.map(certificate => certificate.publicKey);
  try {
    if (isSigned(assertion) || signature === 'assertion' || !isSigned(response))
      await verifySignature(assertion, keys);
    if (isSigned(response)) await verifySignature(response, keys);
  } catch (cause) {
    if (cause instanceof SignatureRefused) throw signatureInvalid(cause.message);
    throw cause;
  }
}

function checkTimes(assertion: Element, now: number): void {
  const issued = requireTime(assertion, 'IssueInstant');
  if (issued > now + ISSUED_AHEAD_MS)
    throw new StsError('InvalidIdentityToken', NOT_VALID, 'IssueInstant is in the future');
  if (now >= issued + REDEEM_WITHIN_MS) {
    throw new StsError(
      'ExpiredTokenException',
      'Token must be redeemed within 5 minutes of issuance',
      `issued ${Math.round((now - issued) / 1000)} s ago`,
    );
  }
  const conditions = requireOne(assertion, 'Conditions');
  checkWindow(conditions, now);
}

function checkWindow(element: Element, now: number): void {
  const notBefore = timeOf(element, 'NotBefore');
  const notOnOrAfter = timeOf(element, 'NotOnOrAfter');
  if (notBefore !== undefined && now < notBefore)
    throw new StsError(
      'InvalidIdentityToken',
      NOT_VALID,
      `NotBefore of ${element.localName} is in the future`,
    );
  if (notOnOrAfter !== undefined && now >= notOnOrAfter)
    throw expired(`NotOnOrAfter of ${element.localName} has passed`);
}

function readSubject(
  assertion: Element,
  partition: Partition,
  now: number,
): Pick<SamlIdentity, 'recipient' | 'subject' | 'subjectFormat'> {
  const subject = requireOne(assertion, 'Subject');
  const [confirmation, ...more] = childrenNamed(subject, SAML, 'SubjectConfirmation');
  if (confirmation === undefined || more.length > 0)
    throw notValid('the Subject has not exactly one SubjectConfirmation');
  if (attributeOf(confirmation, 'Method') !== BEARER)
    throw notValid('the SubjectConfirmation is not bearer');
  const data = requireOne(confirmation, 'SubjectConfirmationData');
  if (timeOf(data, 'NotOnOrAfter') === undefined)
    throw notValid('SubjectConfirmationData has no NotOnOrAfter');
  checkWindow(data, now);
  const recipient = attributeOf(data, 'Recipient');
  if (recipient === undefined || !partition.isRecipient(recipient)) {
    throw new StsError(
      'InvalidIdentityToken',
      'Response does not contain the required audience',
      `Recipient ${recipient ?? '(none)'} is no sign-in endpoint of ${partition.name}`,
    );
  }
  // Without a NameID there is no user to authorize: AWS documents the AccessDenied text for it.
  const [nameId, ...others] = childrenNamed(subject, SAML, 'NameID');
  if (nameId === undefined)
    throw new StsError(
      'AccessDenied',
      'Not authorized to perform sts:AssumeRoleWithSAML',
      'the Subject has no NameID',
    );
  const name = textOf(nameId);
  const format = attributeOf(nameId, 'Format') ?? UNSPECIFIED;
  if (others.length > 0 || name === '' || name.length > 255)
    throw notValid('the Subject has several NameIDs, or an empty or too long one');
  if (!NAME_ID_FORMATS.has(format)) throw notValid(`AWS does not list the NameID format ${format}`);
  return { recipient, subject: name, subjectFormat: format };
}

function checkAudience(assertion: Element, partition: Partition): void {
  const conditions = requireOne(assertion, 'Conditions');
  const restrictions = childrenNamed(conditions, SAML, 'AudienceRestriction');
  const met = restrictions.filter(restriction =>
    childrenNamed(restriction, SAML, 'Audience').some(audience =>
      partition.audiences.includes(textOf(audience)),
    ),
  );
  // Every restriction must hold (SAML core, section 2.5.1.4).
  if (restrictions.length === 0 || met.length !== restrictions.length) {
    throw new StsError(
      'InvalidIdentityToken',
      'Response does not contain the required audience',
      `no Audience of ${partition.name} (${partition.audiences.join(', ')})`,
    );
  }
}

function readSessionEnd(assertion: Element, now: number): number | undefined {
  const statement = requireOne(assertion, 'AuthnStatement');
  const end = timeOf(statement, 'SessionNotOnOrAfter');
  if (end !== undefined && end <= now) throw expired('SessionNotOnOrAfter has passed');
  return end;
}

function requireOne(parent: Element, name: string): Element {
  const [element, ...more] = childrenNamed(parent, SAML, name);
  if (element === undefined || more.length > 0)
    throw notValid(`${parent.localName} has not exactly one ${name}`);
  return element;
}

function requireTime(element: Element, attribute: string): number {
  return timeOf(element, attribute) ?? fail(`${element.localName} has no ${attribute}`);
}

function timeOf(element: Element, attribute: string): number | undefined {
  const text = attributeOf(element, attribute);
  if (text === undefined) return undefined;
  return readUtcTime(text) ?? fail(`${attribute} of ${element.localName} is not a time in UTC`);
}

const NOT_VALID = 'Response did not contain a valid SAML assertion';

function notValid(reason: string): StsError {
  return new StsError('InvalidIdentityToken', NOT_VALID, reason);
}

function fail(reason: string): never {
  throw notValid(reason);
}

function expired(reason: string): StsError {
  return new StsError('ExpiredTokenException', 'Response has expired', reason);
}

function signatureInvalid(reason: string): StsError {
  return new StsError('InvalidIdentityToken', 'Response signature invalid', reason);
}
