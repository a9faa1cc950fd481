/** A real Secret Service (gnome-keyring), unlocked, in a session bus of the test's own. */
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { useFixture } from './fixture.ts';
import { missingPackage } from './missing-package.ts';

export const NO_KEYCHAIN =
  missingPackage('/usr/bin/gnome-keyring-daemon', 'gnome-keyring') ||
  missingPackage('/usr/bin/dbus-run-session', 'dbus-daemon');

export interface Keychain {
  /** What a program needs to find it. */
  readonly env: Readonly<Record<string, string | undefined>>;
  close(): Promise<void>;
}

const SESSION = `
printf 'password' | gnome-keyring-daemon --unlock --components=secrets >/dev/null 2>&1
echo "$DBUS_SESSION_BUS_ADDRESS"
read -r _
`;

/** A keychain for the tests of the surrounding suite. */
export function useKeychain(): Keychain {
  return useFixture(openKeychain, keychain => keychain.close());
}

async function openKeychain(): Promise<Keychain> {
  const home = mkdtempSync(join(tmpdir(), 'rolebridge-keychain-'));
  const child = spawn('/usr/bin/dbus-run-session', ['--', '/bin/bash', '-c', SESSION], {
    env: { PATH: process.env.PATH, HOME: home, XDG_RUNTIME_DIR: home, LANG: 'C.UTF-8' },
    stdio: ['pipe', 'pipe', 'ignore'],
  });
  const ended = new Promise<void>(resolve => child.once('close', () => resolve()));
  const address = await new Promise<string>((resolve, reject) => {
    child.stdout.setEncoding('utf8').once('data', (text: string) => resolve(text.trim()));
    child.once('close', () => reject(new Error('the session bus did not start')));
  });
  return {
    env: {
      ROLEBRIDGE_KEYCHAIN: undefined,
      DBUS_SESSION_BUS_ADDRESS: address,
      XDG_RUNTIME_DIR: home,
    },
    close: async () => {
      child.stdin.end('\n');
      await ended;
      rmSync(home, { recursive: true, force: true });
    },
  };
}
