/**
 * Three implementations of XML signatures that share no code: xml-crypto (on xmldom), xmldsigjs
 * (with a canonicalizer of its own) and xmlsec1 (on libxml2 and OpenSSL).
 */
import { execFile } from 'node:child_process';
import { webcrypto, X509Certificate } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { DOMParser } from '@xmldom/xmldom';
import { SignedXml } from 'xml-crypto';
import type * as XmlDsig from 'xmldsigjs';
import { missingPackage } from '../support/missing-package.ts';

// xmldsigjs takes its DOM from a registry in xml-core; both must be loaded from where xmldsigjs
// finds them.
const requireOfXmlDsig = createRequire(createRequire(import.meta.url).resolve('xmldsigjs'));
export const xmldsig = createRequire(import.meta.url)('xmldsigjs') as typeof XmlDsig;
requireOfXmlDsig('xml-core').setNodeDependencies(requireOfXmlDsig('@xmldom/xmldom'));
xmldsig.Application.setEngine('node', webcrypto as Crypto);

const DS = 'http://www.w3.org/2000/09/xmldsig#';
const XMLSEC1 = '/usr/bin/xmlsec1';

/** An element that can carry a signature of its own, with the place of that signature. */
export const SIGNED = {
  Response: {
    type: 'urn:oasis:names:tc:SAML:2.0:protocol:Response',
    signature: "/*/*[local-name()='Signature']",
  },
  Assertion: {
    type: 'urn:oasis:names:tc:SAML:2.0:assertion:Assertion',
    signature: "/*/*[local-name()='Assertion']/*[local-name()='Signature']",
  },
} as const;
export type SignedName = keyof typeof SIGNED;

export interface Verifier {
  readonly name: string;
  /** Why it cannot run here; false if it can. */
  readonly missing: string | false;
  /** Whether the element has one signature of its own that the key of the certificate made. */
  verifies(xml: string, name: SignedName, certificatePem: string): Promise<boolean>;
}

export const VERIFIERS: readonly Verifier[] = [
  { name: 'xml-crypto', missing: false, verifies: byXmlCrypto },
  { name: 'xmldsigjs', missing: false, verifies: byXmlDsig },
  { name: 'xmlsec1', missing: missingPackage(XMLSEC1, 'xmlsec1'), verifies: byXmlSec },
];

async function byXmlCrypto(xml: string, name: SignedName, publicCert: string): Promise<boolean> {
  const document = new DOMParser({ errorHandler: throwing }).parseFromString(xml, 'text/xml');
  const signature = signatureOf(document, name);
  const verifier = new SignedXml({ publicCert });
  verifier.loadSignature(signature as unknown as Node);
  try {
    if (!verifier.checkSignature(xml)) return false;
  } catch {
    return false;
  }
  const signed = verifier.getSignedReferences();
  return signed.length === 1 && new RegExp(`^<\\w+:${name} `).test(signed[0]!);
}

function throwing(level: string, message: unknown): void {
  if (level !== 'warning') throw new Error(String(message));
}

async function byXmlDsig(xml: string, name: SignedName, certificatePem: string): Promise<boolean> {
  const document = xmldsig.Parse(xml);
  return holdsByXmlDsig(document, signatureOf(document, name), certificatePem);
}

/** Whether the key of the certificate made the signature, by xmldsigjs. */
export async function holdsByXmlDsig(
  document: Document,
  signature: Element,
  certificatePem: string,
): Promise<boolean> {
  const signed = new xmldsig.SignedXml(document);
  signed.LoadXml(signature);
  const spki = new X509Certificate(certificatePem).publicKey.export({
    type: 'spki',
    format: 'der',
  });
  const key = await webcrypto.subtle.importKey(
    'spki',
    Uint8Array.from(spki),
    { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' },
    true,
    ['verify'],
  );
  return signed.Verify(key as CryptoKey).catch(() => false);
}

async function byXmlSec(xml: string, name: SignedName, certificatePem: string): Promise<boolean> {
  const directory = mkdtempSync(join(tmpdir(), 'rolebridge-xmlsec-'));
  const [file, certificate] = [join(directory, 'response.xml'), join(directory, 'key.pem')];
  const { type, signature } = SIGNED[name];
  try {
    writeFileSync(file, xml);
    writeFileSync(certificate, certificatePem);
    const key = ['--pubkey-cert-pem', certificate, '--enabled-key-data', 'rsa'];
    const place = ['--id-attr:ID', type, '--node-xpath', signature];
    await promisify(execFile)(XMLSEC1, ['--verify', ...key, ...place, file]);
    return true;
  } catch {
    return false;
  } finally {
    rmSync(directory, { recursive: true });
  }
}

/** The only signature that is a child of the element. */
function signatureOf(document: Document, name: SignedName): Element {
  const root = document.documentElement;
  const children = (of: Element): Element[] => Array.from(of.childNodes) as Element[];
  const target =
    name === 'Response' ? root : children(root).find(({ localName }) => localName === name)!;
  const signatures = children(target).filter(
    ({ localName, namespaceURI }) => localName === 'Signature' && namespaceURI === DS,
  );
  if (signatures.length !== 1) throw new Error(`${signatures.length} signatures of ${name}`);
  return signatures[0]!;
}
