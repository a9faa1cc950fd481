/**
 * Asking for roles: the form, filled in by its link, and what it sends. A GET requests nothing.
 *
 * A user who comes without a role chooses among those that they can ask for. The form then knows
 * the limits of the chosen ones.
 */
import type { ElevationUseCases } from '../bridge/elevations.ts';
import type { Elevation } from '../core/elevation.ts';
import { invalid } from '../core/elevation-terms.ts';
import type { AskedElevatedRole, Offer } from '../core/elevation-view.ts';
import { BridgeError } from '../core/errors.ts';
import { isTooLong } from '../core/local-path.ts';
import type { Clock } from '../core/ports.ts';
import type { Viewer } from '../core/requester.ts';
import { type Answer, redirect, view } from '../http/answer.ts';
import { ELEVATIONS_PATH, elevationPath, NEW_ELEVATION_PATH } from '../http/elevation.ts';
import {
  RequestForm,
  RequestQuery,
  readLength,
  readStart,
  requestFormPath,
  rolesIn,
  type TypedRequest,
} from '../http/elevation-fields.ts';
import { choiceModel, MOST_ROLES, requestModel } from '../http/elevation-form-model.ts';
import type { Done } from '../http/elevation-story.ts';
import { outdatedNotice } from '../http/outdated-form.ts';
import { form, page } from '../http/route.ts';
import { byPage, orStepUp } from '../http/step-up.ts';

export interface ElevationRequestParts {
  readonly elevations: ElevationUseCases;
  /** Where others are told of elevations, in words. */
  readonly notifiedBy: readonly string[];
  readonly clock: Clock;
}

/** Ten roles with their paths, and two texts in any script. */
const FORM_BYTES = 24 * 1024;

export const newElevationPage = page({
  path: NEW_ELEVATION_PATH,
  who: 'signed-in user',
  reads: { query: RequestQuery },
  returnTo: pathOf,
  handle: async (asked, user, parts: ElevationRequestParts) => {
    const roles = rolesOf(asked);
    if (canShow(roles)) return show({ user, asked }, parts);
    const offers = await parts.elevations.offers(user);
    if (roles.length > 0) return choose({ offers, asked, problem: TOO_MANY }, parts);
    const [only] = offers;
    if (only === undefined || offers.length > 1) return choose({ offers, asked }, parts);
    const { account, role } = only;
    return show({ user, asked: { ...asked, account: account.id, role } }, parts);
  },
});

function canShow({ length }: readonly AskedElevatedRole[]): boolean {
  return length > 0 && length <= MOST_ROLES;
}

const TOO_MANY = `Choose at most ${MOST_ROLES} roles at once.`;

export const newElevationForm = form({
  path: ELEVATIONS_PATH,
  reads: { form: RequestForm, maxBytes: FORM_BYTES },
  returnTo: pathOf,
  outdated: (asked, user, parts: ElevationRequestParts) =>
    show({ user, asked, notice: outdatedNotice(user) }, parts),
  handle: orStepUp(request, { returnTo: pathOf, leading: byPage }),
});

// ---------------------------------------------------------------- the page

interface Asked extends RequestQuery {
  readonly understood?: 'yes' | undefined;
}

interface Choosing {
  readonly offers: readonly Offer[];
  readonly asked: Asked;
  readonly problem?: string;
}

function choose({ offers, asked, problem }: Choosing, { clock }: ElevationRequestParts): Answer {
  return view(
    'elevation-choice',
    choiceModel({ offers, chosen: asked.roles, problem }, clock.now()),
  );
}

interface Showing {
  readonly user: Viewer;
  readonly asked: Asked;
  readonly problem?: BridgeError;
  readonly notice?: string;
}

/** Throws `elevation_not_offered`. */
async function show(
  { user, asked, problem, notice }: Showing,
  { elevations, notifiedBy, clock }: ElevationRequestParts,
): Promise<Answer> {
  const offers = await elevations.offersOf(user, rolesOf(asked));
  const canChoose = (await elevations.offers(user)).length > 1;
  const around = { now: clock.now(), connector: user.session.identity.connector, notifiedBy };
  const typed = typedOf(asked);
  const model = requestModel({ offers, typed, problem, notice, canChoose }, around);
  return { ...view('elevation-request', model), status: problem?.status ?? 200 };
}

// ---------------------------------------------------------------- the request

async function request(asked: Asked, user: Viewer, parts: ElevationRequestParts): Promise<Answer> {
  try {
    return redirect(pathAfter(await parts.elevations.request(user, readRequest(asked))));
  } catch (thrown) {
    if (!isShownWithForm(thrown)) throw thrown;
    if (canShow(rolesOf(asked))) return show({ user, asked, problem: thrown }, parts);
    const offers = await parts.elevations.offers(user);
    return { ...choose({ offers, asked, problem: thrown.hint }, parts), status: thrown.status };
  }
}

/** Throws `elevation_invalid`. */
function readRequest(asked: Asked): Parameters<ElevationUseCases['request']>[1] {
  const { reason, ticket, duration, start, break_glass, understood } = asked;
  const breakGlass = break_glass === 'yes';
  const roles = rolesOf(asked);
  if (roles.length > MOST_ROLES) throw invalid('role', TOO_MANY);
  if (breakGlass && understood !== 'yes')
    throw invalid(
      'understood',
      'Confirm that you know who is notified, and that another user must review it.',
    );
  const startsAt = breakGlass ? undefined : readStart(start);
  return { roles, seconds: readLength(duration), startsAt, reason, ticket, breakGlass };
}

function isShownWithForm(thrown: unknown): thrown is BridgeError {
  return (
    thrown instanceof BridgeError &&
    (thrown.code === 'elevation_invalid' || thrown.code === 'limit_reached')
  );
}

function pathAfter(made: readonly Elevation[]): string {
  const [first, ...more] = made;
  if (more.length > 0) return `${ELEVATIONS_PATH}?batch=${first!.batch}`;
  const done: Done = first!.breakGlass ? 'break-glass' : 'request';
  return `${elevationPath(first!.id)}?done=${done}`;
}

// ---------------------------------------------------------------- what was asked

function rolesOf({ account, role, roles }: Asked): readonly AskedElevatedRole[] {
  const named = account === undefined || role === undefined ? [] : [{ account, role }];
  return [...named, ...rolesIn(roles)];
}

function typedOf({ duration, reason, ticket, start, break_glass }: Asked): TypedRequest {
  return { duration, reason, ticket, start, isBreakGlass: break_glass === 'yes' };
}

/** The same form, without the reason if an address cannot carry it. */
function pathOf(asked: Asked): string {
  const roles = rolesOf(asked);
  const path = requestFormPath(roles, typedOf(asked));
  return isTooLong(path) ? requestFormPath(roles, typedOf({ ...asked, reason: '' })) : path;
}
