/**
 * Opening a page in the person's browser, where there is one.
 *
 * The address becomes an argument of another program, so it must hold no secret.
 */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { release } from 'node:os';
import { delimiter, join } from 'node:path';

type Environment = Readonly<Record<string, string | undefined>>;
type Opener = readonly [command: string, ...args: string[]];

/** A program that does not end at once has opened something; one that fails does so quickly. */
const FAILS_WITHIN_MILLISECONDS = 1500;

/** How a page is opened here; undefined over SSH, in a container, or without a desktop. `BROWSER` decides where it is set. */
export function browserOpener(env: Environment): Opener | undefined {
  if (env.BROWSER) return env.BROWSER === 'none' ? undefined : (env.BROWSER.split(' ').filter(Boolean) as [string, ...string[]]);
  if (env.SSH_CONNECTION || env.SSH_TTY) return undefined;
  if (process.platform === 'darwin') return ['open'];
  if (process.platform === 'win32') return ['rundll32', 'url.dll,FileProtocolHandler'];
  if (isWsl(env))
    return isOnPath(env, 'wslview')
      ? ['wslview']
      : isOnPath(env, 'rundll32.exe')
        ? ['rundll32.exe', 'url.dll,FileProtocolHandler']
        : undefined;
  return (env.DISPLAY || env.WAYLAND_DISPLAY) && isOnPath(env, 'xdg-open') ? ['xdg-open'] : undefined;
}

/** Whether the browser could be started. */
export async function openBrowser([command, ...args]: Opener, url: string, env: Environment): Promise<boolean> {
  return new Promise(resolve => {
    const child = spawn(command, [...args, url], { stdio: 'ignore', detached: true, env: { ...env } });
    const opened = setTimeout(() => resolve(true), FAILS_WITHIN_MILLISECONDS);
    const settle = (isOpen: boolean): void => {
      clearTimeout(opened);
      resolve(isOpen);
    };
    child.once('error', () => settle(false));
    child.once('exit', code => settle(code === 0));
    child.unref();
  });
}

function isWsl(env: Environment): boolean {
  return Boolean(env.WSL_DISTRO_NAME) || /microsoft/i.test(release());
}

function isOnPath(env: Environment, program: string): boolean {
  return (env.PATH ?? '').split(delimiter).some(directory => directory !== '' && existsSync(join(directory, program)));
}
