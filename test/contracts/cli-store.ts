/**
 * What every store keeps to for sessions in terminals, and for the grants and tokens that lead to
 * them.
 */
import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { describe, type TestContext, test } from 'node:test';
import type { CliSession } from '../../src/core/cli-session.ts';
import type { AccountId, RoleName } from '../../src/core/role.ts';
import type { RefreshToken } from '../../src/core/tokens.ts';
import { forgeStepUp } from './forged-rows.ts';
import {
  BOBS_IDENTITY,
  cliSessionOf,
  deviceGrantOf,
  HOUR,
  IDENTITY,
  type LastingDatabase,
  MFA,
  NOW,
  type OpenStore,
  openWithPeople,
  race,
  sessionOf,
  stepUpOf,
  type TestDatabase,
  token,
} from './store-samples.ts';

/** Runs in every database, also in one that lives in memory. */
export function cliStoreContract(
  name: string,
  create: (t: TestContext) => Promise<TestDatabase>,
): void {
  const opened = async (t: TestContext): Promise<OpenStore> => openWithPeople(t, await create(t));
  const picked = async (store: OpenStore, session: CliSession): Promise<CliSession> => {
    await store.cliSessions.create(session);
    assert.equal(await store.cliSessions.pickUp(session, NOW, '192.0.2.1'), true);
    return session;
  };

  describe(`${name}: sessions in terminals`, () => {
    test('a session comes back as it was, waits to be picked up, and lives to its limit then', async t => {
      const { cliSessions } = await opened(t);
      const session = cliSessionOf();
      await cliSessions.create(session);

      assert.deepEqual(await cliSessions.find(session.id), session);
      assert.equal(await cliSessions.pickUp(session, NOW + 1000, '192.0.2.1'), true);
      assert.deepEqual(await cliSessions.find(session.id), {
        ...session,
        summary: {
          ...session.summary,
          lastUsedAt: NOW + 1000,
          lastUsedAddress: '192.0.2.1',
          expiresAt: session.notAfter,
        },
      });
      assert.equal(await cliSessions.find(token()), undefined);
    });

    test('a session that is picked up too late is not', async t => {
      const { cliSessions } = await opened(t);
      const session = cliSessionOf();
      await cliSessions.create(session);
      assert.equal(
        await cliSessions.pickUp(session, session.summary.expiresAt, '192.0.2.1'),
        false,
      );
    });

    test('the later time of use stays, and a session that is gone stays gone', async t => {
      const store = await opened(t);
      const session = await picked(store, cliSessionOf());
      await store.cliSessions.touch(session, NOW + 2000, '192.0.2.2');
      await store.cliSessions.touch(session, NOW + 1000, '192.0.2.3');

      const found = await store.cliSessions.find(session.id);
      assert.deepEqual(
        [found?.summary.lastUsedAt, found?.summary.lastUsedAddress],
        [NOW + 2000, '192.0.2.2'],
      );
      assert.equal((await store.cliSessions.end(session.id))?.publicId, session.summary.publicId);
      assert.equal(await store.cliSessions.end(session.id), undefined);

      await store.cliSessions.touch(session, NOW + 3000, '192.0.2.2');
      assert.equal(await store.cliSessions.find(session.id), undefined);
    });

    test('lists are of one person or of all, the newest first, and without those that are over', async t => {
      const { cliSessions } = await opened(t);
      const [old, young, bobs] = [
        cliSessionOf(),
        cliSessionOf({ createdAt: NOW + 1 }),
        cliSessionOf({}, BOBS_IDENTITY),
      ];
      for (const session of [old, young, bobs]) await cliSessions.create(session);
      const publicIds = async (of?: Parameters<typeof cliSessions.list>[1], now = NOW) =>
        (await cliSessions.list(now, of)).map(({ publicId }) => publicId);
      const own = [young.summary.publicId, old.summary.publicId];

      assert.deepEqual(await publicIds({ person: IDENTITY.person }), own);
      assert.deepEqual(await publicIds({ person: BOBS_IDENTITY.person }), [bobs.summary.publicId]);
      assert.deepEqual((await publicIds()).length, 3);
      assert.deepEqual(await publicIds(undefined, NOW + 600_000), []);
    });

    test('a public id ends the session of its person alone; without a person, anybody’s', async t => {
      const { cliSessions } = await opened(t);
      const session = cliSessionOf();
      await cliSessions.create(session);
      const { publicId } = session.summary;

      assert.equal(await cliSessions.endByPublicId(publicId, BOBS_IDENTITY.person), undefined);
      assert.equal(
        (await cliSessions.endByPublicId(publicId, undefined))?.username,
        IDENTITY.username,
      );
      assert.equal(await cliSessions.endByPublicId(publicId, IDENTITY.person), undefined);
    });

    test('a step-up waits for the session of its user, and the next use takes it over', async t => {
      const { cliSessions } = await opened(t);
      const session = cliSessionOf();
      await cliSessions.create(session);
      const { publicId } = session.summary;
      const made = stepUpOf(NOW + 1000);

      assert.equal(await cliSessions.stepUp(publicId, BOBS_IDENTITY.person, made), false);
      assert.equal(await cliSessions.stepUp('0'.repeat(20), IDENTITY.person, made), false);
      assert.deepEqual(await cliSessions.find(session.id), session);
      assert.equal(await cliSessions.stepUp(publicId, IDENTITY.person, made), true);

      const waiting = (await cliSessions.find(session.id))!;
      assert.deepEqual(waiting.waitingStepUp, made);
      assert.deepEqual(waiting.identity, session.identity, 'not before it is taken over');
      const adopted = await cliSessions.adopt(waiting);
      assert.deepEqual(adopted, await cliSessions.find(session.id));
      assert.deepEqual(adopted?.steppedUp, made.steppedUp);
      assert.deepEqual(adopted?.identity.authentication, made.steppedUp.authentication);
      assert.deepEqual(adopted?.identity.groups, session.identity.groups);
      assert.equal(adopted?.waitingStepUp, undefined);
      assert.equal(adopted?.corporateProof, undefined, 'the proof of the earlier sign-in is gone');
      assert.equal(adopted?.notAfter, session.notAfter);
      const [listed] = await cliSessions.list(NOW, { person: IDENTITY.person });
      assert.equal(listed?.steppedUpAt, NOW + 1000);
    });

    test('a step-up brings its corporate proof, its session at the provider, and an earlier end', async t => {
      const { cliSessions } = await opened(t);
      const session = cliSessionOf();
      await cliSessions.create(session);
      const proof = { kind: 'id-token', token: 'a.newer.proof', expiresAt: NOW + HOUR } as const;
      const made = {
        ...stepUpOf(NOW + 1000),
        ...{ corporateProof: proof, providerSession: token(), notAfter: NOW + HOUR },
      };
      await cliSessions.stepUp(session.summary.publicId, IDENTITY.person, made);
      await cliSessions.adopt((await cliSessions.find(session.id))!);

      const found = await cliSessions.find(session.id);
      assert.deepEqual(found?.corporateProof, proof);
      assert.equal(found?.providerSession, made.providerSession);
      assert.equal(found?.notAfter, NOW + HOUR);
      assert.ok(found!.summary.expiresAt <= NOW + HOUR);
    });

    test('a newer step-up replaces one that waits, and is not lost to a use with the older one', async t => {
      const { cliSessions } = await opened(t);
      const session = cliSessionOf();
      await cliSessions.create(session);
      const { publicId } = session.summary;
      await cliSessions.stepUp(publicId, IDENTITY.person, stepUpOf(NOW + 1000));
      const read = (await cliSessions.find(session.id))!;
      await cliSessions.stepUp(publicId, IDENTITY.person, stepUpOf(NOW + 2000));

      assert.equal((await cliSessions.adopt(read))?.steppedUp?.at, NOW + 2000);
      const found = await cliSessions.find(session.id);
      assert.deepEqual([found?.steppedUp?.at, found?.waitingStepUp], [NOW + 2000, undefined]);
      assert.equal((await cliSessions.adopt(read))?.steppedUp?.at, NOW + 2000);
    });

    test('uses that race take one step-up over, and a newer one that comes meanwhile is kept', async t => {
      const store = await opened(t);
      const { cliSessions } = store;
      const session = cliSessionOf();
      await cliSessions.create(session);
      const { publicId } = session.summary;
      await cliSessions.stepUp(publicId, IDENTITY.person, stepUpOf(NOW + 1000));
      const read = (await cliSessions.find(session.id))!;
      const [adopted] = await Promise.all([
        race([store], each => each.cliSessions.adopt(read)),
        cliSessions.stepUp(publicId, IDENTITY.person, stepUpOf(NOW + 2000)),
      ]);
      for (const one of adopted) assert.ok(one!.steppedUp!.at >= NOW + 1000);

      const found = (await cliSessions.find(session.id))!;
      assert.equal((await cliSessions.adopt(found))?.steppedUp?.at, NOW + 2000);
      assert.equal((await cliSessions.find(session.id))?.steppedUp?.at, NOW + 2000);
    });

    test('a session that has ended takes no step-up', async t => {
      const { cliSessions } = await opened(t);
      const session = cliSessionOf();
      await cliSessions.create(session);
      const { publicId } = session.summary;
      await cliSessions.stepUp(publicId, IDENTITY.person, stepUpOf(NOW + 1000));
      const read = (await cliSessions.find(session.id))!;
      await cliSessions.end(session.id);

      assert.equal(await cliSessions.adopt(read), undefined);
      assert.equal(await cliSessions.stepUp(publicId, IDENTITY.person, stepUpOf(NOW)), false);
    });

    test('everything of a person ends, and nothing of anybody else', async t => {
      const store = await opened(t);
      const [mine, theirs] = [
        await picked(store, cliSessionOf()),
        await picked(store, cliSessionOf({}, BOBS_IDENTITY)),
      ];
      const [browser, other] = [sessionOf(), sessionOf({ identity: BOBS_IDENTITY })];
      await store.sessions.create(browser);

      await store.sessions.create(other);

      assert.deepEqual(
        (await store.cliSessions.endAllOf(IDENTITY.person)).map(({ publicId }) => publicId),
        [mine.summary.publicId],
      );
      assert.equal(await store.sessions.endAllOf(IDENTITY.person), 1);
      assert.equal(await store.sessions.find(browser.id), undefined);
      assert.ok(
        (await store.cliSessions.find(theirs.id)) !== undefined &&
          (await store.sessions.find(other.id)) !== undefined,
      );
    });
  });

  describe(`${name}: grants and tokens`, () => {
    test('a record comes back as it was until its end, to the millisecond, and by its id alone', async t => {
      const { deviceGrants } = await opened(t);
      const grant = deviceGrantOf();
      assert.equal(await deviceGrants.create('WDJBMJHT', grant), true);
      assert.deepEqual(await deviceGrants.find('WDJBMJHT', grant.expiresAt - 1), grant);
      assert.equal(await deviceGrants.find('WDJBMJHT', grant.expiresAt), undefined);
      for (const id of ['', 'WDJBMJHS', "' OR 1=1 --", '\0', 'x'.repeat(10_000)])
        assert.equal(await deviceGrants.find(id, NOW), undefined);
    });

    test('a record of one kind is none of another', async t => {
      const store = await opened(t);
      const session = await picked(store, cliSessionOf());
      await store.accessTokens.create('one-id', { session: session.id, expiresAt: NOW + HOUR });
      assert.equal(await store.refreshTokens.find('one-id', NOW), undefined);
    });

    test('a record comes with the session that it names, as long as both are there', async t => {
      const store = await opened(t);
      const session = await picked(store, cliSessionOf());
      await store.accessTokens.create('t', { session: session.id, expiresAt: NOW + HOUR });
      const found = await store.accessTokens.findWithSession('t', NOW);
      assert.deepEqual(found, {
        record: { session: session.id, expiresAt: NOW + HOUR },
        session: await store.cliSessions.find(session.id),
      });
      assert.equal(await store.accessTokens.findWithSession('t', NOW + HOUR), undefined);
      assert.equal(await store.refreshTokens.findWithSession('t', NOW), undefined);

      await store.deviceGrants.create('DDDDDDDD', deviceGrantOf());
      assert.equal(
        await store.deviceGrants.findWithSession('DDDDDDDD', NOW),
        undefined,
        'a grant that names none',
      );

      await store.cliSessions.end(session.id);
      assert.equal(await store.accessTokens.findWithSession('t', NOW), undefined);
    });

    test('a record is not replaced by another with the same id', async t => {
      const { deviceGrants } = await opened(t);
      await deviceGrants.create('BBBBBBBB', deviceGrantOf());
      await assert.rejects(deviceGrants.create('BBBBBBBB', deviceGrantOf()), {
        name: 'BridgeError',
        code: 'internal',
      });
    });

    test('with a session end its grants and tokens, and for one that has ended none is made', async t => {
      const store = await opened(t);
      const session = await picked(store, cliSessionOf());
      const access = { session: session.id, expiresAt: NOW + HOUR };
      assert.equal(await store.accessTokens.create('a-1', access), true);

      await store.deviceGrants.create('CCCCCCCC', deviceGrantOf());
      await store.deviceGrants.update('CCCCCCCC', NOW, grant => ({
        next: { ...grant, state: 'approved', session: session.id },
        value: 1,
      }));
      await store.cliSessions.end(session.id);
      assert.equal(await store.accessTokens.find('a-1', NOW), undefined);
      assert.equal(await store.deviceGrants.find('CCCCCCCC', NOW), undefined);
      assert.equal(await store.accessTokens.create('a-2', access), false);
      assert.equal(await store.accessTokens.find('a-2', NOW), undefined);
    });

    test('of callers who race to change a record, each sees what the one before has left', async t => {
      const store = await opened(t);
      const session = await picked(store, cliSessionOf());
      const counted: RefreshToken & { count?: number } = {
        client: 'c',
        session: session.id,
        expiresAt: NOW + HOUR,
      };
      await store.refreshTokens.create('r', counted);

      const seen = await race([store], ({ refreshTokens }) =>
        refreshTokens.update('r', NOW, record => {
          const count = ((record as typeof counted).count ?? 0) + 1;
          return { next: { ...record, count } as RefreshToken, value: count };
        }),
      );

      assert.deepEqual(
        seen.sort((a, b) => a! - b!),
        Array.from({ length: 50 }, (_, index) => index + 1),
      );
    });

    test('a change that throws changes nothing', async t => {
      const { deviceGrants } = await opened(t);
      const grant = deviceGrantOf();
      await deviceGrants.create('DDDDDDDD', grant);

      await assert.rejects(
        deviceGrants.update('DDDDDDDD', NOW, () => {
          throw new Error('no');
        }),
        /no/,
      );
      assert.deepEqual(await deviceGrants.find('DDDDDDDD', NOW), grant);
      assert.equal(
        await deviceGrants.update('FFFFFFFF', NOW, found => ({ next: found, value: 1 })),
        undefined,
      );
    });

    const containerTokenOf = (session: CliSession, publicId = randomBytes(10).toString('hex')) => ({
      record: {
        ...{ session: session.id, expiresAt: session.notAfter, publicId },
        only: { account: '111122223333' as AccountId, role: 'Admin' as RoleName },
      },
      summary: {
        ...{
          publicId,
          cliSession: session.summary.publicId,
          account: '111122223333' as AccountId,
          accountName: 'prod',
          role: 'Admin' as RoleName,
        },
        ...{ address: '192.0.2.1', createdAt: NOW, expiresAt: session.notAfter },
      },
    });

    test('a container token is found with its session, listed with its last use, and revoked by its person alone', async t => {
      const store = await opened(t);
      const { containerTokens } = store;
      const [mine, theirs] = [
        await picked(store, cliSessionOf()),
        await picked(store, cliSessionOf({}, BOBS_IDENTITY)),
      ];
      const [made, bobs] = [containerTokenOf(mine), containerTokenOf(theirs)];
      assert.equal(await containerTokens.create('rbc_1', made, 2), 'kept');
      assert.equal(await containerTokens.create('rbc_2', bobs, 2), 'kept');
      const session = await store.cliSessions.find(mine.id);
      assert.deepEqual(await containerTokens.findWithSession('rbc_1', NOW), {
        record: made.record,
        session,
      });
      assert.equal(await containerTokens.findWithSession('rbc_1', mine.notAfter), undefined);
      assert.equal(
        await store.accessTokens.findWithSession('rbc_1', NOW),
        undefined,
        'it is no token of a login',
      );
      assert.deepEqual(await containerTokens.list(NOW, IDENTITY.person), [made.summary]);
      assert.equal((await containerTokens.list(NOW, undefined)).length, 2);
      assert.deepEqual(await containerTokens.list(mine.notAfter, IDENTITY.person), []);

      await containerTokens.touch('rbc_1', made.record, { at: NOW + 2000, address: '192.0.2.9' });
      await containerTokens.touch('rbc_1', made.record, { at: NOW + 1000, address: '192.0.2.8' });
      const used = { lastUsedAt: NOW + 2000, lastUsedAddress: '192.0.2.9' };
      assert.deepEqual(await containerTokens.list(NOW, IDENTITY.person), [
        { ...made.summary, ...used },
      ]);
      assert.equal((await containerTokens.findWithSession('rbc_1', NOW))?.lastUsedAt, NOW + 2000);

      assert.equal(
        await containerTokens.revoke(made.record.publicId, BOBS_IDENTITY.person),
        undefined,
      );
      assert.equal(
        (await containerTokens.revoke(made.record.publicId, IDENTITY.person))?.publicId,
        made.record.publicId,
      );
      assert.equal(await containerTokens.revoke(made.record.publicId, IDENTITY.person), undefined);
      assert.equal(await containerTokens.findWithSession('rbc_1', NOW), undefined);
      await containerTokens.touch('rbc_1', made.record, { at: NOW + 3000, address: '192.0.2.9' });
      await store.cliSessions.end(theirs.id);
      assert.deepEqual(
        [
          await containerTokens.findWithSession('rbc_2', NOW),
          await containerTokens.list(NOW, undefined),
        ],
        [undefined, []],
      );
      assert.equal(await containerTokens.create('rbc_3', containerTokenOf(theirs), 2), 'ended');
    });

    test('a session has as many container tokens as it may, and a revoked one gives its place free', async t => {
      const store = await opened(t);
      const [session, other] = [
        await picked(store, cliSessionOf()),
        await picked(store, cliSessionOf()),
      ];

      const make = (of: CliSession) =>
        store.containerTokens.create(token(), containerTokenOf(of), 3);
      assert.deepEqual(
        [await make(session), await make(session), await make(session), await make(session)],
        ['kept', 'kept', 'kept', 'full'],
      );
      assert.equal(await make(other), 'kept');

      const [one] = await store.containerTokens.list(NOW, IDENTITY.person);
      await store.containerTokens.revoke(one!.publicId, IDENTITY.person);
      const outcomes = await race([store], () =>
        make(one!.cliSession === session.summary.publicId ? session : other),
      );
      assert.equal(
        (await store.containerTokens.list(NOW, IDENTITY.person)).filter(
          ({ cliSession }) => cliSession === one!.cliSession,
        ).length,
        3,
      );
      assert.ok(outcomes.includes('full'));
    });

    test('what is over is pruned, and nothing else', async t => {
      const store = await opened(t);
      const [waiting, living] = [cliSessionOf(), await picked(store, cliSessionOf())];
      await store.cliSessions.create(waiting);
      await store.deviceGrants.create('GGGGGGGG', deviceGrantOf());
      await store.accessTokens.create('a', { session: living.id, expiresAt: living.notAfter });

      await store.prune(NOW + 2 * HOUR);

      assert.equal(await store.cliSessions.find(waiting.id), undefined);
      assert.equal(await store.deviceGrants.find('GGGGGGGG', NOW), undefined);
      assert.ok((await store.accessTokens.find('a', NOW)) !== undefined);
    });
  });
}

/** Runs where the database outlives the store. */
export function lastingCliStoreContract(
  name: string,
  create: (t: TestContext) => Promise<LastingDatabase>,
): void {
  describe(`${name}, lasting: terminals`, () => {
    test('who steals the database finds no code, no token, no host name, no address and no user name of a session', async t => {
      const database = await create(t);
      const store = await openWithPeople(t, database);
      const about = {
        username: `alice-${token()}`,
        deviceName: `host-${token()}`,
        address: `192.0.2.${token()}`,
      };
      const session = cliSessionOf(about, {
        ...IDENTITY,
        username: about.username,
        groups: [`group-${token()}`],
      });
      await store.cliSessions.create(session);
      await store.cliSessions.pickUp(session, NOW, `198.51.100.${about.address}`);
      const [access, refresh, userCode] = [`rba_${token()}`, `rbr_${token()}`, 'HJKLMNPQ'];
      await store.accessTokens.create(access, { session: session.id, expiresAt: NOW + HOUR });
      await store.refreshTokens.create(refresh, {
        client: 'c',
        session: session.id,
        expiresAt: NOW + HOUR,
      });
      await store.deviceGrants.create(
        userCode,
        deviceGrantOf({ request: { ...deviceGrantOf().request, deviceName: about.deviceName } }),
      );

      const stolen = await database.bytes();
      assert.ok(
        stolen.includes(session.summary.publicId),
        'the search sees what is stored in the clear',
      );

      for (const text of [
        session.id,
        access,
        refresh,
        userCode,
        ...Object.values(about),
        ...session.identity.groups,
      ]) {
        assert.ok(!stolen.includes(text), text);
      }
      // 34 bits can be tried one by one: not even a hash of a user code may lie there.
      assert.ok(!stolen.includes(createHash('sha256').update(userCode).digest()));
    });

    test('rows of another bridge’s secret, and seals that were moved between rows, count as absent', async t => {
      const database = await create(t);
      const store = await openWithPeople(t, database);
      const [one, other] = [cliSessionOf(), cliSessionOf()];
      for (const session of [one, other]) await store.cliSessions.create(session);
      const foreign = await database.open(randomBytes(32));

      t.after(() => foreign.close());
      assert.equal(await foreign.cliSessions.find(one.id), undefined);

      await store.deviceGrants.create('KKKKKKKK', deviceGrantOf());
      assert.equal(await foreign.deviceGrants.find('KKKKKKKK', NOW), undefined);

      await database.rows(
        'UPDATE cli_sessions SET sealed_summary = (SELECT sealed_summary FROM cli_sessions WHERE handle = $1) WHERE handle = $2',
        [other.summary.publicId, one.summary.publicId],
      );
      assert.equal(await store.cliSessions.find(one.id), undefined);
      assert.ok((await store.cliSessions.find(other.id)) !== undefined);
    });

    test('a step-up that was forged, or moved from another session, does not count', async t => {
      const database = await create(t);
      const store = await openWithPeople(t, database);
      const [one, other] = [cliSessionOf(), cliSessionOf()];
      for (const session of [one, other]) await store.cliSessions.create(session);
      const { publicId } = one.summary;
      await store.cliSessions.stepUp(other.summary.publicId, IDENTITY.person, stepUpOf(NOW + 1000));

      await database.rows(
        'UPDATE cli_sessions SET sealed_step_up = (SELECT sealed_step_up FROM cli_sessions WHERE handle = $1) WHERE handle = $2',
        [other.summary.publicId, publicId],
      );
      assert.equal((await store.cliSessions.find(one.id))?.waitingStepUp, undefined);

      const foreign = await database.open(randomBytes(32));
      t.after(() => foreign.close());
      await forgeStepUp(database, publicId, {
        value: stepUpOf(NOW + 1000),
        ...{ secret: randomBytes(32), version: 3 },
      });
      const found = (await store.cliSessions.find(one.id))!;
      assert.equal(found.waitingStepUp, undefined);
      assert.deepEqual((await store.cliSessions.adopt(found))?.identity, one.identity);
      const stolen = await database.bytes();
      assert.ok(!stolen.includes(MFA), 'a step-up that waits is sealed');
    });

    test('a session whose row names another user takes no step-up of that user', async t => {
      const database = await create(t);
      const store = await openWithPeople(t, database);
      const session = cliSessionOf();
      await store.cliSessions.create(session);
      const { publicId } = session.summary;
      const give = (person: string) =>
        database.rows('UPDATE cli_sessions SET person = $1 WHERE handle = $2', [person, publicId]);

      await give(BOBS_IDENTITY.person);
      assert.deepEqual(await store.cliSessions.list(NOW, { person: BOBS_IDENTITY.person }), []);
      const made = stepUpOf(NOW + 1000);
      assert.equal(await store.cliSessions.stepUp(publicId, BOBS_IDENTITY.person, made), false);
      await give(IDENTITY.person);
      assert.equal((await store.cliSessions.find(session.id))?.waitingStepUp, undefined);
    });

    test('callers at two stores on one database do not get more container tokens than a session may have', async t => {
      const database = await create(t);
      const stores = [await database.open(), await database.open()];
      for (const store of stores) t.after(() => store.close());
      const session = cliSessionOf();
      await stores[0]!.cliSessions.create(session);
      await stores[0]!.cliSessions.pickUp(session, NOW, '192.0.2.1');

      const outcomes = await race(stores, store => {
        const publicId = randomBytes(10).toString('hex');
        const [account, role] = ['111122223333' as AccountId, 'Admin' as RoleName];
        const record = {
          session: session.id,
          expiresAt: session.notAfter,
          only: { account, role },
          publicId,
        };
        const shown = {
          publicId,
          cliSession: session.summary.publicId,
          account,
          accountName: 'prod',
          role,
          address: 'a',
          createdAt: NOW,
        };
        return store.containerTokens.create(
          token(),
          { record, summary: { ...shown, expiresAt: session.notAfter } },
          7,
        );
      });

      assert.equal(outcomes.filter(outcome => outcome === 'kept').length, 7);
      assert.equal(outcomes.filter(outcome => outcome === 'full').length, outcomes.length - 7);
      assert.equal((await stores[1]!.containerTokens.list(NOW, undefined)).length, 7);
    });

    test('of callers at two stores on one database exactly one makes a change that may happen once', async t => {
      const database = await create(t);
      const stores = [await database.open(), await database.open()];
      for (const store of stores) t.after(() => store.close());
      await stores[0]!.deviceGrants.create('LLLLLLLL', deviceGrantOf({ state: 'pending' }));

      const won = await race(stores, ({ deviceGrants }) =>
        deviceGrants
          .update('LLLLLLLL', NOW, grant => {
            if (grant.state !== 'pending') throw new Error('too late');
            return { next: { ...grant, state: 'denied' }, value: true };
          })
          .catch(() => false),
      );

      assert.equal(won.filter(Boolean).length, 1);
    });
  });
}
