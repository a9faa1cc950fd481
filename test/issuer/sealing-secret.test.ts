import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { chmod, mkdir, readdir, readFile, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { promisify } from 'node:util';
import { BridgeError } from '../../src/core/errors.ts';
import { openSealingSecret } from '../../src/issuer/sealing-secret.ts';
import { useDirectory } from '../support/directory.ts';

const root = useDirectory();
let count = 0;

/** A path where nothing is yet. */
const nowhere = () => root.file(String(count++));

async function aDirectory(text?: string): Promise<{ directory: string; file: string }> {
  const directory = nowhere();
  await mkdir(directory, { mode: 0o700 });
  const file = join(directory, 'sealing.key');
  if (text !== undefined) await writeFile(file, text, { mode: 0o600 });
  return { directory, file };
}

const opening = (directory: string, create = false) => openSealingSecret({ directory, create });

async function refusalOf(directory: string, create = false): Promise<string> {
  const error = await opening(directory, create).then(
    () => assert.fail('it was opened'),
    (thrown: unknown) => thrown,
  );
  assert.ok(error instanceof BridgeError);
  assert.equal(error.code, 'unavailable');
  return error.message;
}

const GOOD = 'u5-XQV1X2mahCqXUG1M7eZXoZKMFUsLwg22Utp1fC6s';

describe('the sealing secret', () => {
  it('is made once, 32 bytes for its owner only, and is the same the next time', async () => {
    const directory = nowhere();
    const made = await opening(directory, true);

    assert.equal(made.length, 32);
    assert.deepEqual(await readdir(directory), ['sealing.key']);
    assert.equal((await stat(directory)).mode & 0o777, 0o700);
    assert.equal((await stat(join(directory, 'sealing.key'))).mode & 0o777, 0o600);
    assert.equal(
      await readFile(join(directory, 'sealing.key'), 'utf8'),
      `${Buffer.from(made).toString('base64url')}\n`,
    );
    assert.deepEqual(await opening(directory, true), made);
    assert.deepEqual(await opening(directory), made);
  });

  it('is another one in every directory', async () => {
    const made = await Promise.all([opening(nowhere(), true), opening(nowhere(), true)]);
    assert.notDeepEqual(made[0], made[1]);
  });

  it('is the same for all that start at once, and no draft is left', async () => {
    const directory = nowhere();
    const secrets = await Promise.all(Array.from({ length: 20 }, () => opening(directory, true)));
    assert.equal(new Set(secrets.map(secret => Buffer.from(secret).toString('hex'))).size, 1);
    assert.deepEqual(await readdir(directory), ['sealing.key']);
  });

  it('is the same for several processes that start at once', async () => {
    const directory = nowhere();
    const program = `
      import { openSealingSecret } from ${JSON.stringify(new URL('../../src/issuer/sealing-secret.ts', import.meta.url).href)};
      console.log(Buffer.from(await openSealingSecret({ directory: process.argv[1], create: true })).toString('hex'));`;
    const run = () =>
      promisify(execFile)(process.execPath, ['--input-type=module', '-e', program, directory], {
        timeout: 30_000,
      });

    const said = (await Promise.all([run(), run(), run()])).map(({ stdout }) => stdout.trim());

    assert.deepEqual(
      new Set(said),
      new Set([Buffer.from(await opening(directory)).toString('hex')]),
    );
  });

  it('is taken as an operator writes it: with or without an end of line, read-only, or by a link', async () => {
    for (const text of [GOOD, `${GOOD}\n`, `${GOOD}\r\n`]) {
      const { directory, file } = await aDirectory(text);
      await chmod(file, 0o400);
      const linked = await aDirectory();
      await symlink(file, linked.file);
      for (const one of [directory, linked.directory])
        assert.equal(Buffer.from(await opening(one)).toString('base64url'), GOOD);
    }
  });

  it('is not made where that is not allowed, and the refusal has a command that makes it', async () => {
    const { directory, file } = await aDirectory();
    const message = await refusalOf(directory);
    assert.ok(
      message.startsWith(`sealing secret: ${file}: is missing; put 32 random bytes as base64url`),
      message,
    );
    assert.deepEqual(await readdir(directory), []);

    const command = /\(umask.*?\.key\)/.exec(message)?.[0];
    await promisify(execFile)('sh', ['-c', command!], { cwd: directory });
    assert.equal((await opening(directory)).length, 32);
  });

  it('is looked for in a directory that is there, is one, and belongs to its owner', async () => {
    assert.match(
      await refusalOf(nowhere()),
      /^sealing secret: .*: cannot be opened; create it \(mode 0700\)/,
    );

    const { directory, file } = await aDirectory(GOOD);
    for (const create of [true, false]) {
      assert.match(
        await refusalOf(join(file, 'below'), create),
        create ? /cannot be created \(ENOTDIR\); create it/ : /cannot be opened/,
      );
      assert.match(await refusalOf(file, create), /is not a directory$/);
    }

    await chmod(directory, 0o770);
    assert.match(await refusalOf(directory, true), /others may write to it; run: chmod 700/);
  });

  for (const mode of [0o640, 0o604, 0o620, 0o602, 0o666]) {
    it(`is refused in a file of mode ${mode.toString(8)}`, async () => {
      const { directory, file } = await aDirectory(GOOD);
      await chmod(file, mode);
      assert.ok(
        (await refusalOf(directory, true)).endsWith(
          `${file}: others may read this secret; run: chmod 600 ${file}`,
        ),
      );
    });
  }

  const damaged: Readonly<Record<string, string>> = {
    nothing: '',
    'an end of line alone': '\n',
    'a secret that is cut': GOOD.slice(0, -1),
    'a secret with more behind it': `${GOOD}A`,
    'two secrets': `${GOOD}\n${GOOD}\n`,
    'a secret with a space in it': `${GOOD.slice(0, 20)} ${GOOD.slice(20)}`,
    'base64 of another alphabet': `${GOOD.replace('-', '+')}=`,
    'a last letter that no 32 bytes end with': `${GOOD.slice(0, -1)}t`,
    'half of the bytes': 'u5-XQV1X2mahCqXUG1M7eQ',
    'zero bytes': '\0'.repeat(43),
    'a PEM key': `-----BEGIN PRIVATE KEY-----\n${GOOD}\n-----END PRIVATE KEY-----\n`,
  };
  for (const [what, text] of Object.entries(damaged)) {
    it(`is refused when the file holds ${what}, with the file's name and nothing of what is in it`, async () => {
      const { directory, file } = await aDirectory(text);
      const message = await refusalOf(directory, true);
      assert.ok(
        message.startsWith(
          `sealing secret: ${file}: must contain 32 random bytes as base64url without padding`,
        ),
        message,
      );

      for (let at = 0; at + 8 <= GOOD.length; at++)
        assert.ok(!message.includes(GOOD.slice(at, at + 8)));
      assert.equal(await readFile(file, 'utf8'), text, 'it is not written over');
    });
  }

  it('is refused when it is no file, or one that is too large', async () => {
    const { directory, file } = await aDirectory();
    await mkdir(file);
    assert.match(await refusalOf(directory), /sealing\.key: is not a file$/);
    const large = await aDirectory(GOOD + '\n'.repeat(65_536));
    assert.match(await refusalOf(large.directory), /is larger than 65536 bytes/);
  });
});
