/** A self-signed certificate for tests, in the least DER that X.509 allows. */
import { createSign, generateKeyPairSync, type KeyObject } from 'node:crypto';

export interface KeyWithCertificate {
  readonly privateKey: KeyObject;
  readonly publicKey: KeyObject;
  /** Base64 of the DER, as metadata carries it. */
  readonly certificate: string;
}

export function makeCertificate({
  bits = 2048,
  notAfter = new Date(Date.now() + 10 * 365 * 86_400_000),
} = {}): KeyWithCertificate {
  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: bits });
  const algorithm = sequence(
    oid([0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x0b]),
    Buffer.from([5, 0]),
  );
  const name = sequence(
    der(0x31, sequence(oid([0x55, 0x04, 0x03]), der(0x0c, Buffer.from('test idp')))),
  );
  const validity = sequence(time(new Date('2020-01-01T00:00:00Z')), time(notAfter));
  const spki = publicKey.export({ type: 'spki', format: 'der' });
  const body = sequence(der(2, Buffer.from([1])), algorithm, name, validity, name, spki);
  const signature = createSign('sha256').update(body).sign(privateKey);
  const certificate = sequence(
    body,
    algorithm,
    der(3, Buffer.concat([Buffer.from([0]), signature])),
  );
  return { privateKey, publicKey, certificate: certificate.toString('base64') };
}

function der(tag: number, content: Buffer): Buffer {
  const { length } = content;
  const size =
    length < 128 ? [length] : length < 256 ? [0x81, length] : [0x82, length >> 8, length & 255];
  return Buffer.concat([Buffer.from([tag, ...size]), content]);
}

function sequence(...parts: Buffer[]): Buffer {
  return der(0x30, Buffer.concat(parts));
}

function oid(bytes: number[]): Buffer {
  return der(6, Buffer.from(bytes));
}

function time(date: Date): Buffer {
  return der(0x18, Buffer.from(`${date.toISOString().slice(0, 19).replace(/[-:T]/g, '')}Z`));
}
