/**
 * Go to a page: an address of the console or an ARN, without an account and a role, into the right
 * account with the role that the user has there. Without an address, the page where one is entered,
 * a link is made, or a service is chosen.
 */

import * as z from 'zod';
import type { Access } from '../bridge/access.ts';
import type { Destinations } from '../bridge/destinations.ts';
import type { MyRoles } from '../bridge/my-roles.ts';
import type { Entitlement } from '../core/access-rule.ts';
import type { ReadAddress } from '../core/console-address.ts';
import { MAX_DESTINATION } from '../core/console-destination.ts';
import { BridgeError } from '../core/errors.ts';
import { withQuery } from '../core/local-path.ts';
import type { Clock } from '../core/ports.ts';
import { type Answer, redirect, view } from '../http/answer.ts';
import { GO_PATH } from '../http/console-paths.ts';
import { consoleQuestion, reasonToAsk } from '../http/console-question.ts';
import { type Asked, goChoice, goNone } from '../http/go-model.ts';
import { goPath, linkBuilder, serviceMenus } from '../http/link-builder.ts';
import type { HelpModel } from '../http/page-frame.ts';
import { text } from '../http/read.ts';
import { page, type SignedInUser } from '../http/route.ts';
import { keptDuringSignIn } from '../http/sign-in-links.ts';
import { byPage, orStepUp } from '../http/step-up.ts';

export interface GoParts {
  readonly access: Access;
  readonly destinations: Destinations;
  readonly myRoles: Pick<MyRoles, 'uses'>;
  readonly baseUrl: string;
  readonly help: HelpModel | undefined;
  readonly clock: Clock;
}

/** An empty field of a form is not there. */
const field = (max: number) =>
  text(max)
    .transform(value => value.trim() || undefined)
    .optional();

const GoQuery = z.object({
  // Bounded by the sizes of addresses, so that its own refusal says its length.
  to: z
    .string()
    .transform(value => value.trim() || undefined)
    .optional(),
  account: field(128),
  role: field(512),
  service: field(64),
  region: field(64),
  path: field(MAX_DESTINATION),
});
type GoQuery = z.output<typeof GoQuery>;

export const goPage = page({
  path: GO_PATH,
  who: 'signed-in user',
  reads: { query: GoQuery },
  isFormTarget: true,
  returnTo: asked => keptDuringSignIn(pathOf(asked)),
  // From a page: a form leads here, and the content security policy limits what follows a form.
  handle: orStepUp(go, { returnTo: pathOf, leading: byPage }),
});

async function go(asked: GoQuery, user: SignedInUser, parts: GoParts): Promise<Answer> {
  const { to } = asked;
  if (to === undefined) return start(asked, user, parts);
  const address = read(to, parts);
  if (address instanceof BridgeError)
    return { ...(await start({ to, problem: address.hint }, user, parts)), status: address.status };
  return open({ to, address, account: asked.account }, user, parts);
}

function read(to: string, { destinations }: GoParts): ReadAddress | BridgeError {
  try {
    return destinations.read(to);
  } catch (thrown) {
    if (thrown instanceof BridgeError && thrown.code === 'destination_refused') return thrown;
    throw thrown;
  }
}

async function open(
  asked: Omit<Asked, 'accounts'>,
  user: SignedInUser,
  parts: GoParts,
): Promise<Answer> {
  const { destinations, help } = parts;
  const found = await destinations.find(user, asked);
  if (found.kind === 'role') return openConsole(asked, found.entitlement, { user, parts });
  const { accounts } = await destinations.own(user);
  if (found.kind === 'choice')
    return view('go-choice', goChoice({ ...asked, accounts }, found.candidates));
  return view('go-none', { ...goNone({ ...asked, accounts }, found), help });
}

async function openConsole(
  { address: { destination } }: Pick<Asked, 'address'>,
  { account, role }: Entitlement,
  { user, parts: { access } }: { readonly user: SignedInUser; readonly parts: GoParts },
): Promise<Answer> {
  const asked = { account: account.id, role, destination };
  const notice = user.isFromElsewhere ? reasonToAsk(account, destination) : undefined;
  if (notice === undefined) return redirect((await access.consoleLinkFor(user, asked)).link.url);
  await access.checkConsole(user, asked);
  return consoleQuestion(asked, { notice, account });
}

// ---------------------------------------------------------------- without an address

async function start(
  { to = '', problem, ...typed }: GoQuery & { readonly problem?: string },
  user: SignedInUser,
  { destinations, myRoles, baseUrl }: GoParts,
): Promise<Answer> {
  const uses = await myRoles.uses(user);
  const { accounts, roles } = await destinations.own(user);
  const builder = { destinations, baseUrl, accounts, roles, uses };
  return view('go', {
    ...{ to, problem },
    builder: linkBuilder(typed, builder),
    menus: serviceMenus(builder),
  });
}

/** The page again, after a sign-in. */
function pathOf({ to, account, ...typed }: GoQuery): string {
  if (to !== undefined) return goPath(to, account);
  return withQuery(GO_PATH, { account, ...typed });
}
