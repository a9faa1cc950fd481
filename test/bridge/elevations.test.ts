/** Elevations from the request to their end, by the users of a whole bridge. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createOperatorSessions } from '../../src/bridge/operator-sessions.ts';
import { createRecorder } from '../../src/bridge/recorder.ts';
import type { Elevation } from '../../src/core/elevation.ts';
import { statusOf } from '../../src/core/elevation.ts';
import type { AccountId } from '../../src/core/role.ts';
import { ask, codeOf, ORIGIN, RULES, viewerIn, WORKERS, withRules } from '../support/elevations.ts';
import { useWorld } from '../support/world.ts';

const PROD = { account: 'prod', role: 'Admin' };
const HOUR = 3600;
const MINUTE = 60;

const GENEROUS = `
  - name: generous
    groups: [developers]
    connectors: [corp-oidc]
    accounts: [prod, partner]
    roles: [Admin, Auditor]
    elevation:
      approvers: [{ groups: [approvers], connectors: [corp-oidc] }]
      longest: 4h
`;

describe('an elevation', () => {
  const world = useWorld({ configure: withRules(RULES), people: WORKERS });
  const useCases = () => world.bridge.elevations;
  const statusNow = (elevation: Elevation) => statusOf(elevation, world.clock.now());
  const found = async (id: string) =>
    (await world.bridge.storage.store.elevations.find(id)) as Elevation;
  const codes = async (type: string) =>
    (await world.audit()).filter(event => event.type === type).reverse();

  it('gives the role from the approval to the end of the time, and no longer', async () => {
    const bob = await viewerIn(world, 'bob');
    const erin = await viewerIn(world, 'erin');
    assert.equal(await codeOf(world.bridge.access.credentialsFor(bob, PROD)), 'approval_missing');

    const [asked] = await useCases().request(bob, ask({}));
    assert.equal(statusNow(asked!), 'waiting');
    const waiting = await world.bridge.access.explain(await bob.again(), PROD);
    assert.match(waiting.nextStep!, /^Wait for the approval/);
    assert.equal(
      await codeOf(world.bridge.access.check(await bob.again(), PROD)),
      'approval_missing',
    );

    const granted = await useCases().approve(erin, { id: asked!.id });
    assert.equal(statusNow(granted), 'active');
    const { assumed, entitlement } = await world.bridge.access.credentialsFor(
      await bob.again(),
      PROD,
    );
    assert.equal(assumed.durationSeconds, HOUR);
    assert.equal(entitlement.elevation!.id, asked!.id);
    assert.ok(assumed.credentials.expiresAt <= granted.granted!.endsAt);

    world.clock.turn(44 * MINUTE);
    const late = await world.bridge.access.credentialsFor(await bob.again(), PROD);
    assert.equal(late.assumed.durationSeconds, 16 * MINUTE);
    world.clock.turn(2 * MINUTE);
    assert.equal(
      await codeOf(world.bridge.access.check(await bob.again(), PROD)),
      'approval_missing',
    );
    assert.match(
      (await world.bridge.access.explain(await bob.again(), PROD)).nextStep!,
      /^Request an extension/,
    );
    world.clock.turn(20 * MINUTE);
    assert.equal(statusNow(await found(asked!.id)), 'expired');
    assert.equal(
      await codeOf(world.bridge.access.check(await bob.again(), PROD)),
      'approval_missing',
    );
  });

  it('is in the trail from the request to the hand-out', async () => {
    const bob = await viewerIn(world, 'bob');
    const erin = await viewerIn(world, 'erin');
    const [asked] = await useCases().request(bob, ask({ seconds: 2 * HOUR }));
    await useCases().approve(erin, { id: asked!.id, seconds: HOUR, note: 'go on' });
    await world.bridge.access.credentialsFor(await bob.again(), PROD);
    const story = (await world.audit()).filter(
      event => 'elevation' in event && event.elevation === asked!.id,
    );
    assert.deepEqual(story.map(({ type }) => type).reverse(), [
      'elevation.requested',
      'elevation.approved',
      'credentials.issued',
    ]);
    const { elevation } = await useCases().revoke(await erin.again(), { id: asked!.id });
    assert.equal(statusNow(elevation), 'revoked');
    const view = await useCases().view(bob, asked!.id);
    assert.equal(view.alive.length, 1);
    assert.equal(
      await codeOf(world.bridge.access.check(await bob.again(), PROD)),
      'approval_missing',
    );
  });

  it('is approved by different humans, and by none for themselves', async () => {
    const bob = await viewerIn(world, 'bob');
    const [asked] = await useCases().request(
      bob,
      ask({ account: 'staging', ticket: 'OPS-1', reason: undefined }),
    );
    const { id } = asked!;
    const self = await viewerIn(world, 'bob-admin');
    assert.equal(
      await codeOf(useCases().approve(self, { id })),
      'elevation_not_yours_to_decide',
      'another account of the requester',
    );
    const frank = await viewerIn(world, 'frank');
    const first = await useCases().approve(frank, { id });
    assert.equal(statusNow(first), 'waiting');
    assert.equal(
      await codeOf(useCases().approve(frank, { id })),
      'elevation_not_yours_to_decide',
      'twice',
    );
    const carol = await viewerIn(world, 'carol');
    assert.equal(await codeOf(useCases().approve(carol, { id })), 'elevation_unknown');
    const erin = await viewerIn(world, 'erin');
    // frank is in both groups: erin takes the place of approvers, and frank that of security.
    assert.equal(statusNow(await useCases().approve(erin, { id })), 'active');
    assert.equal((await codes('elevation.refused')).length >= 3, true);
  });

  it('does not count an approver who has lost the group since', async () => {
    const bob = await viewerIn(world, 'henry');
    const [asked] = await useCases().request(bob, ask({ account: 'gov', ticket: 'OPS-2' }));
    const { id } = asked!;
    await useCases().approve(await viewerIn(world, 'grace'), { id });
    world.oidcIdp.directory.change('grace', { groups: [] });
    world.clock.turn(MINUTE);
    await viewerIn(world, 'grace');
    const still = await useCases().approve(await viewerIn(world, 'erin'), { id });
    assert.equal(statusNow(still), 'waiting');
    const view = await useCases().view(await viewerIn(world, 'frank'), id);
    assert.deepEqual(view.outstanding, ['1 more from security']);
    assert.equal(
      statusNow(await useCases().approve(await viewerIn(world, 'frank'), { id })),
      'active',
    );
  });

  it('is decided by a sign-in of the last 15 minutes only', async () => {
    const dave = await viewerIn(world, 'dave');
    const erin = await viewerIn(world, 'erin');
    const [asked] = await useCases().request(dave, ask({}));
    world.clock.turn(16 * MINUTE);
    const stale = await erin.again();
    assert.equal(
      await codeOf(useCases().approve(stale, { id: asked!.id })),
      'recent_sign_in_needed',
    );
    assert.equal(await codeOf(useCases().deny(stale, { id: asked!.id })), 'recent_sign_in_needed');
    assert.equal(
      await codeOf(
        useCases().approve(
          {
            ...(await viewerIn(world, 'erin')),
            cliLogin: { grant: 'device_code', client: { id: 'rolebridge-cli', name: 'c' } },
          },
          { id: asked!.id },
        ),
      ),
      'decision_not_for_device_login',
    );
    const registered = { id: 'registered-1', name: 'AWS CLI', selfNamed: true } as const;
    assert.equal(
      await codeOf(
        useCases().approve(
          {
            ...(await viewerIn(world, 'erin')),
            cliLogin: { grant: 'authorization_code', client: registered },
          },
          { id: asked!.id },
        ),
      ),
      'decision_not_for_device_login',
      'a program that registered itself',
    );
    const denied = await useCases().deny(await viewerIn(world, 'erin'), { id: asked!.id });
    assert.equal(statusNow(denied), 'denied');
    assert.equal(
      await codeOf(useCases().approve(await viewerIn(world, 'erin'), { id: asked!.id })),
      'elevation_closed',
    );
    assert.equal(await codeOf(useCases().withdraw(dave, asked!.id)), 'elevation_closed');
  });

  it('breaks the glass at once, and is reviewed by another user or called overdue daily', async () => {
    const henry = await viewerIn(world, 'henry');
    assert.equal(
      await codeOf(
        useCases().request(
          await viewerIn(world, 'dave'),
          ask({ breakGlass: true, reason: 'x'.repeat(20) }),
        ),
      ),
      'elevation_not_offered',
    );
    const [broken] = await useCases().request(
      henry,
      ask({ breakGlass: true, reason: 'production is down' }),
    );
    assert.equal(statusNow(broken!), 'active');
    await world.bridge.access.credentialsFor(await henry.again(), PROD);
    world.clock.turn(5 * HOUR);
    await world.bridge.elevationUpkeep.run();
    await world.bridge.elevationUpkeep.run();
    assert.equal((await codes('elevation.review-overdue')).length, 1);
    world.clock.turn(24 * HOUR);
    await world.bridge.elevationUpkeep.run();
    assert.equal((await codes('elevation.review-overdue')).length, 2);
    const again = await viewerIn(world, 'henry');
    assert.equal(
      await codeOf(useCases().review(again, { id: broken!.id, note: 'it was all my doing' })),
      'elevation_not_yours_to_decide',
    );
    const erin = await viewerIn(world, 'erin');
    assert.deepEqual(
      (await useCases().lists(erin)).toReview.map(({ id }) => id),
      [broken!.id],
    );
    await useCases().review(erin, { id: broken!.id, note: 'the outage was real' });
    world.clock.turn(48 * HOUR);
    await world.bridge.elevationUpkeep.run();
    assert.equal((await codes('elevation.review-overdue')).length, 2);
  });

  it('ends when its rule no longer selects its account, and only then', async () => {
    const dave = await viewerIn(world, 'dave');
    const [asked] = await useCases().request(dave, ask({}));
    world.clock.turn(1);
    const changed = (accounts: (ids: readonly AccountId[]) => readonly AccountId[]) =>
      world.compose(configuration => ({
        ...configuration,
        access: configuration.access.map(rule => ({
          ...rule,
          accounts: rule.accounts && accounts(rule.accounts),
        })),
      }));
    const wider = await changed(ids => [...ids, '999900001111' as AccountId]);
    await wider.elevationUpkeep.run();
    assert.equal(statusNow(await found(asked!.id)), 'waiting');

    const narrower = await changed(ids => ids.filter(id => id !== asked!.account));
    await narrower.elevationUpkeep.run();
    assert.equal(statusNow(await found(asked!.id)), 'rule-changed');
    await Promise.all([wider.close(), narrower.close()]);
  });

  it('is extended by an approval, without a gap and within the longest time', async () => {
    const bob = await viewerIn(world, 'dave');
    const erin = await viewerIn(world, 'erin');
    const [asked] = await useCases().request(bob, ask({ seconds: HOUR }));
    const first = await useCases().approve(erin, { id: asked!.id });
    world.clock.turn(10 * MINUTE);
    const [longer] = await useCases().request(await bob.again(), ask({ seconds: HOUR }));
    assert.equal(longer!.extends, asked!.id);
    assert.equal(
      await codeOf(useCases().request(await bob.again(), ask({ seconds: HOUR }))),
      'elevation_invalid',
      'an extension waits',
    );
    const second = await useCases().approve(await viewerIn(world, 'erin'), { id: longer!.id });
    assert.equal(second.granted!.endsAt, first.granted!.endsAt + HOUR * 1000);
    assert.equal(
      await codeOf(useCases().request(await bob.again(), ask({ seconds: HOUR }))),
      'elevation_invalid',
      'longer than is offered',
    );
    const { alive } = await useCases().revoke(await bob.again(), { id: asked!.id });
    assert.deepEqual(alive, []);
    assert.equal(statusNow(await found(longer!.id)), 'revoked', 'its extension ends with it');
  });

  it('begins later if that was asked for, and from its approval if that comes after', async () => {
    const dave = await viewerIn(world, 'dave');
    const startsAt = world.clock.now() + 3 * HOUR * 1000;
    const [asked] = await useCases().request(dave, ask({ startsAt, seconds: 30 * MINUTE }));
    const granted = await useCases().approve(await viewerIn(world, 'erin'), { id: asked!.id });
    assert.equal(statusNow(granted), 'scheduled');
    assert.match(
      (await world.bridge.access.explain(await dave.again(), PROD)).nextStep!,
      /^Try again when it has begun/,
    );
    world.clock.turn(3 * HOUR - MINUTE);
    const later = await viewerIn(world, 'dave');
    assert.equal(await codeOf(world.bridge.access.check(later, PROD)), 'approval_missing');
    world.clock.turn(MINUTE);
    assert.equal(await codeOf(world.bridge.access.check(await later.again(), PROD)), 'none');
    assert.equal(granted.granted!.endsAt, startsAt + 30 * MINUTE * 1000);
    await useCases().revoke(await later.again(), { id: asked!.id });
  });

  it('is one of a batch, each decided by its own approvers', async () => {
    const bob = await viewerIn(world, 'bob');
    const made = await useCases().request(bob, {
      ...ask({ ticket: 'OPS-7' }),
      roles: ['staging', 'gov'].map(account => ({ account, role: 'Admin' })),
    });
    assert.equal(new Set(made.map(({ batch }) => batch)).size, 1);
    assert.ok(made[0]!.batch);
    const erin = await viewerIn(world, 'erin');
    const { toDecide } = await useCases().lists(erin);
    for (const { id } of made) assert.ok(toDecide.some(of => of.id === id));
    world.oidcIdp.directory.change('grace', { groups: ['security'] });
    const { before } = await useCases().view(await viewerIn(world, 'grace'), made[0]!.id);
    assert.ok(before.some(({ id }) => id === made[1]!.id));
    assert.ok(
      before.every(({ rule }) => rule === 'two-approve'),
      'security approves no other rule',
    );
    await useCases().deny(erin, { id: made[0]!.id, note: 'not in staging' });
    assert.equal(statusNow(await found(made[1]!.id)), 'waiting');
    await useCases().withdraw(bob, made[1]!.id);
  });

  it('ends with the block of its user, and does not come back', async () => {
    const henry = await viewerIn(world, 'henry');
    const { person } = henry.subject.identity;
    const [asked] = await useCases().request(henry, ask({}));
    await useCases().approve(await viewerIn(world, 'erin'), { id: asked!.id });
    const { store, audit } = world.bridge.storage;
    const { clock } = world;
    const operator = createOperatorSessions({
      ...store,
      ...{ audit, clock, recorder: createRecorder({ audit, clock }), idleSeconds: 3600 },
    });
    const known = (await store.people.find(person))!;
    await operator.block(known, { by: 'ops', reason: 'left' }, ORIGIN);
    await operator.unblock(known, {}, ORIGIN);
    const again = await viewerIn(world, 'henry');
    assert.equal(await codeOf(world.bridge.access.check(again, PROD)), 'approval_missing');
    assert.match(
      (await world.bridge.access.explain(again, PROD)).nextStep!,
      /^Request the role again/,
    );
    const { ended } = await found(asked!.id);
    assert.deepEqual([ended!.why, ended!.as, ended!.note], ['revoked', 'operator', 'left']);
  });
});

describe('what a user can ask for', () => {
  const world = useWorld({ configure: withRules(RULES + GENEROUS), people: WORKERS });
  const offers = async (username: string) =>
    (await world.bridge.elevations.offers(await viewerIn(world, username))).map(
      ({ account, role, rule, longestSeconds }) =>
        [`${account.name}/${role}`, rule, longestSeconds].join(' '),
    );

  it('is each role once, by the most generous rule, within what a session gives', async () => {
    assert.deepEqual(await offers('bob'), [
      'gov/Admin two-approve 7200',
      'partner/Admin generous 3600',
      'partner/Auditor generous 3600',
      'prod/Admin generous 14400',
      'prod/Auditor generous 14400',
      'prod/Operator operate-on-request 14400',
      'staging/Admin two-approve 7200',
    ]);
  });

  it('is nothing that they have already, and nothing without a group', async () => {
    assert.deepEqual(await offers('carol'), []);
    const { visitor } = await world.signIn('alice', 'oidc', { secondFactor: true });
    assert.ok(visitor);
    assert.ok(!(await offers('alice')).some(offer => offer.startsWith('partner/Auditor')));
  });
});
