/** How callers share one refresh: the lease of another instance, its limits, and its loss. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { describe, it, type TestContext } from 'node:test';
import { createIdentityRefresh, type IdentityRefresh } from '../../src/bridge/identity-refresh.ts';
import { createRecorder } from '../../src/bridge/recorder.ts';
import type { IdentityRefreshParts } from '../../src/bridge/refresh-answer.ts';
import type { Session } from '../../src/core/browser-session.ts';
import { BridgeError } from '../../src/core/errors.ts';
import {
  finish,
  LEASE_SECONDS,
  type RefreshAnswer,
  takeTurn,
} from '../../src/core/identity-refresh.ts';
import type { Connector } from '../../src/core/ports.ts';
import type { ProviderSession } from '../../src/core/provider-session.ts';
import { systemSecrets } from '../../src/secrets.ts';
import { openSqliteStore } from '../../src/store/sqlite.ts';
import { IDENTITY, NOW, type OpenStore, ORIGIN, sessionOf } from '../contracts/store-samples.ts';
import { handTurnedClock } from '../support/clock.ts';

const SETTINGS = { everySeconds: 900, staleSeconds: 7200 };
const LOST: RefreshAnswer = {
  kind: 'failed',
  error: new BridgeError('idp_unreachable', 'no answer'),
  lost: 'answer',
  tokens: {},
};
const DENIED: RefreshAnswer = { kind: 'denied', why: 'invalid_grant' };

interface Bench {
  readonly store: OpenStore;
  readonly clock: ReturnType<typeof handTurnedClock>;
  readonly session: Session;
  readonly atProvider: ProviderSession;
  /** Refresh tokens that the provider was sent. */
  readonly sent: string[];
  /** What it answers, in turn; then it confirms. */
  readonly answers: (RefreshAnswer | Promise<RefreshAnswer>)[];
  /** Pauses between looks, and what happens meanwhile. */
  readonly waited: number[];
  /** When requests no longer wait for an attempt. */
  impatience: () => Promise<void>;
  meanwhile: () => Promise<unknown>;
  /** One more instance of the bridge. */
  instance(): IdentityRefresh;
  /** What a request of the session gets. */
  use(instance: IdentityRefresh): Promise<Session | undefined>;
}

/** A session whose refresh is due. */
async function benchFor(t: TestContext): Promise<Bench> {
  const store = await openSqliteStore({ file: ':memory:', secret: randomBytes(32) });
  t.after(() => store.close());
  const clock = handTurnedClock(NOW);
  const { person, connector, source, subject } = IDENTITY;
  const atProvider: ProviderSession = {
    ...{ id: systemSecrets.token(), person, connector, subject, issuer: source.issuer },
    ...{ idToken: 'id-token', refreshToken: 'refresh-1', expiresAt: NOW + 1e9 },
  };
  await store.people.know(IDENTITY, NOW);
  await store.providerSessions.create(atProvider);
  const session = sessionOf({ providerSession: atProvider.id });
  await store.sessions.create(session);
  clock.turn(SETTINGS.everySeconds);

  const [sent, answers, waited]: [string[], Bench['answers'], number[]] = [[], [], []];
  const provider = {
    id: connector,
    refresh: async ({ refreshToken }) => {
      sent.push(refreshToken);
      return answers.shift() ?? confirming(`refresh-${sent.length + 1}`, clock.now());
    },
  } as Pick<Connector, 'id' | 'refresh'> as Connector;
  const bench: Bench = {
    ...{ store, clock, session, atProvider, sent, answers, waited },
    impatience: () => new Promise(() => {}),
    meanwhile: turnOfTheLoop,
    instance: () => createIdentityRefresh(partsOf(bench, provider)),
    use: async instance => {
      const found = await store.sessions.find(session.id);
      if (found === undefined || !instance.isDue(found)) return found;
      const readAgain = () => store.sessions.find(session.id);
      return instance.refreshed(found, { origin: ORIGIN, readAgain });
    },
  };
  return bench;
}

const turnOfTheLoop = () => new Promise(resolve => setImmediate(resolve));

function partsOf(bench: Bench, provider: Connector): IdentityRefreshParts {
  const { store, clock, waited } = bench;
  return {
    connectors: [provider],
    refreshSettings: new Map([[provider.id, SETTINGS]]),
    ...{ providerSessions: store.providerSessions, people: store.people },
    recorder: createRecorder({ audit: store.audit, clock }),
    ...{ clock, secrets: systemSecrets },
    notices: { failed: () => {}, withoutRefreshToken: () => {} },
    impatience: () => bench.impatience(),
    wait: async milliseconds => {
      waited.push(milliseconds);
      await bench.meanwhile();
    },
  };
}

function confirming(refreshToken: string, at: number): RefreshAnswer {
  const identity = { ...IDENTITY, assertedAt: at };
  return { kind: 'confirmed', identity, tokens: { refreshToken } };
}

/** Another instance takes the lease, and is not heard of again unless it finishes. */
const takeLease = ({ store, atProvider, clock }: Bench) =>
  store.providerSessions.update(atProvider.id, clock.now(), before =>
    takeTurn(before, { holder: 'another', settings: SETTINGS, now: clock.now() }),
  );

describe('a refresh that is due', () => {
  it('is made once for all requests of one instance, and the new token is used next time', async t => {
    const bench = await benchFor(t);
    const instance = bench.instance();
    const used = await Promise.all(Array.from({ length: 20 }, () => bench.use(instance)));
    assert.deepEqual(bench.sent, ['refresh-1']);
    for (const session of used) assert.equal(session?.confirmedAt, bench.clock.now());
    bench.clock.turn(SETTINGS.everySeconds);
    await bench.use(instance);
    assert.deepEqual(bench.sent, ['refresh-1', 'refresh-2']);
  });

  it('is made once for all requests of several instances', async t => {
    const bench = await benchFor(t);
    const instances = Array.from({ length: 4 }, () => bench.instance());
    const used = await Promise.all(
      Array.from({ length: 20 }, (_, index) => bench.use(instances[index % 4]!)),
    );
    assert.deepEqual(bench.sent, ['refresh-1']);
    for (const session of used) assert.equal(session?.confirmedAt, bench.clock.now());
  });

  it('goes by the last answer while the provider hangs, and keeps the answer that comes later', async t => {
    const bench = await benchFor(t);
    const late = Promise.withResolvers<RefreshAnswer>();
    bench.answers.push(late.promise);
    bench.impatience = async () => {};
    const instance = bench.instance();

    const held = await bench.use(instance);
    assert.equal(held?.confirmedAt, NOW);
    assert.equal(held?.unconfirmed, undefined);
    assert.equal((await bench.use(instance))?.confirmedAt, NOW, 'no second request is held');

    late.resolve(confirming('refresh-2', bench.clock.now()));
    await instance.close();
    assert.equal((await bench.use(instance))?.confirmedAt, bench.clock.now());
    assert.deepEqual(bench.sent, ['refresh-1']);
  });

  it('waits for a provider that hangs once the last answer is too old', async t => {
    const bench = await benchFor(t);
    const late = Promise.withResolvers<RefreshAnswer>();
    bench.answers.push(late.promise);
    bench.impatience = async () => {};
    bench.clock.turn(SETTINGS.staleSeconds);
    const asking = bench.use(bench.instance());
    while (bench.sent.length === 0) await turnOfTheLoop();
    late.resolve(confirming('refresh-2', bench.clock.now()));
    assert.equal((await asking)?.confirmedAt, bench.clock.now());
  });

  it('waits for the instance that has the lease, in growing pauses', async t => {
    const bench = await benchFor(t);
    const { store, atProvider, clock } = bench;
    await takeLease(bench);
    bench.meanwhile = async () => {
      if (bench.waited.length < 5) return;
      const now = clock.now();
      await store.people.confirm({ ...IDENTITY, assertedAt: now }, now);
      const ending = { kind: 'confirmed' } as const;
      await store.providerSessions.update(atProvider.id, now, before => ({
        next: finish(before, { holder: 'another', ending, now }),
        value: undefined,
      }));
    };
    const session = await bench.use(bench.instance());
    assert.equal(session?.confirmedAt, clock.now());
    assert.deepEqual(bench.waited, [50, 100, 200, 400, 500]);
    assert.deepEqual(bench.sent, []);
  });

  it('waits no longer than ten seconds, and then goes by the last answer', async t => {
    const bench = await benchFor(t);
    await takeLease(bench);
    const session = await bench.use(bench.instance());
    assert.equal(session?.confirmedAt, NOW);
    assert.equal(session.unconfirmed, undefined);
    const total = bench.waited.reduce((sum, pause) => sum + pause, 0);
    assert.ok(total >= 10_000 && total <= 10_500, String(total));
  });

  it('is made by another instance when the one with the lease has died', async t => {
    const bench = await benchFor(t);
    await takeLease(bench);
    bench.clock.turn(LEASE_SECONDS);
    const session = await bench.use(bench.instance());
    assert.equal(session?.confirmedAt, bench.clock.now());
    assert.deepEqual(bench.sent, ['refresh-1']);
  });

  it('ends nothing by a denial when an instance has died with the answer', async t => {
    const bench = await benchFor(t);
    await takeLease(bench);
    bench.clock.turn(LEASE_SECONDS);
    bench.answers.push(DENIED);
    const session = await bench.use(bench.instance());
    assert.equal(session?.unconfirmed?.why, 'sign-in-needed');
    assert.ok(await bench.store.providerSessions.find(bench.atProvider.id, bench.clock.now()));
  });

  it('does not keep the answer of an instance whose lease has expired', async t => {
    const bench = await benchFor(t);
    const late = Promise.withResolvers<RefreshAnswer>();
    bench.answers.push(late.promise);
    const slow = bench.use(bench.instance());
    while (bench.sent.length === 0) await turnOfTheLoop();
    bench.clock.turn(LEASE_SECONDS);
    await bench.use(bench.instance());
    late.resolve(confirming('refresh-of-the-slow-one', bench.clock.now()));
    await slow;
    const { id } = bench.atProvider;
    const left = await bench.store.providerSessions.find(id, bench.clock.now());
    assert.equal(left?.refreshToken, 'refresh-3');
    assert.equal(left.refresh?.lease, undefined);
  });

  it('is tried once more at once after a lost answer, and no more than that', async t => {
    const bench = await benchFor(t);
    bench.answers.push(LOST, LOST);
    const session = await bench.use(bench.instance());
    assert.equal(session?.unconfirmed, undefined);
    assert.deepEqual(bench.sent, ['refresh-1', 'refresh-1']);
    await bench.use(bench.instance());
    assert.equal(bench.sent.length, 2, 'a pause, on every instance');
    bench.clock.turn(30);
    bench.answers.push(DENIED);
    const denied = await bench.use(bench.instance());
    assert.equal(denied?.unconfirmed?.why, 'sign-in-needed', 'the token may have been replaced');
    const asked = bench.sent.length;
    bench.clock.turn(300);
    assert.equal((await bench.use(bench.instance()))?.unconfirmed?.why, 'sign-in-needed');
    assert.equal(bench.sent.length, asked, 'a token that was denied is not sent again');
  });

  it('ends the sessions of the sign-in when it is denied, for all who wait for it', async t => {
    const bench = await benchFor(t);
    bench.answers.push(DENIED);
    const instances = [bench.instance(), bench.instance()];
    const used = await Promise.all(
      Array.from({ length: 10 }, (_, index) => bench.use(instances[index % 2]!)),
    );
    assert.deepEqual([...new Set(used)], [undefined]);
    const events = await bench.store.readAudit({ limit: 10 });
    assert.deepEqual(
      events.map(({ type }) => type),
      ['sessions.ended-by-provider'],
    );
  });

  it('keeps new tokens before it keeps what the provider states', async t => {
    const bench = await benchFor(t);
    const { people } = bench.store;
    const broken = { ...people, confirm: () => Promise.reject(new Error('the disk is full')) };
    Object.assign(bench.store, { people: broken });
    await assert.rejects(bench.use(bench.instance()), /the disk is full/);
    const { id } = bench.atProvider;
    const left = await bench.store.providerSessions.find(id, bench.clock.now());
    assert.equal(left?.refreshToken, 'refresh-2');
  });

  it('needs a sign-in in the end where there is nothing to ask with', async t => {
    const bench = await benchFor(t);
    const instance = bench.instance();
    const { providerSession: _, ...ofEarlierVersion } = bench.session;
    const readAgain = async () => ofEarlierVersion;
    const refreshed = () => instance.refreshed(ofEarlierVersion, { origin: ORIGIN, readAgain });
    assert.equal((await refreshed())?.unconfirmed, undefined);
    bench.clock.turn(SETTINGS.staleSeconds - SETTINGS.everySeconds);
    assert.deepEqual((await refreshed())?.unconfirmed, { why: 'sign-in-needed', since: NOW });
    assert.deepEqual(bench.sent, []);
  });

  it('needs a sign-in at once where the session at the provider has ended', async t => {
    const { store, atProvider, session, sent, instance } = await benchFor(t);
    await store.providerSessions.end(atProvider.id);
    const readAgain = async () => session;
    const refreshed = await instance().refreshed(session, { origin: ORIGIN, readAgain });
    assert.deepEqual(refreshed?.unconfirmed, { why: 'sign-in-needed', since: NOW });
    assert.deepEqual(sent, []);
  });

  it('is not due for a connector that is not set up so', async t => {
    const { session, instance } = await benchFor(t);
    const identity = { ...IDENTITY, connector: 'other' as typeof IDENTITY.connector };
    assert.equal(instance().isDue({ ...session, identity }), false);
    assert.equal(instance().isDue(session), true);
  });
});
