/**
 * Reads a Response from a form field, and rejects every ambiguous shape.
 *
 * Owns: size, base64, UTF-8, the strict pass, the place of each element, the algorithms, the
 * Status. Does not own: verifying signatures (engine), the content of an Assertion (profile).
 */
import { BridgeError } from '../../core/errors.ts';
import { printableExcerpt } from '../../core/printable.ts';
import type { ProviderAnswer } from '../../core/provider-answer.ts';
import { refusal } from './refusal.ts';
import { checkSignatureShape, SIGNATURE_PARTS, XML_SIGNATURE } from './signature-shape.ts';
import {
  childrenNamed,
  elementsOf,
  parseStrictXml,
  type XmlElement,
  type XmlLimits,
  XmlRefusal,
} from './strict-xml.ts';

export const SAML_PROTOCOL = 'urn:oasis:names:tc:SAML:2.0:protocol';
export const SAML_ASSERTION = 'urn:oasis:names:tc:SAML:2.0:assertion';

/** A Response, read strictly. Nothing in it is verified. */
export interface ReceivedResponse {
  /** The base64 text without line breaks. */
  readonly encoded: string;
  /** The same, decoded. */
  readonly xml: string;
  readonly response: XmlElement;
  /** Its Assertion, or the EncryptedAssertion. */
  readonly content: ReceivedContent;
  /** The whole Response is signed, so this signature must be valid, too. */
  readonly responseIsSigned: boolean;
}

export type ReceivedContent =
  | { readonly kind: 'plain'; readonly assertion: XmlElement }
  | { readonly kind: 'encrypted'; readonly encrypted: XmlElement };

/** Characters of base64. A user with 1,000 groups fits. */
const MAX_RESPONSE_CHARACTERS = 100 * 1024;
/**
 * 1,000 groups are 1,100 elements. At these limits the engine, whose parser is quadratic, takes a
 * fraction of a second.
 */
const RESPONSE_LIMITS: XmlLimits = {
  maxElements: 3000,
  maxDepth: 40,
  maxAttributes: 6000,
  syntax: 'plain',
};

const STATUS = 'urn:oasis:names:tc:SAML:2.0:status:';

const RESPONSE_CHILDREN = new Map([
  [SAML_ASSERTION, new Set(['Issuer', 'Assertion', 'EncryptedAssertion'])],
  [XML_SIGNATURE, new Set(['Signature'])],
  [SAML_PROTOCOL, new Set(['Extensions', 'Status'])],
]);
const ASSERTION_CHILDREN = new Map([
  [
    SAML_ASSERTION,
    new Set([
      'Issuer',
      'Subject',
      'Conditions',
      'Advice',
      'AuthnStatement',
      'AuthzDecisionStatement',
      'AttributeStatement',
    ]),
  ],
  [XML_SIGNATURE, new Set(['Signature'])],
]);
/**
 * Throws `saml_response_refused`, and `idp_refused` or `sign_in_cancelled` if the IdP reports a
 * failed sign-in. Linear in the length of the text.
 */
export function readResponse(samlResponse: string): ReceivedResponse {
  requireResponseSize(samlResponse);
  const encoded = samlResponse.replace(/[\r\n]/g, '');
  const xml = decoded(encoded);
  const response = parseResponseXml(xml);
  if (response.namespace !== SAML_PROTOCOL || response.name !== 'Response')
    throw refusal('the document is not a SAML 2.0 Response');
  const everywhere = [...elementsOf(response)];
  const [encrypted] = childrenNamed(response, SAML_ASSERTION, 'EncryptedAssertion');
  checkEncryptedParts(encrypted, everywhere);
  checkStatus(response);
  checkChildren(response, RESPONSE_CHILDREN);
  return {
    ...{ encoded, xml, response },
    content:
      encrypted === undefined
        ? plainContent(response, everywhere)
        : encryptedContent(response, encrypted, everywhere),
    responseIsSigned: childrenNamed(response, XML_SIGNATURE, 'Signature').length === 1,
  };
}

function plainContent(response: XmlElement, everywhere: readonly XmlElement[]): ReceivedContent {
  const assertion = onlyAssertion(response, everywhere);
  checkChildren(assertion, ASSERTION_CHILDREN);
  checkSignatures(response, assertion, everywhere);
  return { kind: 'plain', assertion };
}

function encryptedContent(
  response: XmlElement,
  encrypted: XmlElement,
  everywhere: readonly XmlElement[],
): ReceivedContent {
  requireOneResponse(everywhere);
  if (everywhere.some(({ name }) => name === 'Assertion'))
    throw refusal('the Response contains an Assertion in addition to an EncryptedAssertion');
  const signatures = childrenNamed(response, XML_SIGNATURE, 'Signature');
  requireAtMostOne(signatures);
  // XML Encryption names the digest of RSA-OAEP by an element of XML Signature.
  const digests = [...elementsOf(encrypted)]
    .filter(({ name }) => name === 'EncryptionMethod')
    .flatMap(({ children }) => children.filter(({ name }) => name === 'DigestMethod'));
  const checked = signatures.flatMap(signature => checkSignatureShape(signature, response));
  requireOnly([...checked, ...digests], everywhere);
  return { kind: 'encrypted', encrypted };
}

/** The EncryptedAssertion of a Response that `readResponse` has accepted before. */
export function encryptedAssertionIn(response: XmlElement): XmlElement {
  const [encrypted] = childrenNamed(response, SAML_ASSERTION, 'EncryptedAssertion');
  if (encrypted === undefined) throw refusal('the Response contains no Assertion');
  return encrypted;
}

/**
 * The Assertion of a plaintext, after the same strict pass. Throws `saml_response_refused`; an
 * error of `parse` comes before those that tell more of the plaintext.
 */
export function readDecrypted(xml: string): DecryptedAssertion {
  const assertion = parseResponseXml(xml);
  // A declaration would be in the middle of the document that the engine gets.
  if (!/^\s*<[A-Za-z_]/.test(xml)) throw refusal('the plaintext is not an element alone');
  if (assertion.namespace !== SAML_ASSERTION || assertion.name !== 'Assertion')
    throw refusal('the plaintext is not a SAML 2.0 Assertion');
  return { xml, assertion };
}

/** A decrypted Assertion, read strictly. Nothing in it is verified. */
export interface DecryptedAssertion {
  readonly xml: string;
  readonly assertion: XmlElement;
}

/** The checks of `readResponse` on a decrypted Assertion. Throws `saml_response_refused`. */
export function checkDecrypted({ assertion }: DecryptedAssertion, responseIsSigned: boolean): void {
  const everywhere = [...elementsOf(assertion)];
  checkEncryptedParts(undefined, everywhere);
  if (everywhere.some(element => element !== assertion && element.name === 'Assertion'))
    throw refusal(MORE_ASSERTIONS);
  checkChildren(assertion, ASSERTION_CHILDREN);
  const signatures = childrenNamed(assertion, XML_SIGNATURE, 'Signature');
  requireAtMostOne(signatures);
  if (signatures.length === 0) throw refusal(responseIsSigned ? ONLY_RESPONSE_SIGNED : UNSIGNED);
  requireOnly(
    signatures.flatMap(signature => checkSignatureShape(signature, assertion)),
    everywhere,
  );
}

/**
 * An EncryptedAssertion with its data and its key may be in the Response, once. Nothing else is
 * ever decrypted: an EncryptedID or EncryptedAttribute would be read by none.
 */
function checkEncryptedParts(
  encrypted: XmlElement | undefined,
  everywhere: readonly XmlElement[],
): void {
  const parts = everywhere.filter(({ name }) => name.startsWith('Encrypted'));
  const named = (name: string) => parts.filter(part => part.name === name).length;
  if (encrypted !== undefined && named('EncryptedAssertion') > 1)
    throw refusal('the Response contains more than one EncryptedAssertion');
  const inside = new Set(encrypted === undefined ? [] : elementsOf(encrypted));
  const known = ['EncryptedAssertion', 'EncryptedData', 'EncryptedKey'];
  if (parts.some(part => !inside.has(part) || !known.includes(part.name)))
    throw refusal(
      'the response contains an encrypted part other than the EncryptedAssertion of the Response; switch encryption of NameIDs and attributes off at the IdP',
    );
}

/** Throws `saml_response_refused`. */
export function requireResponseSize(samlResponse: string): void {
  if (samlResponse.length > MAX_RESPONSE_CHARACTERS)
    throw refusal(`the response is larger than ${MAX_RESPONSE_CHARACTERS} characters`);
}

/**
 * Strict both ways: decoded text must encode to the same bytes. Rejects UTF-16 and broken UTF-8.
 */
function decoded(encoded: string): string {
  if (encoded === '') throw refusal('the response is empty');
  const bytes = Buffer.from(encoded, 'base64');
  if (bytes.toString('base64') !== encoded) throw refusal('the response is not base64');
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (cause) {
    throw refusal('the response is not UTF-8', { cause });
  }
}

/** The strict pass over the text of a Response. Throws `saml_response_refused`. */
export function parseResponseXml(xml: string): XmlElement {
  // The engine would keep the mark as a character before the root element.
  if (xml.startsWith('\uFEFF')) throw refusal('the response begins with a byte order mark');
  try {
    return parseStrictXml(xml, RESPONSE_LIMITS);
  } catch (cause) {
    if (cause instanceof XmlRefusal) throw refusal(`the response ${cause.message}`, { cause });
    throw cause;
  }
}

/** The user did not authenticate, or cancelled (Keycloak: RequestDenied). */
const CANCELLED: readonly string[] = ['AuthnFailed', 'RequestDenied'];

/**
 * saml-core 3.2.2.2. The message of the error repeats only codes of the standard; what the IdP
 * wrote itself is for the page.
 */
function checkStatus(response: XmlElement): void {
  const [status, ...more] = childrenNamed(response, SAML_PROTOCOL, 'Status');
  const codes = status === undefined ? [] : childrenNamed(status, SAML_PROTOCOL, 'StatusCode');
  if (more.length > 0 || codes.length !== 1)
    throw refusal('the Response does not have exactly one Status with one StatusCode');
  const [code] = codes;
  if (code?.attributes.get('Value') === `${STATUS}Success`) return;
  const said = [code, ...childrenNamed(code!, SAML_PROTOCOL, 'StatusCode').slice(0, 1)].map(
    statusName,
  );
  const isCancelled = said.some(name => CANCELLED.includes(name));
  throw new BridgeError(
    isCancelled ? 'sign_in_cancelled' : 'idp_refused',
    `the IdP answered with status ${said.join(', ')}`,
    { answer: answerOf(status!, code!) },
  );
}

function answerOf(status: XmlElement, code: XmlElement): ProviderAnswer {
  const codes = [code, ...childrenNamed(code, SAML_PROTOCOL, 'StatusCode').slice(0, 1)].map(
    ({ attributes }) => (attributes.get('Value') ?? '').replace(STATUS, ''),
  );
  const [message] = childrenNamed(status, SAML_PROTOCOL, 'StatusMessage');
  return {
    protocol: 'saml',
    error: printableExcerpt(codes.join(', ')),
    ...(message !== undefined && { description: printableExcerpt(message.text) }),
  };
}

function statusName(code: XmlElement | undefined): string {
  const value = code?.attributes.get('Value') ?? '';
  const name = value.startsWith(STATUS) ? value.slice(STATUS.length) : '';
  return /^[A-Za-z]{1,40}$/.test(name) ? name : 'unknown';
}

function onlyAssertion(response: XmlElement, everywhere: readonly XmlElement[]): XmlElement {
  requireOneResponse(everywhere);
  const assertions = everywhere.filter(({ name }) => name === 'Assertion');
  if (assertions.length > 1) throw refusal(MORE_ASSERTIONS);
  const [assertion] = childrenNamed(response, SAML_ASSERTION, 'Assertion');
  if (assertion === undefined) throw refusal('the Response contains no Assertion');
  return assertion;
}

function requireOneResponse(everywhere: readonly XmlElement[]): void {
  if (everywhere.filter(({ name }) => name === 'Response').length !== 1)
    throw refusal('the document contains more than one Response');
}

const MORE_ASSERTIONS = 'the Response contains more than one Assertion';
const UNSIGNED = 'neither the Response nor the Assertion is signed';
const ONLY_RESPONSE_SIGNED =
  'only the Response is signed; this bridge requires signed Assertions, so switch on assertion signing at the IdP';

function checkChildren(
  parent: XmlElement,
  allowed: ReadonlyMap<string, ReadonlySet<string>>,
): void {
  if (parent.children.every(child => allowed.get(child.namespace)?.has(child.name))) return;
  throw refusal(`the ${parent.name} has a child element that SAML 2.0 does not know`);
}

function checkSignatures(
  response: XmlElement,
  assertion: XmlElement,
  everywhere: readonly XmlElement[],
): void {
  const ofResponse = childrenNamed(response, XML_SIGNATURE, 'Signature');
  const ofAssertion = childrenNamed(assertion, XML_SIGNATURE, 'Signature');
  requireAtMostOne(ofResponse);
  requireAtMostOne(ofAssertion);
  if (ofAssertion.length === 0)
    throw refusal(ofResponse.length === 0 ? UNSIGNED : ONLY_RESPONSE_SIGNED);
  const checked = [
    ...ofAssertion.flatMap(signature => checkSignatureShape(signature, assertion)),
    ...ofResponse.flatMap(signature => checkSignatureShape(signature, response)),
  ];
  requireOnly(checked, everywhere);
}

function requireAtMostOne(signatures: readonly XmlElement[]): void {
  if (signatures.length > 1) throw refusal('an element has more than one Signature');
}

/** Parts of signatures are nowhere but where they were checked. */
function requireOnly(checked: readonly XmlElement[], everywhere: readonly XmlElement[]): void {
  const known = new Set(checked);
  if (everywhere.some(element => SIGNATURE_PARTS.has(element.name) && !known.has(element)))
    throw refusal('a part of an XML signature is in an unexpected place');
}
