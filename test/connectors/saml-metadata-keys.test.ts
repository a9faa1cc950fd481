/** Keys and times of metadata: what is used, and what is left out with a reason. */
import assert from 'node:assert/strict';
import { createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { describe, it } from 'node:test';
import { parseIdpMetadata } from '../../src/connectors/saml/idp-metadata.ts';
import { explained } from '../../src/connectors/saml/metadata-fault.ts';
import { ecKey, rsaKey, signingKey } from '../support/saml-forge.ts';
import { forge, openConnector, outboundOf, stranger } from './saml-fixture.ts';

const good = signingKey(forge.key);
const described = (content: string): string =>
  `<md:KeyDescriptor use="signing">${content}</md:KeyDescriptor>`;
const info = (content: string): string => `<ds:KeyInfo>${content}</ds:KeyInfo>`;
const certificates = (...texts: readonly string[]): string =>
  `<ds:X509Data>${texts.map(text => `<ds:X509Certificate>${text}</ds:X509Certificate>`).join('')}</ds:X509Data>`;
const base64 = (part: string | undefined): string =>
  Buffer.from(part!, 'base64url').toString('base64');

const publicJwk = (key: KeyObject) => createPublicKey(key).export({ format: 'jwk' });
function rsaValue(key: KeyObject): string {
  const { n, e } = publicJwk(key);
  return `<ds:KeyValue><ds:RSAKeyValue><ds:Modulus>\n${base64(n)}\n</ds:Modulus><ds:Exponent>${base64(e)}</ds:Exponent></ds:RSAKeyValue></ds:KeyValue>`;
}
/** The public key of an RSA key with another exponent. */
const withExponent = (key: KeyObject, exponent: number): string => {
  const { n } = publicJwk(key);
  return `<ds:KeyValue><ds:RSAKeyValue><ds:Modulus>${base64(n)}</ds:Modulus><ds:Exponent>${Buffer.of(exponent).toString('base64')}</ds:Exponent></ds:RSAKeyValue></ds:KeyValue>`;
};
function ecValue(key: KeyObject): string {
  const { x, y } = publicJwk(key);
  const point = Buffer.concat([
    Buffer.of(4),
    Buffer.from(x!, 'base64url'),
    Buffer.from(y!, 'base64url'),
  ]);
  return `<ds:KeyValue><e:ECKeyValue xmlns:e="http://www.w3.org/2009/xmldsig11#"><e:NamedCurve URI="urn:oid:1.2.840.10045.3.1.7"/><e:PublicKey>${point.toString('base64')}</e:PublicKey></e:ECKeyValue></ds:KeyValue>`;
}
const derValue = (key: KeyObject): string =>
  `<e:DEREncodedKeyValue xmlns:e="http://www.w3.org/2009/xmldsig11#">${createPublicKey(key).export({ type: 'spki', format: 'der' }).toString('base64')}</e:DEREncodedKeyValue>`;

const { privateKey } = forge.key;
const { certificate: other } = stranger;
const own = forge.key.certificate;
const trailing = Buffer.concat([Buffer.from(other, 'base64'), Buffer.from('rubbish')]).toString(
  'base64',
);

const USED: readonly (readonly [string, readonly string[], number])[] = [
  ['two certificates in one X509Data', [described(info(certificates(own, other)))], 2],
  ['two X509Data', [described(info(certificates(own) + certificates(other)))], 2],
  ['two KeyInfo', [described(info(certificates(own)) + info(certificates(other)))], 2],
  [
    'two PEM blocks in one element',
    [described(info(certificates(forge.key.certificatePem + stranger.certificatePem)))],
    2,
  ],
  [
    'one key as certificate and as value',
    [
      described(info(rsaValue(privateKey) + certificates(own))),
      described(info(rsaValue(privateKey))),
    ],
    1,
  ],
  ['an RSAKeyValue', [described(info(rsaValue(privateKey)))], 1],
  ['a DEREncodedKeyValue', [described(info(derValue(privateKey)))], 1],
];

const SKIPPED: readonly (readonly [string, string, RegExp])[] = [
  [
    'an EC key',
    signingKey(ecKey()),
    /\(use signing, EC prime256v1, SHA-256 [0-9a-f]{16}\.\.\.\) is not an RSA key/,
  ],
  ['an EC key without use', signingKey(ecKey(), ''), /\(without use, EC/],
  [
    'an ECKeyValue',
    described(info(ecValue(generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey))),
    /EC prime256v1, SHA-256 .* is not an RSA key/,
  ],
  [
    'an Ed25519 key',
    described(info(derValue(generateKeyPairSync('ed25519').privateKey))),
    /ED25519, .* is not an RSA key/,
  ],
  [
    'a DSA key',
    described(
      info(
        derValue(
          generateKeyPairSync('dsa', { modulusLength: 1024, divisorLength: 160 }).privateKey,
        ),
      ),
    ),
    /DSA 1024, .* is not an RSA key/,
  ],
  ['a short RSA key', signingKey(rsaKey(1024)), /RSA 1024, .* has fewer than 2048 bits/],
  ...[0, 1, 2, 4].map(
    exponent =>
      [
        `an RSA key with the exponent ${exponent}`,
        described(info(withExponent(privateKey, exponent))),
        /RSA 2048, .* has an exponent that RSA forbids/,
      ] as const,
  ),
  [
    'a certificate that is not base64',
    described(info(certificates('Ä!'))),
    /certificate that cannot be read/,
  ],
  [
    'a certificate that is not DER',
    described(info(certificates('AAAA'))),
    /certificate that cannot be read/,
  ],
  [
    'half a certificate',
    described(info(certificates(other.slice(0, 400)))),
    /certificate that cannot be read/,
  ],
  ['an empty certificate', described(info(certificates(''))), /certificate that cannot be read/],
  [
    'a certificate with something behind it',
    described(info(certificates(trailing))),
    /certificate with something behind it/,
  ],
  [
    'a DSAKeyValue',
    described(info('<ds:KeyValue><ds:DSAKeyValue/></ds:KeyValue>')),
    /key value of a kind that is not supported/,
  ],
  [
    'an RSAKeyValue that is none',
    described(info('<ds:KeyValue><ds:RSAKeyValue/></ds:KeyValue>')),
    /key value that cannot be read/,
  ],
  [
    'a KeyName alone',
    described(info('<ds:KeyName>k</ds:KeyName>')),
    /neither a certificate nor a key value/,
  ],
  ['an empty KeyDescriptor', described(''), /neither a certificate nor a key value/],
];

describe('keys of metadata', () => {
  for (const [title, keys, count] of USED)
    it(`are used: ${title}`, () => {
      const { signingCertificates, skippedKeys } = parseIdpMetadata(forge.metadata({ keys }));
      assert.equal(signingCertificates.length, count);
      assert.deepEqual(skippedKeys, []);
    });

  const MANY: readonly (readonly [string, string])[] = [
    [
      'certificates in one element',
      described(info(certificates(forge.key.certificatePem.repeat(101)))),
    ],
    ['certificates in one X509Data', described(info(certificates(...Array(101).fill(own))))],
    ['KeyDescriptors', signingKey(ecKey()).repeat(101)],
    ['KeyDescriptors without a key', described('').repeat(101)],
    ['key values', described(info(ecValue(ecKey().privateKey).repeat(51)))],
  ];
  for (const [title, keys] of MANY)
    it(`are rejected if there are very many ${title}`, () =>
      assert.throws(() => parseIdpMetadata(forge.metadata({ keys: [good, keys] })), {
        message: /names more than 100 certificates and keys/,
      }));

  for (const [title, key, why] of SKIPPED) {
    it(`are used beside ${title}, which is named`, () => {
      const metadata = parseIdpMetadata(forge.metadata({ keys: [good, key] }));
      assert.equal(metadata.signingCertificates.length, 1);
      assert.equal(metadata.skippedKeys.length, 1);
      assert.match(metadata.skippedKeys[0]!, /^KeyDescriptor 2 /);
      assert.match(metadata.skippedKeys[0]!, why);
    });

    it(`are rejected if there is only ${title}`, () => {
      let fault: unknown;
      assert.throws(
        () => parseIdpMetadata(forge.metadata({ keys: [key] })),
        thrown => {
          fault = thrown;
          return true;
        },
      );
      assert.match(explained(fault), why);
    });
  }

  it('verify the response of a provider that publishes a key value alone', async () => {
    const keys = [described(info(rsaValue(privateKey)))];
    const acme = await openConnector({ outbound: outboundOf(() => forge.metadata({ keys })) });
    assert.equal((await acme.signIn()).identity.username, 'alice');
    await assert.rejects(
      acme.signIn({}, { key: stranger }),
      /does not verify with any signing key/,
    );
    await acme.connector.close();
  });

  it('that are not used are reported once, and again when they change', async () => {
    const told: (readonly string[])[] = [];
    let keys = [good, signingKey(ecKey())];
    const acme = await openConnector({
      outbound: outboundOf(() => forge.metadata({ keys })),
      onSkippedKeys: skipped => told.push(skipped),
    });
    assert.equal((await acme.signIn()).identity.username, 'alice');
    assert.equal(told.length, 1);
    assert.match(
      told[0]!.join(),
      /^KeyDescriptor 2 .* is not an RSA key: let the IdP sign with an RSA key$/,
    );
    keys = [good];
    await acme.connector.close();
  });
});

const Z = 'Z';
const ENDS: readonly (readonly [string, string | undefined])[] = [
  ['2030-01-02T03:04:05Z', '2030-01-02T03:04:05Z'],
  ['2030-01-02T03:04:05', '2030-01-02T03:04:05Z'],
  ['2030-01-02T03:04:05.123456789Z', '2030-01-02T03:04:05.123Z'],
  ['2030-01-02T03:04:05+02:00', '2030-01-02T01:04:05Z'],
  ['2030-01-02T03:04:05-00:30', '2030-01-02T03:34:05Z'],
  ['2030-01-02T03:04:05.5+14:00', '2030-01-01T13:04:05.500Z'],
  ['2030-12-31T24:00:00Z', '2031-01-01T00:00:00Z'],
  ['2030-12-31T24:00:00.000-01:00', '2031-01-01T01:00:00Z'],
  [' 2030-01-02T03:04:05Z\n', '2030-01-02T03:04:05Z'],
  ['2028-02-29T00:00:00Z', '2028-02-29T00:00:00Z'],
  ['12026-01-01T00:00:00Z', '9999-12-31T23:59:59Z'],
  ['-0044-03-15T00:00:00Z', '0001-01-01T00:00:00Z'],
  ...[
    ...[
      'soon',
      '',
      '2030-01-02',
      '2030-01-02T03:04Z',
      '2030-01-02 03:04:05Z',
      '30-01-02T03:04:05Z',
    ],
    ...[
      '2029-02-29T00:00:00Z',
      '2030-13-01T00:00:00Z',
      '2030-00-10T00:00:00Z',
      '2030-04-31T00:00:00Z',
    ],
    ...[
      '2030-01-02T24:00:01Z',
      '2030-01-02T25:00:00Z',
      '2030-01-02T03:60:00Z',
      '2030-01-02T03:04:60Z',
    ],
    ...['2030-01-02T03:04:05+15:00', '2030-01-02T03:04:05+02', '2030-01-02T03:04:05+02:60'],
    ...[
      '0000-01-01T00:00:00Z',
      '02030-01-01T00:00:00Z',
      `2030-01-02T03:04:05.${Z}`,
      '2030-01-02T03:04:05z',
    ],
  ].map(text => [text, undefined] as const),
];

describe('validUntil', () => {
  for (const [text, end] of ENDS)
    it(`${JSON.stringify(text)} is ${end ?? 'rejected'}`, () => {
      const xml = forge.metadata({ root: ` validUntil="${text}"` });
      if (end === undefined)
        assert.throws(() => parseIdpMetadata(xml), /validUntil that is not a time/);
      else assert.equal(parseIdpMetadata(xml).validUntil, Date.parse(end));
    });

  it('counts of the role if it is earlier', () => {
    const xml = forge.metadata({
      root: ' validUntil="2030-01-01T00:00:00Z"',
      role: ' validUntil="2030-01-01T00:00:00+01:00"',
    });
    assert.equal(parseIdpMetadata(xml).validUntil, Date.parse('2029-12-31T23:00:00Z'));
  });
});
