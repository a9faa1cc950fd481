/**
 * Groups that are read again: before a user is answered whose provider confirmed them some time
 * ago, the provider is asked about them by the refresh token of their sign-in.
 *
 * Owns: who of several callers asks, and how the others wait. Does not own: what of the answer is
 * kept (refresh-answer), when a refresh is due and what a failure means (core/identity-refresh),
 * what an unconfirmed user is refused (core/requester).
 *
 * Nothing runs in the background: only the sessions of a user lead to their refresh token.
 */
import type { Origin } from '../core/audit-event.ts';
import { isRefreshDue, type Turn, takeTurn, unconfirmedSince } from '../core/identity-refresh.ts';
import type { ProviderSession } from '../core/provider-session.ts';
import type { VerifiedSignIn } from '../core/sign-in.ts';
import {
  type Attempt,
  askWith,
  type IdentityRefreshParts,
  type Outcome,
  type RefreshableSession,
  type RefreshContext,
  type RunningAttempt,
  tellOnce,
} from './refresh-answer.ts';

export interface RefreshUse<S> {
  /** Of the request that needs the user. */
  readonly origin: Origin;
  /** Reads the session from the store; undefined if it has ended. */
  readonly readAgain: () => Promise<S | undefined>;
}

export interface IdentityRefresh {
  /** Whether the provider must be asked before the session is used. Sends no request. */
  isDue(session: RefreshableSession): boolean;
  /**
   * The session as it is after the provider was asked, with `unconfirmed` if that did not help in
   * time; undefined if it has ended.
   */
  refreshed<S extends RefreshableSession>(session: S, use: RefreshUse<S>): Promise<S | undefined>;
  /** Tells the log of a sign-in that cannot be refreshed although it should be. */
  noteSignIn(verified: VerifiedSignIn): void;
  /** Resolves when attempts in progress have kept their answers. */
  close(): Promise<void>;
}

/** Pauses between two looks at a lease of another instance, in milliseconds. */
const FIRST_PAUSE = 50;
const LONGEST_PAUSE = 500;
/** Afterwards the last answer counts for as long as it is good, in milliseconds. */
const LONGEST_WAIT = 10_000;

export function createIdentityRefresh(parts: IdentityRefreshParts): IdentityRefresh {
  const context: RefreshContext = {
    ...parts,
    byId: new Map(parts.connectors.map(connector => [connector.id, connector])),
    running: new Map(),
    toldAt: new Map(),
  };
  return {
    isDue: session => isDue(context, session),
    refreshed: (session, use) => refreshed(context, session, use),
    noteSignIn: verified => noteSignIn(context, verified),
    close: async () => {
      const running = [...context.running.values()];
      await Promise.allSettled(running.map(({ outcome }) => outcome));
    },
  };
}

function isDue(
  { refreshSettings, clock }: RefreshContext,
  { identity, confirmedAt }: RefreshableSession,
): boolean {
  const settings = refreshSettings.get(identity.connector);
  return settings !== undefined && isRefreshDue(confirmedAt, settings, clock.now());
}

// ---------------------------------------------------------------- one session

async function refreshed<S extends RefreshableSession>(
  context: RefreshContext,
  session: S,
  { origin, readAgain }: RefreshUse<S>,
): Promise<S | undefined> {
  const outcome = await outcomeFor(context, session, origin);
  if (outcome.kind === 'ended') return undefined;
  const current = outcome.kind === 'unchanged' ? session : await readAgain();
  if (current === undefined || !isDue(context, current)) return current;
  // It was opened while the others ended, and only a sign-in can confirm it.
  if (outcome.kind === 'missing')
    return { ...current, unconfirmed: { why: 'sign-in-needed', since: current.confirmedAt } };
  const unconfirmed = unconfirmedSince(current.confirmedAt, outcome.atProvider, {
    settings: settingsOf(context, current),
    now: context.clock.now(),
  });
  return unconfirmed === undefined ? current : { ...current, unconfirmed };
}

function settingsOf({ refreshSettings }: RefreshContext, { identity }: RefreshableSession) {
  return refreshSettings.get(identity.connector)!;
}

/**
 * A provider that hangs does not hold requests for long: while the last answer is good, they go by
 * it, and the attempt goes on.
 */
async function outcomeFor(
  context: RefreshContext,
  session: RefreshableSession,
  origin: Origin,
): Promise<Outcome> {
  const { providerSession: id, confirmedAt } = session;
  if (id === undefined) return { kind: 'unchanged' };
  const { outcome, impatience } = sharedAttempt(context, { id, session, origin });
  const terms = { settings: settingsOf(context, session), now: context.clock.now() };
  if (unconfirmedSince(confirmedAt, undefined, terms) !== undefined) return outcome;
  return Promise.race([outcome, impatience.then(() => ({ kind: 'unchanged' as const }))]);
}

/** Requests of one process share an attempt; instances share it by the lease. */
function sharedAttempt(context: RefreshContext, made: Attempt): RunningAttempt {
  const { running, impatience } = context;
  const known = running.get(made.id);
  if (known !== undefined) return known;
  const outcome = attempt(context, made).finally(() => running.delete(made.id));
  const begun = { outcome, impatience: impatience() };
  running.set(made.id, begun);
  return begun;
}

// ---------------------------------------------------------------- one attempt

async function attempt(context: RefreshContext, made: Attempt): Promise<Outcome> {
  const holder = context.secrets.token();
  let waited = 0;
  let pause = FIRST_PAUSE;
  for (;;) {
    const taken = await turnOf(context, made, holder);
    // The record ends with the sessions of its sign-in.
    if (taken === undefined) return { kind: 'missing' };
    const { turn, atProvider } = taken;
    if (turn.kind === 'ask')
      return askWith(context, { ...made, holder, atProvider, refreshToken: turn.refreshToken });
    if (turn.kind === 'confirmed') return { kind: 'changed', atProvider };
    if (turn.kind === 'pause' || waited >= LONGEST_WAIT) return { kind: 'unchanged', atProvider };
    await context.wait(pause);
    waited += pause;
    pause = Math.min(2 * pause, LONGEST_PAUSE);
  }
}

function turnOf(
  context: RefreshContext,
  { id, session }: Attempt,
  holder: string,
): Promise<{ readonly turn: Turn; readonly atProvider: ProviderSession } | undefined> {
  const { providerSessions, clock } = context;
  const now = clock.now();
  const asked = { holder, settings: settingsOf(context, session), now };
  return providerSessions.update(id, now, before => {
    const { next, value: turn } = takeTurn(before, asked);
    return { next, value: { turn, atProvider: next } };
  });
}

// ---------------------------------------------------------------- sign-ins

function noteSignIn(context: RefreshContext, { identity, providerSession }: VerifiedSignIn): void {
  const { connector } = identity;
  if (!context.refreshSettings.has(connector) || providerSession?.refreshToken !== undefined)
    return;
  tellOnce(context, `none ${connector}`, () => context.notices.withoutRefreshToken(connector));
}
