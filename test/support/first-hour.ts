/**
 * Runs the commands of docs/first-hour.md exactly as they are, in a directory of its own, with
 * other settings than those of the page.
 */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Block, blocksOf, readPage } from '../docs/pages.ts';
import { freePort } from './free-port.ts';
import { button, callerOf, credentialsOn } from './handout.ts';
import { Visitor } from './visitor.ts';
import { enterPassword } from './world.ts';

/** The commands of the page. */
export const FIVE: readonly string[] = ['init', 'trust', 'check', 'doctor', 'serve'];

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const CLIENT_SECRET_FILE = 'client-secret';
const CONFIGURATION = 'rolebridge.yaml';

export interface FirstHourOptions {
  readonly protocol: 'saml' | 'oidc';
  /** Each replaces a setting of the page. */
  readonly settings: Readonly<Record<string, string>>;
  /** What a user pastes as the client secret. */
  readonly clientSecret?: string;
}

export interface FirstHour {
  /** Names of the commands of `rolebridge-server`, in order. */
  readonly commands: readonly string[];
  /** What was typed by hand besides commands and settings. */
  readonly edits: readonly string[];
  /** What each command wrote to standard output, by its name. */
  readonly outputs: Readonly<Record<string, string>>;
  readonly directory: string;
  close(): Promise<void>;
}

interface Running {
  readonly options: FirstHourOptions;
  readonly directory: string;
  readonly env: NodeJS.ProcessEnv;
  /** The settings of the page, as this run has them. */
  readonly settings: string;
  readonly background: ChildProcess[];
}

export async function runFirstHour(options: FirstHourOptions): Promise<FirstHour> {
  const directory = mkdtempSync(join(tmpdir(), 'rolebridge-first-hour-'));
  const background: ChildProcess[] = [];
  const close = async (): Promise<void> => {
    for (const child of background.splice(0)) await endGroup(child);
    rmSync(directory, { recursive: true, force: true });
  };
  try {
    const blocks = blocksOf(readPage('first-hour.md')).filter(({ info }) => info.startsWith('sh'));
    const running: Running = {
      ...{ options, directory, background },
      env: environmentIn(directory),
      settings: settingsOf(blocks, { ...options.settings, DIRECTORY: directory }),
    };
    const told = await runBlocks(running, blocks);
    return { ...told, directory, close };
  } catch (fault) {
    await close();
    throw fault;
  }
}

async function runBlocks(
  running: Running,
  blocks: readonly Block[],
): Promise<Pick<FirstHour, 'commands' | 'edits' | 'outputs'>> {
  const { protocol } = running.options;
  const commands: string[] = [];
  const edits: string[] = [];
  const outputs: Record<string, string> = {};
  let written: string | undefined;
  for (const { info, text } of blocks) {
    const command = /^rolebridge-server (\S+)/m.exec(text)?.[1];
    if (command !== undefined && [`sh ${protocol}`, 'sh', 'sh serve'].includes(info))
      commands.push(command);
    if (info === `sh ${protocol} secret`) edits.push(CLIENT_SECRET_FILE);
    if (['sh', `sh ${protocol}`, `sh ${protocol} secret`].includes(info))
      outputs[command ?? info] = await runToEnd(running, text);
    if (info === 'sh local-aws') await start(running, { text, cwd: ROOT, says: 'console  ' });
    if (info === 'sh serve') await start(running, { text, says: '"msg":"listening"' });
    if (command === 'init') written ??= configurationIn(running);
  }
  if (written !== configurationIn(running)) edits.push(CONFIGURATION);
  return { commands, edits, outputs };
}

function configurationIn({ directory }: Running): string | undefined {
  try {
    return readFileSync(join(directory, CONFIGURATION), 'utf8');
  } catch {
    return undefined;
  }
}

/** The command `rolebridge-server` of this checkout, with the Node.js of the tests. */
function environmentIn(directory: string): NodeJS.ProcessEnv {
  const bin = join(directory, '.bin');
  mkdirSync(bin);
  symlinkSync(join(ROOT, 'src/rolebridge-server.js'), join(bin, 'rolebridge-server'));
  const { HOME, PATH, NODE_COMPILE_CACHE } = process.env;
  return {
    ...{ HOME, NODE_COMPILE_CACHE },
    PATH: [bin, dirname(process.execPath), PATH].join(':'),
  };
}

/** The page's block, with other values. Fails for a setting that the page does not have. */
function settingsOf(blocks: readonly Block[], settings: FirstHourOptions['settings']): string {
  let text = blocks.find(({ info }) => info === 'sh settings')!.text;
  for (const [name, value] of Object.entries(settings)) {
    const line = new RegExp(`^export ${name}=\\S+`, 'm');
    assert.match(text, line);
    text = text.replace(line, `export ${name}='${value}'`);
  }
  return text;
}

async function runToEnd({ options, directory, env, settings }: Running, text: string) {
  const child = spawn('bash', ['-euo', 'pipefail', '-c', `${settings}\n${text}`], {
    ...{ cwd: directory, env },
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  let stdout = '';
  let all = '';
  child.stdout.on('data', chunk => {
    stdout += String(chunk);
    all += String(chunk);
  });
  child.stderr.on('data', chunk => {
    all += String(chunk);
  });
  child.stdin.end(`${options.clientSecret ?? ''}\n`);
  const [status] = await once(child, 'close');
  assert.equal(status, 0, `${text}\n${all}`);
  return stdout;
}

/** Starts a command that goes on, and resolves when it has said that it listens. */
async function start(
  { directory, env, settings, background }: Running,
  { text, cwd = directory, says }: { readonly text: string; readonly cwd?: string; says: string },
): Promise<void> {
  const child = spawn('bash', ['-euo', 'pipefail', '-c', `${settings}\n${text}`], {
    ...{ cwd, env, detached: true },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  background.push(child);
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  let said = '';
  for (const stream of [child.stdout, child.stderr])
    stream!.on('data', chunk => {
      said += String(chunk);
      if (said.includes(says)) resolve();
    });
  child.on('close', () => reject(new Error(`${text}\n${said}`)));
  await promise;
}

/** Ends a shell with everything that it has started. */
async function endGroup(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'close');
  process.kill(-child.pid!, 'SIGKILL');
  await ended;
}

/** Settings of the page with free ports. */
export async function freeSettings() {
  const [port, awsPort] = [await freePort(), await freePort()];
  const BASE_URL = `http://127.0.0.1:${port}`;
  return { BASE_URL, LISTEN: `127.0.0.1:${port}`, LOCAL_AWS_PORT: String(awsPort) };
}

/** alice signs in, opens the console, and gets credentials that AWS accepts. */
export async function assertFirstCredentials(
  chosen: Awaited<ReturnType<typeof freeSettings>>,
): Promise<void> {
  const visitor = new Visitor();
  const login = await visitor.get(`${chosen.BASE_URL}/sign-in/sso`);
  const arrived = await enterPassword(visitor, login, { username: 'alice' });
  // Where the cookie of the attempt did not come along, the bridge posts the answer once more.
  const isReposted = arrived.$('input[name=reposted]').length > 0;
  const portal = isReposted ? await visitor.submit(arrived, 'form') : arrived;
  const shown = await visitor.submit(portal, button('Credentials', 'prod', 'Admin'));
  const aws = `http://127.0.0.1:${chosen.LOCAL_AWS_PORT}`;
  assert.match(
    await callerOf(aws, credentialsOn(shown)),
    /^arn:aws:sts::111122223333:assumed-role\/Admin\/alice-[a-z2-7]{16}$/,
  );
  const console = await visitor.submit(portal, button('Console', 'prod', 'Admin'));
  assert.ok(console.url.startsWith(`${aws}/console`), console.url);
}

/** What the commands say when everything fits. */
export function assertSound({ outputs }: FirstHour): void {
  assert.match(outputs.check!, /is in order: 1 connector, 1 account, 1 access rule/);
  assert.match(outputs.doctor!, /^0 errors, 0 warnings/m);
  assert.match(outputs.doctor!, /^ {2}ok +prod\/Admin \(access\[0\]\): AWS gives the role\.$/m);
  assert.match(outputs.trust!, /aws cloudformation deploy /);
}
