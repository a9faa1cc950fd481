/**
 * Sessions and users as operators see them: who is signed in from which terminal and browser, and
 * a user's access ended or blocked.
 *
 * Owns: the order "block, end, record", the audit events. Credentials that AWS has issued already
 * stay valid until they expire.
 */
import { actorOf, type Origin } from '../core/audit-event.ts';
import { type BrowserSessionSummary, idleEndOf } from '../core/browser-session.ts';
import type { CliSessionSummary } from '../core/cli-session.ts';
import { BridgeError } from '../core/errors.ts';
import type { ConnectorId, PersonId } from '../core/identity.ts';
import type { KnownPerson } from '../core/person-record.ts';
import type {
  AuditSink,
  CliSessions,
  Clock,
  ContainerTokens,
  Elevations,
  People,
  Sessions,
} from '../core/ports.ts';
import type { Seconds } from '../core/time.ts';
import type { ContainerTokenSummary } from '../core/tokens.ts';
import { endElevationsOf } from './elevation-ends.ts';
import type { Recorder } from './recorder.ts';

export interface OperatorSessionsParts {
  readonly sessions: Sessions;
  readonly cliSessions: CliSessions;
  readonly containerTokens: ContainerTokens;
  readonly people: People;
  readonly elevations: Elevations;
  readonly audit: AuditSink;
  readonly recorder: Recorder;
  readonly clock: Clock;
  /** The idle limit of browser sessions. */
  readonly idleSeconds: Seconds;
}

/** One session that was ended by its public id. */
export type EndedSession =
  | { readonly kind: 'terminal'; readonly session: CliSessionSummary }
  | { readonly kind: 'browser'; readonly session: BrowserSessionSummary };

/** Sessions of one user that were ended. */
export interface EndedSessions {
  readonly person: KnownPerson;
  readonly browserSessions: number;
  readonly cliSessions: readonly CliSessionSummary[];
}

export interface BlockRequest {
  readonly by: string;
  readonly reason?: string | undefined;
}

export interface OperatorSessions {
  /** Live CLI sessions, newest first, at most 1,000; of every user, or of one user name. */
  list(username: string | undefined): Promise<readonly CliSessionSummary[]>;
  /**
   * Live browser sessions, newest first, at most 1,000. Sessions of an earlier version are not in
   * it.
   */
  listBrowsers(username: string | undefined): Promise<readonly BrowserSessionSummary[]>;
  /** The container tokens of these sessions, newest first. */
  containerTokens(of: readonly CliSessionSummary[]): Promise<readonly ContainerTokenSummary[]>;
  /** Every user who has signed in with that user name, or the one user: newest sign-in first. */
  find(
    who: { readonly username: string } | { readonly person: PersonId },
  ): Promise<readonly KnownPerson[]>;
  /** Every blocked user, newest block first. */
  blocked(): Promise<readonly KnownPerson[]>;
  /** Ends every session of a user. */
  end(person: KnownPerson, origin: Origin): Promise<EndedSessions>;
  /**
   * Blocks a user, and ends every session and elevation of theirs. `isNew` is false if they were
   * blocked already; the first block stays as it is.
   */
  block(
    person: KnownPerson,
    request: BlockRequest,
    origin: Origin,
  ): Promise<EndedSessions & { readonly isNew: boolean }>;
  /** False if the user was not blocked. */
  unblock(
    person: KnownPerson,
    request: Pick<BlockRequest, 'reason'>,
    origin: Origin,
  ): Promise<boolean>;
  /** Ends one session in a terminal, an application or a browser. Throws `not_found`. */
  endSession(publicId: string, origin: Origin): Promise<EndedSession>;
}

/** A user whom the bridge has never seen. */
export function strangerOf(person: PersonId): KnownPerson {
  return { person, connector: UNKNOWN_CONNECTOR, username: 'unknown' };
}

const UNKNOWN_CONNECTOR = 'unknown' as ConnectorId;

export function createOperatorSessions(parts: OperatorSessionsParts): OperatorSessions {
  return {
    list: username => list(parts, username),
    listBrowsers: username => listBrowsers(parts, username),
    containerTokens: of => containerTokensOf(parts, of),
    find: who => find(parts, who),
    blocked: () => parts.people.blocked(),
    end: (person, origin) => end(parts, person, origin),
    block: (person, request, origin) => block(parts, person, { ...request, origin }),
    unblock: (person, request, origin) => unblock(parts, person, { ...request, origin }),
    endSession: (publicId, origin) => endSession(parts, publicId, origin),
  };
}

// ---------------------------------------------------------------- look

async function list(
  { cliSessions, people, clock }: OperatorSessionsParts,
  username: string | undefined,
): Promise<readonly CliSessionSummary[]> {
  const now = clock.now();
  if (username === undefined) return cliSessions.list(now);
  const of = await people.named(username);
  const lists = await Promise.all(of.map(({ person }) => cliSessions.list(now, { person })));
  return lists.flat().sort((a, b) => b.createdAt - a.createdAt);
}

async function listBrowsers(
  { sessions, people, clock, idleSeconds }: OperatorSessionsParts,
  username: string | undefined,
): Promise<readonly BrowserSessionSummary[]> {
  const now = clock.now();
  const of = username === undefined ? [undefined] : await people.named(username);
  const lists = await Promise.all(of.map(known => sessions.list(now, known)));
  return lists
    .flatMap(({ summaries }) => summaries)
    .filter(summary => now < idleEndOf(summary, idleSeconds))
    .sort((a, b) => b.createdAt - a.createdAt);
}

/** Up to this many users are asked for one by one; for more, all tokens are read at once. */
const FEW_USERS = 10;

async function containerTokensOf(
  { containerTokens, clock }: OperatorSessionsParts,
  sessions: readonly CliSessionSummary[],
): Promise<readonly ContainerTokenSummary[]> {
  const publicIds = new Set(sessions.map(({ publicId }) => publicId));
  const owners = [...new Set(sessions.map(({ person }) => person))];
  const asked = owners.length <= FEW_USERS ? owners : [undefined];
  const lists = await Promise.all(asked.map(person => containerTokens.list(clock.now(), person)));
  return lists.flat().filter(({ cliSession }) => publicIds.has(cliSession));
}

async function find(
  { people }: OperatorSessionsParts,
  who: { readonly username: string } | { readonly person: PersonId },
): Promise<readonly KnownPerson[]> {
  if ('username' in who) return people.named(who.username);
  const found = await people.find(who.person);
  return found === undefined ? [] : [found];
}

// ---------------------------------------------------------------- end and block

async function end(
  { sessions, cliSessions, recorder }: OperatorSessionsParts,
  person: KnownPerson,
  origin: Origin,
): Promise<EndedSessions> {
  // Browsers first: one that is still signed in could confirm another terminal.
  const browserSessions = await sessions.endAllOf(person.person);
  const ended = await cliSessions.endAllOf(person.person);
  await recorder.record(
    { origin },
    {
      type: 'sign-out.everywhere',
      actor: actorOf(person),
      browserSessions,
      cliSessions: ended.map(({ publicId }) => publicId),
      by: 'operator',
    },
  );
  return { person, browserSessions, cliSessions: ended };
}

async function block(
  parts: OperatorSessionsParts,
  person: KnownPerson,
  { by, reason, origin }: BlockRequest & { readonly origin: Origin },
): Promise<EndedSessions & { readonly isNew: boolean }> {
  const { people, recorder, clock } = parts;
  const at = clock.now();
  const isNew = await people.block(person.person, { at, by, reason });
  // Also when they were blocked already: what failed the first time may have been its record.
  const actor = actorOf(person);
  await recorder.record({ origin }, { type: 'person.blocked', at, actor, reason });
  const ended = await end(parts, person, origin);
  await endElevationsOf(parts, person.person, { at, origin, note: reason });
  return { ...ended, isNew };
}

async function unblock(
  { people, recorder }: OperatorSessionsParts,
  person: KnownPerson,
  { reason, origin }: Pick<BlockRequest, 'reason'> & { readonly origin: Origin },
): Promise<boolean> {
  const wasBlocked = await people.unblock(person.person);
  if (!wasBlocked) return false;
  const actor = actorOf(person);
  await recorder.record({ origin }, { type: 'person.unblocked', actor, reason });
  return true;
}

async function endSession(
  { sessions, cliSessions, recorder, clock }: OperatorSessionsParts,
  publicId: string,
  origin: Origin,
): Promise<EndedSession> {
  const by = { by: 'operator', why: 'ended by an operator' } as const;
  const terminal = await cliSessions.endByPublicId(publicId, undefined);
  if (terminal !== undefined) {
    const actor = actorOf(terminal);
    const event = { type: 'cli-session.ended', actor, cliSession: publicId, ...by } as const;
    await recorder.record({ origin }, event);
    return { kind: 'terminal', session: terminal };
  }
  const any = { person: undefined, now: clock.now() };
  const browser = await sessions.endByPublicId(publicId, any);
  if (browser === undefined)
    throw new BridgeError('not_found', 'unknown session', { hint: WHICH_SESSIONS });
  const actor = actorOf(browser);
  const event = { type: 'browser-session.ended', actor, browserSession: publicId, ...by } as const;
  await recorder.record({ origin }, event);
  return { kind: 'browser', session: browser };
}

const WHICH_SESSIONS =
  'It may have ended already. List the live sessions with: rolebridge-server sessions, and with --browsers';
