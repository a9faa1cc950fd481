import assert from 'node:assert/strict';
import { constants, privateDecrypt } from 'node:crypto';
import { after, before, describe, it } from 'node:test';
import { PEOPLE } from '../../src/dev/people.ts';
import { createSamlIdp, type SamlIdp } from '../../src/dev/saml-idp/saml-idp.ts';
import { handTurnedClock } from '../support/clock.ts';
import { rsaKey } from '../support/saml-forge.ts';
import {
  decryptedByXmlsec,
  pemOf,
  verifyByXmlsec,
  type XmlsecKey,
  xmlsecMissing,
} from '../support/xmlsec.ts';
import { ServiceProvider } from './service-provider.ts';
import { formOf, type Listening, listen, newVisitor } from './visitor.ts';

const XENC = 'http://www.w3.org/2001/04/xmlenc#';
const XENC11 = 'http://www.w3.org/2009/xmlenc11#';
const CBC = `${XENC}aes128-cbc`;
const OLDER = `${XENC}rsa-oaep-mgf1p`;
const NEWER = `${XENC11}rsa-oaep`;
const SHA256 = `<ds:DigestMethod Algorithm="${XENC}sha256"/><x:MGF xmlns:x="${XENC11}" Algorithm="${XENC11}mgf1sha256"/>`;

describe('the demo SAML identity provider, told to encrypt,', () => {
  const key = rsaKey();
  let idpServer: Listening;
  let idp: SamlIdp;
  let sp: ServiceProvider;

  before(async () => {
    const { now } = handTurnedClock();
    idpServer = await listen();
    sp = await ServiceProvider.start({ idpUrl: idpServer.url, now });
    const serviceProviders = [{ metadataUrl: sp.entityId }];
    const baseUrl = idpServer.url;
    idp = await createSamlIdp({ baseUrl, people: PEOPLE, serviceProviders, encrypts: true, now });
    idp.protection.signsResponse = false;
    idpServer.handler = idp.handler;
  });
  after(() => Promise.all([idpServer.close(), sp.close()]));

  /** The answer for alice where the metadata has this KeyDescriptor. */
  async function answerTo(descriptor: string) {
    sp.editMetadata = text => text.replace('<md:AssertionConsumerService', `${descriptor}$&`);
    idp.forgetServiceProviders();
    const visitor = newVisitor();
    const { action, fields } = formOf(await visitor.get(sp.ssoUrl()));
    const login = { ...fields, username: 'alice', password: 'alice' };
    return visitor.post(action, login, { origin: idpServer.url });
  }

  /** A KeyDescriptor with these EncryptionMethods. */
  const descriptor = (
    methods: readonly (string | readonly [string, string])[],
    use = 'encryption',
  ) => {
    const elements = methods.map(method => {
      const [algorithm, content] = typeof method === 'string' ? [method, ''] : method;
      return `<md:EncryptionMethod Algorithm="${algorithm}">${content}</md:EncryptionMethod>`;
    });
    return `<md:KeyDescriptor${use && ` use="${use}"`} xmlns:ds="http://www.w3.org/2000/09/xmldsig#"><ds:KeyInfo><ds:X509Data><ds:X509Certificate>${key.certificate}</ds:X509Certificate></ds:X509Data></ds:KeyInfo>${elements.join('')}</md:KeyDescriptor>`;
  };

  const CHOICES: Readonly<Record<string, readonly [string, string, string]>> = {
    'AES-256-GCM, if the metadata has no preference': [
      descriptor([]),
      `${XENC11}aes256-gcm`,
      OLDER,
    ],
    'the first cipher of the metadata': [
      descriptor([`${XENC11}aes128-gcm`, `${XENC11}aes256-gcm`, OLDER]),
      `${XENC11}aes128-gcm`,
      OLDER,
    ],
    'AES-CBC, if the metadata prefers it': [descriptor([CBC, `${XENC11}aes256-gcm`]), CBC, OLDER],
    'the first that it knows': [
      descriptor([`${XENC}tripledes-cbc`, `${XENC}rsa-1_5`, `${XENC11}aes192-gcm`, OLDER]),
      `${XENC11}aes192-gcm`,
      OLDER,
    ],
    'RSA-OAEP with SHA-256, if the metadata prefers it': [
      descriptor([`${XENC11}aes256-gcm`, [NEWER, SHA256], OLDER]),
      `${XENC11}aes256-gcm`,
      NEWER,
    ],
    'a key without a use': [descriptor([], ''), `${XENC11}aes256-gcm`, OLDER],
  };
  for (const [what, [published, cipher, transport]] of Object.entries(CHOICES)) {
    it(`uses ${what}, and xmlsec1 decrypts and verifies it`, { skip: xmlsecMissing }, async () => {
      const { fields } = formOf(await answerTo(published));
      const xml = Buffer.from(fields.SAMLResponse!, 'base64').toString();
      assert.doesNotMatch(xml, /alice/);
      const methods = [...xml.matchAll(/<xenc:EncryptionMethod Algorithm="([^"]*)"/g)];
      assert.deepEqual(
        methods.map(([, algorithm]) => algorithm),
        [cipher, transport],
      );
      const plain =
        transport === NEWER
          ? decryptedByXmlsec(xml.replace(/<ds:KeyInfo.*<\/ds:KeyInfo>/s, ''), contentKey(xml))
          : decryptedByXmlsec(xml, ['private', pemOf(key.privateKey)]);
      assert.match(plain, /EncryptedAssertion[^>]*><saml:Assertion /);
      assert.match(plain, />alice</);
      const [, certificate] = /X509Certificate>([^<]+)</.exec(idp.metadata())!;
      verifyByXmlsec(plain, [
        'certificate',
        `-----BEGIN CERTIFICATE-----\n${certificate!.replace(/.{64}/g, '$&\n')}\n-----END CERTIFICATE-----\n`,
      ]);
    });
  }

  it('refuses a sign-in for a service provider that publishes no key', async () => {
    const answer = await answerTo('');
    assert.equal(answer.status, 403);
    assert.match(answer.text, /publishes no key to encrypt assertions to/);
  });

  /** xmlsec1 of Debian 12 has no RSA-OAEP of XML Encryption 1.1, and so gets the content key. */
  function contentKey(xml: string): XmlsecKey {
    const [, wrapped] = /CipherValue>([^<]*)/.exec(xml)!;
    const padding = constants.RSA_PKCS1_OAEP_PADDING;
    const { privateKey } = key;
    const bytes = Buffer.from(wrapped!, 'base64');
    return ['aes', privateDecrypt({ key: privateKey, padding, oaepHash: 'sha256' }, bytes)];
  }
});
