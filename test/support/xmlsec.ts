/**
 * The command xmlsec1: signs, verifies, encrypts and decrypts XML. It shares no code with the
 * product and its other tests.
 */
import { spawnSync } from 'node:child_process';
import type { KeyObject } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { missingPackage } from './missing-package.ts';

const XMLSEC = '/usr/bin/xmlsec1';
/** Why tests with xmlsec1 are skipped; false if they run. */
export const xmlsecMissing: string | false = missingPackage(XMLSEC, 'xmlsec1');

/** IDs of SAML, which no schema tells it. It follows no reference out of the document. */
const SAML = 'urn:oasis:names:tc:SAML:2.0';
const IDS = [
  ...['--id-attr:ID', `${SAML}:assertion:Assertion`, '--id-attr:ID', `${SAML}:protocol:Response`],
  ...['--id-attr:Id', 'http://www.w3.org/2000/09/xmldsig#:Object'],
  ...['--id-attr:Id', 'http://www.w3.org/2001/04/xmlenc#:EncryptedKey'],
];
const LOCAL = ['--enabled-reference-uris', 'empty,same-doc'];

/** A file of its input. */
type File = string | Buffer;
const KEYS = {
  /** PEM. */
  private: '--privkey-pem',
  /** PEM. */
  certificate: '--pubkey-cert-pem',
  hmac: '--hmackey',
  aes: '--aeskey',
} as const;
export type XmlsecKey = readonly [keyof typeof KEYS, File];

export function pemOf(key: KeyObject): string {
  return key.export({ type: 'pkcs8', format: 'pem' }) as string;
}

/** The document with its empty Signature filled in. */
export function signedByXmlsec(template: string, key: XmlsecKey): string {
  return run(['--sign', ...IDS, ...LOCAL], { document: template, key });
}

/** Throws what xmlsec1 says if the first Signature of the document does not hold. */
export function verifyByXmlsec(xml: string, key: XmlsecKey): void {
  run(['--verify', ...IDS, ...LOCAL], { document: xml, key });
}

/**
 * The template (an EncryptedData) filled in. With a certificate, a new `contentKey` (such as
 * `aes-256`) is encrypted to it.
 */
export function encryptedByXmlsec(
  template: string,
  plaintext: string,
  { key, contentKey }: { readonly key: XmlsecKey; readonly contentKey?: string },
): string {
  const session = contentKey === undefined ? [] : ['--session-key', contentKey];
  return run(['--encrypt', ...session], { document: template, key, plaintext });
}

/** The document with its EncryptedData decrypted: by a private key, or by the content key. */
export function decryptedByXmlsec(xml: string, key: XmlsecKey): string {
  const node = ['--node-name', 'http://www.w3.org/2001/04/xmlenc#:EncryptedData'];
  return run(['--decrypt', ...IDS, ...node], { document: xml, key });
}

interface Input {
  readonly document: string;
  readonly key: XmlsecKey;
  readonly plaintext?: string;
}

function run(options: readonly string[], { document, key, plaintext }: Input): string {
  const directory = mkdtempSync(join(tmpdir(), 'rolebridge-xmlsec-'));
  const file = (name: string, content: File): string => {
    writeFileSync(join(directory, name), content, { mode: 0o600 });
    return join(directory, name);
  };
  try {
    const [kind, content] = key;
    const { status, stdout, stderr } = spawnSync(XMLSEC, [
      ...options,
      ...[KEYS[kind], file('key', content)],
      ...(plaintext === undefined ? [] : ['--xml-data', file('plaintext.xml', plaintext)]),
      file('document.xml', document),
    ]);
    if (status !== 0) throw new Error(`xmlsec1 ${options[0]}: ${stderr}`);
    return stdout.toString();
  } finally {
    rmSync(directory, { recursive: true });
  }
}
