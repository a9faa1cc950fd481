/**
 * The keys of the IdP that made the signatures of a Response: a cheap check before the engine's.
 *
 * The engine digests the whole document once for every key. Here only the few lines of each
 * SignedInfo are verified, so a hostile response costs one parse whatever the number of keys, and
 * the engine gets the right keys only. A key found here proves nothing: the engine verifies the
 * digests.
 */

import { X509Certificate } from 'node:crypto';
import { DOMParser } from '@xmldom/xmldom';
import { SignedXml } from 'xml-crypto';
import { BridgeError, type BridgeErrorOptions } from '../../core/errors.ts';
import { counted } from '../../core/listed.ts';
import { printableExcerpt } from '../../core/printable.ts';
import { refusal } from './refusal.ts';
import { EXCLUSIVE_C14N, XML_SIGNATURE } from './signature-shape.ts';

/** A Response that no known key has signed; the IdP may have a new key. */
export class UnknownSigner extends BridgeError {
  constructor(message: string, options: BridgeErrorOptions = {}) {
    super('saml_response_refused', message, options);
  }
}

/**
 * The certificates (PEM) of the keys that signed, without duplicates. Throws `UnknownSigner`
 * (`saml_response_refused`) if none of them made a signature.
 */
export function signersOf(xml: string, certificatesPem: readonly string[]): string[] {
  const document = new DOMParser().parseFromString(xml, 'text/xml');
  const signatures = Array.from(document.getElementsByTagNameNS(XML_SIGNATURE, 'Signature'));
  const signers = signatures.map(signature => {
    const signer = certificatesPem.find(certificate => signedWith(signature, certificate));
    if (signer !== undefined) return signer;
    throw new UnknownSigner(
      `the signature of the ${(signature.parentNode as Element).localName} does not verify with any signing key of this IdP (${counted(certificatesPem.length, 'key')} tried)${certificateNamedIn(signature, certificatesPem)}`,
    );
  });
  requireSameNamespaces(signatures);
  return [...new Set(signers)];
}

function signedWith(signature: Element, certificatePem: string): boolean {
  const signedInfoElement = partOf(signature, 'SignedInfo');
  try {
    const verifier = new SignedXml();
    verifier.loadSignature(signature);
    const Algorithm = verifier.SignatureAlgorithms[verifier.signatureAlgorithm!]!;
    const signedInfo = verifier.getCanonXml([EXCLUSIVE_C14N], signedInfoElement, {
      ancestorNamespaces:
        prefixesOf(signedInfoElement).length > 0 ? namespacesAround(signedInfoElement) : [],
    });
    return new Algorithm().verifySignature(
      signedInfo,
      certificatePem,
      partOf(signature, 'SignatureValue').textContent ?? '',
    );
  } catch {
    // The library throws for an empty digest or value, which is no signature either.
    return false;
  }
}

/**
 * The engine resolves the PrefixList of every CanonicalizationMethod where the first SignedInfo
 * stands. Throws `saml_response_refused` if that would be another namespace.
 */
function requireSameNamespaces(signatures: readonly Element[]): void {
  const [first, ...others] = signatures.map(signature => partOf(signature, 'SignedInfo'));
  for (const signedInfo of others) {
    const prefixes = prefixesOf(signedInfo);
    if (prefixes.length === 0) continue;
    const [known, here] = [namespacesAround(first!), namespacesAround(signedInfo)];
    const bound = (all: readonly Declared[], name: string) =>
      all.find(({ prefix }) => prefix === name)?.namespaceURI;
    if (prefixes.some(name => bound(known, name) !== bound(here, name)))
      throw refusal(
        'the InclusiveNamespaces in the CanonicalizationMethod of the Assertion names a prefix that the Response does not declare, which this bridge does not support if both are signed; sign the Assertion alone at the IdP, or leave the PrefixList empty',
      );
  }
}

function partOf(element: Element, name: string): Element {
  return element.getElementsByTagNameNS(XML_SIGNATURE, name)[0]!;
}

/** The PrefixList of its CanonicalizationMethod. */
function prefixesOf(signedInfo: Element): readonly string[] {
  const method = partOf(signedInfo, 'CanonicalizationMethod');
  const list = method.getElementsByTagNameNS(EXCLUSIVE_C14N, 'InclusiveNamespaces')[0];
  return (list?.getAttribute('PrefixList') ?? '').split(' ').filter(prefix => prefix !== '');
}

interface Declared {
  readonly prefix: string;
  readonly namespaceURI: string;
}

/** What a PrefixList can name besides the declarations of the element itself, the nearest first. */
function namespacesAround(element: Element): Declared[] {
  const around = new Map<string, string>();
  const own = new Set(declaredBy(element).map(({ prefix }) => prefix));
  for (let at = element.parentNode; at?.nodeType === 1; at = at.parentNode)
    for (const { prefix, namespaceURI } of declaredBy(at as Element))
      if (!around.has(prefix) && !own.has(prefix)) around.set(prefix, namespaceURI);
  return [...around].map(([prefix, namespaceURI]) => ({ prefix, namespaceURI }));
}

function declaredBy({ attributes }: Element): Declared[] {
  return Array.from(attributes)
    .filter(({ prefix }) => prefix === 'xmlns')
    .map(({ localName, value }) => ({ prefix: localName, namespaceURI: value }));
}

const MAX_SUBJECT = 120;

/** What KeyInfo says of the signer, for the log: hostile text, and nothing is verified with it. */
function certificateNamedIn(signature: Element, certificatesPem: readonly string[]): string {
  const [sent] = Array.from(signature.getElementsByTagNameNS(XML_SIGNATURE, 'X509Certificate'));
  const base64 = (sent?.textContent ?? '').replace(/\s+/g, '');
  if (base64 === '') return '; it names no certificate';
  try {
    const certificate = new X509Certificate(Buffer.from(base64, 'base64'));
    const isKnown = certificatesPem.some(pem =>
      new X509Certificate(pem).raw.equals(certificate.raw),
    );
    if (isKnown)
      return '; it names a certificate of this IdP, so its value or SignedInfo was changed';
    const digest = certificate.fingerprint256.replaceAll(':', '').toLowerCase();
    const subject = printableExcerpt(certificate.subject ?? '', MAX_SUBJECT);
    return `; it names the certificate ${JSON.stringify(subject)} with the SHA-256 fingerprint ${digest}`;
  } catch {
    return '; its certificate cannot be read';
  }
}
