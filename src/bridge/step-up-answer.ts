/**
 * What an answer of an identity provider must be for a step-up: the same user, and everything that
 * was asked for. The steps of sign-in-answer.ts that concern step-ups.
 */
import { actorOf, recordable } from '../core/audit-event.ts';
import type { Session } from '../core/browser-session.ts';
import { BridgeError } from '../core/errors.ts';
import type { Identity } from '../core/identity.ts';
import type { CliSessions, Clock, Connector } from '../core/ports.ts';
import type { SignInAttempt, StepUpPurpose } from '../core/sign-in.ts';
import { describeWish, type StepUp, unmetOf } from '../core/step-up.ts';
import type { AnyRequester, Recorder } from './recorder.ts';

const MAX_RECORDED = 300;

/** Undefined for an attempt with another purpose, and for an unsolicited answer. */
export function stepUpIn(attempt: SignInAttempt | undefined): StepUpPurpose | undefined {
  return attempt?.purpose?.kind === 'step-up' ? attempt.purpose : undefined;
}

/** Who began a step-up, and for which terminal, as audit events name them. */
export function askerOf({ person, connector, username, cliSession }: StepUpPurpose) {
  return { actor: actorOf({ person, connector, username }), ...(cliSession && { cliSession }) };
}

/** Throws `step_up_mismatch`. Comes before anything of the answer has an effect. */
export function requireSameUser(
  { person, page }: StepUpPurpose,
  identity: Pick<Identity, 'person'>,
): void {
  if (identity.person === person) return;
  throw new BridgeError(
    'step_up_mismatch',
    `the answer is of another user (${identity.person}) than the one who began the step-up`,
    { retryAt: page },
  );
}

/**
 * The step-up as the new session keeps it. The request can be altered on its way to the identity
 * provider, so only the answer counts. Throws `step_up_failed`.
 */
export function requireProof(
  { wish, page }: StepUpPurpose,
  { authentication }: Pick<Identity, 'authentication'>,
  { clock, protocol }: { readonly clock: Clock; readonly protocol: Connector['protocol'] },
): StepUp {
  const now = clock.now();
  const unmet = unmetOf(wish, authentication, now);
  if (unmet.length === 0) return { at: now, wish, authentication };
  const lacks = unmet.map(({ requirement }) => requirement).join(', ');
  throw new BridgeError(
    'step_up_failed',
    `asked for ${describeWish(wish)}; the answer does not prove ${lacks}`,
    { retryAt: page, answer: { protocol, wish, authentication } },
  );
}

/** An error that the identity provider answered with, as the outcome of the step-up. */
export function stepUpFault({ wish, page }: StepUpPurpose, thrown: unknown): unknown {
  const answer = thrown instanceof BridgeError ? thrown.answer : undefined;
  if (answer === undefined || answer.error === undefined) return thrown;
  const { description } = answer;
  const said = description === undefined ? '' : ` (${recordable(description, MAX_RECORDED)})`;
  return new BridgeError(
    'step_up_failed',
    `asked for ${describeWish(wish)}; ${(thrown as BridgeError).message}${said}`,
    {
      ...((thrown as BridgeError).code === 'sign_in_cancelled' && { hint: CANCELLED }),
      ...{ retryAt: page, answer: { ...answer, wish }, cause: thrown },
    },
  );
}

const CANCELLED =
  'The verification was cancelled at your identity provider, or it denied it. You are still signed in here. Try again, or go to your roles.';

interface Gain {
  readonly purpose: StepUpPurpose;
  readonly session: Session;
  readonly stepUp: StepUp;
}

/** Records the step-up, then lets the terminal have it. One that has ended meanwhile gets none. */
export async function recordStepUp(
  { recorder, cliSessions }: { readonly recorder: Recorder; readonly cliSessions: CliSessions },
  requester: AnyRequester,
  { purpose, session, stepUp }: Gain,
): Promise<void> {
  const { cliSession, person } = purpose;
  const { identity, corporateProof, providerSession, notAfter, publicId } = session;
  const { methods, multiFactor, at: authenticatedAt } = stepUp.authentication;
  await recorder.record(requester, {
    type: 'sign-in.stepped-up',
    at: stepUp.at,
    actor: actorOf(identity),
    cliSession,
    browserSession: publicId,
    asked: stepUp.wish,
    ...{ methods, multiFactor, authenticatedAt },
  });
  if (cliSession === undefined) return;
  const { assertedAt } = identity;
  await cliSessions.stepUp(cliSession, person, {
    steppedUp: stepUp,
    ...{ assertedAt, notAfter, corporateProof, providerSession },
  });
}
