import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { useDirectory } from '../support/directory.ts';
import { createForge, ecKey, rsaKey, signingKey } from '../support/saml-forge.ts';
import { run } from './server-process.ts';

const DAY = 86_400_000;
const IDP = 'https://idp.example.test/metadata';
const forge = createForge({
  ...{ idpEntityId: IDP, signOnUrl: 'https://idp.example.test/sso' },
  ...{ acsUrl: 'https://bridge.test/acs', entityId: 'https://bridge.test', now: Date.now },
});
const PLAIN = forge.metadata();
const endsIn = (days: number): string =>
  forge.metadata({ root: ` validUntil="${new Date(Date.now() + days * DAY).toISOString()}"` });
const aggregate = (...ids: readonly string[]): string => {
  const entities = ids.map(entityId => forge.metadata({ entityId }).replace(/^<\?xml.*\?>/, ''));
  return `<md:EntitiesDescriptor xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata">${entities.join('')}</md:EntitiesDescriptor>`;
};

interface Case {
  readonly content: string | Buffer;
  readonly entityId?: string;
  readonly said: RegExp;
}

const PROBLEMS: Readonly<Record<string, Case>> = {
  empty: { content: '', said: /is not well-formed XML \(line 1/ },
  html: { content: '<html></html>', said: /describes no single SAML 2\.0 identity provider/ },
  json: { content: '{}', said: /is not well-formed XML \(line 1, column/ },
  broken: { content: PLAIN.slice(0, 300), said: /is not well-formed XML \(line \d+, column/ },
  doctype: { content: PLAIN.replace('<!--', '<!DOCTYPE x><!--'), said: /contains a DOCTYPE/ },
  bytes: {
    content: Buffer.concat([
      Buffer.from(PLAIN.slice(0, 45)),
      Buffer.of(0xff),
      Buffer.from(PLAIN.slice(45)),
    ]),
    said: /contains bytes that are not UTF-8/,
  },
  expired: { content: endsIn(-1), said: /has expired \(validUntil \d{4}-\d\d-\d\d\)/ },
  ended: {
    content: forge.metadata({ role: ' validUntil="soon"' }),
    said: /validUntil that is not a time/,
  },
  keyless: { content: forge.metadata({ keys: [] }), said: /names no signing certificate or key/ },
  elliptic: {
    content: forge.metadata({ keys: [signingKey(ecKey())] }),
    said: /each of its keys is not an RSA key: KeyDescriptor 1 \(use signing, EC/,
  },
  short: {
    content: forge.metadata({ keys: [signingKey(rsaKey(1024))] }),
    said: /KeyDescriptor 1 \(use signing, RSA 1024.*has fewer than 2048 bits/,
  },
  nowhere: {
    content: PLAIN.replaceAll(/<md:SingleSignOnService.*\n/g, ''),
    said: /names no SingleSignOnService/,
  },
  insecure: {
    content: forge.metadata({ signOnUrl: 'http://idp.example.test/sso' }),
    said: /SingleSignOnService that is not https/,
  },
  nameless: { content: forge.metadata({ entityId: '' }), said: /has no usable entityID/ },
  several: {
    content: aggregate('urn:a', 'urn:b'),
    said: /choose one with saml\.metadata\.entityId: it describes "urn:a", "urn:b"/,
  },
  missing: {
    content: aggregate('urn:a', 'urn:b'),
    entityId: 'urn:c',
    said: /does not describe the entity of saml\.metadata\.entityId/,
  },
  twice: {
    content: aggregate('urn:a', 'urn:a'),
    entityId: 'urn:a',
    said: /entity of saml\.metadata\.entityId twice/,
  },
  large: {
    content: PLAIN.replace('<!--', `<!--${'x'.repeat(2_000_000)}`),
    said: /is larger than 2000000 bytes\. If it describes several identity providers, choose one/,
  },
};

const WARNINGS: Readonly<Record<string, Case>> = {
  soon: { content: endsIn(13), said: /ends soon \(validUntil/ },
  mixed: {
    content: forge.metadata({ keys: [signingKey(forge.key), signingKey(ecKey(), '')] }),
    said: /signing key that is not used: KeyDescriptor 2 \(without use, EC .* is not an RSA key/,
  },
};

const ACCEPTED: Readonly<Record<string, Omit<Case, 'said'>>> = {
  plain: { content: PLAIN },
  later: { content: endsIn(15) },
  wide: { content: Buffer.from(`\uFEFF${PLAIN.replace('UTF-8', 'UTF-16')}`, 'utf16le') },
  chosen: { content: aggregate('urn:a', 'urn:b'), entityId: 'urn:b' },
};

describe('check of signing keys', () => {
  const directory = useDirectory();

  it('rejects what keeps the server from starting, and accepts that none is there', async () => {
    writeFileSync(directory.file('idp.xml'), PLAIN, { mode: 0o644 });
    const file = directory.file('rolebridge.yaml');
    writeFileSync(file, YAML_OF(['idp.xml']), { mode: 0o644 });
    assert.equal((await run('check', file)).code, 0);

    mkdirSync(directory.file('certs'), { mode: 0o700 });
    writeFileSync(directory.file('certs', 'saml.pem'), 'no key', { mode: 0o600 });
    const { code, stderr } = await run('check', file);
    assert.equal(code, 78);
    assert.match(stderr, /issuer\.keys\.directory: the file saml\.pem is damaged/);
    assert.equal((await run('serve', file)).code, 1);
  });
});

describe('check of metadata files', () => {
  const directory = useDirectory();
  const write = (cases: Readonly<Record<string, Omit<Case, 'said'>>>): string => {
    const ids = Object.keys(cases);
    const connectors = Object.entries(cases).map(([id, { content, entityId }]) => {
      writeFileSync(directory.file(`${id}.xml`), content, { mode: 0o644 });
      const chosen = entityId === undefined ? '' : `, entityId: "${entityId}"`;
      return `  - { id: ${id}, label: ${id}, saml: { metadata: { file: ${id}.xml${chosen} }, attributes: { username: u, email: e, groups: g } } }\n`;
    });
    const file = directory.file('rolebridge.yaml');
    const yaml = `baseUrl: https://aws.example.com
store: { sqlite: ":memory:" }
connectors:
${connectors.join('')}accounts: [{ id: "111122223333", name: prod, trust: web-identity }]
access: [{ name: a, groups: [g], connectors: [${ids.join(', ')}], accounts: [prod], roles: [Admin] }]
`;
    writeFileSync(file, yaml, { mode: 0o644 });
    return file;
  };
  const linesOf = (stderr: string, id: string): string[] =>
    stderr.split('\n').filter(line => line.includes(`${id}.xml `));

  it('rejects each that a running bridge rejects, with its place and a fix', async () => {
    const { code, stderr, stdout } = await run('check', write(PROBLEMS));
    assert.equal(code, 78);
    assert.doesNotMatch(stdout, /is in order/);
    for (const [index, [id, { said }]] of Object.entries(PROBLEMS).entries()) {
      const [line = '', ...more] = linesOf(stderr, id);
      assert.deepEqual(more, [], id);
      const place = `connectors[${index}].saml.metadata.file: the file ${directory.file(`${id}.xml`)} `;
      assert.ok(line.startsWith(`${directory.file('rolebridge.yaml')}:${index + 4}:`), line);
      assert.ok(line.includes(place), line);
      assert.match(line, said);
      assert.match(line, /(?:Correct it|Replace it|If it describes)[\w ,.]*\.$/);
    }
  });

  it('rejects what is no file that can be read', async () => {
    const file = write({ a: { content: PLAIN } });
    writeFileSync(file, YAML_OF(['directory', 'absent.xml']), { mode: 0o644 });
    mkdirSync(directory.file('directory'));
    const { code, stderr } = await run('check', file);
    assert.equal(code, 78);
    assert.match(stderr, /directory is not a regular file|directory is a directory/);
    assert.match(stderr, /absent\.xml does not exist\. Correct the path/);
  });

  it('warns of keys that are not used and of an end within 14 days', async () => {
    const { code, stderr } = await run('check', write({ ...WARNINGS, ...ACCEPTED }));
    assert.equal(code, 0, stderr);
    for (const [id, { said }] of Object.entries(WARNINGS)) {
      assert.equal(linesOf(stderr, id).length, 1, id);
      assert.match(linesOf(stderr, id)[0]!, said);
    }
    for (const id of Object.keys(ACCEPTED)) assert.deepEqual(linesOf(stderr, id), []);
  });
});

const YAML_OF = (files: readonly string[]): string => `baseUrl: https://aws.example.com
store: { sqlite: ":memory:" }
connectors:
${files.map((file, at) => `  - { id: c${at}, label: c${at}, saml: { metadata: { file: ${file} }, attributes: { username: u, email: e, groups: g } } }\n`).join('')}accounts: [{ id: "111122223333", name: prod, trust: web-identity }]
access: [{ name: a, groups: [g], connectors: [c0], accounts: [prod], roles: [Admin] }]
`;
