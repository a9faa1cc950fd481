/** The key in a real Secret Service (gnome-keyring), in a session bus of the test's own. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { computerFor, QUICK_POLLS } from '../../support/cli.ts';
import { confirmDevice } from '../../support/cli-login.ts';
import { missingPackage } from '../../support/missing-package.ts';
import type { Visitor } from '../../support/visitor.ts';
import { type World, worldFor } from '../../support/world.ts';

const skip =
  missingPackage('/usr/bin/gnome-keyring-daemon', 'gnome-keyring') ||
  missingPackage('/usr/bin/dbus-run-session', 'dbus-daemon');

describe('the key to the login', () => {
  it('is in the keychain where one is available, and in no file', { skip }, async t => {
    const world = await worldFor(t, QUICK_POLLS);
    const computer = computerFor(t, { ROLEBRIDGE_KEYCHAIN: undefined });
    const { visitor } = await world.signIn('alice', 'saml');
    const confirming = confirmWhenAsked(world, visitor, computer.file('said'));
    mkdirSync(computer.file('.config'), { recursive: true });
    const script = `
        printf 'password' | gnome-keyring-daemon --unlock --components=secrets >/dev/null 2>&1
        set -e
        node="${process.execPath}"; cli="${computer.entry}"
        "$node" "$cli" login --device --server ${world.urls.bridge} 2> "${computer.file('said')}"
        "$node" "$cli" credential-process prod/Admin > "${computer.file('first')}"
        "$node" "$cli" credential-process prod/Admin > "${computer.file('second')}"
        cmp "${computer.file('first')}" "${computer.file('second')}"
      `;
    writeFileSync(computer.file('said'), '');
    const child = spawn('/usr/bin/dbus-run-session', ['--', '/bin/bash', '-c', script], {
      env: { ...computer.env, XDG_RUNTIME_DIR: computer.home } as NodeJS.ProcessEnv,
      stdio: ['ignore', 'inherit', 'pipe'],
    });
    let stderr = '';
    child.stderr.on('data', (chunk: Buffer) => {
      stderr += chunk.toString();
    });
    const exit = await new Promise<number | null>(resolve => child.once('exit', resolve));
    await confirming;

    const said = readFileSync(computer.file('said'), 'utf8');
    assert.equal(exit, 0, stderr + said);
    assert.doesNotMatch(said, /keychain is not used/);
    assert.ok(!existsSync(computer.file('.config/rolebridge/key')), 'no key file');
    assert.ok(existsSync(computer.file('.config/rolebridge/credentials')));

    // Outside of that session bus, the key is out of reach: what is sealed counts as absent.
    const { code, stderr: without } = await computer.run(['credential-process', 'prod/Admin']);
    assert.equal(code, 3, without);
    assert.match(
      without,
      /The system keychain is not available here \(.*\), so a login that is stored there cannot be used\./,
    );
  });

  it('is in a file that only its owner can read where there is no keychain, with one message', async t => {
    const world = await worldFor(t, QUICK_POLLS);
    const computer = computerFor(t, {
      ROLEBRIDGE_KEYCHAIN: undefined,
      DBUS_SESSION_BUS_ADDRESS: 'unix:path=/nowhere',
    });
    const { visitor } = await world.signIn('alice', 'saml');
    const login = computer.start(['login', '--device', '--server', world.urls.bridge]);
    const [code] = await login.says(/\b[A-Z]{4}-[A-Z]{4}\b/);
    await confirmDevice(world, visitor, code);

    const { stderr } = await login.ended;
    assert.match(
      stderr,
      /the system keychain is not used \(.*\)\. The key to your login and to cached credentials is in .*\/rolebridge\/key, which only you can read\. This message is shown once\./,
    );

    const again = await computer.run(['whoami']);
    assert.doesNotMatch(again.stderr, /keychain/);
  });
});

/** The person's half: reads the code where the terminal has written it, and confirms. */
async function confirmWhenAsked(world: World, visitor: Visitor, file: string): Promise<void> {
  const deadline = Date.now() + 30_000;
  while (Date.now() < deadline) {
    const code = existsSync(file)
      ? /\b[A-Z]{4}-[A-Z]{4}\b/.exec(readFileSync(file, 'utf8'))?.[0]
      : undefined;
    if (code !== undefined) return confirmDevice(world, visitor, code);
    await new Promise(resolve => setTimeout(resolve, 100));
  }
  throw new Error('no code was shown');
}
