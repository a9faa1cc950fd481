/**
 * Opens a page in the user's browser, where there is one.
 *
 * The address becomes an argument of another program, which every user of the computer can see, so
 * it must contain no secret.
 */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { release } from 'node:os';
import { delimiter, join } from 'node:path';
import { wordsIn } from './words.ts';

type Environment = Readonly<Record<string, string | undefined>>;
/** Ways to open a page, in the order in which they are tried. */
export type Opener = readonly ((url: string) => readonly [command: string, ...args: string[]])[];

/** A program that does not end at once has opened something; one that fails does so quickly. */
const FAILS_WITHIN_MILLISECONDS = 1500;

/**
 * How a page is opened here; undefined over SSH, in a container, or without a desktop. `BROWSER`
 * decides where it is set.
 */
export function browserOpener(env: Environment): Opener | undefined {
  if (env.BROWSER) return env.BROWSER === 'none' ? undefined : fromVariable(env.BROWSER);
  const words = systemOpener(env);
  return words && [url => [...words, url]];
}

function systemOpener(env: Environment): readonly [string, ...string[]] | undefined {
  if (env.SSH_CONNECTION || env.SSH_TTY) return undefined;
  if (process.platform === 'darwin') return ['open'];
  if (process.platform === 'win32') return ['rundll32', 'url.dll,FileProtocolHandler'];
  if (isWsl(env)) {
    if (isOnPath(env, 'wslview')) return ['wslview'];
    return isOnPath(env, 'rundll32.exe')
      ? ['rundll32.exe', 'url.dll,FileProtocolHandler']
      : undefined;
  }
  return (env.DISPLAY || env.WAYLAND_DISPLAY) && isOnPath(env, 'xdg-open')
    ? ['xdg-open']
    : undefined;
}

/** Whether a browser could be started. */
export async function openBrowser(opener: Opener, url: string, env: Environment): Promise<boolean> {
  for (const wordsFor of opener) if (await starts(wordsFor(url), env)) return true;
  return false;
}

function starts(
  [command, ...args]: readonly [string, ...string[]],
  env: Environment,
): Promise<boolean> {
  return new Promise(resolve => {
    const child = spawn(command, args, { stdio: 'ignore', detached: true, env: { ...env } });
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

// ---------------------------------------------------------------- BROWSER

/**
 * As xdg-open and Python's webbrowser read it: commands between colons (semicolons on Windows),
 * tried in turn; `%s` is the address, `%%` a percent sign, `%c` a colon; without `%s` the address
 * is the last argument. Quotes are read, and no shell runs. A command that cannot be read is left
 * out.
 */
function fromVariable(text: string): Opener {
  return commandsIn(text, delimiter).flatMap(words => {
    const last = words.at(-1);
    // In the background is where it runs anyway.
    if (last?.endsWith('&')) words.splice(-1, 1, ...[last.slice(0, -1)].filter(Boolean));
    const [command, ...args] = words;
    if (command === undefined) return [];
    const takesAddress = words.some(word => /%s/.test(word.replaceAll('%%', '')));
    return [
      (url: string) => {
        const filled = (word: string): string =>
          word.replace(/%[%cs]/g, sign => ({ '%s': url, '%c': ':' })[sign] ?? '%');
        return [filled(command), ...args.map(filled), ...(takesAddress ? [] : [url])] as const;
      },
    ];
  });
}

/** The words of each command; an unquoted path that contains blanks is one word. */
function commandsIn(text: string, separator: string): string[][] {
  return partsOf(text, separator).flatMap(part => {
    if (/[/\\]/.test(part) && existsSync(part)) return [[part]];
    const words = wordsIn(part);
    return words === undefined ? [] : [words];
  });
}

/** Between separators that stand in no quotes. */
function partsOf(text: string, separator: string): string[] {
  const parts = [''];
  let quote: string | undefined;
  for (const sign of text) {
    if (quote === undefined && sign === separator) parts.push('');
    else {
      if (sign === quote) quote = undefined;
      else if (quote === undefined && /["']/.test(sign)) quote = sign;
      parts[parts.length - 1] += sign;
    }
  }
  return parts.map(part => part.trim()).filter(Boolean);
}

function isWsl(env: Environment): boolean {
  return Boolean(env.WSL_DISTRO_NAME) || /microsoft/i.test(release());
}

function isOnPath(env: Environment, program: string): boolean {
  return (env.PATH ?? '')
    .split(delimiter)
    .some(directory => directory !== '' && existsSync(join(directory, program)));
}
