/** What it costs that rules have `elevation`, while 1,000 elevations are active. */
import type { Configuration } from '../../src/config/configuration.ts';
import type { Elevation } from '../../src/core/elevation.ts';
import { approved } from '../../src/core/elevation-changes.ts';
import type { PersonId } from '../../src/core/identity.ts';
import { ask, ORIGIN, RULES, viewerIn, WORKERS, withRules } from '../support/elevations.ts';
import { startWorld, type World } from '../support/world.ts';
import type { Comparison } from './stopwatch.ts';
import { compareHandOuts } from './two-bridges.ts';

const ACTIVE = 1000;

/** The other bridge has no rule with `elevation`. */
export async function measureElevations(): Promise<Comparison> {
  const world = await startWorld({ configure: withRules(RULES), people: WORKERS });
  try {
    await activate(world);
    return await compareHandOuts(world, withoutElevation, {
      name: `role credentials to an AWS tool from a warm cache, with ${ACTIVE} active elevations`,
      floorName: 'the same where no rule has elevation',
    });
  } finally {
    await world.close();
  }
}

/** One of bob, and the others of users who are like bob. */
async function activate(world: World): Promise<void> {
  const bob = await viewerIn(world, 'bob');
  const [made] = await world.bridge.elevations.request(bob, ask({}));
  const by = (await viewerIn(world, 'erin')).subject.identity;
  const at = world.clock.now();
  const vote = { by, at, origin: ORIGIN, groups: [], seconds: 3600, longest: 7200, outstanding: 0 };
  const granted = approved({ ...made!, recorded: 2 }, vote);
  const { elevations } = world.bridge.storage.store;
  const others = Array.from({ length: ACTIVE - 1 }, (_, number) => likeBobs(granted, number));
  for (let from = 0; from < others.length; from += 100)
    await elevations.create(others.slice(from, from + 100));
  await world.bridge.elevations.approve(await viewerIn(world, 'erin'), { id: made!.id });
}

function likeBobs(granted: Elevation, number: number): Elevation {
  const person = `person${String(number).padStart(10, '2')}` as PersonId;
  return {
    ...granted,
    id: number.toString(16).padStart(20, '0'),
    requester: { ...granted.requester, person, username: `user-${number}` },
    recorded: 2,
  };
}

function withoutElevation(configuration: Configuration): Configuration {
  const access = configuration.access.filter(({ elevation }) => elevation === undefined);
  return { ...configuration, access };
}
