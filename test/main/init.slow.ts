/** `init` as its user meets it: by options without a terminal, and by questions at one. */
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { parse } from 'yaml';
import { missingPackage } from '../support/missing-package.ts';
import {
  type OpenIdProviderForge,
  startOpenIdProviderForge,
} from '../support/openid-provider-forge.ts';
import { SCRIPT, type Turn, type Typed, typeAt } from '../support/typing.ts';
import { ENVIRONMENT, run } from './server-process.ts';

const MAIN = fileURLToPath(new URL('../../src/main.ts', import.meta.url));
const root = mkdtempSync(join(tmpdir(), 'rolebridge-init-'));
after(() => rmSync(root, { recursive: true }));
let count = 0;
function directory(): string {
  const path = join(root, String(count++));
  mkdirSync(path, { mode: 0o700 });
  return path;
}

let forge: OpenIdProviderForge;
before(async () => {
  forge = await startOpenIdProviderForge();
});
after(() => forge.close());

/** The rest of the options, beside the issuer. */
const REST = [
  ...['--base-url', 'http://127.0.0.1:3999', '--provider', 'other', '--client-id', 'bridge'],
  ...['--account', '111122223333=prod', '--rule', 'aws-admins=prod/Admin'],
];

describe('init without a terminal', () => {
  it('writes what check accepts, and says what the provider says', async () => {
    forge.faults.discovery = document => ({
      ...document,
      scopes_supported: ['openid', 'profile', 'groups'],
      token_endpoint_auth_methods_supported: ['client_secret_post'],
      backchannel_logout_supported: true,
    });
    const file = join(directory(), 'rolebridge.yaml');
    const written = await run('init', file, '--issuer', forge.issuer, ...REST);
    assert.equal(written.code, 0, written.stderr);
    assert.match(written.stderr, /scopes: openid, profile, groups/);
    assert.match(written.stderr, /client authentication: client_secret_post/);
    assert.match(written.stdout, /http:\/\/127\.0\.0\.1:3999\/oidc\/sso\/callback/);
    assert.match(written.stdout, /SSO_CLIENT_SECRET/);
    assert.match(written.stdout, /rolebridge-server doctor/);

    const [connector] = parse(readFileSync(file, 'utf8')).connectors;
    assert.deepEqual(connector.oidc.scopes, ['openid', 'profile', 'groups']);
    assert.equal(connector.oidc.clientAuthentication, 'client_secret_post');
    assert.deepEqual(connector.logout, { backchannel: true });
    assert.equal((await run('check', file)).code, 0);

    const again = await run('init', file, '--issuer', forge.issuer, ...REST);
    assert.deepEqual([again.code, again.stdout], [1, '']);
    assert.match(again.stderr, /exists already/);
    forge.faults.discovery = document => document;
  });

  it('writes the issuer as the provider spells it', async () => {
    const { stdout } = await run(
      ...['init', join(directory(), 'x.yaml'), '--print', '--issuer', `${forge.issuer}/`],
      ...REST,
    );
    assert.equal(parse(stdout).connectors[0].oidc.issuer, forge.issuer);
  });

  it('ends with the cause if the provider cannot be used, unless --offline is given', async () => {
    const base = directory();
    const file = join(base, 'rolebridge.yaml');
    forge.faults.discovery = document => ({ ...document, issuer: 'https://other.example.com' });
    const rejected = await run('init', file, '--issuer', forge.issuer, ...REST);
    assert.equal(rejected.code, 1);
    assert.match(rejected.stderr, /other\.example\.com[\s\S]*--offline/);
    forge.faults.discovery = document => document;
    const unreachable = await run('init', file, '--issuer', 'https://idp.invalid', ...REST);
    assert.equal(unreachable.code, 1);
    assert.match(unreachable.stderr, /idp\.invalid[\s\S]*ENOTFOUND|EAI_AGAIN/);
    assert.deepEqual(readdirSync(base), []);

    const offline = await run(
      'init',
      file,
      '--issuer',
      'https://idp.invalid',
      '--offline',
      ...REST,
    );
    assert.equal(offline.code, 0, offline.stderr);
  });

  it('lists what is missing, with exit code 2', async () => {
    const { code, stderr } = await run('init', join(directory(), 'x.yaml'));
    assert.equal(code, 2);
    assert.match(stderr, /--base-url URL[\s\S]*--rule GROUP=ACCOUNT\/ROLE/);
  });
});

describe('init at a terminal', { skip: missingPackage(SCRIPT, 'bsdutils') }, () => {
  const at = (cwd: string, args: string, turns: readonly Turn[]): Promise<Typed> =>
    typeAt(`${process.execPath} ${MAIN} init ${args}`, turns, {
      cwd,
      env: { ...ENVIRONMENT, TERM: 'xterm', SHELL: '/bin/sh' },
    });
  const DOWN = '\u001b[B';

  it('asks for everything, rejects what is wrong, and writes the configuration', async () => {
    const cwd = directory();
    const { code, screen } = await at(cwd, '', [
      [/Address of the bridge/, 'http://aws.example.com\r'],
      [/is http/, `${'\u007f'.repeat(30)}http://127.0.0.1:3999\r`],
      [/Identity provider/, `${DOWN.repeat(8)}\r`],
      [/Protocol/, '\r'],
      [/Issuer/, `${forge.issuer}/\r`],
      [/Client id/, 'bridge\r'],
      [/client secret be/, '\r'],
      [/Name of the variable/, '\r'],
      [/list-accounts/, '\r'],
      [/Accounts as ID=NAME/, '111122223333=prod, 444455556666=dev\r'],
      [/the group/, 'aws: admins\r'],
      [/in which account/, 'staging\r'],
      [/not given/, `${'\u007f'.repeat(10)}prod\r`],
      [/which role/, 'Admin\r'],
    ]);
    assert.equal(code, 0, screen);
    assert.match(screen, /Wrote rolebridge\.yaml/);
    const file = join(cwd, 'rolebridge.yaml');
    const { baseUrl, connectors, accounts, access } = parse(readFileSync(file, 'utf8'));
    assert.equal(baseUrl, 'http://127.0.0.1:3999');
    assert.equal(connectors[0].oidc.issuer, forge.issuer);
    assert.deepEqual(connectors[0].oidc.clientSecret, { env: 'SSO_CLIENT_SECRET' });
    assert.equal(accounts.length, 2);
    assert.deepEqual(access[0], {
      ...{ groups: ['aws: admins'], accounts: ['prod'], roles: ['Admin'] },
    });
    assert.equal((await run('check', file)).code, 0);
  });

  it('writes nothing after Ctrl-C', async () => {
    const cwd = directory();
    const { code, screen } = await at(cwd, '', [
      [/Address of the bridge/, 'http://127.0.0.1:3999\r'],
      [/Identity provider/, '\u0003'],
    ]);
    assert.equal(code, 1, screen);
    assert.match(screen, /cancelled; nothing was written/);
    assert.deepEqual(readdirSync(cwd), []);
  });

  it('lets the user correct an address, or go on without looking', async () => {
    const cwd = directory();
    writeFileSync(join(cwd, 'page.xml'), '<html><p>Sign in</html>');
    const args =
      '--base-url http://127.0.0.1:3999 --provider google --account 111122223333=prod --rule a=prod/Admin';
    const { code, screen } = await at(cwd, args, [
      [/metadata of the provider/, 'none.xml\r'],
      [/cannot be read[\s\S]*What next/, `${DOWN}\r`],
      [/metadata of the provider/, 'page.xml\r'],
      [/not well-formed[\s\S]*What next/, `${DOWN.repeat(2)}\r`],
    ]);
    assert.equal(code, 0, screen);
    const { connectors } = parse(readFileSync(join(cwd, 'rolebridge.yaml'), 'utf8'));
    assert.deepEqual(connectors[0].saml.metadata, { file: 'page.xml' });
  });
});
