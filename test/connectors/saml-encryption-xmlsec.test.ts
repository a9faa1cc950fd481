/**
 * Assertions that xmlsec1 encrypts: what the connector accepts, and what it rejects by name.
 *
 * xmlsec1 of Debian 12 has RSA-OAEP with SHA-1 alone. For the others, OpenSSL encrypts the content
 * key.
 */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { after, describe, it } from 'node:test';
import { useDirectory } from '../support/directory.ts';
import { missingPackage } from '../support/missing-package.ts';
import { assertionOf, withAssertion } from '../support/saml-encryption.ts';
import { encode, rsaKey, signElement } from '../support/saml-forge.ts';
import { encryptedByXmlsec, xmlsecMissing } from '../support/xmlsec.ts';
import { assertRefused, forge, openConnector } from './saml-fixture.ts';

const OPENSSL = '/usr/bin/openssl';
const skip = xmlsecMissing || missingPackage(OPENSSL, 'openssl');

const ours = rsaKey();
const encryptionKey = {
  certificatePem: ours.certificatePem,
  privateKeys: [ours.privateKey],
};
const acme = await openConnector({ encryptionKey });
const cbcAllowed = await openConnector({ encryptionKey, allowCbc: true });
after(() => [acme, cbcAllowed].forEach(({ connector }) => void connector.close()));

const DSIG = 'http://www.w3.org/2000/09/xmldsig#';
const XENC = 'http://www.w3.org/2001/04/xmlenc#';
const XENC11 = 'http://www.w3.org/2009/xmlenc11#';
const MORE = 'http://www.w3.org/2001/04/xmldsig-more#';
const OLDER = `${XENC}rsa-oaep-mgf1p`;

interface Encryption {
  readonly cipher: string;
  /** Content of the method of the key, in addition to its algorithm. */
  readonly digest: string;
  readonly transport: string;
  readonly type: string;
}

const HASHES = {
  sha1: `${DSIG}sha1`,
  sha224: `${MORE}sha224`,
  sha256: `${XENC}sha256`,
  sha384: `${MORE}sha384`,
  sha512: `${XENC}sha512`,
};
type Hash = keyof typeof HASHES;
const digest = (uri: string) => `<ds:DigestMethod Algorithm="${uri}"/>`;
const data = ({ cipher, type }: Pick<Encryption, 'cipher' | 'type'>, keyInfo: string) =>
  `<xenc:EncryptedData xmlns:xenc="${XENC}" xmlns:ds="${DSIG}" Type="${type}"><xenc:EncryptionMethod Algorithm="${cipher}"/>${keyInfo}<xenc:CipherData><xenc:CipherValue/></xenc:CipherData></xenc:EncryptedData>`;
const keyInfo = ({ transport, digest }: Pick<Encryption, 'transport' | 'digest'>, value = '') =>
  `<ds:KeyInfo><xenc:EncryptedKey><xenc:EncryptionMethod Algorithm="${transport}">${digest}</xenc:EncryptionMethod><xenc:CipherData><xenc:CipherValue>${value}</xenc:CipherValue></xenc:CipherData></xenc:EncryptedKey></ds:KeyInfo>`;

const keyBits = (cipher: string) => Number(/aes(\d+)/.exec(cipher)?.[1] ?? 192);

/** The EncryptedData of an assertion, by xmlsec1 alone. */
function encrypted(assertion: string, changes: Partial<Encryption>): string {
  const encryption: Encryption = {
    ...{ cipher: `${XENC11}aes256-gcm`, transport: OLDER, digest: '', type: `${XENC}Element` },
    ...changes,
  };
  return encryptedByXmlsec(data(encryption, keyInfo(encryption)), assertion, {
    key: ['certificate', ours.certificatePem],
    contentKey: `${encryption.cipher.includes('tripledes') ? 'des' : 'aes'}-${keyBits(encryption.cipher)}`,
  });
}

type Encrypt = (assertion: string) => string;

async function completed(
  connector: typeof acme,
  encrypt: Encrypt,
  { isSigned }: { readonly isSigned: boolean },
): Promise<Awaited<ReturnType<typeof acme.complete>>> {
  const requestId = await connector.begin();
  const plain = forge.xml(requestId, { responseId: '_response' });
  const [element] = /<xenc:EncryptedData.*<\/xenc:EncryptedData>/s.exec(
    encrypt(assertionOf(plain)),
  )!;
  const xml = withAssertion(plain, `<saml:EncryptedAssertion>${element}</saml:EncryptedAssertion>`);
  const response = isSigned ? signElement(xml, '_response', forge.key) : xml;
  return connector.complete(encode(response), { protocol: 'saml', requestId });
}

describe('what xmlsec1 encrypts', { skip }, () => {
  const directory = useDirectory();
  /** The content key encrypted by OpenSSL: OAEP with a digest and one for its mask. */
  const byOpenSsl =
    (hash: Hash, mask: Hash, transport = `${XENC11}rsa-oaep`): Encrypt =>
    assertion => {
      const key = randomBytes(32);
      writeFileSync(directory.file('key'), key);
      writeFileSync(directory.file('certificate.pem'), ours.certificatePem);
      const options = ['padding_mode:oaep', `oaep_md:${hash}`, `mgf1_md:${mask}`];
      const wrapped = execFileSync(OPENSSL, [
        ...['pkeyutl', '-encrypt', '-certin', '-inkey', directory.file('certificate.pem')],
        ...['-in', directory.file('key')],
        ...options.flatMap(option => ['-pkeyopt', `rsa_${option}`]),
      ]).toString('base64');
      const namesMask = transport !== OLDER;
      const method = {
        transport,
        digest:
          digest(HASHES[hash]) +
          (namesMask ? `<x:MGF xmlns:x="${XENC11}" Algorithm="${XENC11}mgf1${mask}"/>` : ''),
      };
      const template = data({ cipher: `${XENC11}aes256-gcm`, type: `${XENC}Element` }, '');
      return encryptedByXmlsec(template, assertion, { key: ['aes', key] }).replace(
        '<xenc:CipherData>',
        `${keyInfo(method, wrapped)}$&`,
      );
    };

  const ACCEPTED: Readonly<Record<string, Encrypt>> = {
    'AES-128-GCM': xml => encrypted(xml, { cipher: `${XENC11}aes128-gcm` }),
    'AES-192-GCM': xml => encrypted(xml, { cipher: `${XENC11}aes192-gcm` }),
    'AES-256-GCM': xml => encrypted(xml, {}),
    'RSA-OAEP that names SHA-1': xml => encrypted(xml, { digest: digest(HASHES.sha1) }),
    'RSA-OAEP with SHA-256': byOpenSsl('sha256', 'sha1', OLDER),
    'RSA-OAEP with SHA-512': byOpenSsl('sha512', 'sha1', OLDER),
    'the newer RSA-OAEP with SHA-1 and a mask of SHA-1': byOpenSsl('sha1', 'sha1'),
    'the newer RSA-OAEP with SHA-256 and a mask of SHA-1': byOpenSsl('sha256', 'sha1'),
    'the newer RSA-OAEP with SHA-256 and a mask of SHA-256': byOpenSsl('sha256', 'sha256'),
    'the newer RSA-OAEP with SHA-512 and a mask of SHA-512': byOpenSsl('sha512', 'sha512'),
  };
  for (const [what, encrypt] of Object.entries(ACCEPTED))
    it(`is accepted: ${what}, in a Response that is signed or not`, async () => {
      for (const isSigned of [false, true]) {
        const { identity } = await completed(acme, encrypt, { isSigned });
        assert.equal(identity.subject, 'p-0001');
      }
    });

  for (const bits of [128, 192, 256])
    it(`is accepted: AES-${bits}-CBC with allowCbc, in a signed Response alone`, async () => {
      const encrypt: Encrypt = xml => encrypted(xml, { cipher: `${XENC}aes${bits}-cbc` });
      const { identity } = await completed(cbcAllowed, encrypt, { isSigned: true });
      assert.equal(identity.subject, 'p-0001');
      await assertRefused(
        completed(cbcAllowed, encrypt, { isSigned: false }),
        /AES-CBC in a Response that is not signed/,
      );
      await assertRefused(completed(acme, encrypt, { isSigned: true }), /AES-CBC, .* allowCbc/);
    });

  const OAEP_FORM = /RSA-OAEP in a form/;
  const REJECTED: Readonly<Record<string, readonly [Encrypt, RegExp]>> = {
    'RSA PKCS #1 v1.5': [
      xml => encrypted(xml, { transport: `${XENC}rsa-1_5` }),
      /PKCS #1 v1\.5 \(rsa-1_5\)/,
    ],
    'triple DES': [
      xml => encrypted(xml, { cipher: `${XENC}tripledes-cbc` }),
      /other than AES-GCM and AES-CBC/,
    ],
    'RSA-OAEP with SHA-224': [byOpenSsl('sha224', 'sha1', OLDER), OAEP_FORM],
    'RSA-OAEP with SHA-384': [byOpenSsl('sha384', 'sha1', OLDER), OAEP_FORM],
    'the newer RSA-OAEP with SHA-384': [byOpenSsl('sha384', 'sha384'), OAEP_FORM],
    'a mask of SHA-224': [byOpenSsl('sha256', 'sha224'), OAEP_FORM],
    'a label of RSA-OAEP': [
      xml => encrypted(xml, { digest: '<xenc:OAEPparams>AQAB</xenc:OAEPparams>' }),
      OAEP_FORM,
    ],
    'the content of an element': [
      xml => encrypted(xml, { type: `${XENC}Content` }),
      /not of the type Element/,
    ],
  };
  for (const [what, [encrypt, message]] of Object.entries(REJECTED))
    it(`is rejected by name: ${what}`, () =>
      assertRefused(completed(cbcAllowed, encrypt, { isSigned: true }), message));
});
