/**
 * What every store keeps to for the records of people: which sign-in is the newest, what it bounds,
 * who is blocked.
 */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { describe, type TestContext, test } from 'node:test';
import type { CliSession } from '../../src/core/cli-session.ts';
import type { ConnectorId, Identity, PersonId } from '../../src/core/identity.ts';
import {
  ALICE,
  BOB,
  BOBS_IDENTITY,
  cliSessionOf,
  EVENTS,
  HOUR,
  IDENTITY,
  type LastingDatabase,
  NOW,
  type OpenStore,
  openWithPeople,
  race,
  sessionOf,
  type TestDatabase,
  token,
} from './store-samples.ts';

/** What the provider says of the same person, some seconds after the first sign-in. */
const later = (seconds: number, over: Partial<Identity> = {}): Identity => ({
  ...IDENTITY,
  assertedAt: IDENTITY.assertedAt + seconds * 1000,
  ...over,
});
const BLOCK = { at: NOW + 5000, by: 'root', reason: 'the laptop was stolen' };

interface Opened {
  readonly store: OpenStore;
  readonly browser: string;
  readonly terminal: CliSession;
  readonly accessToken: string;
}

/** A person with a session in a browser and one in a terminal, from the first sign-in. */
async function signedIn(store: OpenStore): Promise<Opened> {
  const session = sessionOf();
  await store.sessions.create(session);
  const terminal = cliSessionOf();
  await store.cliSessions.create(terminal);
  await store.cliSessions.pickUp(terminal, NOW, '192.0.2.1');
  const accessToken = token();
  await store.accessTokens.create(accessToken, { session: terminal.id, expiresAt: NOW + HOUR });
  return { store, browser: session.id, terminal, accessToken };
}

/** The person as each way to a hand-out reads them. */
async function readings({ store, browser, terminal, accessToken }: Opened) {
  return {
    browser: await store.sessions.find(browser),
    terminal: await store.cliSessions.find(terminal.id),
    token: (await store.accessTokens.findWithSession(accessToken, NOW))?.session,
  };
}

async function isOver(opened: Opened, why: string): Promise<void> {
  assert.deepEqual(
    await readings(opened),
    { browser: undefined, terminal: undefined, token: undefined },
    why,
  );
}

/** Runs in every database, also in one that lives in memory. */
export function peopleContract(
  name: string,
  create: (t: TestContext) => Promise<TestDatabase>,
): void {
  const opened = async (t: TestContext): Promise<Opened> => {
    const store = await openWithPeople(t, await create(t));
    return signedIn(store);
  };

  describe(`${name}: the newest sign-in of a person`, () => {
    test('narrows the groups of sessions before it, renews what else they say, and takes their proof, on every way', async t => {
      const one = await opened(t);
      assert.deepEqual((await readings(one)).token?.identity, IDENTITY);

      const attributes = { department: 'Sales' };
      await one.store.people.know(
        later(60, {
          username: 'alice.new',
          groups: ['developers', 'gained'],
          attributes,
          email: undefined,
        }),
        NOW,
      );
      for (const [way, session] of Object.entries(await readings(one))) {
        assert.ok(session !== undefined, way);
        const { identity, corporateProof } = session;
        assert.deepEqual([identity.groups, identity.username], [['developers'], 'alice.new'], way);
        assert.deepEqual(
          [identity.attributes, identity.email, corporateProof],
          [attributes, undefined, undefined],
          way,
        );
        assert.deepEqual(
          identity.authentication,
          IDENTITY.authentication,
          'the proof stays the one of its own sign-in',
        );
      }
    });

    test('of another identity provider ends the sessions of the one before', async t => {
      const one = await opened(t);
      await one.store.people.know(
        later(60, {
          source: { issuer: 'https://other.example', trustedBy: 'https://other.example' },
        }),
        NOW,
      );
      await isOver(one, 'the issuer is another one');
    });

    test('is the one that the provider spoke of last, in whatever order they come', async t => {
      const { store, browser } = await opened(t);
      const identities = [30, 10, 20].map(seconds =>
        later(seconds, { groups: [`of ${seconds}`, 'developers'] }),
      );

      for (const identity of identities) await store.people.know(identity, NOW + 1000);
      assert.deepEqual((await store.sessions.find(browser))?.identity.groups, ['developers']);

      const fresh = sessionOf({ identity: identities[0]! });
      await store.sessions.create(fresh);
      assert.deepEqual((await store.sessions.find(fresh.id))?.identity.groups, [
        'of 30',
        'developers',
      ]);
    });

    test('wins also when many come at once', async t => {
      const { store } = await opened(t);
      let next = 0;
      await race([store], ({ people }) =>
        people.know(later((next++ * 7) % 50, { groups: [`of ${((next - 1) * 7) % 50}`] }), NOW),
      );
      const newest = sessionOf({ identity: later(49, { groups: ['of 49'] }) });
      await store.sessions.create(newest);
      assert.deepEqual((await store.sessions.find(newest.id))?.identity.groups, ['of 49']);
    });

    test('tells what was known before', async t => {
      const { store } = await opened(t);
      const { before, isBlocked, generation } = await store.people.know(later(1), NOW);
      assert.deepEqual(
        [before?.claims?.groups, before?.username, isBlocked, generation],
        [IDENTITY.groups, IDENTITY.username, false, 0],
      );
      const stranger = { ...IDENTITY, person: 'strangerstranger' as PersonId };
      assert.equal((await store.people.know(stranger, NOW)).before, undefined);
    });
  });

  describe(`${name}: a confirmation of a person`, () => {
    test('tells when, and takes the proof of no session, on every way', async t => {
      const one = await opened(t);
      const groups = [...IDENTITY.groups, 'gained'];
      await one.store.people.confirm(later(60, { groups }), NOW + HOUR);
      for (const [way, session] of Object.entries(await readings(one))) {
        assert.equal(session?.confirmedAt, NOW + HOUR, way);
        assert.deepEqual(session?.identity, IDENTITY, way);
        assert.ok(session?.corporateProof !== undefined, way);
      }
      const known = await one.store.people.find(IDENTITY.person);
      assert.equal(known?.signedInAt, NOW, 'the time of the sign-in');
    });

    test('narrows every session when it loses a group, and says since when', async t => {
      const one = await opened(t);
      await one.store.people.confirm(later(-60, { groups: ['developers'] }), NOW + HOUR);
      const lost = IDENTITY.groups.filter(group => group !== 'developers');
      for (const [way, session] of Object.entries(await readings(one))) {
        assert.deepEqual(session?.identity.groups, ['developers'], way);
        assert.deepEqual(
          session?.identity.lostGroups,
          lost.map(group => ({ name: group, since: NOW + HOUR })),
          way,
        );
        assert.equal(session?.corporateProof, undefined, way);
      }
      const { before } = await one.store.people.confirm(later(61), NOW + 2 * HOUR);
      assert.deepEqual(before?.claims?.groups, ['developers']);
      assert.deepEqual((await readings(one)).browser?.identity, IDENTITY, 'back again');
    });

    test('does not undo a sign-in that came meanwhile', async t => {
      const { store, browser } = await opened(t);
      await store.people.know(later(100, { groups: [] }), NOW + 1000);
      await store.people.confirm(later(50), NOW + 500);
      assert.deepEqual((await store.sessions.find(browser))?.identity.groups, []);
    });

    test('unblocks no one', async t => {
      const one = await opened(t);
      await one.store.people.block(IDENTITY.person, BLOCK);
      const { isBlocked } = await one.store.people.confirm(later(60), NOW + HOUR);
      assert.equal(isBlocked, true);
      await isOver(one, 'blocked');
    });
  });

  describe(`${name}: people that operators know`, () => {
    test('are found by every name that they had, exactly, and by id under the newest', async t => {
      const { store } = await opened(t);
      await store.people.know(later(1, { username: 'alice.new' }), NOW + 1);
      await store.people.know(
        { ...BOBS_IDENTITY, assertedAt: NOW, username: IDENTITY.username },
        NOW + 2,
      );

      const named = async (username: string) =>
        (await store.people.named(username)).map(({ person }) => person);
      assert.deepEqual(
        await named(IDENTITY.username),
        [BOB.person, IDENTITY.person],
        'the newest sign-in first',
      );
      assert.deepEqual(await named('alice.new'), [IDENTITY.person]);

      for (const unknown of ['', 'Alice.new', 'alice.new ', "' OR 1=1 --", '\0'])
        assert.deepEqual(await named(unknown), []);
      const known = await store.people.find(IDENTITY.person);
      assert.deepEqual(known, {
        ...ALICE,
        username: 'alice.new',
        signedInAt: NOW + 1,
        blocked: undefined,
      });
      assert.equal(await store.people.find('strangerstranger' as PersonId), undefined);
    });

    test('are found by a name that a provider gives to many others', async t => {
      const { store } = await opened(t);
      await store.people.know(IDENTITY, NOW);
      const letters = (number: number): string =>
        [...number.toString(8)].map(digit => 'abcdefgh'[Number(digit)]).join('');
      for (let number = 0; number < 150; number++) {
        const person = letters(number).padStart(16, 'x') as PersonId;
        await store.people.know(
          { ...IDENTITY, person, connector: 'vendor' as ConnectorId, assertedAt: NOW + number },
          NOW + number,
        );
      }

      const found = await store.people.named(IDENTITY.username);

      assert.deepEqual(
        found.filter(({ connector }) => connector !== 'vendor').map(({ person }) => person),
        [IDENTITY.person],
      );
      assert.equal(found.length, 101, 'the newest hundred of each connector');
    });

    test('end at a block on every way, and what was open stays over after it', async t => {
      const one = await opened(t);
      const { people } = one.store;
      assert.equal(await people.block(IDENTITY.person, BLOCK), true);
      assert.equal(await people.block(IDENTITY.person, { at: NOW + 6000, by: 'other' }), false);
      await isOver(one, 'blocked');
      assert.equal((await people.know(later(60), NOW + HOUR)).isBlocked, true);

      await isOver(one, 'blocked, and signed in again');
      assert.deepEqual(
        (await people.blocked()).map(({ person, blocked }) => [person, blocked]),
        [[IDENTITY.person, BLOCK]],
      );
      assert.equal(await people.unblock(IDENTITY.person), true);
      assert.equal(await people.unblock(IDENTITY.person), false);

      await isOver(one, 'unblocked');
      const { generation, isBlocked } = await people.know(later(61), NOW + HOUR);
      assert.equal(isBlocked, false);

      const fresh = sessionOf({ generation, identity: later(61) });
      await one.store.sessions.create(fresh);
      assert.ok((await one.store.sessions.find(fresh.id)) !== undefined);
      assert.deepEqual(await people.blocked(), []);
    });

    test('whose sign-in raced with a block or an end of everything get no session of it', async t => {
      const { store } = await opened(t);
      for (const end of [
        () => store.people.block(IDENTITY.person, BLOCK),
        () => store.sessions.endAllOf(IDENTITY.person),
      ]) {
        const { generation } = await store.people.know(later(1), NOW);
        await end();
        await store.people.unblock(IDENTITY.person);
        const [session, terminal] = [sessionOf({ generation }), { ...cliSessionOf(), generation }];
        await store.sessions.create(session);
        await store.cliSessions.create(terminal);
        assert.equal(await store.sessions.find(session.id), undefined);
        assert.equal(await store.cliSessions.find(terminal.id), undefined);
      }
    });

    test('are listed in pages by their ids with what their newest sign-in stated, blocked or not', async t => {
      const { store } = await opened(t);
      const authentication = { at: NOW - 7000, methods: ['mfa'], multiFactor: true };
      await store.people.know(later(60, { groups: ['developers'], authentication }), NOW + 1);
      await store.people.confirm(later(70, { groups: ['developers'] }), NOW + HOUR);
      await store.people.block(IDENTITY.person, BLOCK);
      const stranger = 'strangerstranger' as PersonId;
      await store.people.block(stranger, BLOCK);

      const all = await store.people.list(undefined, 100);
      const ids = all.map(({ known }) => known.person);
      assert.deepEqual(ids, ids.toSorted());
      const pages = [];
      for (let after: PersonId | undefined; ; ) {
        const page = await store.people.list(after, 1);
        after = page[0]?.known.person;
        if (after === undefined) break;
        pages.push(...page);
      }
      assert.deepEqual(pages, all);

      const alice = all.find(({ known }) => known.person === IDENTITY.person);
      assert.deepEqual(await store.people.recorded(IDENTITY.person), alice);
      assert.deepEqual(
        [alice?.known.blocked, alice?.isUnreadable, alice?.record?.claims?.groups],
        [BLOCK, false, ['developers']],
      );
      assert.deepEqual(
        alice?.record?.authentication,
        { at: NOW - 7000, multiFactor: true },
        'of the sign-in, not of the confirmation',
      );
      const unseen = all.find(({ known }) => known.person === stranger);
      assert.deepEqual([unseen?.record, unseen?.isUnreadable], [undefined, false]);
      assert.equal(await store.people.recorded('a'.repeat(16) as PersonId), undefined);
    });

    test('can be blocked before their first sign-in', async t => {
      const { store } = await opened(t);
      const person = 'strangerstranger' as PersonId;
      assert.equal(await store.people.block(person, BLOCK), true);
      assert.deepEqual((await store.people.find(person))?.blocked, BLOCK);
      assert.equal((await store.people.know({ ...IDENTITY, person }, NOW)).isBlocked, true);
    });
  });

  test(`${name}: what operators did is given to one bridge, once, in its order`, async t => {
    const { store } = await opened(t);
    for (const event of EVENTS) await store.operatorEvents.record(event);
    const taken = await race([store], ({ operatorEvents }) => operatorEvents.take());
    assert.deepEqual(taken.flat(), EVENTS);
    assert.deepEqual(await store.operatorEvents.take(), []);
  });
}

/** Runs where the database outlives the store. */
export function lastingPeopleContract(
  name: string,
  create: (t: TestContext) => Promise<LastingDatabase>,
): void {
  const opened = async (t: TestContext) => {
    const database = await create(t);
    const store = await openWithPeople(t, database);
    return { database, one: await signedIn(store) };
  };

  describe(`${name}, lasting: people`, () => {
    test('another store notices a newer sign-in, a block and an end of everything at its next look', async t => {
      const { database, one } = await opened(t);
      const other = await database.open();
      t.after(() => other.close());
      const there = { ...one, store: other };
      assert.equal((await readings(there)).token?.identity.groups.length, IDENTITY.groups.length);

      await one.store.people.know(later(60, { groups: ['developers'] }), NOW);
      for (const [way, session] of Object.entries(await readings(there)))
        assert.deepEqual(session?.identity.groups, ['developers'], way);
      await one.store.people.block(IDENTITY.person, BLOCK);
      await isOver(there, 'blocked elsewhere');
    });

    test('a record that was altered, removed or taken from another person ends sessions, and is written again at a sign-in', async t => {
      const { database, one } = await opened(t);
      const change = (sql: string) => () => database.rows(sql);
      const alice = `WHERE person = '${IDENTITY.person}'`;
      const cases = {
        altered: change(`UPDATE people SET sealed = sealed_block ${alice}`),
        swapped: change(
          `UPDATE people SET sealed = (SELECT sealed FROM people WHERE person = '${BOB.person}') ${alice}`,
        ),
        'put into the future': change(
          `UPDATE people SET asserted_at = asserted_at + 1000000000000 ${alice}`,
        ),
        'of another generation': change(`UPDATE people SET generation = generation + 1 ${alice}`),
        removed: change(`DELETE FROM people ${alice}`),
      };
      let now = one;

      for (const [what, alter] of Object.entries(cases)) {
        await alter();
        await isOver(now, what);
        const { generation } = await one.store.people.know(later(1), NOW + 1);
        const session = sessionOf({ generation, identity: later(1) });
        await one.store.sessions.create(session);
        assert.ok((await one.store.sessions.find(session.id)) !== undefined, `after: ${what}`);
        now = { ...one, browser: session.id };
        if (what === 'removed') continue;
        await database.rows(`DELETE FROM cli_sessions`);
      }
    });

    test('a record that was altered is listed as unreadable', async t => {
      const { database, one } = await opened(t);
      await database.rows(
        `UPDATE people SET asserted_at = asserted_at + 1 WHERE person = '${IDENTITY.person}'`,
      );
      const listed = await one.store.people.list(undefined, 100);
      assert.deepEqual(
        listed.filter(({ isUnreadable }) => isUnreadable).map(({ known }) => known.person),
        [IDENTITY.person],
      );
      assert.equal((await one.store.people.recorded(IDENTITY.person))?.record, undefined);
    });

    test('a block of which one column was removed is a block', async t => {
      const { database, one } = await opened(t);
      for (const column of ['blocked_at', 'sealed_block']) {
        await one.store.people.block(IDENTITY.person, BLOCK);
        await database.rows(`UPDATE people SET ${column} = NULL`);
        assert.equal((await one.store.people.know(later(1), NOW)).isBlocked, true, column);
      }
    });

    test('who steals the database finds no name, no group and no reason of a record', async t => {
      const { database, one } = await opened(t);
      const [username, group, department, reason] = [
        `u-${token()}`,
        `g-${token()}`,
        `d-${token()}`,
        `r-${token()}`,
      ];
      await one.store.people.know(
        later(1, {
          username,
          groups: [group],
          attributes: { department },
          displayName: `n-${token()}`,
        }),
        NOW,
      );
      await one.store.people.block(IDENTITY.person, { ...BLOCK, by: `o-${reason}`, reason });

      const stolen = await database.bytes();
      assert.ok(stolen.includes(IDENTITY.person), 'the search sees what is stored in the clear');

      for (const text of [username, group, department, reason])
        assert.ok(!stolen.includes(text), text);
    });

    test('a new sealing secret keeps blocks, and makes nobody’s sign-in fail', async t => {
      const { database, one } = await opened(t);
      await one.store.people.block(BOB.person, BLOCK);
      const other = await database.open(randomBytes(32));
      t.after(() => other.close());
      assert.equal((await other.people.know(BOBS_IDENTITY, NOW)).isBlocked, true);

      const { generation } = await other.people.know(later(1), NOW);
      const session = sessionOf({ generation, identity: later(1) });
      await other.sessions.create(session);
      assert.ok((await other.sessions.find(session.id)) !== undefined);
    });

    test('are made of the audit trail for a store that has none, under every name, and bound nothing that is unknown', async t => {
      const database = await create(t);
      const old = await database.open();
      t.after(() => old.close());
      const signIn = (at: number, actor: typeof ALICE) =>
        old.audit.record({
          ...EVENTS[1]!,
          type: 'sign-in.succeeded',
          at,
          actor,
        } as (typeof EVENTS)[number]);
      for (let index = 0; index < 1200; index++)
        await signIn(NOW + index, {
          ...ALICE,
          person: `${String(index).replaceAll(/[0189]/g, 'x')}aaaaaaaaaaaaaaaa`.slice(
            0,
            16,
          ) as PersonId,
        });
      await signIn(NOW - 10, { ...ALICE, username: 'alice.old "name" \\ ü' });
      await signIn(NOW - 5, ALICE);
      await signIn(NOW - 20, BOB);
      await old.close();
      for (const table of ['people', 'people_names', 'operator_events'])
        await database.rows(`DROP TABLE ${table}`);
      await database.rows('DROP INDEX cli_sessions_created_at');
      await database.rows('DELETE FROM rolebridge_migrations WHERE number = 4');
      const store = await database.open();

      t.after(() => store.close());
      assert.deepEqual(await store.people.find(BOB.person), {
        ...BOB,
        signedInAt: NOW - 20,
        blocked: undefined,
      });
      assert.deepEqual(await store.people.find(ALICE.person), {
        ...ALICE,
        signedInAt: NOW - 5,
        blocked: undefined,
      });
      assert.deepEqual(
        (await store.people.named('alice.old "name" \\ ü')).map(({ person }) => person),
        [ALICE.person],
      );

      const [counted] = await database.rows('SELECT count(*) AS count FROM people');
      const distinct = new Set(
        Array.from({ length: 1200 }, (_, index) => String(index).replaceAll(/[0189]/g, 'x')),
      ).size;
      assert.equal(Number(counted?.count), distinct + 2);

      const session = sessionOf();
      await store.sessions.create(session);
      assert.deepEqual(
        await store.sessions.find(session.id),
        { ...session, confirmedAt: NOW - 5 },
        'nothing is known that would bound it',
      );

      const { before } = await store.people.know(IDENTITY, NOW);
      assert.deepEqual([before?.username, before?.claims], [ALICE.username, undefined]);
    });
  });
}
