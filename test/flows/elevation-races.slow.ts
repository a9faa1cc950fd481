/** Changes to one elevation that race on two instances: one outcome, and one story in the trail. */
import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import type { Snapshot } from '../../src/compose/compose.ts';
import { type Elevation, statusOf } from '../../src/core/elevation.ts';
import { approved } from '../../src/core/elevation-changes.ts';
import type { Viewer } from '../../src/core/requester.ts';
import { ask, codeOf, ORIGIN, RULES, viewerIn, WORKERS, withRules } from '../support/elevations.ts';
import { postgresMissing, usePostgres } from '../support/postgres.ts';
import { storedIn, useWorld, type World } from '../support/world.ts';

describe('races for an elevation on one SQLite file', () => {
  oneOutcome(useWorld({ configure: withRules(RULES), people: WORKERS }));
});

describe('races for an elevation on one PostgreSQL', { skip: postgresMissing() }, () => {
  const postgres = usePostgres();
  oneOutcome(useWorld(() => ({ ...storedIn(postgres, withRules(RULES)), people: WORKERS })));
});

type Person = Viewer & { again(bridge?: Snapshot): Promise<Viewer> };

/** Two of them are granted, and end, in each of many rounds. */
const ROUNDS = 8;

function oneOutcome(world: World): void {
  let other: Snapshot;
  const people: Record<string, Person> = {};
  before(async () => {
    other = await world.compose();
    for (const name of ['bob', 'erin', 'frank', 'grace'])
      people[name] = await viewerIn(world, name);
  });
  const here = () => world.bridge.elevations;
  const there = () => other.elevations;
  const find = async (id: string) => (await other.storage.store.elevations.find(id)) as Elevation;
  const statusNow = async (id: string) => statusOf(await find(id), world.clock.now());
  const storyOf = async (id: string) =>
    (await world.audit())
      .filter(event => 'number' in event && event.elevation === id)
      .map(({ type }) => type.replace('elevation.', ''))
      .reverse();
  const newRequest = async (account = 'prod') => {
    const [made] = await here().request(
      await people.bob!.again(),
      ask({ account, ...(account !== 'prod' && { ticket: 'OPS-1' }) }),
    );
    return made!.id;
  };
  const end = async (id: string) =>
    codeOf(here().revoke(await people.bob!.again(), { id })).then(() => undefined);

  it('grants it once when two approvers give the last vote at the same time', async () => {
    for (let round = 0; round < ROUNDS; round++) {
      const id = await newRequest();
      const outcomes = await Promise.all([
        codeOf(here().approve(people.erin!, { id })),
        codeOf(there().approve(people.frank!, { id })),
      ]);
      assert.deepEqual(outcomes.toSorted(), ['elevation_closed', 'none']);
      assert.deepEqual(await storyOf(id), ['requested', 'approved']);
      await end(id);
    }
  });

  it('counts both of two approvals that are needed and race', async () => {
    for (let round = 0; round < ROUNDS; round++) {
      const id = await newRequest('staging');
      const outcomes = await Promise.all([
        codeOf(here().approve(people.erin!, { id })),
        codeOf(there().approve(people.grace!, { id })),
      ]);
      assert.deepEqual(outcomes, ['none', 'none']);
      assert.equal(await statusNow(id), 'active');
      assert.deepEqual(await storyOf(id), ['requested', 'approved', 'approved']);
      await end(id);
    }
  });

  it('counts one approver once who approves on both instances at once', async () => {
    const id = await newRequest('staging');
    const outcomes = await Promise.all([
      codeOf(here().approve(people.frank!, { id })),
      codeOf(there().approve(people.frank!, { id })),
    ]);
    assert.deepEqual(outcomes.toSorted(), ['elevation_not_yours_to_decide', 'none']);
    assert.equal(await statusNow(id), 'waiting');
    await here().withdraw(people.bob!, id);
  });

  it('is approved or withdrawn, and never both', async () => {
    for (let round = 0; round < ROUNDS; round++) {
      const id = await newRequest();
      const [approval, withdrawal] = await Promise.all([
        codeOf(here().approve(people.erin!, { id })),
        codeOf(there().withdraw(people.bob!, id)),
      ]);
      assert.deepEqual([approval, withdrawal].toSorted(), ['elevation_closed', 'none']);
      assert.equal(await statusNow(id), approval === 'none' ? 'active' : 'withdrawn');
      assert.deepEqual(await storyOf(id), [
        'requested',
        approval === 'none' ? 'approved' : 'withdrawn',
      ]);
      await end(id);
    }
  });

  it('is approved, or ended by a reload that changes its rule, and gives nothing afterwards', async () => {
    for (let round = 0; round < ROUNDS; round++) {
      const id = await newRequest();
      world.clock.turn(1);
      const changed = await world.compose(configuration => ({
        ...configuration,
        access: configuration.access.map(rule =>
          rule.elevation === undefined
            ? rule
            : { ...rule, elevation: { ...rule.elevation, digest: 'another' } },
        ),
      }));
      await Promise.all([
        codeOf(here().approve(people.erin!, { id })),
        changed.elevationUpkeep.run(),
        world.bridge.elevationUpkeep.run(),
      ]);
      assert.equal(await statusNow(id), 'rule-changed');
      const story = await storyOf(id);
      assert.equal(story.at(-1), 'rule-changed');
      assert.equal(new Set(story).size, story.length, story.join());
      const asked = { account: 'prod', role: 'Admin' };
      const bob = await people.bob!.again(changed);
      assert.equal(await codeOf(changed.access.check(bob, asked)), 'approval_missing');
      assert.match((await changed.access.explain(bob, asked)).nextStep!, /^Request the role again/);
      await changed.close();
    }
  });

  it('is approved before the request lapses, or not at all', async () => {
    const id = await newRequest();
    const { decideBy } = await find(id);
    world.clock.turn((decideBy - world.clock.now()) / 1000);
    const outcomes = await Promise.all([
      codeOf(here().approve(await viewerIn(world, 'erin'), { id })),
      codeOf(there().approve(await viewerIn(world, 'frank'), { id })),
    ]);
    assert.deepEqual(outcomes, ['elevation_closed', 'elevation_closed']);
    assert.deepEqual(await storyOf(id), ['requested']);
  });

  it('gives nothing until its approval is in the trail, which any instance makes up for', async () => {
    people.bob = await viewerIn(world, 'bob');
    const id = await newRequest();
    const { erin } = people;
    const { person, connector, username } = erin!.subject.identity;
    const at = world.clock.now();
    // As a process that stops between the change and its record leaves it.
    await other.storage.store.elevations.update(id, before => {
      const by = { person, connector, username };
      const vote = { by, at, origin: ORIGIN, groups: ['approvers'], seconds: 3600, longest: 7200 };
      const next = approved(before, { ...vote, outstanding: 0 });
      return { next, value: undefined };
    });
    const asked = { account: 'prod', role: 'Admin' };
    const check = async () => codeOf(world.bridge.access.check(await people.bob!.again(), asked));
    assert.equal(await check(), 'approval_missing');
    world.clock.turn(11);
    await Promise.all([world.bridge.elevationUpkeep.run(), other.elevationUpkeep.run()]);
    assert.equal(await check(), 'none');
    assert.deepEqual(await storyOf(id), ['requested', 'approved']);
  });
}
