/** The self-signed X.509 certificate of a public key in SAML metadata (section 2.4.1.1). */
import { randomBytes, webcrypto } from 'node:crypto';
import { BitString, Integer, Null, Utf8String } from 'asn1js';
import {
  AlgorithmIdentifier,
  AttributeTypeAndValue,
  BasicConstraints,
  Certificate,
  Extension,
  PublicKeyInfo,
  Time,
} from 'pkijs';
import type { Instant } from '../core/time.ts';

/**
 * RSA, which every SAML party and STS (RS256) verify; 3072 bits suffice beyond 2030 (NIST SP
 * 800-57).
 */
const ALGORITHM = {
  name: 'RSASSA-PKCS1-v1_5',
  hash: 'SHA-256',
  modulusLength: 3072,
  publicExponent: Uint8Array.of(1, 0, 1),
} as const;

// IAM stops trusting a provider whose certificate has expired. Rotation ends a key, not this date.
const LIFETIME_YEARS = 10;
const CLOCK_SKEW_MILLISECONDS = 5 * 60_000;

const COMMON_NAME = '2.5.4.3';
const BASIC_CONSTRAINTS = '2.5.29.19';
const SHA256_WITH_RSA = '1.2.840.113549.1.1.11';

export interface KeyAndCertificate {
  /** PKCS #8. A secret. */
  readonly privateKeyPem: string;
  readonly certificatePem: string;
}

/**
 * A new RSA key and a certificate of its own for it (CN rolebridge), valid for ten years from
 * `now`.
 */
export async function createKeyAndCertificate(now: Instant): Promise<KeyAndCertificate> {
  const { privateKey, publicKey } = await webcrypto.subtle.generateKey(ALGORITHM, true, [
    'sign',
    'verify',
  ]);

  const certificate = new Certificate();
  certificate.version = 2; // X.509 version 3 (RFC 5280 section 4.1.2.1)
  certificate.serialNumber = new Integer({ valueHex: serialNumber() });
  for (const name of [certificate.issuer, certificate.subject]) {
    name.typesAndValues.push(
      new AttributeTypeAndValue({
        type: COMMON_NAME,
        value: new Utf8String({ value: 'rolebridge' }),
      }),
    );
  }
  const end = new Date(now);
  end.setUTCFullYear(end.getUTCFullYear() + LIFETIME_YEARS);
  certificate.notBefore = timeOf(new Date(now - CLOCK_SKEW_MILLISECONDS));
  certificate.notAfter = timeOf(end);
  certificate.extensions = [
    new Extension({
      extnID: BASIC_CONSTRAINTS,
      critical: true,
      extnValue: new BasicConstraints({ cA: false }).toSchema().toBER(),
    }),
  ];
  certificate.subjectPublicKeyInfo = PublicKeyInfo.fromBER(
    await webcrypto.subtle.exportKey('spki', publicKey),
  );
  // Signed by hand because pkijs omits the NULL parameters that RFC 4055 section 5 requires.
  certificate.signature = new AlgorithmIdentifier({
    algorithmId: SHA256_WITH_RSA,
    algorithmParams: new Null(),
  });
  certificate.signatureAlgorithm = certificate.signature;
  const signature = await webcrypto.subtle.sign(
    ALGORITHM.name,
    privateKey,
    certificate.encodeTBS().toBER(),
  );
  certificate.signatureValue = new BitString({ valueHex: signature });

  return {
    privateKeyPem: pem('PRIVATE KEY', await webcrypto.subtle.exportKey('pkcs8', privateKey)),
    certificatePem: pem('CERTIFICATE', certificate.toSchema(true).toBER()),
  };
}

/** 16 random bytes, positive and without a leading zero (RFC 5280 section 4.1.2.2). */
function serialNumber(): ArrayBuffer {
  const bytes = Uint8Array.from(randomBytes(16));
  bytes[0] = (bytes[0]! & 0x3f) | 0x40;
  return bytes.buffer;
}

/** UTCTime through 2049, GeneralizedTime from 2050 on (RFC 5280 section 4.1.2.5). */
function timeOf(value: Date): Time {
  return new Time({ type: value.getUTCFullYear() < 2050 ? 0 : 1, value });
}

function pem(label: string, der: ArrayBuffer): string {
  const lines = Buffer.from(der)
    .toString('base64')
    .match(/.{1,64}/g)!;
  return `-----BEGIN ${label}-----\n${lines.join('\n')}\n-----END ${label}-----\n`;
}
