import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { withLock } from '../../../src/cli/session/lock.ts';
import { processSpace } from '../../../src/cli/session/process-space.ts';

const LOCK_MODULE = new URL('../../../src/cli/session/lock.ts', import.meta.url).href;
const directory = mkdtempSync(join(tmpdir(), 'rolebridge-lock-'));
after(() => rmSync(directory, { recursive: true, force: true }));
const patient = { patienceSeconds: 20, what: 'the test' };

/**
 * A process that adds one to a number in a file, badly: reads, waits, writes. Only a lock makes it
 * right.
 */
function adder(lock: string, counter: string, rounds: number): Promise<number | null> {
  const script = `
    import { readFileSync, writeFileSync } from 'node:fs';
    import { withLock } from ${JSON.stringify(LOCK_MODULE)};
    for (let round = 0; round < ${rounds}; round++) {
      await withLock(${JSON.stringify(lock)}, { patienceSeconds: 60, what: 'x' }, async () => {
        const value = Number(readFileSync(${JSON.stringify(counter)}, 'utf8'));
        await new Promise(resolve => setTimeout(resolve, 2));
        writeFileSync(${JSON.stringify(counter)}, String(value + 1));
      });
    }`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  return new Promise(resolve => child.once('exit', resolve));
}

describe('a lock between processes', () => {
  it('admits one of many processes at a time', async () => {
    const [lock, counter] = [join(directory, 'many'), join(directory, 'many-counter')];
    writeFileSync(counter, '0');
    const exits = await Promise.all(Array.from({ length: 8 }, () => adder(lock, counter, 12)));
    assert.deepEqual(new Set(exits), new Set([0]));
    assert.equal(readFileSync(counter, 'utf8'), '96');
    assert.ok(!existsSync(lock) && !existsSync(`${lock}.break`));
  });

  it('of a dead owner is broken by one waiting process, and the others then take turns', async () => {
    const [lock, counter] = [join(directory, 'dead'), join(directory, 'dead-counter')];
    writeFileSync(counter, '0');
    writeFileSync(lock, JSON.stringify({ pid: 2 ** 30, host: processSpace(), nonce: 'dead' }));
    await Promise.all(Array.from({ length: 6 }, () => adder(lock, counter, 3)));
    assert.equal(readFileSync(counter, 'utf8'), '18');
  });

  it('of another host is broken when it has shown no sign of life for a while, and not before', async () => {
    const lock = join(directory, 'elsewhere');
    writeFileSync(lock, JSON.stringify({ pid: 1, host: 'another-host', nonce: 'x' }));
    await assert.rejects(
      withLock(lock, { patienceSeconds: 0.2, what: 'the other host' }, async () => {}),
      { exit: 'local', message: /waited 0.2 s for the other host \(process 1\)/ },
    );

    const longAgo = new Date(Date.now() - 60_000);
    utimesSync(lock, longAgo, longAgo);
    assert.equal(await withLock(lock, patient, async () => 'in'), 'in');
  });

  it('of another container with the same host name is not taken for that of a dead process', async () => {
    const lock = join(directory, 'container');
    writeFileSync(lock, JSON.stringify({ pid: 2 ** 30, host: hostname(), nonce: 'x' }));
    await assert.rejects(
      withLock(lock, { patienceSeconds: 0.2, what: 'the other container' }, async () => {}),
      { exit: 'local' },
    );
  });

  it('that is a named pipe does not block', async () => {
    const lock = join(directory, 'pipe');
    execFileSync('mkfifo', [lock]);
    await assert.rejects(
      withLock(lock, { patienceSeconds: 0.2, what: 'the pipe' }, async () => {}),
      { exit: 'local' },
    );

    const longAgo = new Date(Date.now() - 60_000);
    utimesSync(lock, longAgo, longAgo);
    assert.equal(await withLock(lock, patient, async () => 'in'), 'in');
  });

  it('that is half-written is broken in the end', async () => {
    const lock = join(directory, 'half');
    writeFileSync(lock, '{"pid":');
    const longAgo = new Date(Date.now() - 60_000);
    utimesSync(lock, longAgo, longAgo);
    assert.equal(await withLock(lock, patient, async () => 'in'), 'in');
  });

  it('is released when the work fails, and the error is passed on', async () => {
    const lock = join(directory, 'fails');
    await assert.rejects(
      withLock(lock, patient, () => Promise.reject(new Error('the work'))),
      /the work/,
    );
    assert.ok(!existsSync(lock));
  });

  it('that was broken meanwhile is not taken from its successor', async () => {
    const lock = join(directory, 'successor');
    const theirs = JSON.stringify({ pid: process.pid, host: processSpace(), nonce: 'theirs' });
    await withLock(lock, patient, async () => writeFileSync(lock, theirs));
    assert.equal(readFileSync(lock, 'utf8'), theirs);
  });
});
