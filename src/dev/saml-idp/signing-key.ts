/**
 * The identity provider's key pair and the self-signed certificate in which SAML metadata publishes
 * it.
 */
import { webcrypto } from 'node:crypto';
import { Integer, PrintableString } from 'asn1js';
import { AttributeTypeAndValue, Certificate, CryptoEngine } from 'pkijs';

const ALGORITHM = {
  name: 'RSASSA-PKCS1-v1_5',
  hash: 'SHA-256',
  modulusLength: 2048,
  publicExponent: new Uint8Array([1, 0, 1]),
} as const;
const COMMON_NAME = '2.5.4.3';
const DAY_MILLISECONDS = 24 * 3600_000;

export interface SigningKey {
  readonly key: CryptoKey;
  /** Base64 of the certificate's DER. */
  readonly certificate: string;
}

/**
 * A key, new unless one is given, whose certificate is valid from a day before `now` for a year.
 */
export async function createSigningKey(
  commonName: string,
  { now, keyPair }: { readonly now: number; readonly keyPair?: CryptoKeyPair | undefined },
): Promise<SigningKey> {
  const { privateKey, publicKey } =
    keyPair ?? (await crypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify']));
  const engine = new CryptoEngine({ name: 'node', crypto: webcrypto as Crypto });
  const certificate = new Certificate();
  certificate.version = 2;
  certificate.serialNumber = new Integer({ value: Date.now() % 2 ** 31 });
  for (const name of [certificate.issuer, certificate.subject]) {
    name.typesAndValues.push(
      new AttributeTypeAndValue({
        type: COMMON_NAME,
        value: new PrintableString({ value: commonName }),
      }),
    );
  }
  certificate.notBefore.value = new Date(now - DAY_MILLISECONDS);
  certificate.notAfter.value = new Date(now + 365 * DAY_MILLISECONDS);
  await certificate.subjectPublicKeyInfo.importKey(publicKey, engine);
  await certificate.sign(privateKey, 'SHA-256', engine);
  return {
    key: privateKey,
    certificate: Buffer.from(certificate.toSchema(true).toBER()).toString('base64'),
  };
}
