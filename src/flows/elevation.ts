/** One elevation: everything that a decision needs, and the decisions. */
import * as z from 'zod';
import type { ElevationUseCases } from '../bridge/elevations.ts';
import type { ElevationView } from '../core/elevation-view.ts';
import { BridgeError, type ErrorCode } from '../core/errors.ts';
import { isTooLong, withQuery } from '../core/local-path.ts';
import type { Clock } from '../core/ports.ts';
import type { Viewer } from '../core/requester.ts';
import { RECENT_SIGN_IN, unmetOf } from '../core/step-up.ts';
import { type Answer, redirect, view } from '../http/answer.ts';
import { ELEVATIONS_PATH, elevationPath } from '../http/elevation.ts';
import { readLength } from '../http/elevation-fields.ts';
import { type ElevationPage, elevationModel } from '../http/elevation-model.ts';
import { DONE, type Done, noticeOf } from '../http/elevation-story.ts';
import { outdatedNotice } from '../http/outdated-form.ts';
import { text } from '../http/read.ts';
import { form, page } from '../http/route.ts';
import { byPage, orStepUp } from '../http/step-up.ts';

export interface ElevationPageParts {
  readonly elevations: ElevationUseCases;
  readonly clock: Clock;
}

const PATH = `${ELEVATIONS_PATH}/{id}`;
/** A note in any script. */
const FORM_BYTES = 24 * 1024;

const ElevationPath = z.object({ id: text(64).min(1) });
const Typed = { duration: text(16).optional(), note: text(2000).optional() };
const ElevationQuery = z.object({
  ...Typed,
  done: z.enum(Object.keys(DONE) as [Done, ...Done[]]).optional(),
});
const ElevationForm = z.object({
  ...Typed,
  action: z.enum(['approve', 'deny', 'withdraw', 'revoke', 'review']),
});
type Asked = z.output<typeof ElevationPath> & z.output<typeof ElevationForm>;

export const elevationPage = page({
  path: PATH,
  who: 'signed-in user',
  reads: { path: ElevationPath, query: ElevationQuery },
  returnTo: ({ id }) => elevationPath(id),
  handle: async ({ id, done, duration, note }, user, parts: ElevationPageParts) => {
    const seen = await parts.elevations.view(user, id);
    const notice = noticeOf(seen.elevation, done, user.session.identity.person);
    return show({ seen, user, page: { notice, duration, note } }, parts);
  },
});

export const elevationForm = form({
  path: PATH,
  reads: { path: ElevationPath, form: ElevationForm, maxBytes: FORM_BYTES },
  returnTo: pathOf,
  outdated: async ({ id, duration, note }, user, parts: ElevationPageParts) => {
    const seen = await parts.elevations.view(user, id);
    return show({ seen, user, page: { duration, note, warning: outdatedNotice(user) } }, parts);
  },
  handle: orStepUp(decide, { returnTo: pathOf, leading: byPage }),
});

// ---------------------------------------------------------------- the page

interface Shown {
  readonly seen: ElevationView;
  readonly user: Viewer;
  readonly page: Omit<ElevationPage, 'viewer' | 'mayBreakGlass' | 'isSignInOld'>;
}

async function show({ seen, user, page: said }: Shown, parts: ElevationPageParts): Promise<Answer> {
  const { identity } = user.session;
  const now = parts.clock.now();
  const isSignInOld = unmetOf(RECENT_SIGN_IN, identity.authentication, now).length > 0;
  const mayBreakGlass = await canBreakGlass(seen, user, parts);
  const whole = { ...said, viewer: identity.person, mayBreakGlass, isSignInOld };
  return view('elevation', elevationModel(seen, whole, now));
}

/** Whether the requester of one that waits may grant the role to themselves. */
async function canBreakGlass(
  { elevation, rights }: ElevationView,
  user: Viewer,
  { elevations }: ElevationPageParts,
): Promise<boolean> {
  if (!rights.has('withdraw')) return false;
  const { account, role } = elevation;
  return (await elevations.offers(user)).some(
    offer => offer.account.id === account && offer.role === role && offer.mayBreakGlass,
  );
}

// ---------------------------------------------------------------- the decisions

type Decision = (elevations: ElevationUseCases, user: Viewer, asked: Asked) => Promise<unknown>;

const DECISIONS: { readonly [A in Asked['action']]: Decision } = {
  approve: (elevations, user, { id, note, duration }) =>
    elevations.approve(user, { id, note, seconds: readLength(duration) }),
  deny: (elevations, user, { id, note }) => elevations.deny(user, { id, note }),
  withdraw: (elevations, user, { id }) => elevations.withdraw(user, id),
  revoke: (elevations, user, { id, note }) => elevations.revoke(user, { id, note }),
  review: (elevations, user, { id, note }) => elevations.review(user, { id, note }),
};

async function decide(asked: Asked, user: Viewer, parts: ElevationPageParts): Promise<Answer> {
  const { id, action } = asked;
  try {
    await DECISIONS[action](parts.elevations, user, asked);
    return redirect(`${elevationPath(id)}?done=${action}`);
  } catch (thrown) {
    if (!isShownHere(thrown)) throw thrown;
    return showWith(thrown, { asked, user }, parts);
  }
}

const SHOWN_HERE: readonly ErrorCode[] = [
  'elevation_invalid',
  'elevation_closed',
  'elevation_not_yours_to_decide',
];

function isShownHere(thrown: unknown): thrown is BridgeError {
  return thrown instanceof BridgeError && SHOWN_HERE.includes(thrown.code);
}

/** The page as it is now, with what was typed and why nothing was done. */
async function showWith(
  { title, hint, field, status }: BridgeError,
  { asked, user }: { readonly asked: Asked; readonly user: Viewer },
  parts: ElevationPageParts,
): Promise<Answer> {
  const { id, duration, note } = asked;
  const seen = await parts.elevations.view(user, id);
  const problem = {
    ...(field === 'note' && { noteProblem: hint }),
    ...(field === 'duration' && { durationProblem: hint }),
    ...(field === undefined && { warning: `${title}. ${hint}` }),
  };
  return { ...(await show({ seen, user, page: { duration, note, ...problem } }, parts)), status };
}

/** The page with what was typed, as far as an address can carry it. */
function pathOf({ id, duration, note }: Asked): string {
  const path = elevationPath(id);
  const whole = withQuery(path, { duration, note });
  return isTooLong(whole) ? path : whole;
}
