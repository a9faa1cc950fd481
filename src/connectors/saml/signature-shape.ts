/**
 * The shape of an XML signature: what a Signature must consist of before the engine sees it.
 *
 * Owns: its parts, their order and algorithms, and which element it covers. Does not own: verifying
 * it (engine, signers).
 */
import { refusal } from './refusal.ts';
import type { XmlElement } from './strict-xml.ts';

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
]);

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
    throw refusal(`the signature of the ${parent.name} refers to another element`);
  const algorithms = [canonicalization!, method!, digestMethod!, enveloped!, exclusive!].map(
    part => part.attributes.get('Algorithm') ?? '',
  );
  const [canonicalizationName, methodName, digestName, ...transformNames] = algorithms;
  if (!SIGNATURE_METHODS.has(methodName!))
    throw refusal('the signature algorithm is not RSA with SHA-256 or SHA-512');
  if (!DIGEST_METHODS.has(digestName!))
    throw refusal('the digest algorithm is not SHA-256 or SHA-512');
  if (
    canonicalizationName !== EXCLUSIVE_C14N ||
    transformNames[0] !== ENVELOPED ||
    transformNames[1] !== EXCLUSIVE_C14N
  ) {
    throw refusal(
      'the signature uses a transform other than enveloped and exclusive canonicalization',
    );
  }
  if (signatureValue!.children.length + digestValue!.children.length > 0)
    throw refusal('a signature value contains elements');
  return [
    ...[signature, signedInfo!, signatureValue!, canonicalization!, method!, reference!],
    ...[transforms!, digestMethod!, digestValue!, enveloped!, exclusive!],
  ];
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
      `the ${parent.name} of a signature does not have exactly the parts that it must have`,
    );
  return parent.children;
}
