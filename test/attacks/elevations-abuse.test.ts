/** Users who have a right on an elevation, and use it for more. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { endElevationsOf } from '../../src/bridge/elevation-ends.ts';
import { type Elevation, statusOf } from '../../src/core/elevation.ts';
import { ask, codeOf, ORIGIN, RULES, viewerIn, WORKERS, withRules } from '../support/elevations.ts';
import { useDatabase, useWorld } from '../support/world.ts';

const HOUR = 3600;
const MINUTE = 60;

const worker = (username: string, groups: readonly string[]) => ({
  ...{ username, password: username, displayName: username, department: 'Test' },
  ...{ email: `${username}@acme.example`, groups },
});
const PEOPLE = [
  ...WORKERS,
  // An administrator, and an auditor, who are nothing else.
  worker('mallory', ['aws-admins']),
  worker('audrey', ['audit']),
  worker('olga', ['owners']),
  worker('iris', ['oncall', 'developers']),
  worker('kate', ['oncall', 'developers']),
  worker('lena', ['developers']),
  worker('nora', ['approvers']),
];
const MORE_RULES = `${RULES}
  - name: owners-approve
    groups: [developers]
    connectors: [corp-oidc]
    accounts: [staging]
    roles: [ReadOnly]
    session: { console: 8h }
    elevation:
      approvers: [{ groups: [owners], connectors: [corp-oidc] }]
      longest: 4h
`;
const configure = (yaml: string): string =>
  withRules(MORE_RULES)(yaml).replace(
    '\nadministration:',
    '\nadministration:\n  auditors: { groups: [audit], connectors: [corp-oidc] }',
  );

describe('users with a right on an elevation', () => {
  const world = useWorld({ configure, people: PEOPLE });
  const database = useDatabase(world);
  const useCases = () => world.bridge.elevations;
  const found = async (id: string) =>
    (await world.bridge.storage.store.elevations.find(id)) as Elevation;
  const statusNow = async (id: string) => statusOf(await found(id), world.clock.now());
  const requested = async (username: string, over: Parameters<typeof ask>[0] = {}) => {
    const [made] = await useCases().request(await viewerIn(world, username), ask(over));
    return made!.id;
  };

  it('administrators end and do not approve or deny, and auditors only read', async () => {
    const id = await requested('bob');
    const mallory = await viewerIn(world, 'mallory');
    const audrey = await viewerIn(world, 'audrey');
    const note = 'a long enough note';
    for (const [user, actions] of [
      [mallory, ['approve', 'deny', 'withdraw']],
      [audrey, ['approve', 'deny', 'withdraw', 'revoke', 'review']],
    ] as const) {
      const { rights } = await useCases().view(user, id);
      for (const action of actions) {
        assert.ok(!rights.has(action), action);
        const work =
          action === 'withdraw'
            ? useCases().withdraw(user, id)
            : useCases()[action](user, { id, note });
        assert.equal(await codeOf(work), 'elevation_not_yours_to_decide', action);
      }
    }
    assert.equal(await statusNow(id), 'waiting');
    await useCases().revoke(mallory, { id });
    assert.equal(await statusNow(id), 'revoked');
  });

  it('an approver of one rule learns nothing of requests by another rule', async () => {
    const other = await requested('bob', { account: 'staging', role: 'ReadOnly' });
    const id = await requested('bob');
    const { before } = await useCases().view(await viewerIn(world, 'erin'), id);
    assert.ok(!before.some(of => of.id === other));
    const seen = await useCases().view(await viewerIn(world, 'mallory'), id);
    assert.ok(seen.before.some(of => of.id === other));
    const bob = await viewerIn(world, 'bob');
    for (const open of [id, other]) await useCases().withdraw(bob, open);
  });

  it('an approver who gets the e-mail of the requester afterwards no longer counts', async () => {
    const id = await requested('dave', { account: 'gov', ticket: 'OPS-1' });
    await useCases().approve(await viewerIn(world, 'grace'), { id });
    world.oidcIdp.directory.change('grace', { email: 'dave@acme.example' });
    world.clock.turn(MINUTE);
    await viewerIn(world, 'grace');
    await useCases().approve(await viewerIn(world, 'erin'), { id });
    assert.equal(await statusNow(id), 'waiting');
    await useCases().approve(await viewerIn(world, 'frank'), { id });
    assert.equal(await statusNow(id), 'active');
  });

  it('break-glass cannot be repeated beyond what can be revoked and reviewed', async () => {
    const henry = await viewerIn(world, 'henry');
    const glass = ask({ breakGlass: true, seconds: HOUR / 2, reason: 'production is down' });
    for (let count = 0; count < 100; count++) await useCases().request(henry, glass);
    assert.equal(await codeOf(useCases().request(henry, glass)), 'limit_reached');
    world.clock.turn(HOUR);
    const later = await viewerIn(world, 'henry');
    assert.equal(await codeOf(useCases().request(later, glass)), 'limit_reached');
    const { toReview } = await useCases().lists(await viewerIn(world, 'erin'));
    assert.equal(toReview.length, 100);
  });

  it('requests at the same time do not pass the limits', async () => {
    const iris = await viewerIn(world, 'iris');
    const glass = ask({ breakGlass: true, seconds: HOUR / 2, reason: 'production is down' });
    const codes = await Promise.all(
      Array.from({ length: 110 }, () => codeOf(useCases().request(iris, glass))),
    );
    assert.equal(codes.filter(code => code === 'none').length, 100);
    assert.equal(codes.filter(code => code === 'limit_reached').length, 10);
  });

  it('a block ends more elevations than one list has', async () => {
    const { store } = world.bridge.storage;
    const now = world.clock.now();
    const kate = await viewerIn(world, 'kate');
    const glass = ask({ breakGlass: true, seconds: HOUR / 2, reason: 'production is down' });
    const [made] = await useCases().request(kate, glass);
    for (const part of ['a', 'b', 'c'])
      await store.elevations.create(
        Array.from({ length: 100 }, (_, index) => ({ ...made!, id: `${part}${index}` })),
      );
    const { person } = kate.subject.identity;
    const ended = await endElevationsOf(store, person, { at: now, origin: ORIGIN });
    assert.equal(ended, 301);
    const granted = await store.elevations.list({ kind: 'granted', now }, 1000);
    assert.ok(granted.every(of => of.requester.person !== person));
  });

  it('a user who requests and withdraws without end reaches a limit', async () => {
    const lena = await viewerIn(world, 'lena');
    for (let count = 0; count < 100; count++) {
      const [made] = await useCases().request(await lena.again(), ask({}));
      await useCases().withdraw(lena, made!.id);
    }
    assert.equal(await codeOf(useCases().request(await lena.again(), ask({}))), 'limit_reached');
    world.clock.turn(HOUR);
    assert.equal(await codeOf(useCases().request(await viewerIn(world, 'lena'), ask({}))), 'none');
  });

  it('an approver who lost the group decides nothing in a session of before', async () => {
    const id = await requested('bob');
    const before = await viewerIn(world, 'nora');
    world.oidcIdp.directory.change('nora', { groups: [] });
    world.clock.turn(1);
    await viewerIn(world, 'nora');
    const work = useCases().approve(await before.again(), { id });
    assert.equal(await codeOf(work), 'elevation_unknown');
    await useCases().withdraw(await viewerIn(world, 'bob'), id);
  });

  it('a step-up that an address begins ends at the page, and approves nothing', async () => {
    const id = await requested('bob');
    const { visitor } = await world.signIn('erin', 'oidc');
    world.clock.turn(16 * MINUTE);
    const wanted = encodeURIComponent(`/elevations/${id}?action=approve&duration=1h`);
    const { visitor: later, page } = await world.signIn('erin', 'oidc', {
      visitor,
      returnTo: `/step-up?within=900&return_to=${wanted}`,
    });
    assert.match(page.text, /Waiting for approval/);
    for (const done of ['approve', 'deny', 'revoke']) {
      const claimed = await later.get(`${world.urls.bridge}/elevations/${id}?done=${done}`);
      assert.doesNotMatch(claimed.text, /You (approved|denied|ended|revoked)/);
    }
    assert.deepEqual((await found(id)).votes, []);
    await useCases().withdraw(await viewerIn(world, 'bob'), id);
  });

  it('a console that is opened as late as possible ends with the elevation', async () => {
    const place = { account: 'staging', role: 'ReadOnly' };
    const id = await requested('bob', { ...place, seconds: 4 * HOUR });
    await useCases().approve(await viewerIn(world, 'olga'), { id });
    const bob = await viewerIn(world, 'bob');
    const { link } = await world.bridge.access.consoleLinkFor(bob, place);
    const latest = world.clock.now() + (15 * MINUTE + link.consoleSeconds!) * 1000;
    assert.ok(latest <= (await found(id)).granted!.endsAt, String(link.consoleSeconds));
  });

  it('a row in the trail does not take the place of an approval, and keeps nothing else up', async () => {
    const id = await requested('bob');
    database
      .prepare(
        `INSERT INTO audit_events (at, type, correlation_id, event, elevation, elevation_event)
         VALUES (?, 'elevation.requested', 'x', ?, ?, 2)`,
      )
      .run(
        world.clock.now(),
        JSON.stringify({
          ...{ type: 'elevation.approved', at: world.clock.now() },
          origin: { ...ORIGIN, correlationId: 'guessed' },
        }),
        id,
      );
    assert.equal(
      await codeOf(useCases().approve(await viewerIn(world, 'erin'), { id })),
      'unavailable',
    );
    const bob = await viewerIn(world, 'bob');
    const prod = { account: 'prod', role: 'Admin' };
    assert.equal(await codeOf(world.bridge.access.check(bob, prod)), 'approval_missing');

    world.clock.turn(5 * HOUR);
    await world.bridge.elevationUpkeep.run();
    const overdue = (await world.audit()).filter(of => of.type === 'elevation.review-overdue');
    assert.ok(overdue.length > 0);
  });
});
