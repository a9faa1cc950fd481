/**
 * The keys of the IdP that made the signatures of a Response: a cheap check before the engine's.
 *
 * The engine digests the whole document once for every key. Here only the few lines of each
 * SignedInfo are verified, so a hostile response costs one parse whatever the number of keys, and
 * the engine gets the right keys only. A key found here proves nothing: the engine verifies the
 * digests.
 */
import { DOMParser } from '@xmldom/xmldom';
import { SignedXml } from 'xml-crypto';
import { BridgeError, type BridgeErrorOptions } from '../../core/errors.ts';
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
  const signers = Array.from(document.getElementsByTagNameNS(XML_SIGNATURE, 'Signature')).map(
    signature => {
      const signer = certificatesPem.find(certificate => signedWith(signature, certificate));
      if (signer !== undefined) return signer;
      throw new UnknownSigner(
        `the signature of the ${(signature.parentNode as Element).localName} does not verify with any signing key of this IdP`,
      );
    },
  );
  return [...new Set(signers)];
}

function signedWith(signature: Element, certificatePem: string): boolean {
  const part = (name: string) => signature.getElementsByTagNameNS(XML_SIGNATURE, name)[0]!;
  try {
    const verifier = new SignedXml();
    verifier.loadSignature(signature);
    const Algorithm = verifier.SignatureAlgorithms[verifier.signatureAlgorithm!]!;
    const signedInfo = verifier.getCanonXml([EXCLUSIVE_C14N], part('SignedInfo'));
    return new Algorithm().verifySignature(
      signedInfo,
      certificatePem,
      part('SignatureValue').textContent ?? '',
    );
  } catch {
    // The library throws for an empty digest or value, which is no signature either.
    return false;
  }
}
