/**
 * Enveloped XML signatures of what the bridge issues: RSA-SHA256 over exclusive canonical XML (XML
 * Signature 1.1, https://www.w3.org/TR/xmldsig-core1/; SAML core section 5.4).
 *
 * The element is written canonically, so its text is what verifiers digest. Libraries verify
 * foreign signatures, in connectors (ADR 55).
 */
import { hash, sign } from 'node:crypto';
import { canonicalXml, element, type XmlElement } from './canonical-xml.ts';
import type { SigningKey } from './signing-keys.ts';

const EXCLUSIVE_C14N = 'http://www.w3.org/2001/10/xml-exc-c14n#';
const ENVELOPED = 'http://www.w3.org/2000/09/xmldsig#enveloped-signature';
const RSA_SHA256 = 'http://www.w3.org/2001/04/xmldsig-more#rsa-sha256';
const SHA256 = 'http://www.w3.org/2001/04/xmlenc#sha256';

/** A SAML element that can be signed: it has an ID, and its first child is its Issuer. */
export interface Unsigned extends XmlElement {
  readonly attributes: { readonly ID: string } & XmlElement['attributes'];
  readonly children: readonly XmlElement[];
}

/**
 * The element with its signature behind the Issuer, where the SAML schemas have it. Signatures
 * within are covered, so the innermost element is signed first. Throws `session_settings_invalid`
 * as `canonicalXml` does.
 */
export function withSignature(
  unsigned: Unsigned,
  key: Pick<SigningKey, 'privateKey' | 'certificate'>,
): XmlElement {
  const signedInfo = signedInfoOf(unsigned);
  const value = sign('sha256', Buffer.from(canonicalXml(signedInfo)), key.privateKey);
  const signature = element('ds:Signature', {}, [
    signedInfo,
    element('ds:SignatureValue', {}, value.toString('base64')),
    element('ds:KeyInfo', {}, [keyData(key)]),
  ]);
  const [issuer, ...others] = unsigned.children;
  return { ...unsigned, children: [issuer!, signature, ...others] };
}

/** One `ds:X509Data` with the certificate of the key. */
export function keyData({ certificate }: Pick<SigningKey, 'certificate'>): XmlElement {
  return element('ds:X509Data', {}, [element('ds:X509Certificate', {}, certificate)]);
}

function signedInfoOf(unsigned: Unsigned): XmlElement {
  const algorithm = (name: XmlElement['name'], Algorithm: string, children?: XmlElement[]) =>
    element(name, { Algorithm }, children);
  return element('ds:SignedInfo', {}, [
    algorithm('ds:CanonicalizationMethod', EXCLUSIVE_C14N),
    algorithm('ds:SignatureMethod', RSA_SHA256),
    element('ds:Reference', { URI: `#${unsigned.attributes.ID}` }, [
      element('ds:Transforms', {}, [
        // Removes this signature, which is not there yet.
        algorithm('ds:Transform', ENVELOPED),
        algorithm('ds:Transform', EXCLUSIVE_C14N),
      ]),
      algorithm('ds:DigestMethod', SHA256),
      element('ds:DigestValue', {}, hash('sha256', canonicalXml(unsigned), 'base64')),
    ]),
  ]);
}
