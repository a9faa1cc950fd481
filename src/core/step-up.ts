/**
 * Step-up: another authentication at the same identity provider, because a rule requires a second
 * factor or a newer sign-in. What is asked for, and whether an answer meets it.
 *
 * An answer is checked by the rows of the policy itself (core/requirements), so what passes here
 * also passes there.
 */
import type { Authentication } from './identity.ts';
import { askOf, type UnmetRequirement, unmetProofs } from './requirements.ts';
import type { Instant, Seconds } from './time.ts';

/** What the identity provider is asked to prove. */
export interface StepUpWish {
  readonly multiFactor: boolean;
  /** The longest time since the authentication; undefined means any time. */
  readonly withinSeconds?: Seconds | undefined;
}

/** A wish that any sign-in at the provider meets. */
export const ANY_SIGN_IN: StepUpWish = { multiFactor: false };

/** A step-up as a session keeps it. */
export interface StepUp {
  readonly at: Instant;
  readonly wish: StepUpWish;
  readonly authentication: Authentication;
}

/**
 * What a provider must prove, so that all of this is met; undefined if no sign-in can meet all of
 * it.
 */
export function wishFor(missing: readonly UnmetRequirement[]): StepUpWish | undefined {
  const asked = missing.map(askOf);
  if (asked.length === 0 || asked.includes(undefined)) return undefined;
  const limits = asked.flatMap(ask => ask?.withinSeconds ?? []);
  return {
    multiFactor: asked.some(ask => ask?.multiFactor === true),
    ...(limits.length > 0 && { withinSeconds: Math.min(...limits) }),
  };
}

/** What an authentication does not prove of a wish, at `now`. */
export function unmetOf(
  { multiFactor, withinSeconds }: StepUpWish,
  authentication: Authentication,
  now: Instant,
): readonly UnmetRequirement[] {
  return unmetProofs({ mfa: multiFactor, authenticatedWithin: withinSeconds }, authentication, now);
}
