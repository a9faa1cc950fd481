/**
 * The whole bridge, with its local AWS, and a SimpleSAMLphp that know each other's metadata. People
 * enter by the bridge's front door.
 */
import assert from 'node:assert/strict';
import { parse, stringify } from 'yaml';
import type { AuditEvent } from '../../src/core/audit-event.ts';
import type { ErrorCode } from '../../src/core/errors.ts';
import { useFixture } from '../support/fixture.ts';
import { type Page, Visitor } from '../support/visitor.ts';
import { CONNECTOR, enterPassword, startWorld, type World } from '../support/world.ts';
import type { ProviderFederation } from './provider-federation.ts';
import { installed, type SimpleSamlPhp, startSimpleSamlPhp } from './simplesamlphp.ts';
import type { SimpleSamlPhpOptions } from './simplesamlphp-configuration.ts';

export interface FederationOptions {
  /** A SimpleSAMLphp of its own, with these settings, or one that runs already and stays. */
  readonly idp: SimpleSamlPhpOptions | SimpleSamlPhp;
  /** Settings below `saml:` of the connector. */
  readonly connector?: Readonly<Record<string, unknown>>;
  /** Keeps the rules that ask for a second factor, which SimpleSAMLphp does not have. */
  readonly demandSecondFactor?: boolean;
}

export interface Federation extends ProviderFederation {
  readonly idp: SimpleSamlPhp;
  /** What the bridge publishes about itself as a service provider, and its entityID. */
  readonly spMetadata: string;
  readonly spEntityId: string;
  /**
   * From the bridge to the IdP's login form and back. The page is the one on which a person without
   * JavaScript ends.
   */
  signIn(uid: string, options?: SignInOptions): Promise<Arrival>;
  /** The same, begun at the IdP: up to its answer, which is a form that `deliver` sends. */
  answerUnsolicited(uid: string, relayState?: string): Promise<Arrival>;
  /** Sends the IdP's answer to the bridge, and once more where the bridge asks for it. */
  deliver(visitor: Visitor, answer: Page, fields?: Readonly<Record<string, string>>): Promise<Page>;
  /** Sets the bridge's clock: so many seconds ahead of the machine's. */
  setClock(aheadSeconds: number): void;
  assertRefused(arrival: Arrival, expected: Refusal): Promise<void>;
  assertSignedIn(arrival: Arrival, uid: string): Promise<SignedIn>;
  close(): Promise<void>;
}

export interface SignInOptions {
  readonly visitor?: Visitor;
  readonly path?: string;
  readonly password?: string;
}

export interface Arrival {
  readonly visitor: Visitor;
  readonly page: Page;
}

export interface Refusal {
  readonly code: ErrorCode;
  readonly status: number;
  /** What the person reads. */
  readonly shown: RegExp;
  /** What the audit trail says: the check that failed. */
  readonly why: RegExp;
}

type SignedIn = Extract<AuditEvent, { type: 'sign-in.succeeded' }>;

/**
 * Why these tests cannot run here; false when they can. Throws under `CI=true`, where nothing is
 * skipped for a missing package.
 */
export function packagesMissing(): string | false {
  if (installed()) return false;
  const why = 'the Debian packages simplesamlphp, php8.2-fpm, nginx and faketime are not installed';
  if (process.env.CI === 'true') throw new Error(why);
  return why;
}

const PLAIN_ATTRIBUTES = { username: 'uid', email: 'mail', groups: 'groups' };

/** A federation for the tests of the surrounding suite. */
export function useFederation(options: FederationOptions): Federation {
  return useFixture(
    () => startFederation(options),
    federation => federation.close(),
  );
}

export async function startFederation({
  idp: wanted,
  connector = {},
  demandSecondFactor = false,
}: FederationOptions): Promise<Federation> {
  const own = !('stop' in wanted);
  const idp = own ? await startSimpleSamlPhp(wanted) : wanted;
  const stopOwn = async () => {
    if (own) await idp.stop();
  };
  const world = await startWorld({
    configure: yaml => configured(yaml, idp, { connector, demandSecondFactor }),
  }).catch(failing(stopOwn));
  const close = () => world.close().finally(stopOwn);
  const { bridge } = world.urls;
  const spEntityId = `${bridge}/saml/${CONNECTOR.saml}/metadata`;
  const spMetadata = await introduce(spEntityId, idp).catch(failing(close));
  let ahead = 0;
  // The IdP goes by the machine's clock; the bridge's stands still until it is turned.
  const wind = () => world.clock.turn((Date.now() - world.clock.now()) / 1000 + ahead);

  const deliver: Federation['deliver'] = async (visitor, answer, fields = {}) => {
    wind();
    return repost(visitor, await visitor.submit(answer, 'form', fields));
  };

  return {
    idp,
    world,
    connector: CONNECTOR.saml,
    provider: idp.origin,
    spMetadata,
    spEntityId,
    deliver,
    signIn: async (
      uid,
      { visitor = new Visitor(), path = `/sign-in/${CONNECTOR.saml}`, password = uid } = {},
    ) => {
      wind();
      const login = await visitor.get(`${bridge}${path}`);
      assert.ok(
        login.url.startsWith(`${idp.origin}/simplesaml/`),
        `at the identity provider: ${login.url}: ${login.text}`,
      );
      return {
        visitor,
        page: await repost(
          visitor,
          await enterPassword(visitor, login, { username: uid, password }),
        ),
      };
    },
    answerUnsolicited: async (uid, relayState) => {
      const visitor = new Visitor();
      const query = new URLSearchParams({
        spentityid: spEntityId,
        ...(relayState === undefined ? {} : { RelayState: relayState }),
      });
      const login = await visitor.get(`${idp.origin}/simplesaml/saml2/idp/SSOService.php?${query}`);
      return {
        visitor,
        page: await visitor.submit(login, 'form', { username: uid, password: uid }),
      };
    },
    asksPassword: page => page.$('input[type=password]').length > 0,
    logIn: async (visitor, page, user, going) => {
      wind();
      return page.$('input[type=password]').length > 0
        ? visitor.submit(page, 'form', { ...user }, going)
        : page;
    },
    setClock: aheadSeconds => {
      ahead = aheadSeconds;
      wind();
    },
    assertRefused: (arrival, expected) => assertRefused(world, arrival, expected),
    assertSignedIn: (arrival, uid) => assertSignedIn(world, arrival, uid),
    close,
  };
}

/** What did not come up stops the rest, so that the test fails and its process ends. */
function failing(stop: () => Promise<void>): (fault: unknown) => Promise<never> {
  return async fault => {
    await stop();
    throw fault;
  };
}

/**
 * Where the cookie of the attempt did not come along, the bridge's own page posts the answer once
 * more.
 */
async function repost(visitor: Visitor, page: Page): Promise<Page> {
  return page.$('input[name=reposted]').length > 0 ? visitor.submit(page, 'form') : page;
}

/** Tells the IdP what the bridge publishes about itself. */
async function introduce(spEntityId: string, idp: SimpleSamlPhp): Promise<string> {
  const answer = await fetch(spEntityId);
  const metadata = await answer.text();
  assert.equal(answer.status, 200, metadata);
  await idp.trust(metadata);
  return metadata;
}

/** The demo's configuration, with SimpleSAMLphp in the place of its SAML identity provider. */
function configured(
  yaml: string,
  idp: SimpleSamlPhp,
  options: Required<Pick<FederationOptions, 'connector' | 'demandSecondFactor'>>,
) {
  const configuration = parse(yaml);
  for (const connector of configuration.connectors) {
    if (connector.id !== CONNECTOR.saml) continue;
    connector.saml = {
      metadata: { url: idp.metadataUrl },
      attributes: PLAIN_ATTRIBUTES,
      ...options.connector,
    };
  }
  for (const rule of configuration.access)
    if (!options.demandSecondFactor) delete rule.require?.mfa;
  return stringify(configuration);
}

/** A session, and the audit event of the sign-in. */
async function assertSignedIn(
  { urls, audit }: World,
  { visitor, page }: Arrival,
  uid: string,
): Promise<SignedIn> {
  assert.ok(page.url.startsWith(urls.bridge), `at the bridge: ${page.url}: ${page.text}`);
  assert.equal(page.status, 200, page.text);
  assert.match((await visitor.get(urls.bridge)).$('header').text(), new RegExp(uid, 'i'));
  const event = (await audit()).find(({ type }) => type === 'sign-in.succeeded');
  assert.ok(
    event?.type === 'sign-in.succeeded' && event.actor.username === uid,
    JSON.stringify(event),
  );
  return event;
}

/**
 * A page with code, reason and reference; one audit event with the check that failed; no session,
 * and nothing of the answer in the log.
 */
async function assertRefused(
  world: World,
  { visitor, page }: Arrival,
  { code, status, shown, why }: Refusal,
): Promise<void> {
  assert.ok(page.url.startsWith(`${world.urls.bridge}/saml/`), page.url);
  assert.equal(page.status, status, page.text);
  assert.match(page.text, new RegExp(`\\b${code}\\b`));
  assert.match(page.text, shown);
  const reference = page.headers.get('x-correlation-id')!;
  assert.ok(page.text.includes(reference), 'the reference stands on the page');
  const events = (await world.audit()).filter(({ origin }) => origin.correlationId === reference);
  assert.deepEqual(
    events.map(event => event.type === 'sign-in.refused' && [event.connector, event.code]),
    [[CONNECTOR.saml, code]],
  );
  assert.match(events[0]?.type === 'sign-in.refused' ? events[0].why : '', why);
  assert.equal(visitor.cookie(world.urls.bridge, 'rolebridge'), undefined);
  const everything = `${world.log.join('')}${JSON.stringify(events)}`;
  assert.doesNotMatch(everything, /<samlp:|PHNhbWxw|SAMLResponse/);
}
