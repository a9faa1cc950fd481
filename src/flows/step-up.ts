/**
 * Step-up in a browser: a user goes to their identity provider once more, because a role requires
 * it; from one of our own pages, or by an address that a terminal printed.
 *
 * Owns: the page where a user confirms that a terminal of theirs asks, and the way out. Does not
 * own: what is asked for and for whom (bridge/step-up), the way back (flows/browser-sso).
 */
import * as z from 'zod';
import type { MySessions } from '../bridge/my-sessions.ts';
import type { SignIn } from '../bridge/sign-in.ts';
import type { StepUps } from '../bridge/step-up.ts';
import { isTooLong, localPath, withoutOwnOrigin } from '../core/local-path.ts';
import type { Clock, Secrets } from '../core/ports.ts';
import type { AuthenticationRequest } from '../core/sign-in.ts';
import { ANY_SIGN_IN, describeWish } from '../core/step-up.ts';
import { DAY, MINUTE, type Seconds } from '../core/time.ts';
import { type Answer, redirect, view } from '../http/answer.ts';
import { askProvider } from '../http/ask-provider.ts';
import { outdatedNotice } from '../http/outdated-form.ts';
import { text } from '../http/read.ts';
import { form, page, type SignedInUser } from '../http/route.ts';
import { byPage, STEP_UP_PATH, stepUpPath } from '../http/step-up.ts';
import { terminalModel } from '../http/terminal-model.ts';
import { wayBack } from '../http/way-back.ts';

export interface StepUpPageParts {
  readonly stepUps: StepUps;
  readonly mySessions: MySessions;
  readonly signIn: Pick<SignIn, 'connectors'>;
  readonly baseUrl: string;
  readonly clock: Clock;
  readonly secrets: Secrets;
}

const DONE_PATH = `${STEP_UP_PATH}/done`;
/** How long a browser may take from the answer of an identity provider to here. */
const ARRIVAL: Seconds = MINUTE;

const PublicId = text(64).min(1);
const AskedRole = { account: text(128).min(1).optional(), role: text(512).min(1).optional() };
const Within = z.coerce
  .number()
  .int()
  .min(MINUTE)
  .max(7 * DAY)
  .optional();
const StepUpQuery = z.object({
  ...AskedRole,
  within: Within,
  session: PublicId.optional(),
  return_to: z
    .string()
    .refine(path => !isTooLong(path))
    .optional(),
});
const StepUpForm = z.object({ ...AskedRole, session: PublicId, within: Within });
type StepUpForm = z.output<typeof StepUpForm>;

export const stepUpPage = page({
  path: STEP_UP_PATH,
  who: 'signed-in user',
  limit: 'sign-ins',
  reads: { query: StepUpQuery },
  // The sign-in itself may be all that the role requires.
  returnTo: query => (query.session === undefined ? localPath(query.return_to) : pathOf(query)),
  handle: async ({ session, return_to, ...asked }, user, parts: StepUpPageParts) => {
    if (session !== undefined) return askFor({ session, ...asked }, user, parts);
    const returnTo = wayBack(withoutOwnOrigin(return_to, parts.baseUrl), user);
    const path = pathOf({ ...asked, return_to: returnTo });
    const { within: withinSeconds } = asked;
    const wanted = { role: roleIn(asked), withinSeconds, returnTo, page: path };
    const begun = await begin(wanted, user, parts);
    if (begun === undefined) return redirect(returnTo);
    const leading = mayBeInForm(user, parts) ? byPage : redirect;
    return { ...askProvider(begun.request, leading), ...begun.cookie };
  },
});

export const stepUpForm = form({
  path: STEP_UP_PATH,
  limit: 'sign-ins',
  reads: { form: StepUpForm },
  returnTo: pathOf,
  outdated: (asked, user, parts: StepUpPageParts) =>
    askFor({ ...asked, notice: outdatedNotice(user) }, user, parts),
  handle: async (asked, user, parts: StepUpPageParts) => {
    const { session: cliSession, within: withinSeconds } = asked;
    const returnTo = localPath(`${DONE_PATH}?${new URLSearchParams({ session: cliSession })}`);
    const role = roleIn(asked);
    const wanted = { role, withinSeconds, cliSession, returnTo, page: pathOf(asked) };
    const begun = await begin(wanted, user, parts);
    if (begun === undefined) return askFor(asked, user, parts);
    return { ...askProvider(begun.request, byPage), ...begun.cookie };
  },
});

export const steppedUpPage = page({
  path: DONE_PATH,
  who: 'signed-in user',
  reads: { query: z.object({ session: PublicId.optional() }) },
  signedOut: () => redirect('/sessions'),
  handle: async ({ session }, user, { mySessions }: StepUpPageParts) => {
    const found = (await mySessions.list(user)).find(({ publicId }) => publicId === session);
    if (found?.steppedUpAt === undefined) return redirect('/sessions');
    const { device, isApplication, client, how } = terminalModel(found);
    return view('stepped-up', { terminal: { device, isApplication, client, how } });
  },
});

/** The page with the button: anyone can send a user the link. */
async function askFor(
  { notice, ...asked }: StepUpForm & { readonly notice?: string },
  user: SignedInUser,
  { stepUps }: StepUpPageParts,
): Promise<Answer> {
  const { session: cliSession, within: withinSeconds } = asked;
  const role = roleIn(asked);
  const { terminal, wish } = await stepUps.inspect(user, { role, withinSeconds, cliSession });
  return view('step-up', {
    session: cliSession,
    terminal: terminalModel(terminal!),
    ...role,
    within: withinSeconds,
    asks: wish && describeWish(wish),
    notice,
  });
}

type Wanted = Omit<Parameters<StepUps['begin']>[1], 'browser'>;

interface Begun {
  readonly request: AuthenticationRequest;
  readonly cookie: { readonly attempt?: string };
}

/** Undefined if nothing must be proved. */
async function begin(
  wanted: Wanted,
  user: SignedInUser,
  { stepUps, secrets }: StepUpPageParts,
): Promise<Begun | undefined> {
  const browser = user.attempt ?? secrets.token();
  const request = await stepUps.begin(user, { ...wanted, browser });
  return request && { request, cookie: user.isKnown ? {} : { attempt: browser } };
}

/**
 * A SAML response comes by one of our own forms (flows/browser-sso), whose content security policy
 * also limits the redirects that follow.
 */
function mayBeInForm(
  { session: { createdAt, identity } }: SignedInUser,
  { signIn, clock }: StepUpPageParts,
): boolean {
  const connector = signIn.connectors.find(({ id }) => id === identity.connector);
  return connector?.protocol === 'saml' && clock.now() - createdAt < ARRIVAL * 1000;
}

function roleIn({ account, role }: Pick<StepUpForm, 'account' | 'role'>) {
  return account === undefined || role === undefined ? undefined : { account, role };
}

function pathOf(query: z.output<typeof StepUpQuery>): string {
  const { session: cliSession, within: withinSeconds, return_to } = query;
  const wish = { ...ANY_SIGN_IN, withinSeconds };
  return stepUpPath({ role: roleIn(query), cliSession, wish }, return_to);
}
