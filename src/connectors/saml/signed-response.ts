/** The Response as its own signature covers it, for a Response whose content is encrypted. */
import { DOMParser } from '@xmldom/xmldom';
import { SignedXml } from 'xml-crypto';
import { refusal } from './refusal.ts';
import { XML_SIGNATURE } from './signature-shape.ts';
import { signersOf } from './signers.ts';

/**
 * The signed XML, canonical. Takes only what `readResponse` has accepted: one Signature, of the
 * Response itself. Throws `saml_response_refused`, an `UnknownSigner` if none of the keys signed.
 */
export function signedResponse(xml: string, certificatesPem: readonly string[]): string {
  const [signer] = signersOf(xml, certificatesPem);
  // The library leaves the line breaks to its caller (XML 1.0, 2.11).
  const text = xml.replace(/\r\n?/g, '\n');
  const document = new DOMParser().parseFromString(text, 'text/xml');
  const signature = document.getElementsByTagNameNS(XML_SIGNATURE, 'Signature')[0];
  const verifier = new SignedXml({ publicCert: signer!, getCertFromKeyInfo: () => null });
  verifier.loadSignature(signature!);
  if (!verified(verifier, text)) throw refusal('the Response is not what was signed');
  const [signed] = verifier.getSignedReferences();
  return signed!;
}

/** The library throws for a digest that differs. */
function verified(verifier: SignedXml, text: string): boolean {
  try {
    return verifier.checkSignature(text);
  } catch {
    return false;
  }
}
