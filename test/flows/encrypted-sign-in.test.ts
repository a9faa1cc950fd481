/**
 * The SAML identity provider of the demo encrypts assertions to the key in the bridge's metadata.
 * xmlsec1 decrypts what it writes: test/dev/saml-idp-encryption.test.ts.
 */
import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { copyFileSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, it } from 'node:test';
import { createApp } from '../../src/app.ts';
import type { Configuration } from '../../src/config/configuration.ts';
import type { SamlProtection } from '../../src/dev/saml-idp/manners.ts';
import { type Page, Visitor } from '../support/visitor.ts';
import { answer, CONNECTOR, useWorld, type World } from '../support/world.ts';

const START = `/sign-in/${CONNECTOR.saml}`;
const KEY = 'service-provider-encryption';
const ONE_TEXT = /^the encrypted Assertion cannot be read: it is not encrypted to a key/;

/** The bridge again, with other settings of its SAML connector. */
async function reload(
  world: World,
  settings: { readonly allowCbc?: boolean; readonly encryption?: boolean } = {},
): Promise<void> {
  const changed = (configuration: Configuration): Configuration => ({
    ...configuration,
    connectors: configuration.connectors.map(connector =>
      connector.protocol === 'saml' ? { ...connector, ...settings } : connector,
    ),
  });
  answer(world.servers.bridge, createApp(await world.compose(changed)));
}

const assertSignedIn = (page: Page): void => {
  assert.equal(page.status, 200, page.text);
  assert.match(page.$('header').text(), /Alice Adams/);
};

/** The page of the provider that posts its Response. */
async function responsePage(
  { urls }: World,
  visitor: Visitor,
): Promise<{ readonly page: Page; readonly xml: string }> {
  const login = await visitor.get(urls.bridge + START);
  const page = await visitor.submit(login, 'form', { username: 'alice', password: 'alice' });
  const encoded = String(page.$('input[name=SAMLResponse]').val() ?? '');
  return { page, xml: Buffer.from(encoded, 'base64').toString() };
}

describe('a provider that encrypts to the key in the metadata', () => {
  const world = useWorld();
  const protect = (changes: Partial<SamlProtection>): void => {
    Object.assign(world.samlIdp.protection, {
      encrypts: 'published',
      signsResponse: true,
      ...changes,
    });
  };
  beforeEach(() => protect({}));

  /** The page and the reason after the provider's Response, changed on its way. */
  async function refused(change: (xml: string) => string) {
    const visitor = new Visitor();
    const { page, xml } = await responsePage(world, visitor);
    const SAMLResponse = Buffer.from(change(xml)).toString('base64');
    const refusal = await visitor.submit(page, 'form', { SAMLResponse });
    const event = (await world.audit()).find(({ type }) => type === 'sign-in.refused');
    assert.equal(refusal.status, 403, refusal.text);
    assert.equal(refusal.$('.status-line code').text(), 'saml_response_refused');
    return {
      why: event?.type === 'sign-in.refused' ? event.why : '',
      page: refusal
        .$('main')
        .text()
        .replaceAll(/[\da-f]{8}-[\da-f-]{27}/g, 'ID')
        .replaceAll(/\s+/g, ' '),
    };
  }

  it('signs in a user, whose assertion only the bridge can read', async () => {
    const visitor = new Visitor();
    const { page, xml } = await responsePage(world, visitor);
    assert.match(xml, /<saml:EncryptedAssertion .*xmlenc11#aes256-gcm"\/>.*xmlenc11#rsa-oaep"/s);
    assert.doesNotMatch(xml, /alice|aws-admins|<saml:Assertion/);
    assertSignedIn(await visitor.submit(page, 'form'));
    assert.doesNotMatch(world.log.join('\n'), /EncryptedAssertion|<saml:/);
  });

  for (const encrypts of ['aes-128-gcm', 'aes-192-gcm', 'aes-256-gcm'] as const)
    for (const signsResponse of [true, false])
      it(`signs in a user by ${encrypts} in ${signsResponse ? 'a signed' : 'an unsigned'} Response`, async () => {
        protect({ encrypts, signsResponse });
        assertSignedIn((await world.signIn('alice', 'saml')).page);
      });

  it('is rejected with one text, whatever was changed in an unsigned Response', async () => {
    protect({ signsResponse: false });
    const rejected = [
      await refused(spoilt('CipherData><xenc:CipherValue>', 'last')),
      await refused(spoilt('CipherData><xenc:CipherValue>', 'first')),
      await refused(xml => xml.replace('aes256-gcm', 'aes128-gcm')),
      await refused(xml =>
        xml.replace(
          /xmlenc11#rsa-oaep">.*?<\/xenc:EncryptionMethod>/s,
          'xmlenc11#rsa-oaep"></xenc:EncryptionMethod>',
        ),
      ),
    ];
    for (const { why, page } of rejected) {
      assert.match(why, ONE_TEXT);
      assert.deepEqual({ why, page }, rejected[0]);
    }
    assert.doesNotMatch(rejected[0]!.page, /decrypt|padding|key/i);
    assertSignedIn((await world.signIn('alice', 'saml')).page);
  });

  it('is rejected before decryption where the signed Response was changed', async () => {
    const { why } = await refused(spoilt('CipherData><xenc:CipherValue>', 'last'));
    assert.equal(why, 'the Response is not what was signed');
  });

  it('is rejected with AES-CBC, until allowCbc is set, and then in a signed Response alone', async () => {
    const same = (xml: string) => xml;
    protect({ encrypts: 'aes-256-cbc' });
    assert.match((await refused(same)).why, /encrypted with AES-CBC, .*allowCbc: true/);

    await reload(world, { allowCbc: true });
    for (const encrypts of ['aes-128-cbc', 'aes-256-cbc'] as const) {
      protect({ encrypts });
      assertSignedIn((await world.signIn('alice', 'saml')).page);
      protect({ encrypts, signsResponse: false });
      assert.match((await refused(same)).why, /AES-CBC in a Response that is not signed/);
    }
    await reload(world);
  });

  it('finds no key where encryption is switched off, and is rejected if it has one from before', async () => {
    await reload(world, { encryption: false });
    assert.match((await refused(xml => xml)).why, /takes none \(saml\.encryption\)/);
    world.samlIdp.forgetServiceProviders();
    const { page } = await responsePage(world, new Visitor());
    assert.match(page.text, /publishes no key to encrypt assertions to/);
    protect({ encrypts: undefined });
    assertSignedIn((await world.signIn('alice', 'saml')).page);

    await reload(world);
    world.samlIdp.forgetServiceProviders();
  });
});

/** Changes a letter of the last such value, which is the ciphertext. */
function spoilt(before: string, at: 'first' | 'last') {
  return (xml: string): string => {
    const start = xml.lastIndexOf(before) + before.length;
    const end = xml.indexOf('=', start) < 0 ? xml.indexOf('<', start) : xml.indexOf('=', start);
    const place = at === 'first' ? start : Math.min(end, xml.indexOf('<', start)) - 4;
    return `${xml.slice(0, place)}${xml[place] === 'A' ? 'B' : 'A'}${xml.slice(place + 1)}`;
  };
}

describe('a rotation of the key for encryption', () => {
  const world = useWorld();
  const key = (name: string): string => join(world.directory, 'keys', `${name}.pem`);
  /** The certificates in the metadata of the bridge. */
  const published = async (use: 'encryption' | 'signing'): Promise<string[]> => {
    const metadata = await fetch(`${world.urls.bridge}/saml/${CONNECTOR.saml}/metadata`);
    const certificates = new RegExp(`use="${use}">.*?<ds:X509Certificate>([^<]*)`, 'gs');
    return [...(await metadata.text()).matchAll(certificates)].map(([, text]) => text!);
  };
  const certificateIn = (name: string): string =>
    new X509Certificate(readFileSync(key(name))).raw.toString('base64');
  const signIn = async (): Promise<void> =>
    assertSignedIn((await world.signIn('alice', 'saml')).page);

  it('interrupts no sign-in until the previous key is removed, and then those of a provider that has it', async () => {
    world.samlIdp.protection.encrypts = 'published';
    const before = certificateIn(KEY);
    assert.deepEqual(await published('encryption'), [before]);
    await signIn();

    copyFileSync(key('saml'), key(`${KEY}.next`));
    await reload(world);
    assert.deepEqual(await published('encryption'), [before]);
    await signIn();

    renameSync(key(KEY), key(`${KEY}.previous`));
    renameSync(key(`${KEY}.next`), key(KEY));
    await reload(world);
    assert.notEqual(certificateIn(KEY), before);
    assert.deepEqual(await published('encryption'), [certificateIn(KEY)]);
    // The provider still has the previous key.
    await signIn();

    rmSync(key(`${KEY}.previous`));
    await reload(world);
    const { page } = await world.signIn('alice', 'saml');
    assert.equal(page.$('.status-line code').text(), 'saml_response_refused');
    world.samlIdp.forgetServiceProviders();
    await signIn();
  });

  it('leaves those of the signing key alone, of which the metadata has all', async () => {
    copyFileSync(key('web-identity'), key('service-provider.next'));
    await reload(world);
    assert.deepEqual(await published('signing'), [
      certificateIn('service-provider'),
      certificateIn('service-provider.next'),
    ]);
    assert.deepEqual(await published('encryption'), [certificateIn(KEY)]);
    await signIn();
  });
});
