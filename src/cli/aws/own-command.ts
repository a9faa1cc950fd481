/**
 * The command that ~/.aws/config contains for this program, so that botocore (words, no shell), the
 * JavaScript SDK (a shell) and Windows read it alike.
 *
 * Owns: full paths, which also programs with another PATH find (an editor, a service), and which of
 * several paths to one file outlives an update of Node or rolebridge.
 */
import { accessSync, constants, existsSync, realpathSync, statSync } from 'node:fs';
import { homedir } from 'node:os';
import { delimiter, isAbsolute, join, resolve } from 'node:path';
import { CliError } from '../terminal/exit.ts';

type Environment = Readonly<Record<string, string | undefined>>;

export interface WrittenCommand {
  /** The origin of the bridge that the command uses. */
  readonly server: string;
  /** Further options, each with a blank before it. */
  readonly options?: string;
  /** `--command`: the program to write instead of our own paths. */
  readonly program?: string | undefined;
}

export interface OwnCommand {
  readonly commandFor: (role: string) => string;
  /** Paths in it that an update of Node or of rolebridge may remove. */
  readonly passing: readonly string[];
}

/** Throws `usage` for a `program` that cannot be run, `local` for a path that cannot be quoted. */
export function ownCommand(
  env: Environment,
  { server, options = '', program }: WrittenCommand,
): OwnCommand {
  const words = program === undefined ? ownWords(env) : [programAt(program, env)];
  return {
    commandFor: role =>
      `${words.map(quoted).join(' ')} credential-process ${role} --server ${quoted(server)}${options}`,
    passing: words.filter(isPassing),
  };
}

/** Node and the script by lasting paths; a shim of a version manager depends on the environment. */
function ownWords(env: Environment): readonly string[] {
  const script = resolve(process.argv[1]!);
  const usual = ['/usr/local/bin', '/opt/homebrew/bin', join(home(env), '.local/bin')].map(
    directory => join(directory, 'rolebridge'),
  );
  return [
    lasting(process.execPath, [...onPath(env, 'node'), ...aliasesOf(process.execPath)]),
    lasting(realpathSync(script), [
      ...onPath(env, 'rolebridge'),
      script,
      ...usual,
      ...aliasesOf(realpathSync(script)),
    ]),
  ];
}

/** The first lasting path to the same file; the file's own path where it lasts or none does. */
function lasting(file: string, others: readonly string[]): string {
  if (!isPassing(file)) return file;
  const real = realpathSync(file);
  return others.find(path => !isPassing(path) && leadsTo(path) === real) ?? file;
}

function leadsTo(path: string): string | undefined {
  try {
    return realpathSync(path);
  } catch {
    return undefined;
  }
}

function onPath(env: Environment, name: string): readonly string[] {
  const directories = (env.PATH ?? '').split(delimiter).filter(isAbsolute);
  return directories
    .map(directory => join(directory, process.platform === 'win32' ? `${name}.exe` : name))
    .filter(path => existsSync(path));
}

/**
 * A directory of one version (`v22.14.0`, `node-22.1`, `22.14.0_1`, pnpm's `rolebridge@1.0.0`), or
 * one that lasts as long as a shell or less.
 */
const PASSING =
  /[\\/](?:(?:[a-z.-]+[@-])?v?\d+\.\d+(?:\.\d+)?(?:[-_+][\w.+-]+)?|fnm_multishells|_npx|dlx(?:-[\w-]+)?|\.pnpm)[\\/]/i;

function isPassing(path: string): boolean {
  return PASSING.test(path);
}

/** Where package and version managers keep a path to the version in use. */
const ALIASES: readonly (readonly [versioned: RegExp, stays: string])[] = [
  // Homebrew
  [/\/Cellar\/([^/]+)\/[^/]+\//, '/opt/$1/'],
  [/\/Cellar\/([^/]+)\/[^/]+\/bin\//, '/bin/'],
  // nvm with NVM_SYMLINK_CURRENT
  [/\/versions\/node\/[^/]+\//, '/current/'],
  // fnm
  [/\/node-versions\/[^/]+\/installation\//, '/aliases/default/'],
  // mise, asdf
  [/\/installs\/(node|nodejs)\/(\d+)\.[^/]+\//, '/installs/$1/lts/'],
  [/\/installs\/(node|nodejs)\/(\d+)\.[^/]+\//, '/installs/$1/latest/'],
  [/\/installs\/(node|nodejs)\/(\d+)\.[^/]+\//, '/installs/$1/$2/'],
  // Nix, n, and other tools that link into the usual places
  [/^.*\//, '/usr/local/bin/'],
  [/^.*\//, '/usr/bin/'],
  [/^.*\//, '/opt/homebrew/bin/'],
];

function aliasesOf(path: string): readonly string[] {
  return ALIASES.filter(([versioned]) => versioned.test(path)).map(([versioned, stays]) =>
    path.replace(versioned, stays),
  );
}

function home(env: Environment): string {
  return env.HOME || homedir();
}

function programAt(written: string, env: Environment): string {
  const path = written.replace(/^~(?=[\\/])/, home(env));
  const refused = (why: string): CliError =>
    new CliError('usage', `--command ${JSON.stringify(written)} ${why}`, {
      lines: ['Give the full path of rolebridge, or of its shim.'],
    });
  if (!isAbsolute(path)) throw refused('is not a full path');
  try {
    accessSync(path, constants.X_OK);
  } catch {
    throw refused('is not an executable program');
  }
  if (!statSync(path).isFile()) throw refused('is not an executable program');
  return path;
}

/**
 * The path as one word for botocore, shells, and the SDK for JavaScript, for which a blank and `#`
 * or `;` start a comment. Throws `local`.
 */
function quoted(path: string): string {
  if (/^[\w./:+@-]+$/.test(path)) return path;
  const isOdd =
    /["$`\r\n!%]|\s[#;]/.test(path) || (process.platform !== 'win32' && path.includes('\\'));
  if (isOdd) {
    throw new CliError(
      'local',
      `${path} cannot be written to ~/.aws/config: it contains a character with a meaning for shells`,
      {
        lines: ['Install rolebridge in another directory, or name a link to it: --command PATH.'],
      },
    );
  }
  return `"${path}"`;
}
