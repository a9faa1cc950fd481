/**
 * Encrypted Assertions as an attacker sends them. Whatever goes wrong from the unwrapping of the
 * key to the first valid signature has one text, and costs the same work. After each attack the
 * same connector still signs the right user in.
 */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { describe, it } from 'node:test';
import { decrypted, OPERATIONS, type Operations } from '../../src/connectors/saml/decryption.ts';
import { readEncryptedAssertion } from '../../src/connectors/saml/encrypted-assertion.ts';
import { parseResponseXml } from '../../src/connectors/saml/response.ts';
import type { BridgeError } from '../../src/core/errors.ts';
import { forge, openConnector, stranger } from '../connectors/saml-fixture.ts';
import {
  assertionOf,
  type EncryptionParts,
  encryptAssertion,
  MGF1P,
  OAEP11,
  RSA15,
  withAssertion,
} from '../support/saml-encryption.ts';
import {
  audience,
  conditions,
  encode,
  nameId,
  PERSISTENT,
  type ResponseParts,
  rsaKey,
  signElement,
} from '../support/saml-forge.ts';

/** The keys of the bridge: the active one, and the previous one of another size. */
const ours = rsaKey();
const before = rsaKey(3072);
const encryptionKey = {
  certificatePem: ours.certificatePem,
  privateKeys: [ours.privateKey, before.privateKey],
};
const acme = await openConnector({ encryptionKey });
const cbcAllowed = await openConnector({ encryptionKey, allowCbc: true });

interface Forging {
  readonly changes?: Partial<ResponseParts>;
  readonly encryption?: Partial<EncryptionParts>;
  /** Defaults to true for each. */
  readonly inside?: boolean;
  /** Signs the Response around the ciphertext. */
  readonly outside?: boolean;
  /** Changes the plaintext after it was signed. */
  readonly plaintext?: (xml: string) => string | Buffer;
  /** Changes the EncryptedAssertion before the Response is signed. */
  readonly encrypted?: (xml: string) => string;
  readonly to?: string;
}

/** A Response whose Assertion is encrypted, as XML. */
function encryptedResponse(
  requestId: string,
  {
    changes = {},
    encryption = {},
    inside = true,
    outside = false,
    plaintext = xml => xml,
    encrypted = xml => xml,
    to = ours.certificatePem,
  }: Forging = {},
): string {
  const plain = forge.xml(
    requestId,
    { ...changes, responseId: '_response' },
    { assertion: inside },
  );
  const element = encryptAssertion(plaintext(assertionOf(plain)), to, encryption);
  const response = withAssertion(plain, encrypted(element));
  return outside ? signElement(response, '_response', forge.key) : response;
}

const ONE_TEXT = /^the encrypted Assertion cannot be read: it is not encrypted to a key/;

type Case = readonly [string, Forging | ((requestId: string) => string), RegExp];

function refusesEach(cases: readonly Case[], connector = acme): void {
  for (const [what, forged, message] of cases) {
    it(what, () =>
      connector.refusesThenSignsIn(
        typeof forged === 'function' ? forged : id => encryptedResponse(id, forged),
        message,
      ),
    );
  }
}

function acceptsEach(cases: Readonly<Record<string, Forging>>, connector = acme): void {
  for (const [what, forging] of Object.entries(cases)) {
    it(what, async () => {
      const requestId = await connector.begin();
      const { identity } = await connector.complete(encode(encryptedResponse(requestId, forging)), {
        protocol: 'saml',
        requestId,
      });
      assert.equal(identity.subject, 'p-0001');
    });
  }
}

/** Flips one bit of the byte there. */
const flipped = (at: number) => (bytes: Buffer) => {
  const changed = Buffer.from(bytes);
  changed[at < 0 ? bytes.length + at : at]! ^= 1;
  return changed;
};

describe('an encrypted Assertion signs in', () => {
  acceptsEach({
    'with each part at its default': {},
    'with AES-128-GCM': { encryption: { cipher: 'aes-128-gcm' } },
    'with AES-192-GCM': { encryption: { cipher: 'aes-192-gcm' } },
    'with the key beside the data': { encryption: { place: 'beside' } },
    'for the previous key': { to: before.certificatePem },
    'in a signed Response': { outside: true },
    'with OAEP of XML Encryption 1.1 and its defaults': { encryption: { transport: OAEP11 } },
    'with OAEP of SHA-256': {
      encryption: { transport: OAEP11, digest: 'sha256', mask: 'sha256' },
    },
    'with OAEP of SHA-512': {
      encryption: { transport: OAEP11, digest: 'sha512', mask: 'sha512' },
    },
    'with OAEP of two digests': {
      encryption: { transport: OAEP11, digest: 'sha256', mask: 'sha1' },
    },
    'with OAEP of two digests, and a mask that only it can have': {
      encryption: { transport: OAEP11, digest: 'sha1', mask: 'sha384' },
    },
    'with the older OAEP and SHA-256': { encryption: { transport: MGF1P, digest: 'sha256' } },
  });
  for (const cipher of ['aes-128-cbc', 'aes-192-cbc', 'aes-256-cbc'] as const)
    acceptsEach(
      {
        [`with ${cipher} in a signed Response, if allowCbc is set`]: {
          encryption: { cipher },
          outside: true,
        },
      },
      cbcAllowed,
    );
});

describe('an encrypted Assertion that cannot be read is rejected with one text:', () => {
  const positions = [0, 11, 12, 100, 2000, -17, -16, -1];
  refusesEach([
    ...positions.map(
      (at): Case => [
        `bit of byte ${at} of the GCM ciphertext flipped`,
        { encryption: { ciphertext: flipped(at) } },
        ONE_TEXT,
      ],
    ),
    ...[0, 1, 128, -1].map(
      (at): Case => [
        `bit of byte ${at} of the encrypted key flipped`,
        { encryption: { wrapped: flipped(at) } },
        ONE_TEXT,
      ],
    ),
    ['a key of all zeros', { encryption: { wrapped: key => Buffer.alloc(key.length) } }, ONE_TEXT],
    [
      'a key that is larger than the modulus',
      { encryption: { wrapped: key => Buffer.alloc(key.length, 0xff) } },
      ONE_TEXT,
    ],
    [
      'a key that is too short for its cipher',
      {
        encryption: { contentKey: randomBytes(32), cipher: 'aes-256-gcm', wrapped: rewrapped(16) },
      },
      ONE_TEXT,
    ],
    ['a tag that is one byte short', { encryption: { ciphertext: cut(-1) } }, ONE_TEXT],
    ['a tag of four bytes', { encryption: { ciphertext: cut(-12) } }, ONE_TEXT],
    ['an IV of 16 bytes', { encryption: { ivBytes: 16 } }, ONE_TEXT],
    ['encrypted to another', { to: stranger.certificatePem }, ONE_TEXT],
    [
      'a CBC ciphertext that is said to be GCM',
      { encryption: { cipher: 'aes-256-cbc' }, encrypted: asGcm },
      ONE_TEXT,
    ],
    ['garbage as the plaintext', { plaintext: () => randomBytes(500) }, ONE_TEXT],
    ['an empty element', { plaintext: () => '<a/>' }, ONE_TEXT],
    ['no XML', { plaintext: () => 'p-0001' }, ONE_TEXT],
    ['two Assertions', { plaintext: xml => xml + xml }, ONE_TEXT],
    [
      'a declaration before the Assertion',
      { plaintext: xml => `<?xml version="1.0"?>${xml}` },
      ONE_TEXT,
    ],
    ['a DOCTYPE', { plaintext: xml => `<!DOCTYPE a [<!ENTITY b "c">]>${xml}` }, ONE_TEXT],
    ['a comment', { plaintext: xml => xml.replace('p-0001', 'p-<!---->0001') }, ONE_TEXT],
    [
      'an entity bomb',
      { plaintext: () => `<!DOCTYPE a [<!ENTITY b "${'b'.repeat(9)}">]><a>&b;</a>` },
      ONE_TEXT,
    ],
    ['too many elements', { plaintext: () => `<a>${'<b/>'.repeat(3001)}</a>` }, ONE_TEXT],
    ['nested too deeply', { plaintext: () => '<a>'.repeat(50) + '</a>'.repeat(50) }, ONE_TEXT],
    ['text that is not UTF-8', { plaintext: xml => Buffer.from(xml, 'utf16le') }, ONE_TEXT],
    ['a prefix that only the Response declares', { plaintext: withoutNamespace }, ONE_TEXT],
    ['not signed', { inside: false }, ONE_TEXT],
    ['signed by another', id => strangersResponse(id, false), ONE_TEXT],
    [
      'changed after it was signed',
      { plaintext: xml => xml.replace('p-0001', 'p-9999') },
      ONE_TEXT,
    ],
    [
      'the text of a Response',
      { plaintext: xml => xml.replaceAll('saml:Assertion', 'saml:Response') },
      ONE_TEXT,
    ],
    [
      'another EncryptedAssertion inside',
      { plaintext: xml => encryptAssertion(xml, ours.certificatePem) },
      ONE_TEXT,
    ],
  ]);

  it('in a signed Response too, until the strict pass is over', async () => {
    for (const forging of [
      { encryption: { ciphertext: flipped(20) } },
      { plaintext: () => '<a/>' },
      { encryption: { wrapped: flipped(20) } },
    ])
      await acme.refusesThenSignsIn(
        id => encryptedResponse(id, { ...forging, outside: true }),
        ONE_TEXT,
      );
  });

  it('with the same hint and without a cause', async () => {
    const refusals = await Promise.all(
      [
        { encryption: { ciphertext: flipped(20) } },
        { inside: false },
        { to: stranger.certificatePem },
      ].map(async forging => {
        const requestId = await acme.begin();
        return acme
          .complete(encode(encryptedResponse(requestId, forging)), { protocol: 'saml', requestId })
          .then(
            () => assert.fail('it was accepted'),
            (thrown: unknown) => thrown as BridgeError,
          );
      }),
    );
    for (const { code, message, hint, cause, answer } of refusals)
      assert.deepEqual(
        { code, message, hint, cause, answer },
        { ...pick(refusals[0]!), cause: undefined, answer: undefined },
      );
  });
});

describe('the work of a decryption', () => {
  const text = assertionOf(forge.xml('_r'));
  const keys = [ours.privateKey, before.privateKey, rsaKey().privateKey];
  /** What is asked of the operations, with those of the product. */
  const worked = (encrypted: string) => {
    const calls: string[] = [];
    const watched: Operations = {
      unwrap: (wrapped, transport, key) => {
        calls.push(`unwrap ${keys.indexOf(key)} ${wrapped.length}`);
        return OPERATIONS.unwrap(wrapped, transport, key);
      },
      decipher: (ciphertext, contentKey, content) => {
        calls.push(`decipher ${ciphertext.length} ${contentKey.length} ${content.cipher}`);
        return OPERATIONS.decipher(ciphertext, contentKey, content);
      },
    };
    const plaintext = decrypted(contentOf(encrypted), keys, watched);
    return { plaintext, calls };
  };

  it('is the same whichever key fits, and if none does', () => {
    const of = (encryption: Partial<EncryptionParts>, to = ours.certificatePem) =>
      worked(encryptAssertion(text, to, encryption));
    const good = of({});
    assert.equal(good.plaintext, text);
    assert.equal(good.calls.length, 2 * keys.length);
    for (const spoilt of [
      of({ wrapped: flipped(3) }),
      of({ wrapped: flipped(-1) }),
      of({ ciphertext: flipped(0) }),
      of({ ciphertext: flipped(-1) }),
      of({}, stranger.certificatePem),
    ]) {
      assert.equal(spoilt.plaintext, undefined);
      assert.deepEqual(spoilt.calls, good.calls);
    }
  });

  it('is the same for each block of a CBC ciphertext that is flipped, whatever the padding says', () => {
    const encrypted = (at?: number) =>
      encryptAssertion(text.slice(0, 300), ours.certificatePem, {
        cipher: 'aes-256-cbc',
        ...(at !== undefined && { ciphertext: flipped(at) }),
      });
    const { calls } = worked(encrypted());
    for (let at = 0; at < 300; at += 16) assert.deepEqual(worked(encrypted(at)).calls, calls);
    for (let at = -17; at < 0; at += 4) assert.deepEqual(worked(encrypted(at)).calls, calls);
  });
});

describe('an encrypted Assertion is rejected by its own name, before any decryption:', () => {
  const refusedEarly: readonly Case[] = [
    ['CBC', { encryption: { cipher: 'aes-256-cbc' } }, /encrypted with AES-CBC, .* allowCbc: true/],
    [
      'CBC in a signed Response',
      { encryption: { cipher: 'aes-128-cbc' }, outside: true },
      /encrypted with AES-CBC, .* allowCbc: true/,
    ],
    ['RSA PKCS #1 v1.5', { encryption: { transport: RSA15 } }, /PKCS #1 v1\.5 \(rsa-1_5\)/],
    ['an unknown key transport', { encryption: { transport: 'urn:x' } }, /other than RSA-OAEP$/],
    [
      'triple DES',
      { encrypted: withCipher('http://www.w3.org/2001/04/xmlenc#tripledes-cbc') },
      /other than AES-GCM and AES-CBC/,
    ],
    [
      'no algorithm',
      { encrypted: xml => xml.replace(/ Algorithm="[^"]*aes256-gcm"/, '') },
      /other than AES-GCM and AES-CBC/,
    ],
    [
      'OAEP of SHA-384',
      { encryption: { transport: OAEP11, digest: 'sha384', mask: 'sha384' } },
      /RSA-OAEP in a form/,
    ],
    [
      'an MGF with the older OAEP',
      { encryption: { transport: MGF1P, mask: 'sha256' } },
      /RSA-OAEP in a form/,
    ],
    [
      'a label of OAEP',
      { encrypted: xml => xml.replace(/(mgf1p">)/, '$1<xenc:OAEPparams>AAAA</xenc:OAEPparams>') },
      /RSA-OAEP in a form/,
    ],
    [
      'the type Content',
      { encryption: { type: 'http://www.w3.org/2001/04/xmlenc#Content' } },
      /not of the type Element/,
    ],
    [
      'an encoding',
      { encrypted: xml => xml.replace(' Type=', ' Encoding="gzip" Type=') },
      /attribute that this bridge does not know/,
    ],
    ['a ciphertext elsewhere', { encrypted: withReference }, /CipherReference/],
    [
      'a ciphertext that is empty',
      { encryption: { ciphertext: () => Buffer.alloc(0) } },
      /ciphertext is too short/,
    ],
    [
      'a ciphertext that is a frame alone',
      { encryption: { ciphertext: bytes => bytes.subarray(0, 28) } },
      /ciphertext is too short/,
    ],
    ['a key of one byte', { encryption: { wrapped: () => Buffer.of(1) } }, /length of an RSA key/],
    [
      'a key of 16 kB',
      { encryption: { wrapped: () => randomBytes(16_384) } },
      /length of an RSA key/,
    ],
    [
      'a value that is not base64',
      { encrypted: xml => xml.replace('CipherValue>', 'CipherValue>*') },
      /not base64/,
    ],
    [
      'an element in a value',
      { encrypted: xml => xml.replace('CipherValue>', 'CipherValue><a/>') },
      /something other than text/,
    ],
    [
      'two keys',
      { encrypted: xml => twice(xml, /<xenc:EncryptedKey.*<\/xenc:EncryptedKey>/s) },
      /more than one EncryptedKey|uses one ID twice/,
    ],
    [
      'no key',
      { encrypted: xml => xml.replace(/<ds:KeyInfo.*<\/ds:KeyInfo>/s, '') },
      /contains no EncryptedKey/,
    ],
    [
      'a reference to another key',
      { encryption: { place: 'beside' }, encrypted: xml => xml.replace('#_key', '#_data') },
      /RetrievalMethod does not refer/,
    ],
    [
      'two parts of data',
      {
        encrypted: xml =>
          twice(xml.replaceAll(/ Id="[^"]*"/g, ''), /<xenc:EncryptedData.*<\/xenc:EncryptedData>/s),
      },
      /more than one EncryptedData/,
    ],
    [
      'data of another namespace',
      { encrypted: xml => xml.replaceAll('2001/04/xmlenc#"', '2001/04/x#"') },
      /contains no EncryptedData/,
    ],
    [
      'something beside the data',
      { encrypted: xml => xml.replace('</saml:Enc', '<saml:Subject/></saml:Enc') },
      /something other than encrypted data/,
    ],
    ['nothing', { encrypted: () => '<saml:EncryptedAssertion/>' }, /contains no EncryptedData/],
  ];
  refusesEach(refusedEarly);
  refusesEach(
    [
      [
        'CBC with a signature inside only, although allowCbc is set',
        { encryption: { cipher: 'aes-256-cbc' } },
        /AES-CBC in a Response that is not signed/,
      ],
      [
        'CBC whose Response signature is not that of the ciphertext',
        id =>
          encryptedResponse(id, { encryption: { cipher: 'aes-256-cbc' }, outside: true }).replace(
            /(<\/ds:KeyInfo><xenc:CipherData><xenc:CipherValue>)./s,
            '$1_'.replace('_', 'A'),
          ),
        /the Response is not what was signed/,
      ],
      [
        'CBC whose Response another has signed',
        id => strangersResponse(id, true, { cipher: 'aes-256-cbc' }),
        /signature of the Response does not verify with any signing key/,
      ],
      [
        'a ciphertext of CBC that is no whole number of blocks',
        { encryption: { cipher: 'aes-256-cbc', ciphertext: cut(-1) }, outside: true },
        /no whole number of blocks/,
      ],
    ],
    cbcAllowed,
  );
});

describe('a Response with an encrypted Assertion is rejected', () => {
  refusesEach([
    [
      'with another Assertion in plain, before it',
      id => withEvil(id, (encrypted, evil) => evil + encrypted),
      /an Assertion in addition to an EncryptedAssertion/,
    ],
    [
      'with another Assertion in plain, behind it',
      id => withEvil(id, (encrypted, evil) => encrypted + evil),
      /an Assertion in addition to an EncryptedAssertion/,
    ],
    [
      'with a signed Assertion in plain, and an evil one encrypted',
      id => {
        const plain = forge.xml(id);
        const evil = encryptAssertion(
          assertionOf(
            forge.xml(id, { nameId: nameId('p-9999', PERSISTENT) }, { assertion: false }),
          ),
          ours.certificatePem,
        );
        return plain.replace('</samlp:Response>', `${evil}</samlp:Response>`);
      },
      /an Assertion in addition to an EncryptedAssertion/,
    ],
    [
      'with two of them',
      { encrypted: xml => xml + xml.replaceAll(/"_(key|data)"/g, '"_other_$1"') },
      /more than one EncryptedAssertion/,
    ],
    [
      'with one inside of Extensions',
      id =>
        forge
          .xml(id)
          .replace(
            '<samlp:Status>',
            `<samlp:Extensions>${encryptAssertion('<a/>', ours.certificatePem)}</samlp:Extensions><samlp:Status>`,
          ),
      /an encrypted part other than the EncryptedAssertion of the Response/,
    ],
    [
      'with an EncryptedID in the plain Assertion',
      id => forge.xml(id, { nameId: '<saml:EncryptedID/>' }),
      /an encrypted part other than the EncryptedAssertion of the Response/,
    ],
    [
      'with an EncryptedAttribute in the plain Assertion',
      id =>
        forge.xml(id, {
          attributes:
            '<saml:AttributeStatement><saml:EncryptedAttribute/></saml:AttributeStatement>',
        }),
      /an encrypted part other than the EncryptedAssertion of the Response/,
    ],
    [
      'that is of another namespace',
      { encrypted: xml => xml.replace('SAML:2.0:assertion', 'x') },
      /an encrypted part other than the EncryptedAssertion of the Response/,
    ],
    [
      'whose own signature is not valid',
      id => encryptedResponse(id, { outside: true }).replace('_response"', '_responsE"'),
      /refers to another element/,
    ],
    [
      'whose signed content was changed',
      id =>
        encryptedResponse(id, { outside: true }).replace(
          /<saml:EncryptedAssertion.*<\/saml:EncryptedAssertion>/s,
          encryptAssertion(assertionOf(forge.xml(id)), ours.certificatePem),
        ),
      /the Response is not what was signed/,
    ],
    [
      'that is signed, but whose Assertion is not',
      { inside: false, outside: true },
      /only the Response is signed; this bridge requires signed Assertions/,
    ],
    [
      'that is signed, with an EncryptedID inside',
      {
        outside: true,
        changes: { nameId: '<saml:EncryptedID/>' },
      },
      /an encrypted part other than the EncryptedAssertion of the Response/,
    ],
    [
      'that wraps an Assertion for another audience',
      { changes: { conditions: conditions({}, audience('https://other.example.test')) } },
      /AudienceRestriction does not name this bridge/,
    ],
    [
      'that wraps an Assertion of another sign-in',
      id =>
        withAssertion(
          forge.xml(id),
          encryptAssertion(assertionOf(forge.xml('_of-another')), ours.certificatePem),
        ),
      /answers another request/,
    ],
    [
      'that is larger than a Response may be',
      { plaintext: xml => xml + ' '.repeat(100_000) },
      /larger than \d+ characters/,
    ],
  ]);
});

describe('a connector', () => {
  it('without a key for encryption rejects by that name', async () => {
    const keyless = await openConnector();
    await keyless.refusesThenSignsIn(
      id => encryptedResponse(id),
      /this bridge has no key for it \(service-provider-encryption\.pem\)/,
    );
  });

  it('with encryption switched off rejects by that name', async () => {
    const off = await openConnector({ encryptionKey, encryption: false });
    await off.refusesThenSignsIn(id => encryptedResponse(id), /saml\.encryption.*encryption: true/);
  });

  it('keeps no proof for AWS of an encrypted answer, and says so', async () => {
    const keeping = await openConnector({ encryptionKey, keepCorporateProof: true });
    const requestId = await keeping.begin();
    const { corporateProof } = await keeping.complete(encode(encryptedResponse(requestId)), {
      protocol: 'saml',
      requestId,
    });
    assert.equal(corporateProof?.kind, 'encrypted-response');
    assert.equal((await keeping.signIn()).corporateProof?.kind, 'saml-response');
  });
});

// ---------------------------------------------------------------- forging

function pick({ code, message, hint }: BridgeError) {
  return { code, message, hint };
}

function contentOf(encrypted: string) {
  return readEncryptedAssertion(parseResponseXml(encrypted));
}

function cut(end: number) {
  return (bytes: Buffer) => bytes.subarray(0, end);
}

/** A content key of another length in the place of the right one. */
function rewrapped(bytes: number) {
  return () => {
    const [, value] = /<\/xenc:EncryptionMethod><xenc:CipherData><xenc:CipherValue>([^<]*)/.exec(
      encryptAssertion('<a/>', ours.certificatePem, {
        cipher: 'aes-128-gcm',
        contentKey: randomBytes(bytes),
      }),
    )!;
    return Buffer.from(value!, 'base64');
  };
}

function withCipher(algorithm: string) {
  return (xml: string) => xml.replace(/Algorithm="[^"]*aes[^"]*"/, `Algorithm="${algorithm}"`);
}

function asGcm(xml: string): string {
  return withCipher('http://www.w3.org/2009/xmlenc11#aes256-gcm')(xml);
}

function withReference(xml: string): string {
  const reference = '<xenc:CipherReference URI="https://evil.example.test/"/>';
  return xml.replace(
    /(<\/ds:KeyInfo><xenc:CipherData>).*(<\/xenc:CipherData>)/s,
    `$1${reference}$2`,
  );
}

function twice(xml: string, part: RegExp): string {
  const [found] = part.exec(xml)!;
  return xml.replace(found, () => found + found);
}

function withoutNamespace(xml: string): string {
  return xml.replace(' xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion"', '');
}

function strangersResponse(
  requestId: string,
  outside: boolean,
  encryption: Partial<EncryptionParts> = {},
): string {
  const plain = forge.xml(requestId, { responseId: '_response' }, { key: stranger });
  const encrypted = encryptAssertion(assertionOf(plain), ours.certificatePem, encryption);
  const response = withAssertion(plain, encrypted);
  return outside ? signElement(response, '_response', stranger) : response;
}

function withEvil(requestId: string, arrange: (encrypted: string, evil: string) => string) {
  const evil = forge.xml(requestId, { nameId: nameId('p-9999', PERSISTENT) }, { assertion: false });
  const encrypted = encryptAssertion(assertionOf(forge.xml(requestId)), ours.certificatePem);
  return withAssertion(forge.xml(requestId), arrange(encrypted, assertionOf(evil)));
}
