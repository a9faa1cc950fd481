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
  readonly assertion: XmlElement;
  /** The whole Response is signed, so this signature must be valid, too. */
  readonly responseIsSigned: boolean;
}

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
  [SAML_ASSERTION, new Set(['Issuer', 'Assertion'])],
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
  if (everywhere.some(({ name }) => name.startsWith('Encrypted'))) {
    throw refusal(
      'the response contains an encrypted part; this bridge publishes no encryption key, so switch encryption off at the IdP',
    );
  }
  checkStatus(response);
  checkChildren(response, RESPONSE_CHILDREN);
  const assertion = onlyAssertion(response, everywhere);
  checkChildren(assertion, ASSERTION_CHILDREN);
  checkSignatures(response, assertion, everywhere);
  return {
    encoded,
    xml,
    response,
    assertion,
    responseIsSigned: childrenNamed(response, XML_SIGNATURE, 'Signature').length === 1,
  };
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
  const named = (name: string) => everywhere.filter(element => element.name === name).length;
  if (named('Response') !== 1) throw refusal('the document contains more than one Response');
  if (named('Assertion') > 1) throw refusal('the Response contains more than one Assertion');
  const [assertion] = childrenNamed(response, SAML_ASSERTION, 'Assertion');
  if (assertion === undefined) throw refusal('the Response contains no Assertion');
  return assertion;
}

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
  if (ofResponse.length > 1 || ofAssertion.length > 1)
    throw refusal('an element has more than one Signature');
  if (ofAssertion.length === 0) {
    throw refusal(
      ofResponse.length === 0
        ? 'neither the Response nor the Assertion is signed'
        : 'only the Response is signed; this bridge requires signed Assertions, so switch on assertion signing at the IdP',
    );
  }
  const checked = new Set([
    ...ofAssertion.flatMap(signature => checkSignatureShape(signature, assertion)),
    ...ofResponse.flatMap(signature => checkSignatureShape(signature, response)),
  ]);
  if (everywhere.some(element => SIGNATURE_PARTS.has(element.name) && !checked.has(element))) {
    throw refusal('a part of an XML signature is in an unexpected place');
  }
}
