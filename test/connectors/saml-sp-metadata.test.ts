/** What the metadata of a SAML connector says of encryption is what the connector does. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  assertionOf,
  type EncryptionParts,
  encryptAssertion,
  MGF1P,
  OAEP11,
  withAssertion,
} from '../support/saml-encryption.ts';
import { encode, rsaKey, signElement } from '../support/saml-forge.ts';
import { assertRefused, forge, openConnector } from './saml-fixture.ts';

const [active, next, previous] = [rsaKey(), rsaKey(), rsaKey()];
const privateKeys = [active, next, previous].map(({ privateKey }) => privateKey);
const encryptionKey = { certificatePem: active.certificatePem, privateKeys };

const XENC = 'http://www.w3.org/2001/04/xmlenc#';
const XENC11 = 'http://www.w3.org/2009/xmlenc11#';
type Connector = Awaited<ReturnType<typeof openConnector>>;

/** The KeyDescriptors for encryption: certificate and methods, as the metadata orders them. */
function published({ connector }: Connector) {
  const descriptors = connector
    .metadata()
    .matchAll(/<md:KeyDescriptor use="encryption">(.*?)<\/md:KeyDescriptor>/gs);
  return [...descriptors].map(([, content = '']) => ({
    certificate: /<ds:X509Certificate>([^<]*)</.exec(content)?.[1],
    methods: [...content.matchAll(/<md:EncryptionMethod Algorithm="([^"]*)"/g)].map(
      ([, algorithm]) => algorithm!,
    ),
    parameters: [
      ...content.matchAll(/<(?:ds:DigestMethod|xenc11:MGF) .*?Algorithm="([^"]*)"/g),
    ].map(([, algorithm]) => algorithm),
  }));
}

async function signIn(
  connector: Connector,
  encryption: Partial<EncryptionParts>,
  to = active,
): ReturnType<Connector['complete']> {
  const requestId = await connector.begin();
  const plain = forge.xml(requestId, { responseId: '_response' });
  const encrypted = encryptAssertion(assertionOf(plain), to.certificatePem, encryption);
  const xml = signElement(withAssertion(plain, encrypted), '_response', forge.key);
  return connector.complete(encode(xml), { protocol: 'saml', requestId });
}

const CIPHERS = {
  'aes-256-gcm': `${XENC11}aes256-gcm`,
  'aes-192-gcm': `${XENC11}aes192-gcm`,
  'aes-128-gcm': `${XENC11}aes128-gcm`,
  'aes-256-cbc': `${XENC}aes256-cbc`,
  'aes-192-cbc': `${XENC}aes192-cbc`,
  'aes-128-cbc': `${XENC}aes128-cbc`,
} as const;
const ciphers = Object.keys(CIPHERS) as (keyof typeof CIPHERS)[];

for (const allowCbc of [false, true]) {
  const acme = await openConnector({ encryptionKey, allowCbc });
  describe(`the metadata of a connector ${allowCbc ? 'with' : 'without'} allowCbc`, () => {
    it('has the active key alone, and a list of methods with the best first', () => {
      const accepted = ciphers.filter(cipher => allowCbc || cipher.endsWith('gcm'));
      assert.deepEqual(published(acme), [
        {
          certificate: active.certificate,
          methods: [...accepted.map(cipher => CIPHERS[cipher]), OAEP11, MGF1P],
          parameters: [`${XENC}sha256`, `${XENC11}mgf1sha256`],
        },
      ]);
    });

    it('lists a cipher if and only if the connector accepts it', async () => {
      const methods = published(acme).flatMap(key => key.methods);
      for (const cipher of ciphers) {
        const signedIn = signIn(acme, { cipher });
        if (methods.includes(CIPHERS[cipher]))
          assert.equal((await signedIn).identity.subject, 'p-0001');
        else await assertRefused(signedIn, /encrypted with AES-CBC/);
      }
    });

    it('lists ways to encrypt a key that the connector accepts', async () => {
      for (const transport of [
        { transport: OAEP11, digest: 'sha256', mask: 'sha256' },
        { transport: MGF1P },
      ] as const)
        assert.equal((await signIn(acme, transport)).identity.subject, 'p-0001');
    });
  });
}

it('a connector publishes the active key alone during a rotation, and accepts all', async () => {
  const acme = await openConnector({ encryptionKey });
  assert.deepEqual(
    published(acme).map(({ certificate }) => certificate),
    [active.certificate],
  );
  for (const key of [active, next, previous])
    assert.equal((await signIn(acme, {}, key)).identity.subject, 'p-0001');
});

describe('the metadata has no key for encryption', () => {
  const CONNECTORS = {
    'of a connector with encryption: false': { encryptionKey, encryption: false },
    'of one with encryption: false and allowCbc': {
      ...{ encryptionKey, encryption: false, allowCbc: true },
    },
    'of a bridge without one': {},
  };
  for (const [what, options] of Object.entries(CONNECTORS))
    it(what, async () => {
      const connector = await openConnector(options);
      assert.deepEqual(published(connector), []);
      assert.match(connector.connector.metadata(), /KeyDescriptor use="signing"/);
      assert.doesNotMatch(connector.connector.metadata(), /EncryptionMethod|xmlenc/);
      await assertRefused(signIn(connector, {}), /takes none|has no key for it/);
    });
});
