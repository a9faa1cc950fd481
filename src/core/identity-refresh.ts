/**
 * When the provider is asked about a user again, who asks it, and what its answer means.
 *
 * Pure transitions of the state in a provider session. The store makes each of them by
 * compare-and-swap, so that several instances never use one refresh token at the same time.
 */
import type { BridgeError } from './errors.ts';
import type { Identity, Unconfirmed } from './identity.ts';
import type { ProviderSession, RefreshState } from './provider-session.ts';
import { type Instant, MINUTE, type Seconds } from './time.ts';

export interface RefreshSettings {
  /** A refresh is due once the last confirmation is so old. */
  readonly everySeconds: Seconds;
  /** How long the last confirmation counts while no other comes. At least `everySeconds`. */
  readonly staleSeconds: Seconds;
}

/** Longer than all requests of one refresh with their time limits. */
export const LEASE_SECONDS: Seconds = MINUTE;
/** After a failure, the provider is asked at most so often. */
export const RETRY_SECONDS: Seconds = 30;

/** What a connector is given to ask about a user again. */
export interface RefreshRequest {
  /** OIDC `sub`: an answer about anyone else is no answer. */
  readonly subject: string;
  readonly refreshToken: string;
  /** The newest id_token of the session, whose nonce a new one may repeat. */
  readonly idToken: string;
}

/** What a provider says at a refresh. */
export type RefreshAnswer =
  /** Its statement about the user now. How the user authenticated is not part of it. */
  | { readonly kind: 'confirmed'; readonly identity: Identity; readonly tokens: RefreshedTokens }
  /** The provider no longer vouches for the user (`invalid_grant`). */
  | { readonly kind: 'denied'; readonly why: string }
  /** The provider requires the user to sign in. */
  | { readonly kind: 'interaction'; readonly why: string }
  | FailedRefresh;

/** Nothing was learned of the user. */
export interface FailedRefresh {
  readonly kind: 'failed';
  readonly error: BridgeError;
  /**
   * The answer, if the provider can have carried the request out; or a new refresh token in an
   * answer that was rejected. Afterwards, a denial can be about the token alone.
   */
  readonly lost: 'nothing' | 'answer' | 'token';
  /** Of an answer that could not be used, and was not rejected. */
  readonly tokens: RefreshedTokens;
}

/** What replaces the tokens of a provider session; undefined keeps them. */
export interface RefreshedTokens {
  readonly refreshToken?: string | undefined;
  readonly idToken?: string | undefined;
}

/** What one of several callers does while a refresh is due. */
export type Turn =
  /** It has the lease: it asks the provider. */
  | { readonly kind: 'ask'; readonly refreshToken: string }
  /** Another one asks. */
  | { readonly kind: 'wait' }
  /** Another one has asked since the caller looked. */
  | { readonly kind: 'confirmed' }
  /** The last attempt failed a moment ago, or there is nothing to ask with. */
  | { readonly kind: 'pause' };

interface Change<T> {
  readonly next: ProviderSession;
  readonly value: T;
}

export function isRefreshDue(
  confirmedAt: Instant,
  { everySeconds }: RefreshSettings,
  now: Instant,
): boolean {
  return now >= confirmedAt + everySeconds * 1000;
}

/** `holder` names the caller alone; `settings` decide whether a refresh is still due. */
export function takeTurn(
  session: ProviderSession,
  { holder, settings, now }: { holder: string; settings: RefreshSettings; now: Instant },
): Change<Turn> {
  const { refreshToken, refresh = {} } = session;
  const { lease, retryAt, confirmedAt } = refresh;
  if (lease !== undefined && now < lease.until) return { next: session, value: { kind: 'wait' } };
  if (confirmedAt !== undefined && lease === undefined && !isRefreshDue(confirmedAt, settings, now))
    return { next: session, value: { kind: 'confirmed' } };
  if (refreshToken === undefined || (retryAt !== undefined && now < retryAt))
    return { next: session, value: { kind: 'pause' } };
  const until = now + LEASE_SECONDS * 1000;
  return {
    next: {
      ...session,
      // A lease that was never returned: its holder may have asked and not heard the answer.
      refresh: {
        ...refresh,
        lease: { holder, until },
        isAnswerLost: lease !== undefined || refresh.isAnswerLost,
      },
    },
    value: { kind: 'ask', refreshToken },
  };
}

/**
 * Keeps the tokens of an answer, before anything else of it is used: the refresh token that was
 * sent may be worthless now. Does nothing if another caller has taken the lease since.
 */
export function keepTokens(
  session: ProviderSession,
  { refreshToken, idToken }: RefreshedTokens,
  holder: string,
): ProviderSession {
  if (session.refresh?.lease?.holder !== holder) return session;
  return {
    ...session,
    ...(idToken !== undefined && { idToken }),
    ...(refreshToken !== undefined && { refreshToken }),
  };
}

/** How an attempt ended, for the state of the session. */
export type Ending =
  | { readonly kind: 'confirmed' }
  | { readonly kind: 'interaction' }
  /** The refresh token is worth nothing any longer: the user must sign in. */
  | { readonly kind: 'token-lost' }
  | { readonly kind: 'failed'; readonly isAnswerLost: boolean };

/**
 * Returns the lease and keeps how the attempt ended. Does nothing if another caller has taken the
 * lease since, because the attempt took longer than it.
 */
export function finish(
  session: ProviderSession,
  { holder, ending, now }: { holder: string; ending: Ending; now: Instant },
): ProviderSession {
  const { refresh = {} } = session;
  if (refresh.lease?.holder !== holder) return session;
  const { refreshToken, ...rest } = session;
  return {
    ...rest,
    ...(ending.kind !== 'token-lost' && refreshToken !== undefined && { refreshToken }),
    refresh: stateAfter(refresh, ending, now),
  };
}

function stateAfter(state: RefreshState, ending: Ending, now: Instant): RefreshState {
  const { lease: _, ...before } = state;
  const retryAt = now + RETRY_SECONDS * 1000;
  switch (ending.kind) {
    case 'confirmed':
      return { confirmedAt: now };
    case 'interaction':
    case 'token-lost':
      return { ...before, retryAt, signInNeededSince: before.signInNeededSince ?? now };
    case 'failed':
      return { ...before, retryAt, isAnswerLost: ending.isAnswerLost || before.isAnswerLost };
  }
}

/**
 * What a denial means. After an answer that was lost, the provider may only reject a token that it
 * has replaced: the user must sign in, and nothing of theirs ends.
 */
export function meaningOfDenial(
  { refresh }: ProviderSession,
  isAnswerLost: boolean,
): 'denied' | 'token-lost' {
  return isAnswerLost || refresh?.isAnswerLost === true ? 'token-lost' : 'denied';
}

/**
 * Whether a user whom no refresh has confirmed is still as good as confirmed. A session without a
 * refresh token counts for as long as one whose provider fails; then only a sign-in helps.
 */
export function unconfirmedSince(
  confirmedAt: Instant,
  atProvider: ProviderSession | undefined,
  { settings: { staleSeconds }, now }: { settings: RefreshSettings; now: Instant },
): Unconfirmed | undefined {
  const { refreshToken, refresh } = atProvider ?? {};
  const needed = refresh?.signInNeededSince;
  if (needed !== undefined) return { why: 'sign-in-needed', since: needed };
  const since = Math.max(confirmedAt, refresh?.confirmedAt ?? confirmedAt);
  if (now < since + staleSeconds * 1000) return undefined;
  return { why: refreshToken === undefined ? 'sign-in-needed' : 'provider-failed', since };
}
