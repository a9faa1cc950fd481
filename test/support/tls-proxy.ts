/**
 * A reverse proxy that terminates TLS, as in front of the bridge in production. Its self-signed
 * certificate is for 127.0.0.1.
 */
import { generateKeyPairSync, sign } from 'node:crypto';
import { type IncomingMessage, request, type ServerResponse } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { BitString, Integer, OctetString, Utf8String } from 'asn1js';
import {
  AlgorithmIdentifier,
  AttributeTypeAndValue,
  BasicConstraints,
  Certificate,
  Extension,
  GeneralName,
  GeneralNames,
  PublicKeyInfo,
  Time,
} from 'pkijs';

const COMMON_NAME = '2.5.4.3';
const SUBJECT_ALTERNATIVE_NAME = '2.5.29.17';
const BASIC_CONSTRAINTS = '2.5.29.19';
const ECDSA_WITH_SHA256 = '1.2.840.10045.4.3.2';
/** Tags of a GeneralName (RFC 5280 section 4.2.1.6). */
const DNS_NAME = 2;
const IP_ADDRESS = 7;
const HOUR_MILLISECONDS = 3_600_000;

export interface TlsProxy {
  /** An https origin. */
  readonly url: string;
  readonly certificatePem: string;
  close(): Promise<void>;
}

/** Listens on a free port of 127.0.0.1 and forwards everything to `target`, an http origin. */
export async function startTlsProxy(target: string): Promise<TlsProxy> {
  const { key, certificatePem } = certificateForLoopback();
  const server = createServer({ key, cert: certificatePem }, (incoming, outgoing) =>
    passOn(target, incoming, outgoing),
  );
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `https://127.0.0.1:${(server.address() as AddressInfo).port}`,
    certificatePem,
    close: () =>
      new Promise(resolve => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function passOn(target: string, incoming: IncomingMessage, outgoing: ServerResponse): void {
  const forwarded = {
    'x-forwarded-for': incoming.socket.remoteAddress,
    'x-forwarded-proto': 'https',
  };
  const onward = request(
    new URL(incoming.url!, target),
    { method: incoming.method, headers: { ...incoming.headers, ...forwarded } },
    answer => {
      outgoing.writeHead(answer.statusCode!, answer.headers);
      answer.pipe(outgoing);
    },
  );
  onward.on('error', () => outgoing.destroy());
  incoming.pipe(onward);
}

/**
 * For 127.0.0.1, also as the name that 127.1 becomes: no code takes that one for loopback. It is
 * valid from an hour ago for `hours` from now.
 */
export function certificateForLoopback({ hours = 24, addressOf = [127, 0, 0, 1] } = {}): {
  readonly key: string;
  readonly certificatePem: string;
} {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const certificate = new Certificate();
  certificate.version = 2;
  certificate.serialNumber = new Integer({ value: Date.now() });
  for (const name of [certificate.issuer, certificate.subject]) {
    name.typesAndValues.push(
      new AttributeTypeAndValue({
        type: COMMON_NAME,
        value: new Utf8String({ value: 'loopback proxy' }),
      }),
    );
  }
  certificate.notBefore = new Time({ value: new Date(Date.now() - HOUR_MILLISECONDS) });
  certificate.notAfter = new Time({ value: new Date(Date.now() + hours * HOUR_MILLISECONDS) });
  const loopback = new GeneralName({
    type: IP_ADDRESS,
    value: new OctetString({ valueHex: Uint8Array.from(addressOf).buffer }),
  });
  const name = new GeneralName({ type: DNS_NAME, value: addressOf.join('.') });
  certificate.extensions = [
    // It is its own authority for those who are told to trust it.
    new Extension({
      extnID: BASIC_CONSTRAINTS,
      critical: true,
      extnValue: new BasicConstraints({ cA: true }).toSchema().toBER(),
    }),
    new Extension({
      extnID: SUBJECT_ALTERNATIVE_NAME,
      extnValue: new GeneralNames({ names: [loopback, name] }).toSchema().toBER(),
    }),
  ];
  certificate.subjectPublicKeyInfo = PublicKeyInfo.fromBER(
    publicKey.export({ type: 'spki', format: 'der' }),
  );
  certificate.signature = new AlgorithmIdentifier({ algorithmId: ECDSA_WITH_SHA256 });
  certificate.signatureAlgorithm = certificate.signature;
  certificate.signatureValue = new BitString({
    valueHex: sign('sha256', Buffer.from(certificate.encodeTBS().toBER()), privateKey),
  });
  const der = Buffer.from(certificate.toSchema(true).toBER()).toString('base64');
  return {
    key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    certificatePem: `-----BEGIN CERTIFICATE-----\n${der.match(/.{1,64}/g)!.join('\n')}\n-----END CERTIFICATE-----\n`,
  };
}
