/** The compiled client as users run it: its own process, with its own home directory. */
import assert from 'node:assert/strict';
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { confirmDevice } from './cli-login.ts';
import { useFixture } from './fixture.ts';
import type { Visitor } from './visitor.ts';
import type { Protocol, World } from './world.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const TSC = join(ROOT, 'node_modules/typescript/bin/tsc');
/** The runtime of the client: `CLIENT_NODE=/path/to/node npm test -- test/cli` uses another one. */
const CLIENT_NODE = process.env.CLIENT_NODE ?? process.execPath;
/** Limit for the output that a test waits for. */
const SAYS_MILLISECONDS = 60_000;

/**
 * The entry of the client, compiled once for each state of the sources and shared between test
 * files.
 */
export function clientEntry(): string {
  const cache = join(ROOT, 'node_modules/.cache/rolebridge-client');
  const place = join(cache, sourcesHash());
  const entry = join(place, 'cli/main.js');
  if (existsSync(entry)) return entry;
  mkdirSync(cache, { recursive: true });
  const draft = mkdtempSync(join(cache, 'draft-'));
  // `npm run types` checks the types.
  const options = ['-p', join(ROOT, 'tsconfig.cli.json'), '--noCheck', '--outDir', draft];
  execFileSync(process.execPath, [TSC, ...options], { stdio: 'pipe' });
  try {
    renameSync(draft, place);
  } catch {
    // Another test file was faster.
    rmSync(draft, { recursive: true, force: true });
  }
  return entry;
}

function sourcesHash(): string {
  const hash = createHash('sha256').update(readFileSync(join(ROOT, 'tsconfig.cli.json')));
  for (const room of ['src/cli', 'src/core']) {
    for (const name of readdirSync(join(ROOT, room), {
      recursive: true,
      encoding: 'utf8',
    }).sort()) {
      if (name.endsWith('.ts')) hash.update(name).update(readFileSync(join(ROOT, room, name)));
    }
  }
  return hash.digest('hex').slice(0, 16);
}

export interface CliOptions {
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly stdin?: string;
  /** In a session of its own, without the terminal of the tests. */
  readonly detached?: boolean;
  /** The runtime; `CLIENT_NODE` or that of the tests unless told. */
  readonly node?: string;
  /** The client; the compiled one unless told. */
  readonly entry?: string;
}

export interface CliResult {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunningCli {
  readonly child: ChildProcess;
  readonly ended: Promise<CliResult>;
  /** The first match in stderr or stdout, so far or from now on. */
  says(pattern: RegExp): Promise<RegExpExecArray>;
}

type Environment = Readonly<Record<string, string | undefined>>;

/** A computer of one user. */
export class Computer {
  readonly home = mkdtempSync(join(tmpdir(), 'rolebridge-home-'));
  readonly #entry = clientEntry();
  readonly #children = new Set<ChildProcess>();
  readonly env: Environment;

  constructor(env: Environment = {}) {
    this.env = {
      PATH: process.env.PATH,
      HOME: this.home,
      LANG: 'C.UTF-8',
      ROLEBRIDGE_KEYCHAIN: 'off',
      AWS_EC2_METADATA_DISABLED: 'true',
      ...env,
    };
  }

  get entry(): string {
    return this.#entry;
  }

  file(...names: string[]): string {
    return join(this.home, ...names);
  }

  start(
    args: readonly string[],
    { env, stdin, detached = false, node = CLIENT_NODE, entry = this.#entry }: CliOptions = {},
  ): RunningCli {
    const child = spawn(node, [entry, ...args], {
      detached,
      env: { ...this.env, ...env },
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    this.#children.add(child);
    let [stdout, stderr] = ['', ''];
    const waiting = new Set<() => void>();
    const heard = (): void => {
      for (const look of waiting) look();
    };
    child.stdout!.on('data', (chunk: Buffer) => {
      stdout += chunk.toString();
      heard();
    });
    child.stderr!.on('data', (chunk: Buffer) => {
      stderr += chunk.toString();
      heard();
    });
    child.stdin!.on('error', () => {});
    child.stdin!.end(stdin ?? '');
    const ended = new Promise<CliResult>(resolve => {
      child.once('close', code => {
        this.#children.delete(child);
        heard();
        resolve({ code, stdout, stderr });
      });
    });
    return {
      child,
      ended,
      says: pattern =>
        new Promise((resolve, reject) => {
          const settle = (done: () => void): void => {
            clearTimeout(limit);
            waiting.delete(look);
            done();
          };
          const fail = (how: string): void =>
            settle(() => reject(new Error(`${how} before it said ${pattern}: ${stderr}${stdout}`)));
          const look = (): void => {
            const match = pattern.exec(stderr) ?? pattern.exec(stdout);
            if (match !== null) settle(() => resolve(match));
            else if (child.exitCode !== null || child.signalCode !== null)
              fail(`ended with ${child.exitCode}`);
          };
          // Without its own limit, a wrong pattern hangs the run and the output is lost.
          const limit = setTimeout(
            () => fail(`ran for ${SAYS_MILLISECONDS} ms`),
            SAYS_MILLISECONDS,
          );
          waiting.add(look);
          look();
        }),
    };
  }

  run(args: readonly string[], options: CliOptions = {}): Promise<CliResult> {
    return this.start(args, options).ended;
  }

  /** Runs and returns stdout; an exit code other than 0 fails the test. */
  async done(args: readonly string[], options: CliOptions = {}): Promise<string> {
    const { code, stdout, stderr } = await this.run(args, options);
    assert.equal(code, 0, `rolebridge ${args.join(' ')}: ${stderr}`);
    return stdout;
  }

  /** Logs in with a device code that the user confirms in a browser. */
  async logIn(
    world: World,
    username: string,
    options: { protocol?: Protocol; visitor?: Visitor; args?: readonly string[] } = {},
  ): Promise<Visitor> {
    const { protocol = 'saml', args = [] } = options;
    const visitor = options.visitor ?? (await world.signIn(username, protocol)).visitor;
    const login = this.start(['login', '--device', '--server', world.urls.bridge, ...args]);
    const [code] = await login.says(/\b[A-Z]{4}-[A-Z]{4}\b/);
    await confirmDevice(world, visitor, code);
    const { code: exit, stderr } = await login.ended;
    assert.equal(exit, 0, stderr);
    return visitor;
  }

  /** Logs in by an authorization code in the browser of a user who is signed in. */
  async logInHere(world: World, visitor: Visitor): Promise<void> {
    const login = this.start(['login', '--no-browser', '--server', world.urls.bridge]);
    const [, address] = await login.says(/^ {2}(http:\S+\/oauth\/authorize\?\S+)$/m);
    await visitor.submit(await visitor.get(address!), 'button[value=approve]');
    const { code: exit, stderr } = await login.ended;
    assert.equal(exit, 0, stderr);
  }

  close(): void {
    for (const child of this.#children) child.kill('SIGKILL');
    rmSync(this.home, { recursive: true, force: true });
  }
}

/**
 * A computer for the tests of the surrounding suite. An environment that depends on another fixture
 * is given as a function.
 */
export function useComputer(env: Environment | (() => Environment) = {}): Computer {
  return useFixture(
    () => new Computer(typeof env === 'function' ? env() : env),
    computer => computer.close(),
  );
}

/** A computer for one test. */
export function computerFor(test: TestContext, env?: Environment): Computer {
  const computer = new Computer(env);
  test.after(() => computer.close());
  return computer;
}

/** World options for terminals, which wait in real time: they poll every second. */
export const QUICK_POLLS = {
  clock: 'running' as const,
  configure: (yaml: string): string => `${yaml}\ncli: { deviceGrant: { interval: 1s } }\n`,
};

/** The path of another supported Node.js version, if the machine has one. */
export function otherNode(): string | undefined {
  const candidates = (process.env.PATH ?? '').split(':').map(directory => join(directory, 'node'));
  return candidates.find(path => {
    if (path.startsWith(ROOT) || !existsSync(path)) return false;
    const version = execFileSync(path, ['--version'], { encoding: 'utf8' }).trim();
    return version !== process.version && Number(version.slice(1).split('.')[0]) >= 20;
  });
}
