/** What every store keeps to for the list of browser sessions, and for ending one of it. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { describe, type TestContext, test } from 'node:test';
import type { BrowserSessionSummary, Session } from '../../src/core/browser-session.ts';
import type { PersonId } from '../../src/core/identity.ts';
import { createSessions } from '../../src/store/browser-sessions.ts';
import { createSeal } from '../../src/store/sealing.ts';
import { forgeSummary } from './forged-rows.ts';
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
  stepUpOf,
  type TestDatabase,
  token,
} from './store-samples.ts';

const ALICE = { person: IDENTITY.person };
const BOB = { person: BOBS_IDENTITY.person };

const summaryOf = (session: Session): BrowserSessionSummary => {
  const { person, connector, source, username } = session.identity;
  const { publicId, openedFrom, createdAt, lastUsedAt, expiresAt, steppedUp } = session;
  return {
    ...{ publicId: publicId!, person, connector, source, username, openedFrom: openedFrom! },
    ...{ createdAt, lastUsedAt, expiresAt },
    ...(steppedUp !== undefined && { steppedUpAt: steppedUp.at }),
  };
};

/** Runs in every database, also in one that lives in memory. */
export function browserSessionsContract(
  name: string,
  create: (t: TestContext) => Promise<TestDatabase>,
): void {
  const opened = async (t: TestContext): Promise<OpenStore> => openWithPeople(t, await create(t));
  const kept = async ({ sessions }: OpenStore, session: Session): Promise<Session> => {
    await sessions.create(session);
    return session;
  };
  const listed = async ({ sessions }: OpenStore, of?: { readonly person: PersonId }) =>
    (await sessions.list(NOW, of)).summaries;

  describe(`${name}: the list of browser sessions`, () => {
    test('has the sessions of one user or of all, newest first, with what they are', async t => {
      const store = await opened(t);
      const { steppedUp } = stepUpOf(NOW);
      const old = await kept(store, sessionOf({ steppedUp }));
      const young = await kept(store, sessionOf({ createdAt: NOW + 1 }));
      const bobs = await kept(store, sessionOf({ identity: BOBS_IDENTITY, createdAt: NOW - 1 }));
      await store.sessions.touch(old.id, NOW + 1000);

      const own = [summaryOf(young), { ...summaryOf(old), lastUsedAt: NOW + 1000 }];
      assert.deepEqual(await listed(store, ALICE), own);
      assert.deepEqual(await listed(store, BOB), [summaryOf(bobs)]);
      assert.deepEqual(await listed(store), [...own, summaryOf(bobs)]);
    });

    test('leaves out what has ended: by its limit, a sign-out, a generation or a block', async t => {
      const store = await opened(t);
      await kept(store, sessionOf({ expiresAt: NOW }));
      const signedOut = await kept(store, sessionOf());
      await store.sessions.end(signedOut.id);
      assert.deepEqual(await listed(store, ALICE), []);

      const mine = await kept(store, sessionOf());
      assert.equal((await listed(store, ALICE)).length, 1);
      await store.sessions.endAllOf(IDENTITY.person);
      // A request that was under way opens it after the end.
      await kept(store, sessionOf({ generation: mine.generation }));
      assert.deepEqual(await listed(store, ALICE), []);

      await kept(store, sessionOf({ identity: BOBS_IDENTITY }));
      await store.people.block(BOBS_IDENTITY.person, { at: NOW, by: 'operator' });
      assert.deepEqual(await listed(store, BOB), []);
    });

    test('counts sessions of an earlier version, with their times alone', async t => {
      const store = await opened(t);
      const { publicId: _, openedFrom: __, ...earlier } = sessionOf();
      await store.sessions.create(earlier);
      await kept(store, sessionOf());
      const { summaries, withoutDetails } = await store.sessions.list(NOW, ALICE);
      assert.equal(summaries.length, 1);
      const { lastUsedAt, expiresAt } = earlier;
      assert.deepEqual(withoutDetails, [{ lastUsedAt, expiresAt }]);
    });
  });

  describe(`${name}: the end of a browser session by its public id`, () => {
    test('is for its user alone; without a user, for any', async t => {
      const store = await opened(t);
      const [session, other] = [await kept(store, sessionOf()), await kept(store, sessionOf())];
      const end = (person: PersonId | undefined) =>
        store.sessions.endByPublicId(session.publicId!, { person, now: NOW });

      assert.equal(await end(BOBS_IDENTITY.person), undefined);
      assert.deepEqual(await store.sessions.find(session.id), session);
      assert.deepEqual(await end(IDENTITY.person), summaryOf(session));
      assert.equal(await store.sessions.find(session.id), undefined);
      assert.equal(await end(IDENTITY.person), undefined);
      assert.deepEqual(await store.sessions.find(other.id), other);
      const now = NOW;
      const byOperator = { person: undefined, now };
      assert.deepEqual(
        await store.sessions.endByPublicId(other.publicId!, byOperator),
        summaryOf(other),
      );
      for (const id of ['', "' OR 1=1 --", 'x'.repeat(10_000)])
        assert.equal(await store.sessions.endByPublicId(id, byOperator), undefined);
    });

    test('happens once, however many callers race', async t => {
      const store = await opened(t);
      const { publicId } = await kept(store, sessionOf());
      const answers = await race([store], ({ sessions }) =>
        sessions.endByPublicId(publicId!, { ...ALICE, now: NOW }),
      );
      assert.equal(answers.filter(Boolean).length, 1);
    });

    test('removes its session at the provider, unless another session shares it', async t => {
      const store = await opened(t);
      const { person, connector, source, subject } = IDENTITY;
      const atProvider = async () => {
        const id = token();
        await store.providerSessions.create({
          ...{ id, person, connector, subject, issuer: source.issuer },
          ...{ idToken: 'an.id.token', expiresAt: NOW + HOUR },
        });
        return id;
      };
      const [alone, shared] = [await atProvider(), await atProvider()];
      const first = await kept(store, sessionOf({ providerSession: alone }));
      const second = await kept(store, sessionOf({ providerSession: shared }));
      const terminal = { ...cliSessionOf(), providerSession: shared };
      await store.cliSessions.create(terminal);
      for (const { publicId } of [first, second])
        await store.sessions.endByPublicId(publicId!, { ...ALICE, now: NOW });

      assert.equal(await store.providerSessions.find(alone, NOW), undefined);
      assert.equal((await store.providerSessions.find(shared, NOW))?.id, shared);
    });
  });
}

/** Runs in databases that outlive the store. */
export function lastingBrowserSessionsContract(
  name: string,
  create: (t: TestContext) => Promise<LastingDatabase>,
): void {
  const opened = async (t: TestContext) => {
    const database = await create(t);
    const store = await openWithPeople(t, database);
    return { database, store };
  };
  const listed = async ({ sessions }: OpenStore, of = ALICE) =>
    (await sessions.list(NOW, of)).summaries.map(({ publicId }) => publicId);

  describe(`${name}: listed browser sessions, lasting`, () => {
    test('disclose neither the address nor the browser nor the session at the provider', async t => {
      const { database, store } = await opened(t);
      const openedFrom = { address: `192.0.2.${token()}`, userAgent: `browser-${token()}` };
      const session = sessionOf({ openedFrom, providerSession: token() });
      await store.sessions.create(session);
      const stolen = await database.bytes();
      assert.ok(stolen.includes(session.publicId!), 'the search sees what is stored in the clear');
      for (const text of [openedFrom.address, openedFrom.userAgent, session.providerSession!])
        assert.ok(!stolen.includes(text));
    });

    test('a summary does not lead to the session at the provider, even with the secret', async t => {
      const { database, store } = await opened(t);
      const session = sessionOf({ providerSession: token() });
      await store.sessions.create(session);
      const [row] = await database.rows('SELECT sealed_summary FROM sessions');
      const opened_ = createSeal(SECRET).unseal<object>(
        'session summary',
        session.publicId!,
        row!.sealed_summary as Uint8Array,
      );
      const text = JSON.stringify(opened_);
      assert.match(text, /Firefox/);
      for (const secret of [session.id, session.csrfToken, session.providerSession!])
        assert.ok(!text.includes(secret));
    });

    test('a summary that was altered, moved or forged is not shown, and the session stays good', async t => {
      const { database, store } = await opened(t);
      const [one, other] = [sessionOf(), sessionOf()];
      for (const session of [one, other]) await store.sessions.create(session);
      const [row] = await database.rows(
        'SELECT sealed_summary FROM sessions WHERE public_id = $1',
        [one.publicId!],
      );
      const good = Buffer.from(row!.sealed_summary as Uint8Array);
      const altered = Buffer.from(good);
      altered[20]! ^= 1;
      const write = (sealed: Uint8Array | null) =>
        database.rows('UPDATE sessions SET sealed_summary = $1 WHERE public_id = $2', [
          sealed,
          one.publicId!,
        ]);
      const moved = (
        await database.rows('SELECT sealed_summary FROM sessions WHERE public_id = $1', [
          other.publicId!,
        ])
      )[0]!.sealed_summary as Uint8Array;
      for (const sealed of [altered, Buffer.alloc(0), moved, null]) {
        await write(sealed);
        assert.deepEqual(await listed(store), [other.publicId]);
        assert.deepEqual(await store.sessions.find(one.id), one);
      }
      await forgeSummary(database, one.publicId!, {
        value: { ...summaryOf(one), generation: 0 },
        ...{ secret: randomBytes(32), version: 3 },
      });
      assert.deepEqual(await listed(store), [other.publicId]);
      await write(good);
      assert.deepEqual((await listed(store)).length, 2);
    });

    test('the public id and the summary of one session do not stand for another session', async t => {
      const { database, store } = await opened(t);
      const [shown, hidden] = [sessionOf(), sessionOf()];
      for (const session of [shown, hidden]) await store.sessions.create(session);
      const [row] = await database.rows(
        'SELECT id_hash, public_id, sealed_summary FROM sessions WHERE public_id = $1',
        [shown.publicId!],
      );
      await database.rows('DELETE FROM sessions WHERE public_id = $1', [shown.publicId!]);
      await database.rows('UPDATE sessions SET public_id = $1, sealed_summary = $2', [
        row!.public_id!,
        row!.sealed_summary!,
      ]);
      assert.deepEqual(await listed(store), []);
    });

    test('a session whose row names another user is not in the list of that user', async t => {
      const { database, store } = await opened(t);
      const session = sessionOf();
      await store.sessions.create(session);
      await database.rows('UPDATE sessions SET person = $1', [BOBS_IDENTITY.person]);
      assert.deepEqual(await listed(store, BOB), []);
      assert.deepEqual(await listed(store, ALICE), []);
    });

    test('columns do not prolong a session in the list', async t => {
      const { database, store } = await opened(t);
      const session = sessionOf();
      await store.sessions.create(session);
      await database.rows('UPDATE sessions SET expires_at = $1', [NOW + 1000 * HOUR]);
      assert.equal(
        (await store.sessions.list(NOW, ALICE)).summaries[0]?.expiresAt,
        NOW + 12 * HOUR,
      );
      const later = NOW + 12 * HOUR;
      assert.deepEqual((await store.sessions.list(later, ALICE)).summaries, []);
    });

    test('what one store ends, another no longer has, and one of them ended it', async t => {
      const { database, store } = await opened(t);
      const twin = await database.open();
      t.after(() => twin.close());
      const session = sessionOf();
      await store.sessions.create(session);
      assert.deepEqual(await twin.sessions.find(session.id), session);
      const answers = await race([store, twin], ({ sessions }) =>
        sessions.endByPublicId(session.publicId!, { ...ALICE, now: NOW }),
      );
      assert.equal(answers.filter(Boolean).length, 1);
      assert.equal(await twin.sessions.find(session.id), undefined);
    });

    test('a bridge with another secret shows none of them', async t => {
      const { database, store } = await opened(t);
      await store.sessions.create(sessionOf());
      const foreign = await database.open(randomBytes(32));
      t.after(() => foreign.close());
      assert.deepEqual(await listed(foreign), []);
    });
  });
}

/** Runs where a database can say how it would run a statement. */
export function indexedBrowserSessionsContract(
  name: string,
  create: (t: TestContext) => Promise<LastingDatabase>,
  planner: Planner,
): void {
  test(`${name}: browser sessions are listed and ended by an index`, async t => {
    const database = await create(t);
    await openWithPeople(t, database);
    const heard = listening();
    const sessions = createSessions(heard.listener, createSeal(SECRET));
    await sessions.list(NOW, ALICE);
    await sessions.list(NOW);
    await sessions.endByPublicId('0'.repeat(20), { ...ALICE, now: NOW });
    await sessions.endByPublicId('0'.repeat(20), { person: undefined, now: NOW });
    await assertIndexed(heard, 4, { database, ...planner });
  });
}
