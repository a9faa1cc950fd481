/**
 * The whole demo in one process on free ports: the real bridge in front of both corporate identity
 * providers and the local AWS.
 *
 * Tests use its HTTP interface, as users do. Tests turn the clock of the bridge, the SAML IdP and
 * the local AWS.
 */
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { Writable } from 'node:stream';
import type { TestContext } from 'node:test';
import { createApp } from '../../src/app.ts';
import { openSnapshot, type Snapshot } from '../../src/compose/compose.ts';
import { openProcess } from '../../src/compose/process.ts';
import type { Configuration } from '../../src/config/configuration.ts';
import { loadConfiguration } from '../../src/config/load.ts';
import type { AuditEvent } from '../../src/core/audit-event.ts';
import {
  DEMO_CLIENT_ID,
  DEMO_OIDC_CONNECTOR,
  DEMO_SAML_CONNECTOR,
  demoConfig,
  demoSecrets,
} from '../../src/dev/demo-config.ts';
import { demoWorld } from '../../src/dev/demo-world.ts';
import { createLocalAws, type LocalAws } from '../../src/dev/local-aws/local-aws.ts';
import type { WorldInput } from '../../src/dev/local-aws/world.ts';
import { createOidcIdp, type OidcIdp } from '../../src/dev/oidc-idp/oidc-idp.ts';
import { PEOPLE, type Person } from '../../src/dev/people.ts';
import type { SignOn } from '../../src/dev/saml-idp/metadata.ts';
import { createSamlIdp, type SamlIdp } from '../../src/dev/saml-idp/saml-idp.ts';
import { leaveExpectations } from '../../src/http/unread-body.ts';
import { openSealingSecret } from '../../src/issuer/sealing-secret.ts';
import { createLog } from '../../src/log.ts';
import { openPostgresStore } from '../../src/store/postgres.ts';
import { openSqliteStore } from '../../src/store/sqlite.ts';
import { type HandTurnedClock, handTurnedClock, runningClock } from './clock.ts';
import { useFixture } from './fixture.ts';
import { placeSigningKeys, providerKeyPair } from './keys.ts';
import { type Going, type Page, Visitor } from './visitor.ts';

/** A file system in memory: at every commit SQLite waits until the disk has it. */
const MEMORY = '/dev/shm';

export type Protocol = 'oidc' | 'saml';
export const CONNECTOR: Readonly<Record<Protocol, string>> = {
  oidc: DEMO_OIDC_CONNECTOR,
  saml: DEMO_SAML_CONNECTOR,
};

export interface WorldOptions {
  /** Changes the bridge's configuration before it is read. */
  readonly configure?: (yaml: string, urls: Urls) => string;
  /** Changes the local AWS. */
  readonly aws?: (world: WorldInput, urls: Urls) => WorldInput;
  readonly people?: readonly Person[];
  /**
   * `running` for tests whose terminals are other processes and wait in real time; it can also be
   * turned ahead.
   */
  readonly clock?: 'hand-turned' | 'running';
  /**
   * Further connectors that the identity providers accept; `configure` adds them to the
   * configuration.
   */
  readonly connectors?: { readonly [P in Protocol]?: readonly string[] };
  /** What the configuration refers to: files by their relative path, and environment variables. */
  readonly files?: Readonly<Record<string, string>>;
  readonly env?: Readonly<Record<string, string>>;
  /**
   * The name in the URLs of the identity providers; `localhost` puts them on another site than the
   * bridge.
   */
  readonly idpHost?: string;
  /** How the SAML identity provider takes requests; by redirects unless it is given. */
  readonly samlSignOn?: SignOn;
  /** Wraps the listener of an identity provider or of the local AWS from the start. */
  readonly through?: {
    readonly [N in 'oidc' | 'saml' | 'aws']?: (good: RequestListener) => RequestListener;
  };
  /** The origin of the application of the demo; without it there is none. */
  readonly photosUrl?: string;
  /** Puts a proxy in front of the bridge, whose URL is then that of the proxy. */
  readonly proxy?: (bridgeUrl: string) => Promise<{ readonly url: string; close(): Promise<void> }>;
}

export interface Urls {
  readonly bridge: string;
  readonly oidc: string;
  readonly saml: string;
  readonly aws: string;
}

export interface World {
  readonly urls: Urls;
  readonly clock: HandTurnedClock;
  readonly aws: LocalAws;
  readonly bridge: Snapshot;
  /**
   * The OpenID provider, and what it does from now on. For example `directory.change('alice',
   * { groups: [] })`, `directory.disable('alice')`, `requireInteraction('alice')`,
   * `endSessions('alice')` (posts logout tokens, see `logoutCalls`), `stepUp.acr = 'refused'`,
   * `refresh.rotation = 'none'`, `faults.lostTokenAnswers = 1`, `faults.outage = 'down'`,
   * `holdRefreshes()`, `rotateKey()`; `requests.refresh` counts. It stamps sign-ins and tokens by
   * the clock of the world, so a test can turn hours between two sign-ins or refreshes. Its own
   * sessions and refresh tokens last for days of the machine's clock.
   */
  readonly oidcIdp: OidcIdp;
  /**
   * The SAML identity provider: `directory` as above, and for example
   * `stepUp.authnContext = 'refused'`, `stepUp.forceAuthn = 'ignored'`.
   */
  readonly samlIdp: SamlIdp;
  /** All servers; `answer` replaces the listener of one. */
  readonly servers: Readonly<Record<keyof Urls, Server>>;
  /** The log of the bridge, line by line. */
  readonly log: readonly string[];
  /** Every form that the bridge posted to the local AWS, the newest last. */
  readonly toAws: readonly AwsRequest[];
  /** Directory of the configuration, the keys and the SQLite database. */
  readonly directory: string;
  /**
   * Another instance of the bridge on the same store, with the same configuration unless it is
   * changed. It gets no request until `answer` installs its app. With `before` it is what a reload
   * puts in the place of that one.
   */
  compose(
    change?: (configuration: Configuration) => Configuration,
    before?: Snapshot,
  ): Promise<Snapshot>;
  audit(): Promise<readonly AuditEvent[]>;
  /**
   * Signs a user in, in a new browser unless one is given. The page is the one after the redirect
   * back.
   */
  signIn(
    username: string,
    protocol: Protocol,
    options?: { visitor?: Visitor; returnTo?: string; secondFactor?: boolean },
  ): Promise<{ visitor: Visitor; page: Page }>;
  close(): Promise<void>;
}

export interface AwsRequest {
  /** `/` is STS, `/federation` the federation endpoint of the console. */
  readonly path: string;
  readonly form: URLSearchParams;
}

/**
 * Opens a world. If that fails, everything that was opened is closed, so that the test process can
 * end.
 */
export async function startWorld(options: WorldOptions = {}): Promise<World> {
  const ends: (() => unknown)[] = [];
  const close = async (): Promise<void> => {
    for (const end of ends.splice(0).reverse()) await end();
  };
  try {
    return { ...(await furnish(options, ends)), close };
  } catch (fault) {
    await close();
    throw fault;
  }
}

/**
 * A world for the tests of the surrounding suite. Options that depend on another fixture are given
 * as a function.
 */
export function useWorld(options: WorldOptions | (() => WorldOptions) = {}): World {
  return useFixture(
    () => startWorld(typeof options === 'function' ? options() : options),
    world => world.close(),
  );
}

/** A connection of another process to the SQLite database of a world. */
export function useDatabase(world: World): DatabaseSync {
  return useFixture(
    () => new DatabaseSync(join(world.directory, 'rolebridge.db')),
    database => database.close(),
  );
}

/** Options for a world whose store is in PostgreSQL. */
export function storedIn(
  { url }: { readonly url: string },
  configure = (yaml: string): string => yaml,
): WorldOptions {
  return {
    configure: yaml =>
      configure(
        yaml.replace(/^store: .*$/m, 'store: { postgres: { url: { env: DATABASE_URL } } }'),
      ),
    env: { DATABASE_URL: url },
  };
}

/** A world for one test. */
export async function worldFor(test: TestContext, options?: WorldOptions): Promise<World> {
  const world = await startWorld(options);
  test.after(() => world.close());
  return world;
}

/** Adds to `ends` what closes the world, to be called in reverse order. */
async function furnish(
  options: WorldOptions,
  ends: (() => unknown)[],
): Promise<Omit<World, 'close'>> {
  const clock = options.clock === 'running' ? runningClock() : handTurnedClock();
  const directory = mkdtempSync(join(existsSync(MEMORY) ? MEMORY : tmpdir(), 'rolebridge-world-'));
  ends.push(() => rmSync(directory, { recursive: true, force: true }));
  const people = options.people ?? PEOPLE;
  const servers = {
    bridge: await listen(),
    oidc: await listen(),
    saml: await listen(),
    aws: await listen(),
  };
  ends.push(() => Promise.all(Object.values(servers).map(closeServer)));
  const idpHost = options.idpHost ?? '127.0.0.1';
  const proxy = await options.proxy?.(urlOf(servers.bridge, '127.0.0.1'));
  ends.push(() => proxy?.close());
  const urls: Urls = {
    bridge: proxy?.url ?? urlOf(servers.bridge, '127.0.0.1'),
    oidc: urlOf(servers.oidc, idpHost),
    saml: urlOf(servers.saml, idpHost),
    aws: urlOf(servers.aws, '127.0.0.1'),
  };

  const known = (protocol: Protocol): string[] => [
    CONNECTOR[protocol],
    ...(options.connectors?.[protocol] ?? []),
  ];
  const clientSecret = 'the-demo-client-secret-of-this-run';
  const oidc = await createOidcIdp({
    baseUrl: urls.oidc,
    people,
    clients: [
      {
        clientId: DEMO_CLIENT_ID,
        clientSecret,
        redirectUris: known('oidc').map(id => `${urls.bridge}/oidc/${id}/callback`),
        postLogoutRedirectUris: [`${urls.bridge}/`, `${urls.bridge}/signed-out`],
        backchannelLogoutUri: `${urls.bridge}/oidc/${CONNECTOR.oidc}/backchannel-logout`,
      },
    ],
    now: clock.now,
    keyPair: await providerKeyPair('oidc'),
  });
  const saml = await createSamlIdp({
    baseUrl: urls.saml,
    people,
    serviceProviders: known('saml').map(id => ({
      metadataUrl: `${urls.bridge}/saml/${id}/metadata`,
    })),
    signOn: options.samlSignOn,
    now: clock.now,
    keyPair: await providerKeyPair('saml'),
  });
  const { photosUrl } = options;
  const world = demoWorld({ bridgeUrl: urls.bridge, photosUrl });
  const aws = createLocalAws({
    world: options.aws?.(world, urls) ?? world,
    baseUrl: urls.aws,
    now: clock.now,
  });
  answer(servers.oidc, options.through?.oidc?.(oidc.handler) ?? oidc.handler);
  answer(servers.saml, options.through?.saml?.(saml.handler) ?? saml.handler);
  const toAws: AwsRequest[] = [];
  answer(servers.aws, recorded(toAws, options.through?.aws?.(aws.handler) ?? aws.handler));

  for (const [name, text] of Object.entries({ ...demoSecrets(clientSecret), ...options.files }))
    write(join(directory, name), text);
  await placeSigningKeys(join(directory, 'keys'));
  const yaml = demoConfig({
    bridgeUrl: urls.bridge,
    oidcUrl: urls.oidc,
    samlUrl: urls.saml,
    awsUrl: urls.aws,
    photosUrl,
    directory,
  });
  const file = join(directory, 'rolebridge.yaml');
  write(file, options.configure?.(yaml, urls) ?? yaml);
  const configuration = await loadConfiguration(file, { env: options.env ?? {} });
  const log: string[] = [];
  const composeAnother: World['compose'] = async (change = same => same, before) => {
    const process = openProcess({
      log: createLog({ level: 'debug', destination: lines(log) }),
      clock,
    });
    ends.push(() => process.close());
    const another = await openSnapshot(process, change(configuration), before);
    ends.push(() => another.close());
    await another.asked;
    return another;
  };
  const bridge = await composeAnother();
  answer(servers.bridge, createApp(bridge));
  leaveExpectations(servers.bridge);

  return {
    urls,
    clock,
    aws,
    bridge,
    oidcIdp: oidc,
    samlIdp: saml,
    servers,
    log,
    toAws,
    directory,
    compose: composeAnother,
    audit: async () => {
      const { store: at, issuer } = configuration;
      const secret = await openSealingSecret({ ...issuer.keys, create: false });
      const store = await (at.kind === 'sqlite'
        ? openSqliteStore({ ...at, secret })
        : openPostgresStore({ ...at, secret }));
      try {
        return await store.readAudit({ limit: 10_000 });
      } finally {
        await store.close();
      }
    },
    signIn: async (
      username,
      protocol,
      { visitor = new Visitor(), returnTo, secondFactor = true } = {},
    ) => {
      const begin = `${urls.bridge}/sign-in/${CONNECTOR[protocol]}${returnTo === undefined ? '' : `?return_to=${encodeURIComponent(returnTo)}`}`;
      const login = await past(visitor, await visitor.get(begin));
      return { visitor, page: await enterPassword(visitor, login, { username, secondFactor }) };
    },
  };
}

/**
 * Goes from an identity provider's login page, or from its answer if the user is already signed in,
 * back to the bridge.
 */
export async function enterPassword(
  visitor: Visitor,
  login: Page,
  person: { username: string; password?: string; secondFactor?: boolean },
  going: Going = {},
): Promise<Page> {
  const { username, password = username, secondFactor = true } = person;
  let page = login;
  if (page.$('input[type=password]').length > 0) {
    if (!secondFactor) page.$('input[type=checkbox]').removeAttr('checked');
    page = await visitor.submit(page, 'form', { username, password }, going);
  }
  // A browser with JavaScript posts the identity provider's answer by itself.
  return page.$('input[name=SAMLResponse]').length > 0
    ? visitor.submit(page, 'form', {}, going)
    : page;
}

/** Past the form of the bridge that brings a request to the provider. A browser posts it itself. */
export async function past(visitor: Visitor, page: Page): Promise<Page> {
  const isAsking = page.$('input[name=SAMLRequest]').length > 0;
  const isLogin = page.$('input[type=password]').length > 0;
  return isAsking && !isLogin ? visitor.submit(page, 'main form') : page;
}

/** The browser loses its session at the OpenID provider, so that another user can sign in there. */
export function leaveOidcIdp(visitor: Visitor, { urls }: Pick<World, 'urls'>): void {
  visitor.setCookie(urls.oidc, 'acme_oidc_session', 'none');
}

function listen(): Promise<Server> {
  const server = createServer();
  server.keepAliveTimeout = 65_000;
  return new Promise(resolve => server.listen(0, '127.0.0.1', () => resolve(server)));
}

function urlOf(server: Server, host: string): string {
  return `http://${host}:${(server.address() as AddressInfo).port}`;
}

/** Replaces the listener of a running server. */
export function answer(server: Server, listener: RequestListener): void {
  server.removeAllListeners('request');
  server.on('request', listener);
}

/** Records what is posted, and passes it on unchanged. */
function recorded(into: AwsRequest[], listener: RequestListener): RequestListener {
  return (request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      if (request.method === 'POST')
        into.push({
          path: request.url!,
          form: new URLSearchParams(Buffer.concat(chunks).toString()),
        });
    });
    listener(request, response);
  };
}

function closeServer(server: Server): Promise<void> {
  return new Promise(resolve => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}

function write(file: string, text: string): void {
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  writeFileSync(file, text, { mode: 0o600 });
}

function lines(into: string[]): Writable {
  return new Writable({
    write: (chunk: Buffer, _encoding, done) => {
      into.push(chunk.toString());
      done();
    },
  });
}
