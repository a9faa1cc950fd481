import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { mock, test } from 'node:test';
import { parseIdpMetadata, type SignOnService } from '../../src/connectors/saml/idp-metadata.ts';
import { parseStrictXml } from '../../src/connectors/saml/strict-xml.ts';
import type { Availability } from '../../src/core/sign-in.ts';
import { createOutbound } from '../../src/outbound.ts';
import { at, ecKey, type MetadataParts, rsaKey, signingKey } from '../support/saml-forge.ts';
import {
  ACS_URL,
  assertRefused,
  clock,
  ENTITY_ID,
  forge,
  IDP,
  openConnector,
  optionsWith,
  outboundOf,
  stranger,
} from './saml-fixture.ts';

// ---------------------------------------------------------------- the document of the IdP

test('entityID, address, keys and wishes are read from the metadata', () => {
  const metadata = parseIdpMetadata(
    forge.metadata({
      root: ' validUntil="2030-01-01T00:00:00Z"',
      role: ' WantAuthnRequestsSigned="1"',
    }),
  );

  assert.equal(metadata.entityId, IDP);
  assert.deepEqual(metadata.signOn, { binding: 'redirect', url: 'https://idp.example.test/sso' });
  assert.equal(metadata.signingCertificates.length, 1);
  assert.equal(metadata.wantsSignedRequests, true);
  assert.equal(metadata.validUntil, Date.parse('2030-01-01T00:00:00Z'));
});

const SERVICES: readonly (readonly [string, string, SignOnService])[] = [
  [
    'a redirect address is preferred, whatever the order',
    forge.metadata({ bindings: ['HTTP-Redirect', 'HTTP-POST'] }),
    { binding: 'redirect', url: 'https://idp.example.test/sso' },
  ],
  [
    'without one, requests go by POST',
    forge.metadata({ bindings: ['SOAP', 'HTTP-POST'] }),
    { binding: 'post', url: 'https://idp.example.test/sso/post' },
  ],
  [
    'one that is not https is passed over',
    forge.metadata().replace('"https://idp.example.test/sso"', '"http://idp.example.test/sso"'),
    { binding: 'post', url: 'https://idp.example.test/sso/post' },
  ],
];
for (const [what, xml, signOn] of SERVICES) {
  test(`sign-on addresses of the metadata: ${what}`, () => {
    assert.deepEqual(parseIdpMetadata(xml).signOn, signOn);
  });
}

const KEYS: readonly (readonly [string, readonly string[], number])[] = [
  ['one without use serves for signing', [signingKey(forge.key, '')], 1],
  [
    'one for encryption does not',
    [signingKey(forge.key), signingKey(stranger, ' use="encryption"')],
    1,
  ],
  ['two while the IdP changes its key', [signingKey(forge.key), signingKey(stranger)], 2],
  ['the same twice is one', [signingKey(forge.key), signingKey(forge.key, '')], 1],
  ['an elliptic one is left out', [signingKey(ecKey()), signingKey(forge.key)], 1],
];
for (const [what, keys, count] of KEYS) {
  test(`keys of the metadata: ${what}`, () => {
    assert.equal(parseIdpMetadata(forge.metadata({ keys })).signingCertificates.length, count);
  });
}

test('one IdP among entities that are none is taken', () => {
  const entity = forge.metadata().replace(/^<\?xml.*\?>/, '');
  const other =
    '<md:EntityDescriptor entityID="urn:sp"><md:SPSSODescriptor/></md:EntityDescriptor>';
  const xml = `<md:EntitiesDescriptor xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata">${other}${entity}</md:EntitiesDescriptor>`;

  assert.equal(parseIdpMetadata(xml).entityId, IDP);
  assert.throws(
    () => parseIdpMetadata(xml.replace(other, entity)),
    /describes no single SAML 2.0 identity provider/,
  );
});

/** A certificate that can be read, with bytes in place of its key that no algorithm knows. */
function unreadableKey(): string {
  const { certificate } = rsaKey();
  const bytes = Buffer.from(certificate, 'base64');
  bytes[bytes.indexOf(Buffer.from('3082010a0282', 'hex')) + 4] = 0x05;
  return signingKey({ ...forge.key, certificate: bytes.toString('base64') });
}

test('a key that cannot be read beside a good one is left out', () => {
  const keys = [unreadableKey(), signingKey(forge.key)];
  assert.equal(parseIdpMetadata(forge.metadata({ keys })).signingCertificates.length, 1);
});

const metadataWith = (changes: Partial<MetadataParts>) => forge.metadata(changes);
const REFUSED: readonly (readonly [string, () => string, RegExp])[] = [
  ['no key', () => metadataWith({ keys: [] }), /names no signing certificate/],
  [
    'only a key for encryption',
    () => metadataWith({ keys: [signingKey(forge.key, ' use="encryption"')] }),
    /names no signing certificate/,
  ],
  [
    'an empty certificate',
    () => forge.metadata().replace(forge.key.certificate, ''),
    /certificate that cannot be read/,
  ],
  [
    'a certificate that is none',
    () => forge.metadata().replace(forge.key.certificate, 'AAAA'),
    /certificate that cannot be read/,
  ],
  [
    'an RSA key of 1024 bits',
    () => metadataWith({ keys: [signingKey(rsaKey(1024))] }),
    /no RSA signing key of 2048 bits/,
  ],
  [
    'only an elliptic key',
    () => metadataWith({ keys: [signingKey(ecKey())] }),
    /no RSA signing key of 2048 bits/,
  ],
  [
    'only a certificate whose key cannot be read',
    () => metadataWith({ keys: [unreadableKey()] }),
    /no RSA signing key of 2048 bits/,
  ],
  [
    'an address without https',
    () => metadataWith({ signOnUrl: 'http://idp.example.test/sso' }),
    /SingleSignOnService that is not https/,
  ],
  [
    'an address that is script',
    () => metadataWith({ signOnUrl: 'javascript:alert(1)' }),
    /SingleSignOnService that is not https/,
  ],
  [
    'neither an address for redirects nor one for POST',
    () => metadataWith({ bindings: ['SOAP'] }),
    /no SingleSignOnService for the HTTP-Redirect or the HTTP-POST binding/,
  ],
  ['no entityID', () => metadataWith({ entityId: '' }), /no usable entityID/],
  [
    'a SAML 1.1 IdP',
    () => forge.metadata().replace('SAML:2.0:protocol', 'SAML:1.1:protocol'),
    /describes no single SAML 2.0/,
  ],
  [
    'a validUntil that is no time',
    () => metadataWith({ root: ' validUntil="soon"' }),
    /validUntil that is not a time/,
  ],
  [
    'a DOCTYPE',
    () => forge.metadata().replace('<md:Entity', '<!DOCTYPE x><md:Entity'),
    /contains a DOCTYPE/,
  ],
  ['something else', () => '<html></html>', /describes no single SAML 2.0/],
  ['no XML', () => 'Not found', /not well-formed XML \(line 1/],
  ['two million characters', () => ' '.repeat(2_000_001), /larger than 2000000 characters/],
];
for (const [what, xml, message] of REFUSED) {
  test(`metadata is refused: ${what}`, () => {
    assert.throws(() => parseIdpMetadata(xml()), {
      name: 'BridgeError',
      code: 'connector_unavailable',
      message,
    });
  });
}

test('more than ten signing keys are refused', () => {
  const keys = Array.from({ length: 11 }, () => signingKey(rsaKey()));
  assert.throws(() => parseIdpMetadata(metadataWith({ keys })), /more than 10 signing keys/);
});

// ---------------------------------------------------------------- where it comes from

test('a connector without metadata is kept, says why, and works as soon as the metadata is there', async () => {
  let answer = '<html>under construction at idp-internal.corp</html>';
  const seen: Availability[] = [];
  const acme = await openConnector({
    outbound: outboundOf(() => answer),
    onChange: availability => seen.push(availability),
  });
  const since = clock.now();

  const unavailable = {
    state: 'unavailable',
    reason: 'the metadata of the identity provider describes no single SAML 2.0 identity provider',
    since,
  };
  assert.deepEqual(acme.connector.availability(), unavailable);
  await assertRefused(acme.begin(), /describes no single SAML 2.0/, 'connector_unavailable');
  await assertRefused(
    acme.complete(forge.respond('_r'), { protocol: 'saml', requestId: '_r' }),
    /describes no single/,
    'connector_unavailable',
  );

  answer = forge.metadata();
  // Not asked again at once, however many people press the button.
  await assertRefused(acme.begin(), /describes no single SAML 2.0/, 'connector_unavailable');

  clock.turn(2);
  assert.equal((await acme.signIn()).identity.username, 'alice');
  assert.deepEqual(acme.connector.availability(), { state: 'ready' });
  assert.deepEqual(seen, [unavailable, { state: 'ready' }]);
  await acme.connector.close();
});

test('a reason is fit for a page: it names neither address nor path', async () => {
  const nowhere = {
    fetch: async () => Promise.reject(new Error('https://idp-internal.corp/m: cannot be reached')),
    close: async () => {},
  };
  const locations = [
    { metadata: { url: 'https://idp-internal.corp/m' }, outbound: nowhere },
    { metadata: { file: '/nowhere/idp-internal.xml' } },
  ];

  for (const changes of locations) {
    const causes: unknown[] = [];
    const acme = await openConnector({
      ...changes,
      onChange: (_availability, cause) => causes.push(cause),
    });
    const availability = acme.connector.availability();
    assert.equal(
      availability.state === 'unavailable' && availability.reason,
      'the metadata of the identity provider cannot be read',
    );
    assert.match(String((causes[0] as Error).cause), /idp-internal/);
    await acme.connector.close();
  }
});

test('metadata is read from a file', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'rolebridge-'));
  await writeFile(join(directory, 'idp.xml'), `\uFEFF${forge.metadata()}`);
  const acme = await openConnector({ metadata: { file: join(directory, 'idp.xml') } });
  assert.equal((await acme.signIn()).identity.username, 'alice');
  await acme.connector.close();
  await rm(directory, { recursive: true });
});

async function serverWith(listener: RequestListener) {
  const server = createServer(listener).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/metadata`;
  const close = () => {
    server.closeAllConnections();
    return new Promise(resolve => server.close(resolve));
  };
  return { url, close };
}

const SERVERS: readonly (readonly [string, RequestListener, 'ready' | 'unavailable'])[] = [
  ['is read', (_request, response) => response.end(forge.metadata()), 'ready'],
  [
    'is not read with status 500',
    (_request, response) => response.writeHead(500).end(forge.metadata()),
    'unavailable',
  ],
  [
    'is not read from a redirect',
    (_request, response) =>
      response.writeHead(302, { location: 'https://other.example.test' }).end(),
    'unavailable',
  ],
  [
    'is not read when it is too large',
    (_request, response) => response.end(' '.repeat(100_001)),
    'unavailable',
  ],
];
for (const [what, listener, state] of SERVERS) {
  test(`metadata at an address ${what}`, async () => {
    const server = await serverWith(listener);
    const outbound = createOutbound({ timeoutSeconds: 5, maxBytes: 100_000 });
    const acme = await openConnector({ metadata: { url: server.url }, outbound });
    assert.equal(acme.connector.availability().state, state);
    await acme.connector.close();
    await outbound.close();
    await server.close();
  });
}

test('expired metadata is not used, and the last good metadata only until its own end', async () => {
  let answer = forge.metadata({ root: ` validUntil="${at(clock.now())}"` });
  const acme = await openConnector({ outbound: outboundOf(() => answer) });
  await assertRefused(acme.begin(), /has expired \(validUntil\)/, 'connector_unavailable');

  answer = forge.metadata({ role: ` validUntil="${at(clock.now() + 60_000)}"` });
  clock.turn(2);
  await acme.begin();
  answer = 'gone';
  clock.turn(57);
  await acme.begin();
  assert.equal(acme.connector.availability().state, 'ready');

  clock.turn(1);
  const availability = acme.connector.availability();
  assert.equal(
    availability.state === 'unavailable' && availability.reason,
    'the metadata of the identity provider has expired (validUntil)',
  );
  await assertRefused(acme.begin(), /not well-formed/, 'connector_unavailable');
  await acme.connector.close();
});

// ---------------------------------------------------------------- time goes by

/** Lets what was begun by a timer come to its end. */
const settled = async () => {
  for (let turn = 0; turn < 20; turn++) await Promise.resolve();
};

test('metadata is read again when it is due, sooner after a failure, and the last good one is kept meanwhile', async () => {
  mock.timers.enable({ apis: ['setTimeout'] });
  try {
    let reads = 0;
    let answer = () => forge.metadata();
    const acme = await openConnector({
      refreshSeconds: 600,
      outbound: outboundOf(() => {
        reads += 1;
        return answer();
      }),
    });
    assert.equal(reads, 1);
    mock.timers.tick(479_000);
    await settled();
    assert.equal(reads, 1);
    mock.timers.tick(242_000);
    await settled();
    assert.equal(reads, 2);

    answer = () => 'gone';
    mock.timers.tick(721_000);
    await settled();
    assert.equal(reads, 3);
    assert.equal((await acme.signIn()).identity.username, 'alice');

    answer = () => forge.metadata({ keys: [signingKey(stranger)] });
    mock.timers.tick(6001);
    await settled();
    assert.equal(reads, 4);
    assert.equal((await acme.signIn({}, { key: stranger })).identity.username, 'alice');
    await assertRefused(acme.signIn(), /does not verify with any signing key/);

    await acme.connector.close();
    mock.timers.tick(10_000_000);
    await settled();
    assert.equal(reads, 4);
  } finally {
    mock.timers.reset();
  }
});

test('an answer signed with an unknown key makes the bridge look for a new one, once a minute at most', async () => {
  let reads = 0;
  let keys = [signingKey(forge.key)];
  const acme = await openConnector({
    outbound: outboundOf(() => {
      reads += 1;
      return forge.metadata({ keys });
    }),
  });

  keys = [signingKey(stranger)];
  await assertRefused(acme.signIn({}, { key: stranger }), /does not verify with any signing key/);

  await settled();
  assert.equal(reads, 1);
  clock.turn(60);
  await assertRefused(acme.signIn({}, { key: stranger }), /does not verify with any signing key/);

  await settled();
  assert.equal(reads, 2);
  assert.equal((await acme.signIn({}, { key: stranger })).identity.username, 'alice');
  await acme.connector.close();
});

test('an answer signed with an unknown key makes the bridge read the metadata of a federation every ten minutes at most', async () => {
  let reads = 0;
  const metadata = { url: 'https://federation.example.test/all.xml', entityId: IDP };
  const acme = await openConnector({
    metadata,
    outbound: outboundOf(() => {
      reads += 1;
      return forge.metadata();
    }),
  });
  for (const [seconds, expected] of [
    [599, 1],
    [1, 2],
    [599, 2],
  ] as const) {
    clock.turn(seconds);
    await assertRefused(acme.signIn({}, { key: stranger }), /does not verify with any signing key/);
    await settled();
    assert.equal(reads, expected);
  }
  await acme.connector.close();
});

test('metadata that suddenly names another IdP is not taken', async () => {
  let entityId = IDP;
  const acme = await openConnector({ outbound: outboundOf(() => forge.metadata({ entityId })) });
  entityId = 'https://mallory.example.test';
  clock.turn(60);
  await assertRefused(acme.signIn({}, { key: stranger }), /does not verify with any signing key/);
  await settled();
  assert.equal((await acme.signIn()).identity.username, 'alice');
  await acme.connector.close();
});

// ---------------------------------------------------------------- our own document

test('the metadata of the bridge says what an IdP must know', async () => {
  const { connector } = await openConnector();
  const root = parseStrictXml(connector.metadata(), {
    maxElements: 50,
    maxDepth: 10,
    maxAttributes: 50,
    syntax: 'plain',
  });
  assert.equal(root.attributes.get('entityID'), ENTITY_ID);

  const [role] = root.children;
  assert.equal(role!.attributes.get('AuthnRequestsSigned'), 'true');
  assert.equal(role!.attributes.get('WantAssertionsSigned'), 'true');
  assert.deepEqual(
    role!.children.map(({ name }) => name),
    [
      'KeyDescriptor',
      ...['NameIDFormat', 'NameIDFormat', 'NameIDFormat'],
      'AssertionConsumerService',
    ],
  );

  const acs = role!.children.at(-1)!;
  assert.equal(acs.attributes.get('Location'), ACS_URL);
  assert.equal(acs.attributes.get('Binding'), 'urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST');
  const certificate = role!.children[0]!.children[0]!.children[0]!.children[0]!.text;
  assert.ok(optionsWith().signingKey.certificatesPem[0]!.replace(/\s/g, '').includes(certificate));
  await connector.close();
});

for (const [role, signRequests, signed] of [
  ['', false, 'false'],
  ['', true, 'true'],
  [' WantAuthnRequestsSigned="true"', false, 'true'],
] as const) {
  test(`the metadata of the bridge says AuthnRequestsSigned="${signed}" with signRequests ${signRequests}${role && ' and an IdP that requires it'}`, async () => {
    const { connector } = await openConnector({
      signRequests,
      outbound: outboundOf(() => forge.metadata({ role })),
    });
    assert.match(connector.metadata(), new RegExp(` AuthnRequestsSigned="${signed}"`));
    await connector.close();
  });
}

test('the metadata of the bridge names every key that may sign a request, before it does', async () => {
  const { signingKey } = optionsWith();
  const next = rsaKey().certificatePem;
  const { connector } = await openConnector({
    signingKey: { ...signingKey, certificatesPem: [...signingKey.certificatesPem, next] },
  });

  const certificates = [...connector.metadata().matchAll(/<ds:X509Certificate>([^<]*)</g)].map(
    ([, base64]) => base64,
  );
  assert.deepEqual(
    certificates,
    [...signingKey.certificatesPem, next].map(pem => pem.replaceAll(/-----[A-Z ]+-----|\s/g, '')),
  );
  await connector.close();
});

test('the metadata of the bridge is escaped, and given also while the IdP is unavailable', async () => {
  const { connector } = await openConnector({
    baseUrl: `https://x.test/?a="'<&>`,
    signRequests: false,
    outbound: outboundOf(() => ''),
  });
  const root = parseStrictXml(connector.metadata(), {
    maxElements: 50,
    maxDepth: 10,
    maxAttributes: 50,
    syntax: 'plain',
  });
  assert.equal(root.attributes.get('entityID'), `https://x.test/?a="'<&>/saml/acme/metadata`);
  assert.equal(root.children[0]!.attributes.get('AuthnRequestsSigned'), 'false');
  await connector.close();
});
