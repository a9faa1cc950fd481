/**
 * The device page: a user types the code of their terminal, sees what asks, and decides.
 *
 * Owns: the page where a code is entered. A link never fills the code in, and nothing is decided
 * without a press of a button (RFC 8628 sections 3.3 and 5.4). Does not own: what a code is worth
 * (bridge/device-authorization), the terminal's half (apis/oauth).
 */
import * as z from 'zod';
import type { Access } from '../bridge/access.ts';
import type { DeviceAuthorization } from '../bridge/device-authorization.ts';
import type { DeviceLogin, EnteredCode } from '../bridge/device-confirmation.ts';
import type { MySessions } from '../bridge/my-sessions.ts';
import { formatUserCode, readUserCode } from '../core/device-grant.ts';
import { BridgeError, type ErrorCode } from '../core/errors.ts';
import type { NetworkDistance } from '../core/network-distance.ts';
import type { Clock } from '../core/ports.ts';
import type { Viewer } from '../core/requester.ts';
import { type Answer, redirect, view } from '../http/answer.ts';
import { outdatedNotice } from '../http/outdated-form.ts';
import type { HelpModel } from '../http/page-frame.ts';
import { countGuess, type RateLimits } from '../http/rate-limits.ts';
import { text } from '../http/read.ts';
import { productionIn, summaryOfRoles } from '../http/role-summary.ts';
import { form, page } from '../http/route.ts';
import { stepUpLink } from '../http/sign-in-links.ts';
import { SIGNED_IN_PATH, signedInPath } from '../http/signed-in-path.ts';

export interface CliDeviceLoginParts {
  readonly deviceAuthorization: DeviceAuthorization;
  readonly mySessions: MySessions;
  readonly access: Access;
  readonly help: HelpModel | undefined;
  readonly clock: Clock;
  readonly rateLimits: RateLimits;
}

const PATH = '/device';
const DeviceQuery = z.object({ user_code: text(64).optional() });
const DeviceForm = z.object({
  user_code: text(64),
  link_code: text(64).optional(),
  decision: z.enum(['approve', 'disown']).optional(),
});
const SignedInQuery = z.object({ session: text(64).optional() });

const DISTANCE: { readonly [D in NetworkDistance]: string } = {
  'same-address': 'the same address as this browser',
  'same-network': 'the same network as this browser',
  elsewhere: 'another network than this browser',
};
const ELSEWHERE = {
  title: 'The terminal is in another network than this browser.',
  text: 'Expect this only for a server that you use over SSH.',
};

// ---------------------------------------------------------------- the code

export const devicePage = page({
  path: PATH,
  who: 'signed-in user',
  reads: { query: DeviceQuery },
  returnTo: query => pathFor(query.user_code),
  handle: (query, _user, parts: CliDeviceLoginParts) =>
    askForCode({ linkCode: query.user_code }, parts),
});

export const deviceForm = form({
  path: PATH,
  limit: 'user-codes',
  reads: { form: DeviceForm },
  returnTo: ({ link_code }) => pathFor(link_code),
  outdated: ({ link_code: linkCode }, user, parts: CliDeviceLoginParts) =>
    askForCode({ linkCode, notice: outdatedNotice(user) }, parts),
  handle: async (asked, user, parts: CliDeviceLoginParts) => {
    const guess = countGuess(parts.rateLimits, user, parts.clock);
    if (guess.refusal !== undefined) return guess.refusal;
    const { user_code: userCode, link_code: linkCode, decision } = asked;
    let isWrong = false;
    try {
      return await decide({ userCode, linkCode, decision }, user, parts);
    } catch (thrown) {
      if (!isAboutTheCode(thrown)) throw thrown;
      isWrong = true;
      return askForCode({ linkCode, problem: thrown }, parts);
    } finally {
      if (isWrong) guess.wasWrong();
      else guess.takeBack();
    }
  },
});

interface DecidedCode extends EnteredCode {
  /** Undefined for a user who has only entered the code. */
  readonly decision: 'approve' | 'disown' | undefined;
}

/**
 * Throws `user_code_unknown`, `user_code_expired`, `user_code_mismatch`, and what a decision
 * throws.
 */
async function decide(
  { decision, ...entered }: DecidedCode,
  user: Viewer,
  parts: CliDeviceLoginParts,
): Promise<Answer> {
  const { deviceAuthorization } = parts;
  const again = await answerAgain({ decision, ...entered }, user, parts);
  if (again !== undefined) return again;
  if (decision === undefined) {
    const login = await deviceAuthorization.inspect(user, entered);
    return askForConfirmation({ login, entered }, user, parts);
  }
  if (decision === 'approve') {
    const { cliSession } = await deviceAuthorization.approve(user, entered);
    return redirect(signedInPath(cliSession));
  }
  await deviceAuthorization.disown(user, entered);
  return showStopped(parts);
}

/** A form that comes again, by a reload, by Back, or by two clicks, is answered as before. */
async function answerAgain(
  { decision, ...entered }: DecidedCode,
  user: Viewer,
  parts: CliDeviceLoginParts,
): Promise<Answer | undefined> {
  const before = await parts.deviceAuthorization.decidedBefore(user, entered);
  if (before === undefined) return undefined;
  if (before.kind === 'approved' && decision !== 'disown')
    return redirect(signedInPath(before.cliSession));
  if (before.kind === 'approved') await parts.mySessions.disown(user, before.cliSession);
  return showStopped(parts);
}

function isAboutTheCode(thrown: unknown): thrown is BridgeError {
  return thrown instanceof BridgeError && ABOUT_THE_CODE.includes(thrown.code);
}

/** Each counts as a wrong code: a guess that finds an expired one is a guess. */
const ABOUT_THE_CODE: readonly ErrorCode[] = [
  'user_code_unknown',
  'user_code_expired',
  'user_code_mismatch',
];

interface CodeQuestion {
  readonly linkCode: string | undefined;
  readonly problem?: BridgeError;
  readonly notice?: string;
}

function askForCode(
  { linkCode, problem, notice }: CodeQuestion,
  { deviceAuthorization: { enabled } }: CliDeviceLoginParts,
): Answer {
  const shown = problem && { title: problem.title, hint: problem.hint };
  const question = view('device-code', { enabled, linkCode, problem: shown, notice });
  return { ...question, status: problem?.status ?? 200 };
}

async function askForConfirmation(
  { login, entered }: { readonly login: DeviceLogin; readonly entered: EnteredCode },
  user: Viewer,
  { access }: CliDeviceLoginParts,
): Promise<Answer> {
  const { request, distance, scope, sessionNotAfter, needsFreshSignIn } = login;
  const { userCode, linkCode } = entered;
  const code = formatUserCode(readUserCode(userCode)!);
  const roles = await access.rolesFor({ ...user, scope });
  return view('cli-confirm', {
    action: PATH,
    code,
    client: request.client,
    deviceName: request.deviceName,
    where: `${request.address}, ${DISTANCE[distance]}`,
    askedAt: new Date(request.requestedAt).toISOString(),
    gets: summaryOfRoles(roles),
    production: productionIn(roles),
    until: new Date(sessionNotAfter).toISOString(),
    warning: distance === 'elsewhere' ? ELSEWHERE : undefined,
    fields: [
      { name: 'user_code', value: code },
      ...(linkCode === undefined ? [] : [{ name: 'link_code', value: linkCode }]),
    ],
    freshSignInHref: needsFreshSignIn
      ? stepUpLink(user.subject.identity.connector, pathFor(linkCode))
      : undefined,
  });
}

function showStopped({ help }: CliDeviceLoginParts): Answer {
  return view('cli-decided', { help });
}

// ---------------------------------------------------------------- after the decision

export const terminalSignedInPage = page({
  path: SIGNED_IN_PATH,
  who: 'signed-in user',
  reads: { query: SignedInQuery },
  signedOut: () => redirect('/sessions'),
  handle: async ({ session: publicId }, user, parts: CliDeviceLoginParts) => {
    const { mySessions, deviceAuthorization, help } = parts;
    const sessions = await mySessions.list(user);
    const found = sessions.find(summary => summary.publicId === publicId);
    if (found === undefined) return redirect('/sessions');
    // Before the terminal has come, a session says by when it must.
    const until =
      found.lastUsedAt === undefined ? deviceAuthorization.sessionNotAfter(user) : found.expiresAt;
    const approved = {
      session: found.publicId,
      until: new Date(until).toISOString(),
      application: found.client.kind === undefined ? undefined : found.client.name,
    };
    return view('cli-decided', { approved, help });
  },
});

function pathFor(linkCode: string | undefined): string {
  return linkCode === undefined ? PATH : `${PATH}?${new URLSearchParams({ user_code: linkCode })}`;
}
