/**
 * Groups that are read again: before a user is answered whose provider confirmed them some time
 * ago, the provider is asked about them by the refresh token of their sign-in.
 *
 * Owns: who of several callers asks, what of the answer is kept and in which order, the audit
 * events. Does not own: what an answer is worth (connectors), when a refresh is due and what a
 * failure means (core/identity-refresh), what an unconfirmed user is refused (access).
 *
 * Nothing runs in the background: only the sessions of a user lead to their refresh token.
 */
import { actorOf, type Origin } from '../core/audit-event.ts';
import type { BridgeError } from '../core/errors.ts';
import type { ConnectorId, Identity, Unconfirmed } from '../core/identity.ts';
import {
  type Ending,
  type FailedRefresh,
  finish,
  isRefreshDue,
  keepTokens,
  meaningOfDenial,
  type RefreshAnswer,
  type RefreshedTokens,
  type RefreshSettings,
  type Turn,
  takeTurn,
  unconfirmedSince,
} from '../core/identity-refresh.ts';
import type { Standing } from '../core/person-record.ts';
import type { Clock, Connector, People, ProviderSessions, Secrets } from '../core/ports.ts';
import type { ProviderSession } from '../core/provider-session.ts';
import type { VerifiedSignIn } from '../core/sign-in.ts';
import { type Instant, MINUTE } from '../core/time.ts';
import type { Recorder } from './recorder.ts';

/** What the log is told, about each connector once a minute at most. */
export interface RefreshNotices {
  failed(connector: ConnectorId, error: BridgeError): void;
  /** A sign-in brought no refresh token, so the groups of the user cannot be read again. */
  withoutRefreshToken(connector: ConnectorId): void;
}

export interface IdentityRefreshParts {
  readonly connectors: readonly Connector[];
  /** Of the connectors whose users are read again. */
  readonly refreshSettings: ReadonlyMap<ConnectorId, RefreshSettings>;
  readonly providerSessions: ProviderSessions;
  readonly people: People;
  readonly recorder: Recorder;
  readonly clock: Clock;
  readonly secrets: Secrets;
  readonly notices: RefreshNotices;
  /** Resolves after so many milliseconds. */
  readonly wait: (milliseconds: number) => Promise<void>;
}

/** What sessions of every kind have. */
export interface RefreshableSession {
  readonly identity: Identity;
  readonly confirmedAt: Instant;
  readonly providerSession?: string | undefined;
  readonly unconfirmed?: Unconfirmed | undefined;
}

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
}

interface Context extends IdentityRefreshParts {
  readonly byId: ReadonlyMap<string, Connector>;
  /** Attempts of this process, by the id of the provider session. */
  readonly running: Map<string, Promise<Outcome>>;
  readonly toldAt: Map<string, Instant>;
}

/** How an attempt ended, for the sessions that wait for it. */
type Outcome =
  /** The sessions of the sign-in have ended. */
  | { readonly kind: 'ended' }
  | {
      /** Whether the record of the user may have changed. */
      readonly kind: 'changed' | 'unchanged';
      /** Undefined if there is none. */
      readonly atProvider?: ProviderSession | undefined;
    };

/** Pauses between two looks at a lease of another instance, in milliseconds. */
const FIRST_PAUSE = 50;
const LONGEST_PAUSE = 500;
/** Afterwards the last answer counts for as long as it is good, in milliseconds. */
const LONGEST_WAIT = 10_000;
/** Names of groups in one event. */
const MOST_GROUPS = 50;

export function createIdentityRefresh(parts: IdentityRefreshParts): IdentityRefresh {
  const context: Context = {
    ...parts,
    byId: new Map(parts.connectors.map(connector => [connector.id, connector])),
    running: new Map(),
    toldAt: new Map(),
  };
  return {
    isDue: session => isDue(context, session),
    refreshed: (session, use) => refreshed(context, session, use),
    noteSignIn: verified => noteSignIn(context, verified),
  };
}

function isDue(
  { refreshSettings, clock }: Context,
  { identity, confirmedAt }: RefreshableSession,
): boolean {
  const settings = refreshSettings.get(identity.connector);
  return settings !== undefined && isRefreshDue(confirmedAt, settings, clock.now());
}

// ---------------------------------------------------------------- one session

async function refreshed<S extends RefreshableSession>(
  context: Context,
  session: S,
  { origin, readAgain }: RefreshUse<S>,
): Promise<S | undefined> {
  const outcome = await sharedAttempt(context, session, origin);
  if (outcome.kind === 'ended') return undefined;
  const current = outcome.kind === 'changed' ? await readAgain() : session;
  if (current === undefined || !isDue(context, current)) return current;
  const unconfirmed = unconfirmedSince(current.confirmedAt, outcome.atProvider, {
    settings: settingsOf(context, current),
    now: context.clock.now(),
  });
  return unconfirmed === undefined ? current : { ...current, unconfirmed };
}

function settingsOf({ refreshSettings }: Context, { identity }: RefreshableSession) {
  return refreshSettings.get(identity.connector)!;
}

/** Requests of one process share an attempt; instances share it by the lease. */
async function sharedAttempt(
  context: Context,
  session: RefreshableSession,
  origin: Origin,
): Promise<Outcome> {
  const { providerSession: id } = session;
  if (id === undefined) return { kind: 'unchanged' };
  const running =
    context.running.get(id) ??
    attempt(context, { id, session, origin }).finally(() => context.running.delete(id));
  context.running.set(id, running);
  return running;
}

// ---------------------------------------------------------------- one attempt

interface Attempt {
  /** Of the provider session. */
  readonly id: string;
  /** Any of the sessions that share it. */
  readonly session: RefreshableSession;
  readonly origin: Origin;
}

/** An attempt that has the lease. */
interface Held extends Attempt {
  readonly holder: string;
  readonly atProvider: ProviderSession;
  readonly refreshToken: string;
}

async function attempt(context: Context, made: Attempt): Promise<Outcome> {
  const holder = context.secrets.token();
  let waited = 0;
  let pause = FIRST_PAUSE;
  for (;;) {
    const taken = await turnOf(context, made, holder);
    // The record ends with the sessions of its sign-in.
    if (taken === undefined) return { kind: 'changed' };
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
  context: Context,
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

async function askWith(context: Context, held: Held): Promise<Outcome> {
  const { answer, isAnswerLost } = await askTwice(context, held);
  switch (answer.kind) {
    case 'confirmed':
      await keep(context, held, answer.tokens);
      await confirm(context, held, answer.identity);
      return close(context, held, { kind: 'confirmed' });
    case 'denied':
      if (meaningOfDenial(held.atProvider, isAnswerLost) === 'interaction')
        return close(context, held, { kind: 'interaction' });
      return end(context, held);
    case 'interaction':
      return close(context, held, { kind: 'interaction' });
    case 'failed':
      await keep(context, held, answer.tokens);
      await reportFailure(context, held, answer);
      return close(context, held, {
        kind: 'failed',
        isAnswerLost: isAnswerLost || answer.lost !== 'nothing',
      });
  }
}

/** Asks once more at once if the answer was lost on its way. */
async function askTwice(
  { byId }: Context,
  { atProvider, refreshToken }: Held,
): Promise<{ readonly answer: RefreshAnswer; readonly isAnswerLost: boolean }> {
  const connector = byId.get(atProvider.connector);
  const { subject, idToken } = atProvider;
  // Settings are of OpenID connectors only, and every one of them can ask.
  const ask = () => connector!.refresh!({ subject, refreshToken, idToken });
  const answer = await ask();
  const isAnswerLost = answer.kind === 'failed' && answer.lost === 'answer';
  return { answer: isAnswerLost ? await ask() : answer, isAnswerLost };
}

// ---------------------------------------------------------------- its answer

async function keep(
  { providerSessions, clock }: Context,
  { id, holder }: Held,
  tokens: RefreshedTokens,
): Promise<void> {
  await providerSessions.update(id, clock.now(), before => ({
    next: keepTokens(before, tokens, holder),
    value: undefined,
  }));
}

async function confirm(
  { people, recorder, clock }: Context,
  { origin }: Held,
  identity: Identity,
): Promise<void> {
  const standing = await people.confirm(identity, clock.now());
  const { lost, gained } = groupChanges(standing, identity);
  if (lost.length + gained.length === 0) return;
  await recorder.recordEnd(
    { origin },
    {
      type: 'identity.changed',
      actor: actorOf(identity),
      ...{ lostCount: lost.length, lost: lost.slice(0, MOST_GROUPS) },
      ...{ gainedCount: gained.length, gained: gained.slice(0, MOST_GROUPS) },
    },
  );
}

function groupChanges({ before }: Standing, { groups }: Identity) {
  const known = before?.claims?.groups ?? [];
  const [earlier, now] = [new Set(known), new Set(groups)];
  return {
    lost: known.filter(group => !now.has(group)),
    gained: groups.filter(group => !earlier.has(group)),
  };
}

/** Returns the lease. */
async function close(
  { providerSessions, clock }: Context,
  { id, holder }: Held,
  ending: Ending,
): Promise<Outcome> {
  const now = clock.now();
  const atProvider = await providerSessions.update(id, now, before => {
    const next = finish(before, { holder, ending, now });
    return { next, value: next };
  });
  return { kind: ending.kind === 'confirmed' ? 'changed' : 'unchanged', atProvider };
}

async function end(
  { providerSessions, recorder }: Context,
  { id, session, origin }: Held,
): Promise<Outcome> {
  const { browserSessions, cliSessions } = await providerSessions.end(id);
  await recorder.recordEnd(
    { origin },
    {
      type: 'sessions.ended-by-provider',
      actor: actorOf(session.identity),
      why: 'refresh-denied',
      browserSessions,
      cliSessions: cliSessions.map(({ publicId }) => publicId),
    },
  );
  return { kind: 'ended' };
}

// ---------------------------------------------------------------- trouble

async function reportFailure(
  context: Context,
  { session, origin }: Held,
  { error }: FailedRefresh,
): Promise<void> {
  const { connector } = session.identity;
  tellOnce(context, `failed ${connector}`, () => context.notices.failed(connector, error));
  if (error.code !== 'oidc_response_refused') return;
  const { code, message: why } = error;
  await context.recorder.recordEnd(
    { origin },
    { type: 'identity.refresh-refused', actor: actorOf(session.identity), code, why },
  );
}

function noteSignIn(context: Context, { identity, providerSession }: VerifiedSignIn): void {
  const { connector } = identity;
  if (!context.refreshSettings.has(connector) || providerSession?.refreshToken !== undefined)
    return;
  tellOnce(context, `none ${connector}`, () => context.notices.withoutRefreshToken(connector));
}

function tellOnce({ toldAt, clock }: Context, what: string, tell: () => void): void {
  const now = clock.now();
  const before = toldAt.get(what);
  if (before !== undefined && now < before + MINUTE * 1000) return;
  toldAt.set(what, now);
  tell();
}
