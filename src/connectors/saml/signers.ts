/**
 * Which keys of the IdP made the signatures of a Response: a cheap look before the engine's long
 * one.
 *
 * The engine digests the whole document anew for every key it is given. Here only the few lines of
 * each SignedInfo are verified, so a stranger costs one parse however many keys the IdP has, and
 * the engine gets the right keys only. A key that is found here proves nothing yet: the digests are
 * the engine's to verify.
 */
import { DOMParser } from '@xmldom/xmldom';
import { SignedXml } from 'xml-crypto';
import { BridgeError, type BridgeErrorOptions } from '../../core/errors.ts';
import { EXCLUSIVE_C14N, XML_SIGNATURE } from './response.ts';

/** A Response whose signature was made by no known key: the IdP may have a new one. */
export class UnknownSigner extends BridgeError {
  constructor(message: string, options: BridgeErrorOptions = {}) {
    super('saml_response_refused', message, options);
  }
}

/**
 * Gives the certificates (PEM) of the keys that signed, each once.
 * Throws `UnknownSigner` (`saml_response_refused`) when a signature was made by none of them.
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
    // The library throws for an empty digest or value: that is no signature either.
    return false;
  }
}
