import assert from 'node:assert/strict';
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { parse } from 'yaml';
import { checkConfiguration, formatProblems } from '../../../src/config/load.ts';
import { type Options, UsageError } from '../../../src/operate/command.ts';
import { instructionsOf } from '../../../src/operate/init/instructions.ts';
import type { ProviderRow } from '../../../src/operate/init/provider-row.ts';
import { PROVIDER_IDS, PROVIDERS, protocolsOf } from '../../../src/operate/init/providers.ts';
import { MOVED_DISCOVERY } from '../../support/openid-endpoints.ts';
import { startOpenIdProviderForge } from '../../support/openid-provider-forge.ts';
import { runInit } from './running.ts';

const root = mkdtempSync(join(tmpdir(), 'rolebridge-init-'));
after(() => rmSync(root, { recursive: true }));
let count = 0;
/** A new directory. */
function directory(): string {
  const path = join(root, String(count++));
  mkdirSync(path, { mode: 0o700 });
  return path;
}

const OIDC: Options = {
  ...{ provider: 'okta', issuer: 'https://acme.okta.com', 'client-id': '0oa1' },
};
const REST: Options = {
  ...{ 'base-url': 'https://aws.example.com', offline: true, yes: true },
  ...{ account: ['111122223333=prod'], rule: ['aws-admins=prod/Admin'] },
};
const OKTA: Options = { ...OIDC, ...REST };

async function write(options: Options): Promise<{ readonly file: string; readonly text: string }> {
  const file = join(directory(), 'rolebridge.yaml');
  await runInit({ config: file, ...options });
  return { file, text: readFileSync(file, 'utf8') };
}

/** The same without keys, which take a second. */
async function draft(options: Options): Promise<{ readonly file: string; readonly text: string }> {
  const file = join(directory(), 'rolebridge.yaml');
  const { stdout: text } = await runInit({ config: file, ...options, print: true });
  writeFileSync(file, text);
  return { file, text };
}

async function problemsOf(file: string): Promise<string> {
  const { problems, warnings } = await checkConfiguration(file, { secrets: 'none' });
  return formatProblems([...problems, ...warnings]);
}

describe('what init says of a provider', () => {
  it('is read at the address of --discovery, which the configuration then has', async () => {
    const forge = await startOpenIdProviderForge();
    try {
      const path = '/.well-known/openid-configuration';
      const other = { status: 302, location: 'https://elsewhere.example/' };
      forge.faults.redirects = { [path]: other };
      const config = join(directory(), 'rolebridge.yaml');
      const options = { ...REST, ...OIDC, provider: 'other', config, print: true, offline: false };
      const asked = { ...options, issuer: forge.issuer };
      await assert.rejects(runInit(asked), /redirect \(302\).*; set oidc\.discovery/s);
      const discovery = `${forge.issuer}${MOVED_DISCOVERY}`;
      const { stdout, stderr } = await runInit({ ...asked, discovery });
      assert.equal(parse(stdout).connectors[0].oidc.discovery, discovery);
      assert.match(stderr, new RegExp(`issuer: ${forge.issuer}\n`));
    } finally {
      await forge.close();
    }
  });

  it('keeps each text of the provider on its line', async () => {
    const own = directory();
    const metadata = join(own, 'metadata.xml');
    const good = readFileSync(new URL('idp-metadata.xml', import.meta.url), 'utf8');
    const forged = 'https://idp.example.com/&#10;Wrote rolebridge.yaml.&#10;Next: curl';
    writeFileSync(metadata, good.replace('https://idp.example.com/entity', forged));
    const config = join(own, 'rolebridge.yaml');
    const options = { ...REST, offline: false, provider: 'other', protocol: 'saml', metadata };
    const said = await runInit({ ...options, config }).then(
      ({ stderr }) => stderr,
      ({ message }: Error) => message,
    );
    assert.match(said, /entity id/i);
    assert.doesNotMatch(said, /^(?:Wrote|Next)/m);
  });
});

describe('a configuration of init', () => {
  const metadata = join(root, 'idp.xml');
  for (const id of PROVIDER_IDS)
    for (const protocol of protocolsOf(id))
      it(`for ${id} by ${protocol} has no problem and no warning`, async () => {
        const row: ProviderRow = PROVIDERS[id];
        writeFileSync(metadata, SAML_METADATA);
        const own =
          protocol === 'saml'
            ? { metadata: row.saml!.metadata.startsWith('http') ? row.saml!.metadata : metadata }
            : { issuer: row.oidc!.issuer, 'client-id': 'bridge' };
        const { file } = await draft({ ...REST, provider: id, protocol, ...own });
        assert.equal(await problemsOf(file), '');
      });

  it('says above each section what it is for', async () => {
    const { text } = await draft(OKTA);
    for (const key of Object.keys(parse(text) as object))
      assert.match(text, new RegExp(`\\n# [^\\n]+\\n${key}:`), key);
  });

  const NAMES = [
    ...['a: b', 'a # b', '- a', '[a]', '{a}', '*a', '&a', '!a', '%a', '@a', '`a`', "a'b", 'a"b'],
    ...['yes', 'null', '~', '123', '1e3', '0x1', '2026-01-01', 'a=b', 'CORP\\aws', 'größe', '🦊'],
    ...['x: |', '>', '? a', 'a\\nb', '$A', '---', '=', '#'],
  ];
  it('keeps the name of every group as it was given', async () => {
    const rule = NAMES.map(name => `${name}=prod/Admin`);
    const { file, text } = await draft({ ...OKTA, rule });
    assert.match(await problemsOf(file), /^[^\n]*\*a[^\n]*no wildcard[^\n]*$/);
    const { access } = parse(text) as { readonly access: readonly { groups: string[] }[] };
    assert.deepEqual(
      access.map(({ groups }) => groups),
      NAMES.map(name => [name]),
    );
  });

  it('names files relative to itself', async () => {
    const base = directory();
    writeFileSync(join(base, 'idp.xml'), SAML_METADATA);
    const file = join(base, 'etc', 'rolebridge.yaml');
    const own = { provider: 'google', metadata: join(base, 'idp.xml') };
    await runInit({ ...REST, ...own, config: file });
    assert.equal(await problemsOf(file), '');
    assert.doesNotMatch(readFileSync(file, 'utf8'), /"?file"?: "?idp/);
  });

  it('takes the accounts of an organization from the file of --accounts-file', async () => {
    const accounts = [
      { Id: '111122223333', Name: 'prod', Status: 'ACTIVE' },
      { Id: '444455556666', Name: 'Dev One', Status: 'ACTIVE' },
    ];
    const file = join(root, 'accounts.json');
    writeFileSync(file, JSON.stringify({ Accounts: accounts }));
    const own = { account: undefined, 'accounts-file': file, rule: ['admins=Dev-*/Admin'] };
    const written = await draft({ ...OKTA, ...own });
    const { configuration } = await checkConfiguration(written.file, { secrets: 'none' });
    assert.deepEqual(
      configuration!.accounts.map(({ id, name }) => [id, name]),
      [
        ['111122223333', 'prod'],
        ['444455556666', 'Dev-One'],
      ],
    );
  });

  it('has the names of --claim, --listen, --store, --trust and --aws-endpoint', async () => {
    const { file, text } = await draft({
      ...OKTA,
      ...{ 'base-url': 'http://127.0.0.1:4000', claim: ['groups=roles', 'username=upn'] },
      ...{ listen: '[::1]:4001', store: ':memory:', trust: 'web-identity' },
      ...{ 'aws-endpoint': 'http://127.0.0.1:4004/', connector: ['sso'] },
      'client-secret-file': join(root, 'secret'),
    });
    assert.equal(await problemsOf(file), '');
    const read = parse(text);
    assert.deepEqual(read.connectors[0].oidc.claims, {
      ...{ username: 'upn', email: 'email', groups: 'roles' },
    });
    assert.equal(read.connectors[0].id, 'sso');
    assert.deepEqual(Object.keys(read.connectors[0].oidc.clientSecret), ['file']);
    assert.deepEqual(read.listen, { host: '::1', port: 4001 });
    assert.deepEqual(read.store, { sqlite: ':memory:' });
    assert.equal(read.accounts[0].trust, 'web-identity');
    assert.deepEqual(read.aws.endpoints, {
      ...{ sts: 'http://127.0.0.1:4004', signin: 'http://127.0.0.1:4004' },
      console: 'http://127.0.0.1:4004/console',
    });
    assert.equal(read.proxy, undefined);
  });

  it('listens at the port of a base URL by http', async () => {
    const { text } = await draft({ ...OKTA, 'base-url': 'http://localhost:4000' });
    assert.deepEqual(parse(text).listen, { host: '127.0.0.1', port: 4000 });
  });
});

describe('the instructions of init', () => {
  for (const id of PROVIDER_IDS)
    for (const protocol of protocolsOf(id))
      it(`for ${id} by ${protocol} have every value filled in`, () => {
        const { steps, secret, next } = instructionsOf(
          {
            ...{ provider: id, protocol, connector: 'sso', baseUrl: 'https://aws.example.com' },
            ...{ claims: { groups: 'my-groups' }, accounts: [], rules: [], trust: 'saml' },
            ...{ store: 'x', listen: { host: '127.0.0.1', port: 3000 } },
            ...(protocol === 'oidc' && { clientSecret: { env: 'MY_SECRET' } }),
          },
          "it's here.yaml",
        );
        const text = steps.join('\n');
        assert.doesNotMatch(text, /\{\w+\}/);
        // AD FS reads these from the metadata of the bridge, or names groups by itself.
        const expected =
          protocol === 'saml'
            ? /https:\/\/aws\.example\.com\/saml\/sso\/metadata/
            : /https:\/\/aws\.example\.com\/oidc\/sso\/callback/;
        assert.match(text, expected);
        if (id !== 'entra') assert.match(text, /my-groups/);
        assert.equal(secret === undefined, protocol === 'saml');
        assert.ok(next.every(command => command.endsWith("'it'\\''s here.yaml'")));
      });
});

describe('init', () => {
  it('creates the keys and the database for its user alone', async () => {
    const { file } = await write(OKTA);
    const base = join(file, '..');
    const mode = (name: string): number => statSync(join(base, name)).mode & 0o777;
    assert.deepEqual(readdirSync(base).sort(), ['certs', 'data', 'rolebridge.yaml']);
    assert.deepEqual([mode('certs'), mode('data')], [0o700, 0o700]);
    assert.equal(mode('data/rolebridge.db'), 0o600);
    for (const key of ['saml', 'web-identity', 'service-provider', 'service-provider-encryption'])
      assert.equal(mode(`certs/${key}.pem`), 0o600);
    assert.equal(mode('rolebridge.yaml') & 0o022, 0);
  });

  it('leaves a database that exists as it is', async () => {
    const base = directory();
    mkdirSync(join(base, 'data'));
    writeFileSync(join(base, 'data/rolebridge.db'), 'mine');
    await runInit({ ...OKTA, config: join(base, 'rolebridge.yaml') });
    assert.equal(readFileSync(join(base, 'data/rolebridge.db'), 'utf8'), 'mine');
  });

  it('replaces no configuration, also not a link that leads nowhere', async () => {
    for (const make of [
      (file: string) => writeFileSync(file, 'mine'),
      (file: string) => symlinkSync(join(root, 'nowhere'), file),
      (file: string) => mkdirSync(file),
    ]) {
      const base = directory();
      const file = join(base, 'rolebridge.yaml');
      make(file);
      await assert.rejects(runInit({ ...OKTA, config: file }), /exists already/);
      assert.deepEqual(readdirSync(base), ['rolebridge.yaml']);
    }
  });

  it('writes one configuration if several run at once', async () => {
    const file = join(directory(), 'rolebridge.yaml');
    const ids = ['one', 'two', 'three', 'four'];
    const outcomes = await Promise.allSettled(
      ids.map(id => runInit({ ...OKTA, config: file, connector: [id] })),
    );
    const won = outcomes.map(({ status }) => status).indexOf('fulfilled');
    assert.equal(outcomes.filter(({ status }) => status === 'fulfilled').length, 1);
    assert.equal(parse(readFileSync(file, 'utf8')).connectors[0].id, ids[won]);
    for (const outcome of outcomes)
      if (outcome.status === 'rejected') assert.match(String(outcome.reason), /exists already/);
  });

  it('keeps signing keys that exist, and says so', async () => {
    const { file } = await write(OKTA);
    const key = join(file, '..', 'certs', 'saml.pem');
    const before = readFileSync(key, 'utf8');
    rmSync(file);
    const { stdout } = await runInit({ ...OKTA, config: file });
    assert.match(stdout, /Kept the signing keys/);
    assert.equal(readFileSync(key, 'utf8'), before);
  });

  it('prints and writes nothing with --print', async () => {
    const base = directory();
    const config = join(base, 'deep', 'rolebridge.yaml');
    const { stdout, stderr } = await runInit({ ...OKTA, config, print: true });
    assert.deepEqual(readdirSync(base), []);
    assert.equal(parse(stdout).connectors[0].id, 'okta');
    assert.match(stderr, /OKTA_CLIENT_SECRET/);
  });

  it('prints JSON for programs', async () => {
    const config = join(directory(), 'rolebridge.yaml');
    const told = JSON.parse((await runInit({ ...OKTA, config, json: true })).stdout);
    assert.equal(told.file, config);
    assert.equal(told.keys, 'created');
    assert.equal(told.values['redirect URI'], 'https://aws.example.com/oidc/okta/callback');
    assert.ok(told.next.every((command: string) => command.startsWith('rolebridge-server ')));
  });

  it('lists every option that is missing', async () => {
    const config = join(directory(), 'rolebridge.yaml');
    await assert.rejects(runInit({ config }), (thrown: Error) => {
      assert.ok(thrown instanceof UsageError);
      for (const option of ['base-url', 'provider', 'metadata', 'issuer', 'client-id', 'rule'])
        assert.match(thrown.message, new RegExp(`--${option}`));
      return true;
    });
    await assert.rejects(runInit({ ...REST, provider: 'adfs', config }), (thrown: Error) => {
      assert.match(thrown.message, /--metadata/);
      assert.doesNotMatch(thrown.message, /--issuer|--client-id|--protocol/);
      return true;
    });
  });

  const BAD: readonly (readonly [Options, RegExp])[] = [
    [{ 'base-url': 'aws.example.com' }, /--base-url is not an http or https URL/],
    [{ 'base-url': 'http://aws.example.com' }, /--base-url is http/],
    [{ 'base-url': 'https://aws.example.com/x' }, /--base-url has a path/],
    [{ provider: 'acme' }, /--provider must be one of okta/],
    [{ protocol: 'kerberos' }, /--protocol must be one of/],
    [{ provider: 'google', protocol: 'oidc' }, /--protocol must be one of saml/],
    [{ metadata: 'x.xml', protocol: 'oidc' }, /--metadata does not apply/],
    [{ issuer: 'acme.okta.com' }, /--issuer is not an http/],
    [{ discovery: 'http://acme.okta.com' }, /--discovery is http/],
    [{ 'client-id': 'a b' }, /--client-id contains a space/],
    [{ 'client-secret-env': 'A-B' }, /--client-secret-env .*environment variable/],
    [{ 'client-secret-env': 'A', 'client-secret-file': 'b' }, /given twice/],
    [{ connector: ['Okta'] }, /--connector .*not a connector id/],
    [{ connector: ['a', 'b'] }, /--connector is given twice/],
    [{ claim: ['mail=x'] }, /--claim must be one of username/],
    [{ claim: ['groups='] }, /--claim is empty/],
    [{ account: ['111122223333'] }, /--account has no name/],
    [{ account: ['1=prod'] }, /--account .*not an AWS account id/],
    [{ account: ['111122223333=my prod'] }, /--account .*not an account name/],
    [{ 'accounts-file': join(root, 'none.json') }, /--accounts-file names a file that does not/],
    [{ rule: ['admins'] }, /--rule is not GROUP=ACCOUNT\/ROLE/],
    [{ rule: ['admins=dev/Admin'] }, /--rule names an account that is not given. Write prod/],
    [{ rule: ['admins=prod/Admin*'] }, /--rule .*wildcard/],
    [{ rule: ['a\u0000b=prod/Admin'] }, /--rule contains a control/],
    [{ rule: ['a\nb=prod/Admin'] }, /--rule contains a control/],
    [{ trust: 'yes' }, /--trust must be one of/],
    [{ listen: '3000' }, /--listen is not HOST:PORT/],
    [{ listen: '127.0.0.1:99999' }, /--listen is not HOST:PORT/],
    [{ 'aws-endpoint': 'x' }, /--aws-endpoint is not an http/],
    [
      { 'base-url': 'http://127.0.0.1:1', listen: '0.0.0.0:1' },
      /no valid configuration[\s\S]*listen/,
    ],
  ];
  for (const [options, message] of BAD)
    it(`rejects ${JSON.stringify(options)} and writes nothing`, async () => {
      const base = directory();
      const config = join(base, 'rolebridge.yaml');
      await assert.rejects(runInit({ ...OKTA, ...options, config }), (thrown: Error) => {
        assert.ok(thrown instanceof UsageError, String(thrown));
        assert.match(thrown.message, message);
        return true;
      });
      assert.deepEqual(readdirSync(base), []);
    });

  it('names every option that is wrong at once', async () => {
    const config = join(directory(), 'rolebridge.yaml');
    const options = { ...OKTA, config, 'base-url': 'x', listen: 'x', trust: 'x' };
    await assert.rejects(runInit(options), (thrown: Error) => {
      assert.equal(thrown.message.split('\n').length, 3);
      return true;
    });
  });
});

/** What a file of Google looks like; the key is in no use. */
const SAML_METADATA = readFileSync(new URL('idp-metadata.xml', import.meta.url), 'utf8');
