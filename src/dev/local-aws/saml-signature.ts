/**
 * XML signatures on SAML documents, by the profile of SAML core section 5.4: enveloped, exactly one
 * reference, to the element itself, exclusive canonicalization, RSA with SHA-256 or better. Keys
 * inside the document are not looked at.
 */
import { type KeyObject, webcrypto } from 'node:crypto';
import { Application, SignedXml } from 'xmldsigjs';
import { attributeOf, childrenNamed, elementsOf } from './strict-xml.ts';

const DS = 'http://www.w3.org/2000/09/xmldsig#';
const EXCLUSIVE_C14N = 'http://www.w3.org/2001/10/xml-exc-c14n#';
const ENVELOPED = 'http://www.w3.org/2000/09/xmldsig#enveloped-signature';

const SIGNATURE_HASH: ReadonlyMap<string | undefined, string> = new Map([
  ['http://www.w3.org/2001/04/xmldsig-more#rsa-sha256', 'SHA-256'],
  ['http://www.w3.org/2001/04/xmldsig-more#rsa-sha384', 'SHA-384'],
  ['http://www.w3.org/2001/04/xmldsig-more#rsa-sha512', 'SHA-512'],
]);
const DIGESTS: ReadonlySet<string | undefined> = new Set([
  'http://www.w3.org/2001/04/xmlenc#sha256',
  'http://www.w3.org/2001/04/xmldsig-more#sha384',
  'http://www.w3.org/2001/04/xmlenc#sha512',
]);

Application.setEngine('local-aws', {
  subtle: webcrypto.subtle,
  getRandomValues: (array: Uint8Array<ArrayBuffer>) => webcrypto.getRandomValues(array),
} as unknown as Parameters<typeof Application.setEngine>[1]);

/** A signature that does not hold; the message is for the log. */
export class SignatureRefused extends Error {
  override readonly name = 'SignatureRefused';
}

/** Whether the element carries a signature of its own, valid or not. */
export function isSigned(element: Element): boolean {
  return childrenNamed(element, DS, 'Signature').length > 0;
}

/** Resolves when one of the keys made the element's own signature. Throws `SignatureRefused`. */
export async function verifySignature(element: Element, keys: readonly KeyObject[]): Promise<void> {
  const [signature, ...more] = childrenNamed(element, DS, 'Signature');
  if (signature === undefined) throw new SignatureRefused(`the ${element.localName} is not signed`);
  if (more.length > 0)
    throw new SignatureRefused(`the ${element.localName} has several signatures`);
  const hash = checkProfile(element, signature);

  const signed = new SignedXml(element.ownerDocument);
  for (const key of keys) {
    load(signed, signature);
    const imported = await webcrypto.subtle.importKey(
      'spki',
      key.export({ type: 'spki', format: 'der' }),
      { name: 'RSASSA-PKCS1-v1_5', hash },
      true,
      ['verify'],
    );
    const valid = await signed
      .Verify(imported as Parameters<SignedXml['Verify']>[0])
      .catch((cause: unknown) => {
        // A wrong digest is thrown, a wrong signature value is answered with false.
        throw new SignatureRefused('the content was changed after it was signed', { cause });
      });
    if (valid) return;
  }
  throw new SignatureRefused('no key of the metadata made the signature');
}

/** The library throws errors of several kinds for a signature that it cannot read. */
function load(signed: SignedXml, signature: Element): void {
  try {
    signed.LoadXml(signature);
  } catch (cause) {
    throw new SignatureRefused('the signature cannot be read', { cause });
  }
}

/** Returns the hash of the signature method. */
function checkProfile(element: Element, signature: Element): string {
  const info = only(signature, 'SignedInfo');
  only(signature, 'SignatureValue');
  if (childrenNamed(signature, DS, 'Object').length > 0)
    throw new SignatureRefused('the signature holds an Object');
  if (algorithmOf(only(info, 'CanonicalizationMethod')) !== EXCLUSIVE_C14N)
    throw new SignatureRefused('SignedInfo is not canonicalized exclusively');
  const hash = SIGNATURE_HASH.get(algorithmOf(only(info, 'SignatureMethod')));
  if (hash === undefined)
    throw new SignatureRefused('the signature method is not RSA with SHA-256 or better');

  const reference = only(info, 'Reference');
  const id = attributeOf(element, 'ID');
  if (id === undefined || attributeOf(reference, 'URI') !== `#${id}`)
    throw new SignatureRefused('the signature refers to another element');
  const all = [...elementsOf(element.ownerDocument.documentElement)];
  if (all.filter(other => idsOf(other).includes(id)).length !== 1)
    throw new SignatureRefused('the ID of the signed element is not unique');
  if (!DIGESTS.has(algorithmOf(only(reference, 'DigestMethod'))))
    throw new SignatureRefused('the digest is not SHA-256 or better');
  only(reference, 'DigestValue');
  const transforms = childrenNamed(only(reference, 'Transforms'), DS, 'Transform').map(algorithmOf);
  if (transforms.length !== 2 || transforms[0] !== ENVELOPED || transforms[1] !== EXCLUSIVE_C14N) {
    throw new SignatureRefused(
      'the transforms are not: enveloped signature, exclusive canonicalization',
    );
  }
  return hash;
}

/** Also `xml:id`: whatever a reader could take for an ID. */
function idsOf({ attributes }: Element): readonly string[] {
  return Array.from(attributes)
    .filter(({ localName }) => localName?.toLowerCase() === 'id')
    .map(({ value }) => value);
}

function only(parent: Element, name: string): Element {
  const [element, ...more] = childrenNamed(parent, DS, name);
  if (element === undefined || more.length > 0)
    throw new SignatureRefused(`the signature has not exactly one ${name}`);
  return element;
}

function algorithmOf(element: Element): string | undefined {
  return attributeOf(element, 'Algorithm');
}
