/** What every store keeps to for tokens of workloads, and for what operators do to a workload. */
import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { describe, type TestContext, test } from 'node:test';
import { type NamedWorkload, namedWorkload } from '../../src/core/audit-event.ts';
import type { Block } from '../../src/core/person-record.ts';
import type { AccountId, RoleName } from '../../src/core/role.ts';
import {
  type Workload,
  type WorkloadEntryId,
  type WorkloadId,
  workloadId,
} from '../../src/core/workload.ts';
import type { WorkloadToken, WorkloadTokenSummary } from '../../src/core/workload-token.ts';
import { createSeal } from '../../src/store/sealing.ts';
import { createWorkloadBlocks } from '../../src/store/workload-blocks.ts';
import { createWorkloadTokens } from '../../src/store/workload-tokens.ts';
import { assertIndexed, listening, type Planner } from './query-plans.ts';
import {
  EVENTS,
  HOUR,
  type LastingDatabase,
  NOW,
  type OpenStore,
  ORIGIN,
  race,
  SECRET,
  type TestDatabase,
  token,
} from './store-samples.ts';

const digest = (text: string): string => createHash('sha256').update(text).digest('base64url');

const workloadOf = (subject: string): Workload => {
  const entry = 'github' as WorkloadEntryId;
  const claims = { sub: subject, repository: 'acme/api', nested: { list: ['a', 1] } };
  return { id: workloadId({ entry, subject }, digest), entry, subject, claims };
};

export const API: Workload = workloadOf('repo:acme/api:ref:refs/heads/main');
export const WEB: Workload = workloadOf('repo:acme/web:ref:refs/heads/main');
const LIFETIME = 15 * 60_000;

export interface MadeToken {
  readonly record: WorkloadToken;
  readonly summary: WorkloadTokenSummary;
}

export function tokenOf(workload: Workload, createdAt: number = NOW): MadeToken {
  const publicId = randomBytes(10).toString('hex');
  const expiresAt = createdAt + LIFETIME;
  return {
    record: {
      ...{ workload, publicId, assertedAt: createdAt - 1000, expiresAt },
      ...{ proofId: 'proof', tokenId: 'jti' },
      roles: [{ account: '111122223333' as AccountId, role: 'Deploy' as RoleName }],
    },
    summary: {
      ...namedWorkload(workload),
      ...{ publicId, roleCount: 1, address: '192.0.2.1', createdAt, expiresAt },
    },
  };
}

const blockAt = (at: number): Block => ({ at, by: 'root', reason: 'a stolen runner' });

const MOST = 3;

/** Keeps a new token, and gives its secret and what is known of it. */
async function kept(
  { workloadTokens }: OpenStore,
  workload: Workload = API,
  createdAt: number = NOW,
): Promise<MadeToken & { readonly secret: string }> {
  const [secret, made] = [`rbw_${token()}`, tokenOf(workload, createdAt)];
  assert.equal(await workloadTokens.create(secret, made, 1000), 'kept');
  return { secret, ...made };
}

const idsOf = (tokens: readonly WorkloadTokenSummary[] | undefined): readonly string[] =>
  (tokens ?? []).map(({ publicId }) => publicId);

/** Runs in every database, also in one that lives in memory. */
export function workloadsContract(
  name: string,
  create: (t: TestContext) => Promise<TestDatabase>,
): void {
  const opened = async (t: TestContext): Promise<OpenStore> => {
    const store = await (await create(t)).open();
    t.after(() => store.close());
    return store;
  };

  describe(`${name}, workload tokens`, () => {
    test('a token is found until it expires, by the token alone', async t => {
      const store = await opened(t);
      const { secret, record } = await kept(store);
      const { find } = store.workloadTokens;
      assert.deepEqual(await find(secret, record.expiresAt - 1), { record });
      assert.equal(await find(secret, record.expiresAt), undefined);
      for (const other of [record.publicId, API.id, `${secret}x`, secret.slice(0, -1), ''])
        assert.equal(await find(other, NOW), undefined, other);
    });

    test('the latest use of a token is kept, with its address', async t => {
      const store = await opened(t);
      const { secret, record, summary } = await kept(store);
      const { touch, find, list } = store.workloadTokens;
      await touch(secret, record, { at: NOW + 2000, address: '192.0.2.9' });
      await touch(secret, record, { at: NOW + 1000, address: '192.0.2.8' });
      assert.deepEqual(await find(secret, NOW), { record, lastUsedAt: NOW + 2000 });
      assert.deepEqual(await list(NOW, API.id), [
        { ...summary, lastUsedAt: NOW + 2000, lastUsedAddress: '192.0.2.9' },
      ]);
      await touch(token(), record, { at: NOW + 3000, address: '192.0.2.7' });
      assert.equal((await list(NOW, undefined)).length, 1);
    });

    test('lists live tokens, newest first, of one workload or of all', async t => {
      const store = await opened(t);
      const first = await kept(store);
      const second = await kept(store, API, NOW + 1000);
      const other = await kept(store, WEB, NOW + 500);
      const { list } = store.workloadTokens;
      assert.deepEqual(await list(NOW, API.id), [second.summary, first.summary]);
      assert.deepEqual(await list(NOW, undefined), [second.summary, other.summary, first.summary]);
      assert.deepEqual(await list(first.record.expiresAt, undefined), [
        second.summary,
        other.summary,
      ]);
      assert.deepEqual(await list(NOW, workloadOf('repo:acme/none').id), []);
    });

    test('revokes one token by its public id, once', async t => {
      const store = await opened(t);
      const [one, other] = [await kept(store), await kept(store)];
      const { revoke, find } = store.workloadTokens;
      assert.deepEqual(await revoke(one.record.publicId), one.summary);
      assert.equal(await revoke(one.record.publicId), undefined);
      assert.equal(await find(one.secret, NOW), undefined);
      assert.deepEqual((await find(other.secret, NOW))?.record, other.record);
    });

    test('ends every token of one workload, and later ones work', async t => {
      const store = await opened(t);
      const [one, two, other] = [
        await kept(store),
        await kept(store, API, NOW + 1),
        await kept(store, WEB),
      ];
      const { revokeAllOf, find } = store.workloadTokens;
      assert.deepEqual(await revokeAllOf(API.id), [two.summary, one.summary]);
      assert.deepEqual(await revokeAllOf(API.id), []);
      assert.equal(await find(one.secret, NOW), undefined);
      assert.deepEqual((await find(other.secret, NOW))?.record, other.record);
      const later = await kept(store);
      assert.deepEqual((await find(later.secret, NOW))?.record, later.record);
    });

    test('a workload has as many live tokens as it may, and an expired or revoked one gives its place free', async t => {
      const store = await opened(t);
      const { create: make, revoke, list } = store.workloadTokens;
      const makeAt = (at: number, of = API) => make(token(), tokenOf(of, at), MOST);
      for (let number = 0; number < MOST; number++)
        assert.equal(await makeAt(NOW + number * 1000), 'kept');
      assert.equal(await makeAt(NOW + 5000), 'full');
      assert.equal(
        await makeAt(NOW + 5000, WEB),
        'kept',
        'another workload has a limit of its own',
      );

      const [newest] = await list(NOW, API.id);
      await revoke(newest!.publicId);
      assert.equal(await makeAt(NOW + 6000), 'kept');
      assert.equal(await makeAt(NOW + 6000), 'full');
      // The first token has expired, and no one has pruned.
      assert.equal(await makeAt(NOW + LIFETIME), 'kept');
      assert.equal(await makeAt(NOW + LIFETIME), 'full');
      assert.equal((await list(NOW + LIFETIME, API.id)).length, MOST);
    });

    test('a token that takes over the place of an expired one inherits nothing of it', async t => {
      const store = await opened(t);
      const { create: make, touch, find, revoke, list } = store.workloadTokens;
      const [old, next] = [tokenOf(API), tokenOf(API, NOW + LIFETIME)];
      await make('rbw_old', old, 1);
      await touch('rbw_old', old.record, { at: NOW + 1000, address: '192.0.2.9' });
      assert.equal(await make('rbw_next', next, 1), 'kept');
      assert.equal(await find('rbw_old', NOW), undefined);
      assert.equal(await revoke(old.record.publicId), undefined);
      assert.deepEqual(await find('rbw_next', NOW + LIFETIME), { record: next.record });
      assert.deepEqual(await list(NOW + LIFETIME, API.id), [next.summary]);
    });

    test('prunes tokens that have expired, and no others', async t => {
      const store = await opened(t);
      const [old, live] = [await kept(store), await kept(store, API, NOW + 1000)];
      const { find, revoke } = store.workloadTokens;
      await store.prune(old.record.expiresAt + 1);
      assert.equal(await find(old.secret, NOW), undefined);
      assert.equal(await revoke(old.record.publicId), undefined);
      assert.deepEqual((await find(live.secret, NOW))?.record, live.record);
    });

    test('callers who race do not get more tokens than a workload may have', async t => {
      const store = await opened(t);
      const outcomes = await race([store], ({ workloadTokens }) =>
        workloadTokens.create(token(), tokenOf(API), 7),
      );
      assert.equal(outcomes.filter(outcome => outcome === 'kept').length, 7);
      assert.equal(outcomes.filter(outcome => outcome === 'full').length, outcomes.length - 7);
      assert.equal((await store.workloadTokens.list(NOW, API.id)).length, 7);
    });

    test('of callers who revoke one token exactly one does', async t => {
      const store = await opened(t);
      const { record } = await kept(store);
      const revoked = await race([store], ({ workloadTokens }) =>
        workloadTokens.revoke(record.publicId),
      );
      assert.equal(revoked.filter(Boolean).length, 1);
    });
  });

  describe(`${name}, blocked workloads`, () => {
    test('a block ends the tokens of a workload and lets no more be made, until it is removed', async t => {
      const store = await opened(t);
      const { workloadTokens, workloadBlocks } = store;
      const [mine, other] = [await kept(store), await kept(store, WEB)];
      assert.equal(await workloadBlocks.isBlocked(API.id), false);

      const ended = await workloadBlocks.block(namedWorkload(API), blockAt(NOW));

      assert.deepEqual(ended, { isNew: true, ended: [mine.summary] });
      assert.equal(await workloadBlocks.isBlocked(API.id), true);
      assert.equal(await workloadBlocks.isBlocked(WEB.id), false);
      assert.equal(await workloadTokens.find(mine.secret, NOW), undefined);
      assert.equal(await workloadTokens.create(token(), tokenOf(API), 1000), 'blocked');
      assert.deepEqual(idsOf(await workloadTokens.list(NOW, undefined)), [other.record.publicId]);

      assert.equal(await workloadBlocks.unblock(API.id), true);
      assert.equal(await workloadBlocks.unblock(API.id), false);
      assert.equal(await workloadBlocks.isBlocked(API.id), false);
      assert.equal(await workloadTokens.find(mine.secret, NOW), undefined);
      const later = await kept(store);
      assert.deepEqual((await workloadTokens.find(later.secret, NOW))?.record, later.record);
    });

    test('a workload is blocked once, and the first block stays', async t => {
      const { workloadBlocks } = await opened(t);
      const named = namedWorkload(API);
      const blocks = await race([{ workloadBlocks } as OpenStore], store =>
        store.workloadBlocks.block(named, blockAt(NOW)),
      );
      assert.equal(blocks.filter(({ isNew }) => isNew).length, 1);
      assert.deepEqual(await workloadBlocks.block(named, blockAt(NOW + 1000)), {
        isNew: false,
        ended: [],
      });
      assert.deepEqual(await workloadBlocks.list(), [{ ...named, ...blockAt(NOW) }]);
    });

    test('lists blocked workloads, newest block first, and a block of an unknown workload', async t => {
      const { workloadBlocks } = await opened(t);
      const unknown: NamedWorkload = {
        workload: 'aws-aaaaaaaaaaaaaaaa@workload' as WorkloadId,
        entry: 'aws' as WorkloadEntryId,
        subject: 'aws-aaaaaaaaaaaaaaaa@workload',
      };
      assert.deepEqual(await workloadBlocks.list(), []);
      await workloadBlocks.block(namedWorkload(API), blockAt(NOW));
      await workloadBlocks.block(unknown, { at: NOW + 1000, by: 'root' });
      assert.deepEqual(await workloadBlocks.list(), [
        { ...unknown, at: NOW + 1000, by: 'root' },
        { ...namedWorkload(API), ...blockAt(NOW) },
      ]);
      await workloadBlocks.unblock(unknown.workload);
      assert.equal((await workloadBlocks.list()).length, 1);
    });

    test('no token that races with a block survives it', async t => {
      const store = await opened(t);
      await assertNoneSurvives([store]);
    });

    test('no token that races with the end of all tokens survives it unlisted', async t => {
      const store = await opened(t);
      const secrets = Array.from({ length: 40 }, () => token());
      const [, ended] = await Promise.all([
        Promise.all(secrets.map(secret => store.workloadTokens.create(secret, tokenOf(API), 1000))),
        store.workloadTokens.revokeAllOf(API.id),
      ]);
      const found = await Promise.all(
        secrets.map(secret => store.workloadTokens.find(secret, NOW)),
      );
      const listed = idsOf(await store.workloadTokens.list(NOW, API.id));
      const live = found.flatMap(of => (of === undefined ? [] : [of.record.publicId]));
      assert.deepEqual([...listed].sort(), live.sort());
      for (const id of idsOf(ended)) assert.ok(!live.includes(id));
    });
  });
}

/** Callers at several stores make tokens while one blocks their workload and unblocks it again. */
async function assertNoneSurvives(stores: readonly OpenStore[]): Promise<void> {
  const [store] = stores;
  for (let round = 0; round < 10; round++) {
    const workload = workloadOf(`repo:acme/raced:${round}`);
    const secrets: string[] = [];
    const made = race(stores, ({ workloadTokens }) => {
      const secret = token();
      secrets.push(secret);
      return workloadTokens.create(secret, tokenOf(workload), 1000);
    });
    await stores.at(-1)!.workloadBlocks.block(namedWorkload(workload), blockAt(NOW));
    const outcomes = await made;
    const found = async () =>
      (await Promise.all(secrets.map(secret => store!.workloadTokens.find(secret, NOW)))).filter(
        of => of !== undefined,
      );
    assert.deepEqual(await found(), [], `found while blocked (${outcomes.join()})`);
    await store!.workloadBlocks.unblock(workload.id);
    assert.deepEqual(await found(), [], `found after the block (${outcomes.join()})`);
    assert.deepEqual(await store!.workloadTokens.list(NOW, workload.id), []);
  }
}

/** What callers at two stores on one database see, and an attacker with the database. */
export function lastingWorkloadsContract(
  name: string,
  create: (t: TestContext) => Promise<LastingDatabase>,
): void {
  const opened = async (t: TestContext) => {
    const database = await create(t);
    const stores = [await database.open(), await database.open()] as const;
    for (const store of stores) t.after(() => store.close());
    return { database, stores };
  };

  describe(`${name}, workloads, lasting`, () => {
    test('what one store does to a token or a workload, another sees that has just looked', async t => {
      const { stores } = await opened(t);
      const [first, second] = stores;
      const { secret, record } = await kept(first);
      const seen = () => second.workloadTokens.find(secret, NOW);
      assert.deepEqual((await seen())?.record, record);
      await first.workloadBlocks.block(namedWorkload(API), blockAt(NOW));
      assert.equal(await seen(), undefined);
      assert.equal(await second.workloadBlocks.isBlocked(API.id), true);
    });

    test('callers at two stores do not get more tokens than a workload may have', async t => {
      const { stores } = await opened(t);
      const outcomes = await race(stores, ({ workloadTokens }) =>
        workloadTokens.create(token(), tokenOf(API), 7),
      );
      assert.equal(outcomes.filter(outcome => outcome === 'kept').length, 7);
      assert.equal(outcomes.filter(outcome => outcome === 'full').length, outcomes.length - 7);
      assert.equal((await stores[1].workloadTokens.list(NOW, API.id)).length, 7);
    });

    test('no token of another store that races with a block survives it', async t => {
      const { stores } = await opened(t);
      await assertNoneSurvives(stores);
    });

    test('a token whose row is written after a block is never found, also when the block is removed', async t => {
      const { database, stores } = await opened(t);
      const { secret } = await kept(stores[0]);
      const [row] = await database.rows('SELECT * FROM workload_tokens');
      await stores[0].workloadBlocks.block(namedWorkload(API), blockAt(NOW));
      await insertRow(database, row!);
      assert.equal(await stores[0].workloadTokens.find(secret, NOW), undefined);
      await stores[0].workloadBlocks.unblock(API.id);
      assert.equal(await stores[0].workloadTokens.find(secret, NOW), undefined);
      assert.deepEqual(await stores[0].workloadTokens.list(NOW, undefined), []);
    });

    test('a pruning that races with callers removes no live token', async t => {
      const { stores } = await opened(t);
      const later = NOW + LIFETIME + 1;
      const full = Array.from({ length: 20 }, () => tokenOf(API));
      for (const made of full) await stores[0].workloadTokens.create(token(), made, 20);
      const secrets = full.map(() => token());
      const [outcomes] = await Promise.all([
        Promise.all(
          secrets.map((secret, index) =>
            stores[index % 2]!.workloadTokens.create(secret, tokenOf(API, later), 20),
          ),
        ),
        stores[0].prune(later),
        stores[1].prune(later),
      ]);
      assert.deepEqual(new Set(outcomes), new Set(['kept']));
      for (const secret of secrets)
        assert.notEqual(await stores[1].workloadTokens.find(secret, later), undefined);
    });

    test('the trail is searched by workload, and keeps what strangers with a token cause apart', async t => {
      const { database, stores } = await opened(t);
      const [{ audit, readAudit, prune }] = stores;
      const event = {
        ...({ type: 'workload.refused', at: NOW, origin: ORIGIN } as const),
        ...({ code: 'workload_role_denied', why: 'no rule' } as const),
      };
      const ofApi = { ...event, workload: namedWorkload(API) };
      const ofStranger = { ...event, stranger: namedWorkload(WEB), account: 'pr\0d', role: 'x' };
      await audit.record(ofApi);
      await audit.record(ofStranger);
      const columns = 'SELECT type, person, account, role FROM audit_events';
      assert.deepEqual(
        (await database.rows(columns)).map(row => ({ ...row })),
        [{ type: 'workload.refused', person: API.id, account: null, role: null }],
      );
      assert.equal((await database.rows('SELECT id FROM stranger_events')).length, 1);
      assert.deepEqual(await readAudit({ limit: 9, principal: API.id }), [ofApi]);
      assert.deepEqual(await readAudit({ limit: 9, principal: WEB.id }), []);
      assert.deepEqual(await readAudit({ limit: 9 }), [ofStranger, ofApi]);
      await prune(NOW + 1000 * 24 * HOUR);
      assert.deepEqual(await readAudit({ limit: 9 }), [ofApi]);
    });

    test('a database without the secret shows no token, claim, subject or address', async t => {
      const { database, stores } = await opened(t);
      const [subject, claim, address] = [token(), token(), `192.0.2.${token()}`];
      const workload = { ...workloadOf(`repo:${subject}`), claims: { repository: claim } };
      const made = tokenOf(workload);
      const secret = `rbw_${token()}`;
      const summary = { ...made.summary, address };
      await stores[0].workloadTokens.create(secret, { ...made, summary }, 9);
      await stores[0].workloadTokens.touch(secret, made.record, { at: NOW, address });
      const reason = token();
      await stores[0].workloadBlocks.block(namedWorkload(workloadOf(`repo:${subject}:blocked`)), {
        at: NOW,
        by: 'root',
        reason,
      });

      const stolen = await database.bytes();

      assert.ok(
        stolen.includes(made.record.publicId),
        'the search sees what is stored in the clear',
      );
      for (const [what, text] of Object.entries({ secret, subject, claim, address, reason }))
        assert.ok(!stolen.includes(text), `${what} lies open`);
    });
  });
}

export async function insertRow(
  database: LastingDatabase,
  row: Readonly<Record<string, string | number | Uint8Array | null>>,
): Promise<void> {
  const columns = Object.keys(row);
  await database.rows(
    `INSERT INTO workload_tokens (${columns.join(', ')})
     VALUES (${columns.map((_, index) => `$${index + 1}`).join(', ')})`,
    columns.map(column => row[column]!),
  );
}

/** For a database that a version without workloads has filled. */
export function migratedWorkloadsContract(
  name: string,
  create: (t: TestContext) => Promise<LastingDatabase>,
): void {
  test(`${name}: a store without workloads takes them, and keeps what it has`, async t => {
    const database = await create(t);
    const old = await database.open();
    t.after(() => old.close());
    for (const event of EVENTS) await old.audit.record(event);
    await old.oneTimeKeys.claim('_assertion', NOW + HOUR);
    await old.close();
    for (const sql of [
      'DROP TABLE workload_tokens',
      'DROP TABLE workloads',
      'DELETE FROM rolebridge_migrations WHERE number = 8',
    ])
      await database.rows(sql);
    await assert.rejects(database.rows('SELECT * FROM workload_tokens'));

    const store = await database.open();
    t.after(() => store.close());
    const { secret, record } = await kept(store);
    assert.deepEqual((await store.workloadTokens.find(secret, NOW))?.record, record);
    assert.equal(await store.oneTimeKeys.claim('_assertion', NOW + HOUR), false);
    assert.equal((await store.readAudit({ limit: 100 })).length, EVENTS.length);
    await store.ping();
  });
}

/** Every question about workloads is answered by an index. */
export function indexedWorkloadsContract(
  name: string,
  create: (t: TestContext) => Promise<LastingDatabase>,
  planner: Planner,
): void {
  test(`${name}: tokens and blocks of workloads are found and listed without reading all`, async t => {
    const database = await create(t);
    const store = await database.open();
    t.after(() => store.close());
    const heard = listening();
    const seals = createSeal(SECRET);
    const tokens = createWorkloadTokens(heard.listener, seals);
    const blocks = createWorkloadBlocks(heard.listener, seals);
    const { record } = tokenOf(API);
    await tokens.find('token', NOW);
    await tokens.touch('token', record, { at: NOW, address: 'a' });
    await tokens.revoke(record.publicId);
    await tokens.revokeAllOf(API.id);
    await tokens.list(NOW, undefined);
    await tokens.list(NOW, API.id);
    await blocks.isBlocked(API.id);
    await blocks.unblock(API.id);
    await blocks.list();

    const plans = await assertIndexed(heard, 10, { database, ...planner });
    assert.equal(plans.length, 10);
  });
}
