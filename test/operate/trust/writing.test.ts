import assert from 'node:assert/strict';
import {
  chmodSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, describe, it } from 'node:test';
import { MARK } from '../../../src/operate/trust/account-trust.ts';
import { writeFiles } from '../../../src/operate/trust/writing.ts';

const root = mkdtempSync(join(tmpdir(), 'rolebridge-writing-'));
process.on('exit', () => rmSync(root, { recursive: true, force: true }));
let count = 0;

describe('files of --out', () => {
  let directory: string;
  beforeEach(() => {
    directory = join(root, String(count++));
  });
  const file = (path: string, text: string, isProgram = false) => ({
    path,
    text: `# ${MARK}\n${text}\n`,
    isProgram,
  });
  const read = (path: string) => readFileSync(join(directory, path), 'utf8');
  const write = (files: ReturnType<typeof file>[], replaces = false) =>
    writeFiles(files, { directory, replaces });

  it('are written into a directory that is created, programs with their mode', async () => {
    const written = await write([file('prod/main.tf', 'a'), file('b.sh', 'b', true)]);
    assert.deepEqual(
      written.map(({ change }) => change),
      ['created', 'created'],
    );
    assert.equal(read('prod/main.tf'), `# ${MARK}\na\n`);
    assert.equal(statSync(join(directory, 'b.sh')).mode & 0o777, 0o755);
  });

  it('stay as they are where nothing changed', async () => {
    await write([file('a', 'a')]);
    const before = statSync(join(directory, 'a')).mtimeMs;
    assert.deepEqual(await write([file('a', 'a')]), [
      { path: join(directory, 'a'), change: 'unchanged' },
    ]);
    assert.equal(statSync(join(directory, 'a')).mtimeMs, before);
  });

  it('are replaced with --force alone', async () => {
    await write([file('a', 'a')]);
    await assert.rejects(write([file('a', 'other')]), /a exists with other content.*--force/);
    assert.match(read('a'), /\na\n/);
    assert.deepEqual(
      (await write([file('a', 'other')], true)).map(({ change }) => change),
      ['replaced'],
    );
    assert.match(read('a'), /\nother\n/);
  });

  it('never replace a file that something else wrote, and then none is written', async () => {
    await write([file('a', 'a')]);
    writeFileSync(join(directory, 'b'), 'of someone');
    const attempt = write([file('a', 'other'), file('b', 'b'), file('c', 'c')], true);
    await assert.rejects(
      attempt,
      /b exists and was not written by this command\. Nothing was written/,
    );
    assert.match(read('a'), /\na\n/);
    assert.equal(read('b'), 'of someone');
    assert.deepEqual(readdirSync(directory).sort(), ['a', 'b']);
  });

  it('are not written where --out is a file', async () => {
    writeFileSync(directory, 'a file');
    await assert.rejects(write([file('a', 'a')]), /is not a directory\. Name a directory/);
    assert.equal(readFileSync(directory, 'utf8'), 'a file');
  });

  it('leave nothing half-written where one cannot be written', async () => {
    await write([file('a', 'a')]);
    writeFileSync(join(directory, 'taken'), 'a file where a directory is needed');
    const attempt = write([file('a', 'new'), file('taken/main.tf', 'x')], true);
    await assert.rejects(attempt, /ENOTDIR|cannot be read/);
    assert.match(read('a'), /\na\n/);
    assert.deepEqual(readdirSync(directory).sort(), ['a', 'taken']);
  });

  it('are not written into a directory that is read-only', {
    skip: process.getuid?.() === 0,
  }, async () => {
    await write([file('a', 'a')]);
    chmodSync(directory, 0o500);
    await assert.rejects(write([file('b', 'b')]), /the files could not be written: EACCES/);
    chmodSync(directory, 0o700);
    assert.ok(!existsSync(join(directory, 'b')));
  });
});
