/**
 * Starts a Keycloak on loopback: the server that `install-keycloak.sh` installs, on free ports,
 * with its database in memory and the realm of `docs/keycloak/realm.json`. `stop()` ends it.
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { freePort } from '../support/free-port.ts';
import { type KeycloakAdmin, keycloakAdmin } from './keycloak-admin.ts';

/** Where the script of the same directory installs the server. */
const INSTALLED = join(
  process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'),
  'rolebridge',
  'keycloak',
);
const JAVA = process.env.JAVA_HOME ? join(process.env.JAVA_HOME, 'bin', 'java') : 'java';
/** As Keycloak's own start script has them, with a compiler that suits a short life. */
const JAVA_OPTIONS = [
  '-Xms64m',
  '-Xmx512m',
  '-XX:TieredStopAtLevel=1',
  '-XX:+ExitOnOutOfMemoryError',
  ...['java.util', 'java.util.concurrent', 'java.security', 'java.lang'].map(
    name => `--add-opens=java.base/${name}=ALL-UNNAMED`,
  ),
];
/** It takes about 15 seconds on two idle cores. */
const READY_WITHIN_MILLISECONDS = 120_000;
const ADMINISTRATOR = { username: 'admin', password: 'admin' };

export interface Keycloak {
  readonly origin: string;
  readonly admin: KeycloakAdmin;
  stop(): Promise<void>;
}

/**
 * Why tests with Keycloak cannot run here; false if they can. Also under `CI=true` they are
 * skipped, because the server is no Debian package.
 */
export function keycloakMissing(): string | false {
  if (!existsSync(join(INSTALLED, 'built')))
    return `there is no Keycloak in ${INSTALLED}: run test/interop/install-keycloak.sh`;
  if (spawnSync(JAVA, ['-version'], { stdio: 'ignore' }).status !== 0)
    return `cannot start ${JAVA}: install Java 17 or newer (Debian package openjdk-17-jre-headless)`;
  return false;
}

/** The version that is installed, such as `26.7.3`. */
export function keycloakVersion(): string {
  return readFileSync(join(INSTALLED, 'built'), 'utf8').trim();
}

/** `realm` is the representation to import, as JSON. */
export async function startKeycloak(realm: string): Promise<Keycloak> {
  const [port, managementPort] = [await freePort(), await freePort()];
  const origin = `http://127.0.0.1:${port}`;
  const home = furnishHome(realm);
  const log: string[] = [];
  const server = spawn(JAVA, argumentsFor({ home, port, managementPort }), {
    env: {
      PATH: process.env.PATH,
      KC_BOOTSTRAP_ADMIN_USERNAME: ADMINISTRATOR.username,
      KC_BOOTSTRAP_ADMIN_PASSWORD: ADMINISTRATOR.password,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  for (const stream of [server.stdout, server.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => log.push(text));
  const forget = endWithThisProcess(server, home);
  const stop = async (): Promise<void> => {
    await end(server);
    forget();
    rmSync(home, { recursive: true, force: true });
  };
  try {
    await untilReady(`http://127.0.0.1:${managementPort}/health/ready`, server);
  } catch (cause) {
    await stop();
    throw new Error(`Keycloak did not come up\n${log.join('').slice(-3000)}`, { cause });
  }
  return { origin, admin: keycloakAdmin(origin, ADMINISTRATOR), stop };
}

/** The installed server is shared and only read; what one run writes is below its own home. */
function furnishHome(realm: string): string {
  const home = mkdtempSync(join(tmpdir(), 'keycloak-'));
  for (const name of ['lib', 'conf', 'providers', 'themes'])
    symlinkSync(join(INSTALLED, name), join(home, name));
  mkdirSync(join(home, 'data', 'import'), { recursive: true });
  writeFileSync(join(home, 'data', 'import', 'realm.json'), realm);
  return home;
}

function argumentsFor(at: { home: string; port: number; managementPort: number }): string[] {
  return [
    ...JAVA_OPTIONS,
    ...Object.entries({
      'kc.home.dir': at.home,
      'jboss.server.config.dir': join(at.home, 'conf'),
      'java.util.logging.manager': 'org.jboss.logmanager.LogManager',
      'file.encoding': 'UTF-8',
      'user.language': 'en',
    }).map(([name, value]) => `-D${name}=${value}`),
    '-cp',
    join(at.home, 'lib', 'quarkus-run.jar'),
    'io.quarkus.bootstrap.runner.QuarkusEntryPoint',
    'start',
    '--optimized',
    '--import-realm',
    '--cache=local',
    '--http-enabled=true',
    '--http-host=127.0.0.1',
    `--http-port=${at.port}`,
    `--hostname=http://127.0.0.1:${at.port}`,
    '--http-management-host=127.0.0.1',
    `--http-management-port=${at.managementPort}`,
  ];
}

/** Returns how to undo it. */
function endWithThisProcess(server: ChildProcess, home: string): () => void {
  const removeAll = (): void => {
    server.kill('SIGKILL');
    rmSync(home, { recursive: true, force: true });
  };
  // The runner ends a file that takes too long by this signal.
  const terminate = (): never => process.exit(143);
  process.once('exit', removeAll);
  process.once('SIGTERM', terminate);
  return () => {
    process.off('exit', removeAll);
    process.off('SIGTERM', terminate);
  };
}

async function end(server: ChildProcess): Promise<void> {
  if (server.exitCode !== null || server.signalCode !== null) return;
  const gone = once(server, 'exit');
  server.kill('SIGTERM');
  const last = setTimeout(() => server.kill('SIGKILL'), 10_000);
  await gone;
  clearTimeout(last);
}

async function untilReady(url: string, server: ChildProcess): Promise<void> {
  const deadline = Date.now() + READY_WITHIN_MILLISECONDS;
  for (;;) {
    const fault = await fetch(url, { signal: AbortSignal.timeout(5000) }).then(
      ({ status }) => (status === 200 ? undefined : `HTTP status ${status}`),
      (error: unknown) => String(error),
    );
    if (fault === undefined) return;
    if (Date.now() > deadline || server.exitCode !== null) throw new Error(fault);
    await pause(200);
  }
}
