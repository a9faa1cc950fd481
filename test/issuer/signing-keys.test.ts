import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { generateKeyPairSync, X509Certificate } from 'node:crypto';
import { chmodSync } from 'node:fs';
import {
  chmod,
  chown,
  copyFile,
  mkdir,
  readdir,
  readFile,
  rename,
  rm,
  stat,
  writeFile,
} from 'node:fs/promises';
import { join } from 'node:path';
import { before, describe, it } from 'node:test';
import { inspect } from 'node:util';
import { calculateJwkThumbprint } from 'jose';
import { BridgeError } from '../../src/core/errors.ts';
import { createKeyAndCertificate } from '../../src/issuer/certificate.ts';
import { inspectKeys } from '../../src/issuer/key-inspection.ts';
import { openSigningKeys } from '../../src/issuer/signing-keys.ts';
import { handTurnedClock } from '../support/clock.ts';
import { useDirectory } from '../support/directory.ts';

const clock = handTurnedClock();
const root = useDirectory();
let made: string;
let count = 0;

/** A directory with the four keys, for a test to spoil. */
async function aDirectory(): Promise<string> {
  const directory = root.file(String(count++));
  await mkdir(directory, { mode: 0o700 });
  for (const file of await readdir(made)) await copyFile(join(made, file), join(directory, file));
  return directory;
}

const opening = (directory: string, create = false) =>
  openSigningKeys({ directory, create, clock });

async function refusalOf(directory: string, create = false): Promise<string> {
  const error = await opening(directory, create).then(
    () => assert.fail('it was opened'),
    (thrown: unknown) => thrown,
  );
  assert.ok(error instanceof BridgeError);
  assert.equal(error.code, 'unavailable');
  return error.message;
}

const notRoot = process.getuid?.() === 0 ? false : 'only root can give a file to a group';
const GROUP = 65534;

/** Opens the directory as another user of that group, and gives what is said. */
function openAsOther(directory: string): string {
  const program = `
    import { openSigningKeys } from ${JSON.stringify(new URL('../../src/issuer/signing-keys.ts', import.meta.url).href)};
    await openSigningKeys({ directory: process.argv[1], create: false, clock: Date }).then(
      () => console.log('opened'), ({ message }) => console.log(message));`;
  const { stdout, stderr } = spawnSync(
    process.execPath,
    ['--input-type=module', '-e', program, directory],
    { encoding: 'utf8', uid: GROUP, gid: GROUP, env: {} },
  );
  assert.equal(stderr, '');
  return stdout.trim();
}

describe('signing keys', () => {
  before(async () => {
    made = root.file('made');
    await openSigningKeys({ directory: made, create: true, clock });
  });

  it('are created once, for their owner only, and are the same the next time', async () => {
    assert.deepEqual((await readdir(made)).sort(), [
      'saml.pem',
      'service-provider-encryption.pem',
      'service-provider.pem',
      'web-identity.pem',
    ]);
    assert.equal((await stat(made)).mode & 0o777, 0o700);

    for (const file of await readdir(made))
      assert.equal((await stat(join(made, file))).mode & 0o777, 0o600);
    const [first, second] = [await opening(made), await opening(made)];
    assert.equal(first.saml.active.kid, second.saml.active.kid);

    const { saml, webIdentity, serviceProvider, serviceProviderEncryption } = first;
    const rings = [saml, webIdentity, serviceProvider, serviceProviderEncryption!];
    assert.equal(new Set(rings.map(ring => ring.active.kid)).size, 4, 'no key serves two uses');
  });

  it('come with a certificate that OpenSSL takes: self-signed, ten years, no authority', async () => {
    const { active } = (await opening(made)).saml;
    const certificate = new X509Certificate(active.certificatePem);

    assert.ok(certificate.verify(certificate.publicKey));
    assert.equal(certificate.subject, 'CN=rolebridge');
    assert.equal(certificate.ca, false);
    assert.equal(certificate.publicKey.asymmetricKeyDetails?.modulusLength, 3072);
    assert.ok(certificate.validFromDate.getTime() < clock.now());
    assert.equal(
      certificate.validToDate.getUTCFullYear(),
      new Date(clock.now()).getUTCFullYear() + 10,
    );
    assert.equal(active.certificateEndsAt, certificate.validToDate.getTime());
    assert.equal(
      active.kid,
      await calculateJwkThumbprint(certificate.publicKey.export({ format: 'jwk' })),
    );
  });

  it('have certificates that end after 2049 too', async () => {
    const { certificatePem } = await createKeyAndCertificate(Date.UTC(2045, 5, 1));
    const certificate = new X509Certificate(certificatePem);
    assert.equal(certificate.validToDate.toISOString(), '2055-06-01T00:00:00.000Z');
    assert.ok(certificate.verify(certificate.publicKey));
  });

  it('are the same for two processes that start at once, and no draft is left', async () => {
    const directory = root.file('race');
    const [one, other] = await Promise.all([opening(directory, true), opening(directory, true)]);
    for (const use of ['saml', 'webIdentity', 'serviceProvider'] as const) {
      assert.equal(one[use].active.kid, other[use].active.kid);
      assert.ok(one[use].active.privateKey.equals(other[use].active.privateKey));
    }
    assert.equal((await readdir(directory)).length, 4);
  });

  it('are published before and after they sign', async () => {
    const directory = await aDirectory();
    const other = await createKeyAndCertificate(clock.now());
    await rename(join(directory, 'web-identity.pem'), join(directory, 'web-identity.previous.pem'));
    await copyFile(join(directory, 'saml.pem'), join(directory, 'web-identity.pem'));
    await writeFile(
      join(directory, 'web-identity.next.pem'),
      other.privateKeyPem + other.certificatePem,
      { mode: 0o600 },
    );

    const [before, now] = [await opening(made), await opening(directory)];

    assert.equal(now.webIdentity.active.kid, before.saml.active.kid);
    assert.equal(now.webIdentity.published.length, 3);
    assert.equal(now.webIdentity.published[0], now.webIdentity.active);
    assert.equal(now.webIdentity.published[2]?.kid, before.webIdentity.active.kid);
  });

  it('do not appear when a key is printed', async () => {
    const { active } = (await opening(made)).saml;
    const modulus = active.publicJwk.n!.slice(0, 20);
    const { d } = active.privateKey.export({ format: 'jwk' });

    for (const text of [JSON.stringify(active), inspect(active, { depth: 10 })]) {
      assert.ok(text.includes(modulus));
      assert.ok(!text.includes(d!.slice(0, 20)));
      assert.ok(!text.includes('BEGIN PRIVATE'));
    }
    assert.match(active.privateKeyPem(), /BEGIN PRIVATE KEY/);
  });

  it('are not created where that is not allowed', async () => {
    assert.match(await refusalOf(root.file('nowhere')), /nowhere: cannot be opened; create it/);
    const directory = root.file('empty');
    await mkdir(directory, { mode: 0o700 });
    assert.match(await refusalOf(directory), /\.pem: is missing; put the key there/);
  });

  it('may lack the one for decryption if none is created, as in an earlier installation', async () => {
    const directory = await aDirectory();
    await rm(join(directory, 'service-provider-encryption.pem'));
    assert.equal((await opening(directory)).serviceProviderEncryption, undefined);
    assert.ok((await opening(directory, true)).serviceProviderEncryption !== undefined);
  });

  it('for decryption work before and after they are published', async () => {
    const directory = await aDirectory();
    const place = (name: string) => join(directory, `service-provider-encryption${name}.pem`);
    await rename(place(''), place('.previous'));
    await copyFile(join(directory, 'saml.pem'), place(''));
    await copyFile(join(directory, 'web-identity.pem'), place('.next'));

    const { saml, webIdentity, serviceProviderEncryption } = await opening(directory);
    const { active, decrypting } = serviceProviderEncryption!;
    const before = (await opening(made)).serviceProviderEncryption!.active;
    assert.deepEqual(
      [active, ...decrypting].map(({ kid }) => kid),
      [saml, saml, webIdentity, { active: before }].map(ring => ring.active.kid),
    );

    await rm(place(''));
    assert.match(
      await refusalOf(directory),
      /encryption\.pem: is missing, but a next or previous key exists/,
    );
  });

  it('are not created in the middle of a rotation by hand', async () => {
    const directory = await aDirectory();
    await rename(join(directory, 'saml.pem'), join(directory, 'saml.previous.pem'));
    assert.match(
      await refusalOf(directory, true),
      /saml\.pem: is missing, but a next or previous key exists/,
    );
  });

  it('are refused in a directory that others may write to', async () => {
    const directory = await aDirectory();
    await chmod(directory, 0o770);
    assert.match(await refusalOf(directory), /others may write to it; run: chmod 700/);
  });

  const spoilt: readonly {
    readonly what: string;
    readonly spoil: (file: string) => Promise<unknown>;
    readonly says: RegExp;
  }[] = [
    {
      what: 'that others may read',
      spoil: file => chmod(file, 0o640),
      says: /others may read this private key; run: chmod 600 .*saml\.pem$/,
    },
    {
      what: 'that is damaged',
      spoil: file => spoilText(file, text => text.replace(/M/g, '-')),
      says: /must contain one unencrypted private key/,
    },
    {
      what: 'whose base64 is cut',
      spoil: file => spoilText(file, text => text.replace(/\n[^\n]+\n-----END P/, '\n-----END P')),
      says: /must contain one unencrypted/,
    },
    {
      what: 'without a certificate',
      spoil: file => spoilText(file, text => text.slice(0, text.indexOf('-----BEGIN C'))),
      says: /must contain one unencrypted/,
    },
    {
      what: 'with two private keys',
      spoil: file => spoilText(file, text => text.slice(0, text.indexOf('-----BEGIN C')) + text),
      says: /must contain one/,
    },
    {
      what: 'with the certificate of another key',
      spoil: swapCertificate,
      says: /the certificate belongs to another key/,
    },
    {
      what: 'that is no RSA key',
      spoil: file => swapKey(file, generateKeyPairSync('ed25519').privateKey),
      says: /must be RSA of 2048 to 4096 bits/,
    },
    {
      what: 'that is too short',
      spoil: file => swapKey(file, generateKeyPairSync('rsa', { modulusLength: 1024 }).privateKey),
      says: /must be RSA/,
    },
    {
      what: 'that is too large',
      spoil: file => spoilText(file, text => text + '#'.repeat(65_536)),
      says: /is larger than 65536 bytes/,
    },
    {
      what: 'that is a directory',
      spoil: file => rm(file).then(() => mkdir(file, { mode: 0o700 })),
      says: /saml\.pem: is not a file/,
    },
    {
      what: 'that is a pipe',
      spoil: async file => {
        await rm(file);
        execFileSync('mkfifo', ['-m', '600', file]);
      },
      says: /saml\.pem: is not a file/,
    },
  ];
  for (const { what, spoil, says } of spoilt) {
    it(`refuse a file ${what}, and name nothing but the file`, async () => {
      const directory = await aDirectory();
      const file = join(directory, 'saml.pem');
      const lines = (await readFile(file, 'utf8'))
        .split('\n')
        .filter(line => line.length > 40 && !line.startsWith('-'));
      await spoil(file);

      const message = await refusalOf(directory);
      assert.match(message, says);
      for (const line of lines) assert.ok(!message.includes(line.slice(0, 20)));
    });
  }

  it('are inspected without waiting for the writer of a pipe', async () => {
    const directory = await aDirectory();
    const file = join(directory, 'saml.pem');
    await rm(file);
    execFileSync('mkfifo', ['-m', '600', file]);
    const { files } = await inspectKeys(directory);
    const { state, why } = files.find(({ name }) => name === 'saml.pem')!;
    assert.deepEqual({ state, why }, { state: 'damaged', why: 'is not a file' });
  });

  it('are opened with the mode 0440 of credentials, and with no wider one', {
    skip: notRoot,
  }, async () => {
    chmodSync(root.file(), 0o755);
    const directory = await aDirectory();
    await chmod(directory, 0o755);
    const modes: readonly (readonly [number, RegExp])[] = [
      [0o440, /^opened$/],
      [0o640, /^opened$/],
      [0o444, /others may read this private key/],
      [0o660, /others may read this private key/],
    ];
    for (const [mode, says] of modes) {
      for (const name of await readdir(directory)) {
        await chown(join(directory, name), 0, GROUP);
        await chmod(join(directory, name), mode);
      }
      assert.match(openAsOther(directory), says, mode.toString(8));
    }
  });
});

async function spoilText(file: string, change: (text: string) => string): Promise<void> {
  await writeFile(file, change(await readFile(file, 'utf8')));
}

async function swapCertificate(file: string): Promise<void> {
  const other = await readFile(file.replace('saml.pem', 'web-identity.pem'), 'utf8');
  await spoilText(
    file,
    text =>
      text.slice(0, text.indexOf('-----BEGIN C')) + other.slice(other.indexOf('-----BEGIN C')),
  );
}

async function swapKey(
  file: string,
  key: { export(options: { type: 'pkcs8'; format: 'pem' }): string | Buffer },
): Promise<void> {
  await spoilText(
    file,
    text =>
      String(key.export({ type: 'pkcs8', format: 'pem' })) +
      text.slice(text.indexOf('-----BEGIN C')),
  );
}
