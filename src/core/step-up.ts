/**
 * Step-up: another authentication at the same identity provider, because a rule requires a second
 * factor or a newer sign-in. What is asked for, and whether an answer meets it.
 *
 * An answer is checked by the rows of the policy itself (core/requirements), so what passes here
 * also passes there.
 */
import type { Authentication } from './identity.ts';
import {
  askOf,
  isProof,
  type Requirements,
  type UnmetRequirement,
  unmetProofs,
} from './requirements.ts';
import { formatDuration, type Instant, MINUTE, type Seconds } from './time.ts';

/** What the identity provider is asked to prove. */
export interface StepUpWish {
  readonly multiFactor: boolean;
  /** The longest time since the authentication; undefined means any time. */
  readonly withinSeconds?: Seconds | undefined;
}

/** A wish that any sign-in at the provider meets. */
export const ANY_SIGN_IN: StepUpWish = { multiFactor: false };

/** What a decision on the access of others requires. */
export const RECENT_SIGN_IN = { multiFactor: false, withinSeconds: 15 * MINUTE } as const;

/** A step-up as a session keeps it. */
export interface StepUp {
  readonly at: Instant;
  readonly wish: StepUpWish;
  readonly authentication: Authentication;
}

/** A step-up that would give the requester what they asked for. */
export interface NeededStepUp {
  readonly wish: StepUpWish;
  /** The role that requires it; undefined if no role does, and the wish alone counts. */
  readonly role?: { readonly account: string; readonly role: string } | undefined;
  /** The public id of the session in a terminal; undefined for the session of the browser. */
  readonly cliSession?: string | undefined;
}

/**
 * What a provider must prove, so that a rule is met; undefined if no sign-in can meet it. The new
 * sign-in replaces the earlier one, so it must prove everything, and not only what is missing.
 */
export function wishFor(
  required: Requirements,
  missing: readonly UnmetRequirement[],
): StepUpWish | undefined {
  if (missing.length === 0 || !missing.every(isProof)) return undefined;
  return { ...ANY_SIGN_IN, ...askOf(required) };
}

/** What an authentication does not prove of a wish, at `now`. */
export function unmetOf(
  { multiFactor, withinSeconds }: StepUpWish,
  authentication: Authentication,
  now: Instant,
): readonly UnmetRequirement[] {
  return unmetProofs({ mfa: multiFactor, authenticatedWithin: withinSeconds }, authentication, now);
}

/** A wish in words: `a second factor (MFA) and a sign-in of the last 8 h`. */
export function describeWish({ multiFactor, withinSeconds }: StepUpWish): string {
  const parts = [
    ...(multiFactor ? ['a second factor (MFA)'] : []),
    ...(withinSeconds === undefined
      ? []
      : [`a sign-in of the last ${formatDuration(withinSeconds)}`]),
  ];
  return parts.length === 0 ? 'a new sign-in' : parts.join(' and ');
}
