/**
 * Enveloped XML signatures by xmldsigjs: RSA-SHA256, exclusive canonicalization (SAML core 5.4).
 */
import { type KeyObject, webcrypto } from 'node:crypto';
import { createRequire } from 'node:module';
import type * as XmlDsig from 'xmldsigjs';

// xmldsigjs takes its DOM from a registry inside xml-core, which it does not re-export. Both are
// loaded from where xmldsigjs itself finds them, and in one module format, so that there is one
// registry.
const require = createRequire(import.meta.url);
const requireOfXmlDsig = createRequire(require.resolve('xmldsigjs'));
const xmldsig = require('xmldsigjs') as typeof XmlDsig;
requireOfXmlDsig('xml-core').setNodeDependencies(requireOfXmlDsig('@xmldom/xmldom'));
xmldsig.Application.setEngine('node', globalThis.crypto);

const EXCLUSIVE_CANONICALIZATION = 'http://www.w3.org/2001/10/xml-exc-c14n#';

export interface SignatureOptions {
  /** RSASSA-PKCS1-v1_5 with SHA-256. */
  readonly key: CryptoKey;
  /** Base64 of the DER, put into KeyInfo. */
  readonly certificate: string;
  /**
   * The ID of the element that is signed. The signature goes in after its Issuer, as the schema
   * wants it.
   */
  readonly id: string;
}

/** Signs one element of the document and gives the document with the signature in place. */
export async function signElement(
  document: string,
  { key, certificate, id }: SignatureOptions,
): Promise<string> {
  const dom = xmldsig.Parse(document);
  const element = [...elementsOf(dom.documentElement)].find(
    candidate => candidate.getAttribute('ID') === id,
  );
  const issuer = element && childElements(element).find(child => child.localName === 'Issuer');
  if (!element || !issuer) throw new Error('the element to sign is not in the document');
  const signer = new xmldsig.SignedXml();
  signer.XmlSignature.SignedInfo.CanonicalizationMethod.Algorithm = EXCLUSIVE_CANONICALIZATION;
  const signature = await signer.Sign({ name: 'RSASSA-PKCS1-v1_5' }, key, element, {
    x509: [certificate],
    references: [{ uri: `#${id}`, hash: 'SHA-256', transforms: ['enveloped', 'exc-c14n'] }],
  });
  element.insertBefore(dom.importNode(signature.GetXml()!, true), issuer.nextSibling);
  return xmldsig.Stringify(dom);
}

/**
 * Whether a document carries one signature of its root element, by this key, in the place that the
 * schema gives it.
 */
export async function isSignedBy(document: string, key: KeyObject): Promise<boolean> {
  const dom = xmldsig.Parse(document);
  const root = dom.documentElement;
  const [issuer, signature] = childElements(root);
  const all = [...elementsOf(root)];
  if (issuer?.localName !== 'Issuer' || signature?.localName !== 'Signature') return false;
  if (all.filter(({ localName }) => localName === 'Signature').length > 1) return false;
  const ids = all.map(element => element.getAttribute('ID')).filter(id => id !== null && id !== '');
  const references = all.filter(({ localName }) => localName === 'Reference');
  const uri = references.map(reference => reference.getAttribute('URI'));
  if (ids.length !== 1 || uri.length !== 1 || uri[0] !== `#${root.getAttribute('ID')}`)
    return false;
  const signed = new xmldsig.SignedXml(dom);
  signed.LoadXml(signature);
  const imported = await webcrypto.subtle.importKey(
    'spki',
    Uint8Array.from(key.export({ type: 'spki', format: 'der' })),
    { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' },
    true,
    ['verify'],
  );
  // A wrong digest is thrown, a wrong signature value is answered with false.
  return signed.Verify(imported as CryptoKey).catch(() => false);
}

function childElements(element: Element): Element[] {
  return Array.from(element.childNodes).filter((node): node is Element => node.nodeType === 1);
}

function* elementsOf(element: Element): Generator<Element> {
  yield element;
  for (const child of childElements(element)) yield* elementsOf(child);
}
