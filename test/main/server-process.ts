/** The real server as a process of its own, with what it writes. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { demoConfig, demoSecrets } from '../../src/dev/demo-config.ts';

export const MAIN = fileURLToPath(new URL('../../src/main.ts', import.meta.url));
/** All that a server of the tests gets of the environment. */
export const ENVIRONMENT = {
  PATH: process.env.PATH,
  NODE_COMPILE_CACHE: process.env.NODE_COMPILE_CACHE,
};
const PATIENCE_MILLISECONDS = 20_000;

export const CLIENT_SECRET = 'a-client-secret-that-no-log-may-hold';
const INBOX_SECRET = `whsec_${Buffer.alloc(32, 'inbox').toString('base64')}`;

interface Started {
  /** The script; that of the sources unless told. */
  readonly entry?: string | undefined;
  readonly cwd?: string | undefined;
}

export class ServerProcess {
  stdout = '';
  stderr = '';
  readonly #child: ChildProcess;
  readonly #waiting = new Set<() => void>();
  readonly #ended: Promise<number | null>;

  constructor(args: readonly string[], { entry = MAIN, cwd }: Started = {}) {
    this.#child = spawn(process.execPath, [entry, ...args], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: ENVIRONMENT,
      cwd,
    });
    this.#child.stdout!.on('data', chunk => this.#heard('stdout', chunk));
    this.#child.stderr!.on('data', chunk => this.#heard('stderr', chunk));
    this.#ended = once(this.#child, 'close').then(([code]) => code as number | null);
  }

  #heard(stream: 'stdout' | 'stderr', chunk: unknown): void {
    this[stream] += String(chunk);
    for (const look of this.#waiting) look();
  }

  /** The log line that says this, as soon as it is there. */
  async line(message: string, from = 0): Promise<Readonly<Record<string, unknown>>> {
    const find = () =>
      this.log()
        .slice(from)
        .find(line => line.msg === message);
    return this.#until(find, `no log line "${message}"`);
  }

  /** Resolves when stderr holds the text. */
  async complaint(text: string): Promise<void> {
    await this.#until(
      () => this.stderr.includes(text) || undefined,
      `stderr does not hold "${text}"`,
    );
  }

  async #until<T>(find: () => T | undefined, fault: string): Promise<T> {
    const { promise, resolve, reject } = Promise.withResolvers<T>();
    const look = (): void => {
      const found = find();
      if (found !== undefined) resolve(found);
    };
    const timer = setTimeout(
      () => reject(new Error(`${fault}:\n${this.stdout}\n${this.stderr}`)),
      PATIENCE_MILLISECONDS,
    );
    this.#waiting.add(look);
    void this.#ended.then(code =>
      reject(new Error(`${fault}; it ended with ${code}:\n${this.stdout}\n${this.stderr}`)),
    );
    look();
    try {
      return await promise;
    } finally {
      clearTimeout(timer);
      this.#waiting.delete(look);
    }
  }

  /** Every whole line of stdout; throws for one that is no JSON object. */
  log(): Readonly<Record<string, unknown>>[] {
    return this.stdout
      .split('\n')
      .slice(0, -1)
      .map(line => JSON.parse(line) as Record<string, unknown>);
  }

  signal(name: NodeJS.Signals): void {
    this.#child.kill(name);
  }

  /** The exit code. */
  async end(): Promise<number | null> {
    return this.#ended;
  }

  /** For the end of a test, however it went. */
  async kill(): Promise<void> {
    this.#child.kill('SIGKILL');
    await this.#ended;
  }
}

/** Runs a command that ends by itself. */
export async function run(
  ...args: string[]
): Promise<{ readonly code: number | null; readonly stdout: string; readonly stderr: string }> {
  const child = new ServerProcess(args);
  const code = await child.end();
  return { code, stdout: child.stdout, stderr: child.stderr };
}

export interface ServerFiles {
  readonly directory: string;
  readonly port: number;
  readonly oidcUrl?: string;
  readonly samlUrl?: string;
}

/**
 * Writes the demo's configuration and its secrets into a directory, and gives the path of the file.
 */
export function writeConfiguration(
  { directory, port, oidcUrl, samlUrl }: ServerFiles,
  change = (yaml: string): string => yaml,
): string {
  for (const [name, text] of Object.entries(demoSecrets(CLIENT_SECRET, INBOX_SECRET)))
    write(join(directory, name), text);
  const closed = 'http://127.0.0.1:9';
  const yaml = demoConfig({
    bridgeUrl: `http://127.0.0.1:${port}`,
    oidcUrl: oidcUrl ?? closed,
    samlUrl: samlUrl ?? closed,
    awsUrl: closed,
    inboxUrl: closed,
    directory,
  });
  const file = join(directory, 'rolebridge.yaml');
  write(file, change(yaml));
  return file;
}

function write(file: string, text: string): void {
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  writeFileSync(file, text, { mode: 0o600 });
}
