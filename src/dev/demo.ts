/**
 * Starts the whole demo on 127.0.0.1: two corporate identity providers and the local AWS in this
 * process, the bridge as a child process, as it runs in production.
 *
 * Owns: ports, the files below its directory, the life of the child. Does not own: what is printed
 * about it (main.ts).
 */
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { closeSync, openSync, writeSync } from 'node:fs';
import { appendFile, mkdir, readFile, writeFile } from 'node:fs/promises';
import { createServer, type RequestListener, type Server } from 'node:http';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { createDemoCluster } from './demo-cluster.ts';
import {
  DEMO_CLIENT_ID,
  DEMO_OIDC_CONNECTOR,
  DEMO_SAML_CONNECTOR,
  demoConfig,
  demoSecrets,
} from './demo-config.ts';
import { demoWorld } from './demo-world.ts';
import { createInbox } from './inbox.ts';
import { eventLine } from './local-aws/events.ts';
import { createLocalAws } from './local-aws/local-aws.ts';
import { createOidcIdp } from './oidc-idp/oidc-idp.ts';
import { PEOPLE } from './people.ts';
import { createPhotos } from './photos.ts';
import { createSamlIdp } from './saml-idp/saml-idp.ts';

export interface DemoOptions {
  /** The bridge's port; the four after it are used as well. */
  readonly port: number;
  /** Everything that is made goes below it; absolute. */
  readonly directory: string;
  /** Whether the SAML identity provider encrypts its assertions. */
  readonly encryptsAssertions?: boolean | undefined;
  /** Of the bridge; undefined for the default. */
  readonly logLevel?: string | undefined;
  readonly onProgress?: (line: string) => void;
  /** Gets each line of the bridge's log, in addition to the file. */
  readonly onLogLine?: ((line: string) => void) | undefined;
  /** Gives up starting. */
  readonly signal?: AbortSignal | undefined;
}

export interface DemoUrls {
  readonly bridgeUrl: string;
  readonly oidcUrl: string;
  readonly samlUrl: string;
  readonly awsUrl: string;
  /** Shows the notifications of elevations; below `awsUrl`. */
  readonly inboxUrl: string;
  /** An application on an origin of its own. */
  readonly photosUrl: string;
}

export interface Demo extends DemoUrls {
  readonly configFile: string;
  readonly bridgeLog: string;
  readonly awsLog: string;
  /** The token file of a pod, with which it gets `Uploader` in staging. */
  readonly podToken: string;
  /** Rejects, with the end of its log, when the bridge ends by itself; never settles otherwise. */
  readonly bridgeDied: Promise<never>;
  /** Ends the child and the servers; resolves when all are gone. */
  stop(): Promise<void>;
}

/** What a user can fix; its message says how. */
export class DemoFault extends Error {
  override readonly name = 'DemoFault';
}

const HOST = '127.0.0.1';
const SERVER = fileURLToPath(new URL('../main.ts', import.meta.url));
const READY_MILLISECONDS = 30_000;
const STOP_MILLISECONDS = 12_000;
const LOG_TAIL_LINES = 20;
const INBOX_PATH = '/inbox';

/** What the servers of the demo are given. */
interface Given {
  readonly encryptsAssertions: boolean | undefined;
  /** The secret of the bridge at the OpenID provider. */
  readonly client: string;
  /** The secret of notifications. */
  readonly inbox: string;
}

/**
 * Resolves when the bridge is ready. Throws DemoFault when a port is taken or the bridge does not
 * start, and the signal's reason when it was aborted; nothing is left running then.
 */
export async function startDemo({
  port,
  directory,
  encryptsAssertions,
  logLevel,
  onProgress = () => {},
  onLogLine,
  signal,
}: DemoOptions): Promise<Demo> {
  const url = (offset: number): string => `http://${HOST}:${port + offset}`;
  const urls: DemoUrls = {
    bridgeUrl: url(0),
    oidcUrl: url(1),
    samlUrl: url(2),
    awsUrl: url(3),
    inboxUrl: `${url(3)}${INBOX_PATH}`,
    photosUrl: url(4),
  };
  const files = {
    configFile: join(directory, 'rolebridge.yaml'),
    bridgeLog: join(directory, 'bridge.log'),
    awsLog: join(directory, 'aws.log'),
    podToken: join(directory, 'pod', 'token'),
  };
  const given: Given = {
    encryptsAssertions,
    client: randomBytes(32).toString('base64url'),
    inbox: `whsec_${randomBytes(32).toString('base64')}`,
  };

  await using started = new AsyncDisposableStack();
  // The bridge takes this one itself; better to know before anything is made.
  await (await serve(() => {}, port, port))();
  for (const [offset, handler] of (await handlersOf(urls, files.awsLog, given)).entries()) {
    started.defer(await serve(handler, port + 1 + offset, port));
  }
  onProgress('identity providers and local AWS are up');
  const cluster = createDemoCluster(urls.bridgeUrl);
  await writeFiles(directory, {
    'rolebridge.yaml': demoConfig({
      ...urls,
      clusterKeys: join(directory, 'cluster.jwks.json'),
      directory,
    }),
    'world.json': `${JSON.stringify(demoWorld(urls), undefined, 2)}\n`,
    'aws.log': '',
    ...demoSecrets(given.client, given.inbox),
    'cluster.jwks.json': cluster.keySet,
    'pod/token': cluster.token,
  });

  const bridge = startBridge(files, { logLevel, onLogLine });
  started.defer(() => bridge.stop());
  onProgress('waiting for the bridge');
  const polling = new AbortController();
  const until = AbortSignal.any([polling.signal, ...(signal ? [signal] : [])]);
  await Promise.race([bridge.died, untilReady(urls.bridgeUrl, until)])
    .catch(async (thrown: unknown) => {
      if (signal?.aborted) throw signal.reason;
      if (!(thrown instanceof NotReady)) throw thrown;
      throw new DemoFault(
        `${thrown.message} The end of ${files.bridgeLog}:\n\n${await tail(files.bridgeLog)}`,
      );
    })
    .finally(() => polling.abort());
  const running = started.move();
  return { ...urls, ...files, bridgeDied: bridge.died, stop: () => running.disposeAsync() };
}

/** In the order of their ports. */
async function handlersOf(
  urls: DemoUrls,
  awsLog: string,
  { client: clientSecret, inbox: inboxSecret, encryptsAssertions }: Given,
): Promise<RequestListener[]> {
  const { bridgeUrl, oidcUrl, samlUrl, awsUrl } = urls;
  const client = {
    clientId: DEMO_CLIENT_ID,
    clientSecret,
    redirectUris: [`${bridgeUrl}/oidc/${DEMO_OIDC_CONNECTOR}/callback`],
    postLogoutRedirectUris: [`${bridgeUrl}/`, `${bridgeUrl}/signed-out`],
    backchannelLogoutUri: `${bridgeUrl}/oidc/${DEMO_OIDC_CONNECTOR}/backchannel-logout`,
  };
  const serviceProviders = [{ metadataUrl: `${bridgeUrl}/saml/${DEMO_SAML_CONNECTOR}/metadata` }];
  const oidc = await createOidcIdp({ baseUrl: oidcUrl, people: PEOPLE, clients: [client] });
  const saml = await createSamlIdp({
    ...{ baseUrl: samlUrl, people: PEOPLE, serviceProviders },
    encrypts: encryptsAssertions,
  });
  const aws = createLocalAws({
    world: demoWorld(urls),
    baseUrl: awsUrl,
    log: event =>
      void appendFile(awsLog, `${new Date().toISOString()} ${eventLine(event)}\n`).catch(() => {}),
  });
  const inbox = createInbox({ secret: inboxSecret });
  const awsOrInbox: RequestListener = (request, response) =>
    (request.url === INBOX_PATH ? inbox : aws).handler(request, response);
  return [oidc.handler, saml.handler, awsOrInbox, createPhotos(urls).handler];
}

async function serve(
  handler: RequestListener,
  port: number,
  firstPort: number,
): Promise<() => Promise<void>> {
  const server = createServer({ requestTimeout: 30_000, headersTimeout: 10_000 }, handler);
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, HOST, resolve);
  }).catch((cause: NodeJS.ErrnoException) => {
    throw new DemoFault(portFault(cause.code, port, firstPort), { cause });
  });
  return () => close(server);
}

function portFault(code: string | undefined, port: number, firstPort: number): string {
  const other = firstPort >= 4000 && firstPort < 5000 ? 5000 : 4000;
  const move = `or move the demo: DEMO_PORT=${other} npm run demo uses ${other} to ${other + 4}`;
  if (code === 'EADDRINUSE')
    return `Port ${port} on ${HOST} is taken. Stop the program that has it, ${move}.`;
  if (code === 'EACCES')
    return `Port ${port} requires privileges that this user does not have: choose one above 1023, ${move}.`;
  return `Port ${port} on ${HOST} cannot be used (${code}): ${move}.`;
}

function close(server: Server): Promise<void> {
  return new Promise(resolve => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}

async function writeFiles(
  directory: string,
  files: Readonly<Record<string, string>>,
): Promise<void> {
  for (const [name, text] of Object.entries(files)) {
    const path = join(directory, name);
    await mkdir(dirname(path), { recursive: true, mode: 0o700 });
    await writeFile(path, text, { mode: 0o600 });
  }
}

interface RunningBridge {
  readonly died: Promise<never>;
  stop(): Promise<void>;
}

function startBridge(
  { configFile, bridgeLog: logFile }: Pick<Demo, 'configFile' | 'bridgeLog'>,
  { logLevel, onLogLine }: Pick<DemoOptions, 'logLevel' | 'onLogLine'>,
): RunningBridge {
  const log = openSync(logFile, 'w', 0o600);
  const level = logLevel === undefined ? [] : ['--log-level', logLevel];
  const child = spawn(process.execPath, [SERVER, 'serve', '--config', configFile, ...level], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...withoutProxy(process.env) },
  });
  for (const output of [child.stdout, child.stderr]) {
    output.on('data', (bytes: Buffer) => writeSync(log, bytes));
    if (onLogLine !== undefined) createInterface({ input: output }).on('line', onLogLine);
  }
  let stopping = false;
  const ended = new Promise<string>(resolve => {
    child.once('error', error => resolve(`could not be started: ${error.message}`));
    // Not "exit": the end of the log might not have been read by then.
    child.once('close', (code, signal) => {
      closeSync(log);
      resolve(signal === null ? `ended with code ${code}` : `was ended by ${signal}`);
    });
  });
  const died = ended.then(async how => {
    if (stopping) return new Promise<never>(() => {});
    throw new DemoFault(`The bridge ${how}. The end of ${logFile}:\n\n${await tail(logFile)}`);
  });
  // A caller can listen later or never: an unhandled rejection would end the process without the
  // message.
  died.catch(() => {});
  const kill = (): void => void child.kill('SIGKILL');
  process.once('exit', kill);
  return {
    died,
    async stop() {
      stopping = true;
      child.kill('SIGTERM');
      const patience = setTimeout(kill, STOP_MILLISECONDS);
      await ended;
      clearTimeout(patience);
      process.off('exit', kill);
    },
  };
}

/** All of the demo is on loopback, where no proxy can reach it. */
function withoutProxy(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const hosts = [env.NO_PROXY ?? env.no_proxy, HOST, 'localhost'].filter(Boolean).join(',');
  return { NO_PROXY: hosts, no_proxy: hosts };
}

async function tail(file: string): Promise<string> {
  const text = await readFile(file, 'utf8').catch(() => '');
  return text.trimEnd().split('\n').slice(-LOG_TAIL_LINES).join('\n') || '(it is empty)';
}

class NotReady extends Error {}

async function untilReady(bridgeUrl: string, signal: AbortSignal): Promise<void> {
  const deadline = Date.now() + READY_MILLISECONDS;
  while (Date.now() < deadline) {
    const answer = await fetch(`${bridgeUrl}/readyz`, { signal: AbortSignal.timeout(2000) }).catch(
      () => undefined,
    );
    await answer?.body?.cancel();
    if (answer?.status === 200) return;
    await delay(100, undefined, { signal });
  }
  throw new NotReady(`The bridge is not ready after ${READY_MILLISECONDS / 1000} s.`);
}
