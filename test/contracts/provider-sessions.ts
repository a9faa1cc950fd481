/** What every store keeps to for sessions at OpenID providers: what ends one, and shares it. */
import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { describe, type TestContext, test } from 'node:test';
import type { CliSession } from '../../src/core/cli-session.ts';
import type { ConnectorId, PersonId } from '../../src/core/identity.ts';
import type { EndedAtProvider } from '../../src/core/ports.ts';
import type { ProviderSession } from '../../src/core/provider-session.ts';
import { createProviderSessions } from '../../src/store/provider-sessions.ts';
import { createSeal } from '../../src/store/sealing.ts';
import { assertIndexed, listening, type Planner } from './query-plans.ts';
import {
  BOBS_IDENTITY,
  cliSessionOf,
  HOUR,
  IDENTITY,
  type LastingDatabase,
  NOW,
  type OpenStore,
  openWithPeople,
  race,
  SECRET,
  sessionOf,
  type TestDatabase,
  token,
} from './store-samples.ts';

const { person, connector, source, subject } = IDENTITY;
const AT = { connector, issuer: source.issuer, terminals: 'end' } as const;
const ALL = { ...AT, sid: undefined, person: undefined };

const providerSessionOf = (over: Partial<ProviderSession> = {}): ProviderSession => ({
  ...{ id: token(), person, connector, subject, issuer: source.issuer },
  sid: 'session-1',
  idToken: 'eyJhbGciOiJub25lIn0.id-token.sig',
  refreshToken: 'refresh-token-of-the-provider',
  expiresAt: NOW + 12 * HOUR,
  ...over,
});

interface SignedIn {
  readonly atProvider: ProviderSession;
  readonly browser: string;
  readonly terminal: CliSession;
}

/** One sign-in at the provider, with its session in a browser and one in a terminal. */
async function signedIn(
  { providerSessions, sessions, cliSessions }: OpenStore,
  { sid, identity = IDENTITY }: { sid?: string; identity?: typeof IDENTITY } = {},
): Promise<SignedIn> {
  const atProvider = providerSessionOf({ sid, person: identity.person, subject: identity.subject });
  const session = sessionOf({ identity, providerSession: atProvider.id });
  const terminal = { ...cliSessionOf({}, identity), providerSession: atProvider.id };
  await providerSessions.create(atProvider);
  await sessions.create(session);
  await cliSessions.create(terminal);
  await cliSessions.pickUp(terminal, NOW, '192.0.2.1');
  return { atProvider, browser: session.id, terminal };
}

/** Which of both still live: `browser`, `terminal`. */
async function living(
  { sessions, cliSessions }: OpenStore,
  { browser, terminal }: SignedIn,
): Promise<readonly string[]> {
  const found = {
    browser: await sessions.find(browser),
    terminal: await cliSessions.find(terminal.id),
  };
  return Object.entries(found).flatMap(([name, session]) => (session === undefined ? [] : [name]));
}

/** Runs in every database, also in one that lives in memory. */
export function providerSessionsContract(
  name: string,
  create: (t: TestContext) => Promise<TestDatabase>,
): void {
  const opened = async (t: TestContext): Promise<OpenStore> => openWithPeople(t, await create(t));

  describe(`${name}: a logout at the provider`, () => {
    test('ends what came of the named session, and no other session of the user', async t => {
      const store = await opened(t);
      const named = await signedIn(store, { sid: 'session-1' });
      const other = await signedIn(store, { sid: 'session-2' });
      const unnamed = await signedIn(store);

      const ended = await store.providerSessions.endAt({ ...AT, sid: 'session-1', person });

      assert.deepEqual(
        ended.map(({ cliSessions, ...rest }) => [rest, cliSessions.map(one => one.publicId)]),
        [[{ person, browserSessions: 1 }, [named.terminal.summary.publicId]]],
      );
      assert.deepEqual(await living(store, named), []);
      for (const one of [other, unnamed])
        assert.deepEqual(await living(store, one), ['browser', 'terminal']);
      assert.deepEqual(
        await store.providerSessions.endAt({ ...AT, sid: 'session-1', person }),
        [],
        'again ends nothing',
      );
    });

    test('that names a user ends all their sessions, and those of no other user', async t => {
      const store = await opened(t);
      const theirs = [
        await signedIn(store, { sid: 'session-1' }),
        await signedIn(store, { sid: 'session-2' }),
        await signedIn(store),
      ];
      const bobs = await signedIn(store, { sid: 'session-3', identity: BOBS_IDENTITY });

      const [ended, ...others] = await store.providerSessions.endAt({ ...ALL, person });

      assert.equal(others.length, 0);
      assert.deepEqual(
        [ended!.person, ended!.browserSessions, ended!.cliSessions.length],
        [person, 3, 3],
      );
      for (const one of theirs) assert.deepEqual(await living(store, one), []);
      assert.deepEqual(await living(store, bobs), ['browser', 'terminal']);
    });

    test('leaves terminals alone where the connector says so', async t => {
      const store = await opened(t);
      const one = await signedIn(store, { sid: 'session-1' });
      const terminals = 'go on';
      await store.providerSessions.endAt({ ...AT, sid: 'session-1', terminals });
      assert.deepEqual(await living(store, one), ['terminal']);
      assert.ok(await store.providerSessions.find(one.atProvider.id, NOW), 'they share it');
      await store.providerSessions.endAt({ ...ALL, person, terminals });
      assert.deepEqual(await living(store, one), ['terminal']);
    });

    test('ends nothing by a name that is not that of the session', async t => {
      const store = await opened(t);
      const one = await signedIn(store, { sid: 'session-1' });
      const wrong: readonly EndedAtProvider[] = [
        { ...AT, sid: 'session-1', person: BOBS_IDENTITY.person },
        { ...AT, sid: 'session-1', connector: 'entra' as ConnectorId },
        { ...AT, sid: 'session-1', issuer: `${AT.issuer}/` },
        { ...AT, sid: 'session-1 ' },
        { ...AT, sid: '' },
        { ...AT, sid: '%' },
        { ...AT, person: 'zzzzzzzzzzzzzzzz' as PersonId },
        ALL,
      ];
      for (const of of wrong) assert.deepEqual(await store.providerSessions.endAt(of), []);
      assert.deepEqual(await living(store, one), ['browser', 'terminal']);
    });

    test('names each user once if their sessions have one name', async t => {
      const store = await opened(t);
      await signedIn(store, { sid: 'session-1' });
      await signedIn(store, { sid: 'session-1', identity: BOBS_IDENTITY });
      const ended = await store.providerSessions.endAt({ ...AT, sid: 'session-1' });
      assert.deepEqual(
        new Map(ended.map(one => [one.person, [one.browserSessions, one.cliSessions.length]])),
        new Map([
          [person, [1, 1]],
          [BOBS_IDENTITY.person, [1, 1]],
        ]),
      );
    });
  });

  describe(`${name}: a session at a provider`, () => {
    test('comes back as it was, until its end to the millisecond', async t => {
      const { providerSessions } = await opened(t);
      const made = providerSessionOf();
      await providerSessions.create(made);
      assert.deepEqual(await providerSessions.find(made.id, made.expiresAt - 1), made);
      assert.equal(await providerSessions.find(made.id, made.expiresAt), undefined);
      assert.equal(await providerSessions.find(token(), NOW), undefined);
      const late = { next: made, value: 'seen' };
      assert.equal(await providerSessions.update(made.id, made.expiresAt, () => late), undefined);
    });

    test('is changed by one caller after the other, also when they race', async t => {
      const { providerSessions } = await opened(t);
      const made = providerSessionOf({ refreshToken: '0' });
      await providerSessions.create(made);
      const seen = await race([{ providerSessions } as OpenStore], store =>
        store.providerSessions.update(made.id, NOW, before => ({
          next: { ...before, refreshToken: String(Number(before.refreshToken) + 1) },
          value: Number(before.refreshToken),
        })),
      );
      assert.deepEqual(
        seen.toSorted((a, b) => a! - b!),
        Array.from({ length: 50 }, (_, index) => index),
      );
      assert.equal((await providerSessions.find(made.id, NOW))?.refreshToken, '50');
    });

    test('is unchanged when the change throws or changes nothing', async t => {
      const { providerSessions } = await opened(t);
      const made = providerSessionOf();
      await providerSessions.create(made);
      await assert.rejects(
        providerSessions.update(made.id, NOW, () => {
          throw new Error('no');
        }),
        /no/,
      );
      const same = await providerSessions.update(made.id, NOW, next => ({ next, value: next }));
      assert.deepEqual(same, made);
      assert.deepEqual(await providerSessions.find(made.id, NOW), made);
    });

    test('ends with all sessions that share it, and no other one', async t => {
      const store = await opened(t);
      const one = await signedIn(store, { sid: 'session-1' });
      const other = await signedIn(store, { sid: 'session-1' });
      const { browserSessions, cliSessions } = await store.providerSessions.end(one.atProvider.id);
      assert.equal(browserSessions, 1);
      assert.deepEqual(
        cliSessions.map(({ publicId }) => publicId),
        [one.terminal.summary.publicId],
      );
      assert.deepEqual(await living(store, one), []);
      assert.deepEqual(await living(store, other), ['browser', 'terminal']);
      assert.equal(await store.providerSessions.find(one.atProvider.id, NOW), undefined);
      assert.deepEqual(await store.providerSessions.end(one.atProvider.id), {
        browserSessions: 0,
        cliSessions: [],
      });
    });

    test('is released with the last session that shares it, to one caller', async t => {
      const store = await opened(t);
      const { providerSessions, sessions, cliSessions } = store;
      const { atProvider, browser, terminal } = await signedIn(store, { sid: 'session-1' });
      assert.equal(await providerSessions.release(atProvider.id, NOW), undefined);
      await sessions.end(browser);
      assert.equal(await providerSessions.release(atProvider.id, NOW), undefined);
      await cliSessions.end(terminal.id);

      const released = await race([store], () => providerSessions.release(atProvider.id, NOW));

      assert.deepEqual(
        released.filter(one => one !== undefined),
        [atProvider],
      );
      assert.equal(await providerSessions.find(atProvider.id, NOW), undefined);
    });

    test('has others while another sign-in of it lives here', async t => {
      const store = await opened(t);
      const { providerSessions, sessions, cliSessions } = store;
      const one = (await signedIn(store, { sid: 'session-1' })).atProvider;
      await signedIn(store, { sid: 'session-2' });
      await signedIn(store, { sid: 'session-1', identity: BOBS_IDENTITY });
      assert.ok(await providerSessions.hasOther(one, NOW), 'by its name, of any user');
      const mine = providerSessionOf({ sid: 'session-3' });
      assert.ok(!(await providerSessions.hasOther(mine, NOW)));

      const later = await signedIn(store, { sid: 'session-3' });
      assert.ok(await providerSessions.hasOther(mine, NOW));
      await sessions.end(later.browser);
      assert.ok(await providerSessions.hasOther(mine, NOW), 'a terminal lives');
      assert.ok(!(await providerSessions.hasOther(mine, later.terminal.notAfter)), 'no longer');
      await cliSessions.end(later.terminal.id);
      assert.ok(!(await providerSessions.hasOther(mine, NOW)));
    });

    test('without a name may be that of every other sign-in of the user', async t => {
      const store = await opened(t);
      const { sid: _, ...unnamed } = providerSessionOf();
      assert.ok(!(await store.providerSessions.hasOther(unnamed, NOW)));
      await signedIn(store, { identity: BOBS_IDENTITY });
      assert.ok(!(await store.providerSessions.hasOther(unnamed, NOW)));
      const { browser, terminal, atProvider } = await signedIn(store, { sid: 'session-1' });
      assert.ok(await store.providerSessions.hasOther(unnamed, NOW));
      assert.ok(
        !(await store.providerSessions.hasOther({ ...unnamed, id: atProvider.id }, NOW)),
        'it is no other than itself',
      );
      await store.sessions.end(browser);
      await store.cliSessions.end(terminal.id);
      assert.ok(!(await store.providerSessions.hasOther(unnamed, NOW)));
    });

    test('is not shared by a terminal that has expired', async t => {
      const store = await opened(t);
      const { atProvider, browser, terminal } = await signedIn(store, { sid: 'session-1' });
      await store.sessions.end(browser);
      const { notAfter } = terminal;
      assert.equal(await store.providerSessions.release(atProvider.id, notAfter - 1), undefined);
      assert.deepEqual(await store.providerSessions.release(atProvider.id, notAfter), atProvider);
    });

    test('of an id that was never given is not released', async t => {
      const { providerSessions } = await opened(t);
      for (const id of ['', '\0', "' OR 1=1 --", token()])
        assert.equal(await providerSessions.release(id, NOW), undefined);
    });
  });
}

/** Runs where the database outlives the store. */
export function lastingProviderSessionsContract(
  name: string,
  create: (t: TestContext) => Promise<LastingDatabase>,
): void {
  const opened = async (t: TestContext) => {
    const database = await create(t);
    const store = await openWithPeople(t, database);
    return { database, store };
  };

  describe(`${name}, lasting: sessions at a provider`, () => {
    test('are changed in turn by the callers of two stores', async t => {
      const { database, store } = await opened(t);
      const other = await database.open();
      t.after(() => other.close());
      const made = providerSessionOf();
      await store.providerSessions.create(made);
      const taken = await race([store, other], ({ providerSessions }) =>
        providerSessions.update(made.id, NOW, before => {
          if (before.refresh?.lease !== undefined) return { next: before, value: false };
          const lease = { holder: token(), until: NOW + 1 };
          return { next: { ...before, refresh: { lease } }, value: true };
        }),
      );
      assert.equal(taken.filter(Boolean).length, 1);
    });

    test('tell a thief of the database no id, no token and no name', async t => {
      const { database, store } = await opened(t);
      const [sid, idToken, refreshToken] = [`s-${token()}`, `i-${token()}`, `r-${token()}`];
      const made = providerSessionOf({ sid, idToken, refreshToken });
      await store.providerSessions.create(made);
      await store.sessions.create(sessionOf({ providerSession: made.id }));
      const terminal = { ...cliSessionOf(), providerSession: made.id };
      await store.cliSessions.create(terminal);

      const stolen = await database.bytes();
      assert.ok(stolen.includes(terminal.summary.publicId), 'the search sees what is in the clear');
      for (const text of [made.id, sid, idToken, refreshToken, subject])
        assert.ok(!stolen.includes(text), text);
      // A sid can be short: not even a hash of it may be stored.
      assert.ok(!stolen.includes(createHash('sha256').update(sid).digest()));
    });

    test('count as absent when they were altered, moved, or are of another bridge', async t => {
      const { database, store } = await opened(t);
      const [one, other] = [providerSessionOf(), providerSessionOf()];
      for (const made of [one, other]) await store.providerSessions.create(made);
      const elsewhere = await database.open(randomBytes(32));
      t.after(() => elsewhere.close());
      assert.equal(await elsewhere.providerSessions.find(one.id, NOW), undefined);

      const place = createHash('sha256').update(one.id).digest();
      await database.rows(
        `UPDATE provider_sessions SET sealed = (SELECT sealed FROM provider_sessions WHERE id_hash <> $1) WHERE id_hash = $1`,
        [place],
      );
      assert.equal(await store.providerSessions.find(one.id, NOW), undefined);
      const changed = { next: one, value: 'changed' };
      assert.equal(await store.providerSessions.update(one.id, NOW, () => changed), undefined);
      assert.deepEqual(await store.providerSessions.find(other.id, NOW), other);
    });

    test('keep their sealed end whatever the column says', async t => {
      const { database, store } = await opened(t);
      const made = providerSessionOf();
      await store.providerSessions.create(made);
      await database.rows('UPDATE provider_sessions SET expires_at = expires_at + 1000000000');
      assert.equal(await store.providerSessions.find(made.id, made.expiresAt), undefined);
    });

    test('are pruned after their end', async t => {
      const { database, store } = await opened(t);
      const made = providerSessionOf();
      await store.providerSessions.create(made);
      await store.prune(made.expiresAt + 1);
      assert.deepEqual(await database.rows('SELECT id_hash FROM provider_sessions'), []);
    });
  });
}

/** Runs in databases that have a planner to ask. */
export function indexedProviderSessionsContract(
  name: string,
  create: (t: TestContext) => Promise<LastingDatabase>,
  planner: Planner,
): void {
  test(`${name}: sessions that a provider names are found without reading all`, async t => {
    const database = await create(t);
    const store = await database.open();
    t.after(() => store.close());
    const heard = listening();
    const { endAt, release, end, hasOther } = createProviderSessions(
      heard.listener,
      createSeal(SECRET),
    );
    await endAt({ ...AT, sid: 'session-1' });
    await endAt({ ...AT, sid: 'session-1', person });
    await endAt({ ...AT, person });
    await release(token(), NOW);
    await end(token());
    await hasOther(providerSessionOf(), NOW);
    await hasOther(providerSessionOf({ sid: undefined }), NOW);

    await assertIndexed(heard, 12, { database, ...planner });
    const whole = await planner.planOf(database, 'SELECT * FROM sessions WHERE sealed = $1', [
      new Uint8Array(1),
    ]);
    assert.match(whole, planner.scan, 'the plan of a scan is known');
  });
}
