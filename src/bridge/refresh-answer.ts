/**
 * The answer of a provider to a refresh: what of it is kept, and in which order. The steps of
 * identity-refresh.ts that follow once an instance has the lease.
 */
import { actorOf, type Origin } from '../core/audit-event.ts';
import type { BridgeError } from '../core/errors.ts';
import type { ConnectorId, Identity, Unconfirmed } from '../core/identity.ts';
import {
  type Ending,
  type FailedRefresh,
  finish,
  keepTokens,
  meaningOfDenial,
  type RefreshAnswer,
  type RefreshedTokens,
  type RefreshSettings,
} from '../core/identity-refresh.ts';
import type { Standing } from '../core/person-record.ts';
import type { Clock, Connector, People, ProviderSessions, Secrets } from '../core/ports.ts';
import type { ProviderSession } from '../core/provider-session.ts';
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
  /** Resolves when requests have waited long enough for an attempt that begins now. */
  readonly impatience: () => Promise<void>;
}

/** What sessions of every kind have. */
export interface RefreshableSession {
  readonly identity: Identity;
  readonly confirmedAt: Instant;
  readonly providerSession?: string | undefined;
  readonly unconfirmed?: Unconfirmed | undefined;
}

export interface RefreshContext extends IdentityRefreshParts {
  readonly byId: ReadonlyMap<string, Connector>;
  /** Attempts of this process, by the id of the provider session. */
  readonly running: Map<string, RunningAttempt>;
  readonly toldAt: Map<string, Instant>;
}

export interface RunningAttempt {
  readonly outcome: Promise<Outcome>;
  readonly impatience: Promise<void>;
}

/** How an attempt ended, for the sessions that wait for it. */
export type Outcome =
  /** The sessions of the sign-in have ended. */
  | { readonly kind: 'ended' }
  /** The record of the session at the provider is gone, as if the sessions had ended. */
  | { readonly kind: 'missing' }
  | {
      /** Whether the record of the user may have changed. */
      readonly kind: 'changed' | 'unchanged';
      /** Undefined if there is none. */
      readonly atProvider?: ProviderSession | undefined;
    };

export interface Attempt {
  /** Of the provider session. */
  readonly id: string;
  /** Any of the sessions that share it. */
  readonly session: RefreshableSession;
  readonly origin: Origin;
}

/** An attempt that has the lease. */
export interface Held extends Attempt {
  readonly holder: string;
  readonly atProvider: ProviderSession;
  readonly refreshToken: string;
}

/** Names of groups in one event. */
const MOST_GROUPS = 50;

// ---------------------------------------------------------------- ask

export async function askWith(context: RefreshContext, held: Held): Promise<Outcome> {
  const { answer, isAnswerLost } = await askTwice(context, held);
  switch (answer.kind) {
    case 'confirmed':
      await keep(context, held, answer.tokens);
      await confirm(context, held, answer.identity);
      return close(context, held, { kind: 'confirmed' });
    case 'denied':
      return meaningOfDenial(held.atProvider, isAnswerLost) === 'denied'
        ? end(context, held)
        : close(context, held, { kind: 'token-lost' });
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
  { byId }: RefreshContext,
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
  { providerSessions, clock }: RefreshContext,
  { id, holder }: Held,
  tokens: RefreshedTokens,
): Promise<void> {
  await providerSessions.update(id, clock.now(), before => ({
    next: keepTokens(before, tokens, holder),
    value: undefined,
  }));
}

async function confirm(
  { people, recorder, clock }: RefreshContext,
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
  { providerSessions, clock }: RefreshContext,
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
  { providerSessions, recorder }: RefreshContext,
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
  context: RefreshContext,
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

/** Tells the log at most once a minute. */
export function tellOnce({ toldAt, clock }: RefreshContext, what: string, tell: () => void): void {
  const now = clock.now();
  const before = toldAt.get(what);
  if (before !== undefined && now < before + MINUTE * 1000) return;
  toldAt.set(what, now);
  tell();
}
