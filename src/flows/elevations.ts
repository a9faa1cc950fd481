/** The lists of elevations: what waits for the user, what they asked for, what is active. */
import * as z from 'zod';
import type { ElevationUseCases } from '../bridge/elevations.ts';
import { type Elevation, isOpen } from '../core/elevation.ts';
import type { ElevationLists } from '../core/elevation-view.ts';
import type { Clock } from '../core/ports.ts';
import type { Viewer } from '../core/requester.ts';
import { type Answer, view } from '../http/answer.ts';
import { ELEVATIONS_PATH } from '../http/elevation.ts';
import { ownRowOf, reviewRowOf, rowOf } from '../http/elevation-rows.ts';
import { text } from '../http/read.ts';
import { page } from '../http/route.ts';

export interface ElevationsPageParts {
  readonly elevations: ElevationUseCases;
  readonly clock: Clock;
}

/** Of the user's own that are over. */
const MOST_EARLIER = 50;

export const elevationsPage = page({
  path: ELEVATIONS_PATH,
  who: 'signed-in user',
  // The batch that was just requested.
  reads: { query: z.object({ batch: text(64).optional() }) },
  returnTo: () => ELEVATIONS_PATH,
  handle: async ({ batch }, user, parts: ElevationsPageParts) => {
    const lists = await parts.elevations.lists(user);
    return show({ user, lists, batch }, parts);
  },
});

interface Shown {
  readonly user: Viewer;
  readonly lists: ElevationLists;
  readonly batch: string | undefined;
}

async function show(
  { user, lists: { mine, toDecide, toReview, toWatch }, batch }: Shown,
  { elevations, clock }: ElevationsPageParts,
): Promise<Answer> {
  const now = clock.now();
  const offers = await elevations.offers(user);
  const offered = new Set(offers.map(({ account, role }) => `${account.id}/${role}`));
  const isOffered = ({ account, role }: Elevation) => offered.has(`${account}/${role}`);
  const own = (elevation: Elevation) => ownRowOf(elevation, now, isOffered);
  const earlier = mine.filter(elevation => !isOpen(elevation, now));
  return view('elevations', {
    notice: batchNotice(mine, batch),
    offerCount: offers.length,
    toDecide: toDecide.map(elevation => rowOf(elevation, now)),
    toReview: toReview.map(elevation => reviewRowOf(elevation, now)),
    open: mine.filter(elevation => isOpen(elevation, now)).map(own),
    earlier: earlier.slice(0, MOST_EARLIER).map(own),
    toWatch: toWatch.map(elevation => rowOf(elevation, now)),
  });
}

/** Undefined unless the user has made such a batch. */
function batchNotice(mine: readonly Elevation[], batch: string | undefined): string | undefined {
  const made = batch === undefined ? [] : mine.filter(elevation => elevation.batch === batch);
  if (made.length === 0) return undefined;
  return made.some(({ breakGlass }) => breakGlass)
    ? `You have ${made.length} roles now. Another user must review why you needed them.`
    : `You requested ${made.length} roles. Each is decided by its own approvers.`;
}
