/**
 * The shape of an XML signature: what a Signature must consist of before the engine sees it.
 *
 * Owns: its parts, their order and algorithms, and which element it covers. Does not own: verifying
 * it (engine, signers).
 */
import { printableExcerpt } from '../../core/printable.ts';
import { refusal } from './refusal.ts';
import { base64Binary, type XmlElement } from './strict-xml.ts';

export const XML_SIGNATURE = 'http://www.w3.org/2000/09/xmldsig#';
export const EXCLUSIVE_C14N = 'http://www.w3.org/2001/10/xml-exc-c14n#';
const ENVELOPED = `${XML_SIGNATURE}enveloped-signature`;
/** Algorithms that the engine can verify, without SHA-1 and HMAC (threats R3). */
const SIGNATURE_METHODS = new Set([
  'http://www.w3.org/2001/04/xmldsig-more#rsa-sha256',
  'http://www.w3.org/2001/04/xmldsig-more#rsa-sha512',
  'http://www.w3.org/2007/05/xmldsig-more#sha256-rsa-MGF1',
]);
const DIGEST_METHODS = new Set([
  'http://www.w3.org/2001/04/xmlenc#sha256',
  'http://www.w3.org/2001/04/xmlenc#sha512',
]);
/**
 * The engine finds these anywhere by their name, so they are allowed only where they are checked.
 */
export const SIGNATURE_PARTS = new Set([
  ...['Signature', 'SignedInfo', 'SignatureValue', 'CanonicalizationMethod', 'SignatureMethod'],
  ...['Reference', 'Transforms', 'Transform', 'DigestMethod', 'DigestValue', 'Object'],
  'InclusiveNamespaces',
]);

/**
 * The attributes that a part may have: those that the engine obeys, and names (Id) and hints (Type)
 * that change nothing. XML-Signature knows no others in these parts.
 */
const ATTRIBUTES: Readonly<Record<string, readonly string[]>> = {
  Signature: ['Id'],
  SignedInfo: ['Id'],
  SignatureValue: ['Id'],
  CanonicalizationMethod: ['Algorithm'],
  SignatureMethod: ['Algorithm'],
  Reference: ['Id', 'Type', 'URI'],
  Transform: ['Algorithm'],
  DigestMethod: ['Algorithm'],
  InclusiveNamespaces: ['PrefixList'],
};
/** The parts whose text is a value. */
const VALUES: readonly string[] = ['SignatureValue', 'DigestValue'];

/**
 * One reference, to the parent, enveloped and exclusively canonicalised (saml-core 5.4). Returns
 * the elements that it has checked.
 */
export function checkSignatureShape(signature: XmlElement, parent: XmlElement): XmlElement[] {
  const [signedInfo, signatureValue] = sequence(
    signature,
    ['SignedInfo', 'SignatureValue'],
    'KeyInfo',
  );
  const [canonicalization, method, reference] = sequence(signedInfo!, [
    'CanonicalizationMethod',
    'SignatureMethod',
    'Reference',
  ]);
  const [transforms, digestMethod, digestValue] = sequence(reference!, [
    'Transforms',
    'DigestMethod',
    'DigestValue',
  ]);
  const [enveloped, exclusive] = sequence(transforms!, ['Transform', 'Transform']);

  const id = parent.attributes.get('ID') ?? '';
  if (!/^[A-Za-z_][\w.-]{0,255}$/.test(id)) throw refusal(`the ${parent.name} has no usable ID`);
  if (reference!.attributes.get('URI') !== `#${id}`)
    throw refusal(
      `the signature of the ${parent.name} refers to another element, or to this one otherwise than by # and its ID (its URI is ${quoted(reference!, 'URI')})`,
    );
  requireAlgorithms({ canonicalization, method, digestMethod, enveloped, exclusive });
  for (const part of [method!, digestMethod!, enveloped!]) requireNoParameters(part);
  const checked = [
    ...[signature, signedInfo!, signatureValue!, canonicalization!, method!, reference!],
    ...[transforms!, digestMethod!, digestValue!, enveloped!, exclusive!],
    ...[canonicalization!, exclusive!].flatMap(inclusiveNamespacesIn),
  ];
  for (const part of checked) requirePlain(part);
  return checked;
}

/** Rejects what the engine would pass over. */
function requirePlain(part: XmlElement): void {
  const { name, attributes, children, text } = part;
  const unknown = [...attributes.keys()].find(key => !(ATTRIBUTES[name] ?? []).includes(key));
  if (unknown !== undefined)
    throw refusal(
      `the ${name} of a signature has the attribute ${printableExcerpt(unknown, MAX_QUOTED)}, which this bridge does not support; sign without it at the IdP`,
    );
  if (!VALUES.includes(name)) {
    if (/^[ \t\r\n]*$/.test(text)) return;
    throw refusal(
      `the ${name} of a signature contains text, which this bridge does not support; sign without it at the IdP`,
    );
  }
  if (children.length > 0) throw refusal('a signature value contains elements');
  if (base64Binary(text) === undefined) throw refusal(`the ${name} of a signature is not base64`);
}

type Algorithms = 'canonicalization' | 'method' | 'digestMethod' | 'enveloped' | 'exclusive';

function requireAlgorithms(parts: Readonly<Record<Algorithms, XmlElement | undefined>>): void {
  const { canonicalization, method, digestMethod, enveloped, exclusive } = parts;
  if (!SIGNATURE_METHODS.has(algorithmOf(method)))
    throw refusal(
      `the signature algorithm is not RSA with SHA-256 or SHA-512 (it is ${quoted(method)}); select RSA-SHA256 at the IdP${advice(method)}`,
    );
  if (!DIGEST_METHODS.has(algorithmOf(digestMethod)))
    throw refusal(
      `the digest algorithm is not SHA-256 or SHA-512 (it is ${quoted(digestMethod)}); select SHA-256 at the IdP`,
    );
  const other = [
    [canonicalization, EXCLUSIVE_C14N],
    [enveloped, ENVELOPED],
    [exclusive, EXCLUSIVE_C14N],
  ] as const;
  const odd = other.find(([part, expected]) => algorithmOf(part) !== expected)?.[0];
  if (odd !== undefined)
    throw refusal(
      `the signature uses a transform other than enveloped and exclusive canonicalization (the ${odd.name} is ${quoted(odd)}); select exclusive canonicalization without comments at the IdP`,
    );
}

function algorithmOf(part: XmlElement | undefined): string {
  return part?.attributes.get('Algorithm') ?? '';
}

/** An attribute as the log names it: foreign text. */
function quoted(part: XmlElement | undefined, name = 'Algorithm'): string {
  return JSON.stringify(printableExcerpt(part?.attributes.get(name) ?? '', MAX_QUOTED));
}

const MAX_QUOTED = 100;

/** Keys on elliptic curves cannot be verified (docs/adr/0048). */
function advice(method: XmlElement | undefined): string {
  return /#ecdsa-|eddsa/i.test(algorithmOf(method)) ? ', which requires an RSA signing key' : '';
}

/** Parameters would change what an algorithm does, and the engine reads none of them. */
function requireNoParameters({ name, children }: XmlElement): void {
  const [parameter] = children;
  if (parameter !== undefined)
    throw refusal(
      `the ${name} of a signature contains ${nameOf(parameter)}, which this bridge does not support; select an algorithm without parameters at the IdP`,
    );
}

/** Names with one blank between them: it can match in one way only, so it is linear. */
const PREFIX_LIST = /^(?:[\p{L}_][\p{L}\p{N}_.-]*(?: [\p{L}_][\p{L}\p{N}_.-]*)* ?)?$/u;

/**
 * The InclusiveNamespaces of an exclusive canonicalization, which the engine obeys (Exclusive XML
 * Canonicalization 1.0, section 3). The default namespace is none of the prefixes that it knows.
 */
function inclusiveNamespacesIn({ name, children }: XmlElement): readonly XmlElement[] {
  const [list, ...more] = children;
  if (list === undefined) return [];
  const isList = list.namespace === EXCLUSIVE_C14N && list.name === 'InclusiveNamespaces';
  if (!isList || more.length > 0 || list.children.length > 0)
    throw refusal(
      `the ${name} of a signature contains more than one InclusiveNamespaces; select exclusive canonicalization without parameters at the IdP`,
    );
  const prefixes = list.attributes.get('PrefixList');
  if (prefixes === undefined || !PREFIX_LIST.test(prefixes))
    throw refusal(
      `the InclusiveNamespaces in the ${name} of a signature names the default namespace (#default), no prefix, or prefixes that more than a blank separates, which this bridge does not support; leave the PrefixList empty at the IdP`,
    );
  return [list];
}

/**
 * The children: exactly these elements of XML-Signature in this order, and optionally a last one.
 */
function sequence(
  parent: XmlElement,
  names: readonly string[],
  optional?: string,
): readonly XmlElement[] {
  const expected =
    parent.children.length > names.length && optional !== undefined ? [...names, optional] : names;
  const fits =
    parent.children.length === expected.length &&
    parent.children.every(
      (child, index) => child.namespace === XML_SIGNATURE && child.name === expected[index],
    );
  if (!fits)
    throw refusal(
      `the ${parent.name} of a signature does not have exactly the parts that it must have (it has ${namesOf(parent.children)}, and must have ${names.join(', ')})`,
    );
  return parent.children;
}

/** The first of them: foreign text. */
function namesOf(elements: readonly XmlElement[]): string {
  const named = elements.slice(0, 6).map(nameOf);
  if (elements.length > named.length) named.push(`${elements.length - named.length} more`);
  return named.join(', ') || 'none';
}

function nameOf({ name }: XmlElement): string {
  return printableExcerpt(name, 40);
}
