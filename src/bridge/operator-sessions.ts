/**
 * Sessions and people as operators see them: who is signed in from which terminal, and a user's
 * access ended or blocked.
 *
 * Owns: the order of "block, end, record", the audit events. Credentials that AWS has given already
 * stay valid until their own end.
 */
import type { Origin } from '../core/audit-event.ts';
import type { CliSessionSummary } from '../core/cli-session.ts';
import { BridgeError } from '../core/errors.ts';
import type { ConnectorId, PersonId } from '../core/identity.ts';
import type {
  AuditSink,
  CliSessions,
  Clock,
  ContainerTokens,
  KnownPerson,
  People,
  Sessions,
} from '../core/ports.ts';
import type { ContainerTokenSummary } from '../core/tokens.ts';

export interface OperatorSessionsParts {
  readonly sessions: Sessions;
  readonly cliSessions: CliSessions;
  readonly containerTokens: ContainerTokens;
  readonly people: People;
  readonly audit: AuditSink;
  readonly clock: Clock;
}

/** What was ended for one person. */
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
  /**
   * CLI sessions that live, the newest first, 1,000 at most; of everybody, or of everybody of a
   * user name.
   */
  list(username: string | undefined): Promise<readonly CliSessionSummary[]>;
  /** The container tokens of these sessions, the newest first. */
  containerTokens(of: readonly CliSessionSummary[]): Promise<readonly ContainerTokenSummary[]>;
  /**
   * Everybody who has signed in under that user name, or the one person: the newest sign-in first.
   */
  find(
    who: { readonly username: string } | { readonly person: PersonId },
  ): Promise<readonly KnownPerson[]>;
  /** Everybody who is blocked, the newest block first. */
  blocked(): Promise<readonly KnownPerson[]>;
  /** Ends every session of a person. */
  end(person: KnownPerson, origin: Origin): Promise<EndedSessions>;
  /**
   * Blocks a person and ends every session of them. `isNew` is false when they were blocked
   * already; the first block stays as it is.
   */
  block(
    person: KnownPerson,
    request: BlockRequest,
    origin: Origin,
  ): Promise<EndedSessions & { readonly isNew: boolean }>;
  /** False when the person was not blocked. */
  unblock(
    person: KnownPerson,
    request: Pick<BlockRequest, 'reason'>,
    origin: Origin,
  ): Promise<boolean>;
  /** Ends one CLI session. Throws `not_found`. */
  endSession(handle: string, origin: Origin): Promise<CliSessionSummary>;
}

/** A person whom the bridge has never seen. */
export function strangerOf(person: PersonId): KnownPerson {
  return { person, connector: UNKNOWN_CONNECTOR, username: 'unknown' };
}

export function createOperatorSessions(parts: OperatorSessionsParts): OperatorSessions {
  const { sessions, cliSessions, containerTokens, people, audit, clock } = parts;
  const actorOf = ({ person, connector, username }: KnownPerson) => ({
    person,
    connector,
    username,
  });

  const find: OperatorSessions['find'] = async who => {
    if ('username' in who) return people.named(who.username);
    const found = await people.find(who.person);
    return found === undefined ? [] : [found];
  };

  const end: OperatorSessions['end'] = async (person, origin) => {
    // Browsers first: one that is still signed in could confirm another terminal.
    const browserSessions = await sessions.endAllOf(person.person);
    const ended = await cliSessions.endAllOf(person.person);
    await audit.record({
      type: 'sign-out.everywhere',
      at: clock.now(),
      origin,
      actor: actorOf(person),
      browserSessions,
      cliSessions: ended.map(({ handle }) => handle),
      by: 'operator',
    });
    return { person, browserSessions, cliSessions: ended };
  };

  return {
    list: async username => {
      if (username === undefined) return cliSessions.list(clock.now());
      const of = await people.named(username);
      const lists = await Promise.all(
        of.map(({ person }) => cliSessions.list(clock.now(), { person })),
      );
      return lists.flat().sort((a, b) => b.createdAt - a.createdAt);
    },

    containerTokens: async of => {
      const handles = new Set(of.map(({ handle }) => handle));
      const owners = [...new Set(of.map(({ person }) => person))];
      // Of a few users each is asked for; of many, all tokens are read at once.
      const asked = owners.length <= FEW_USERS ? owners : [undefined];
      const lists = await Promise.all(
        asked.map(person => containerTokens.list(clock.now(), person)),
      );
      return lists.flat().filter(({ cliSession }) => handles.has(cliSession));
    },

    find,
    blocked: () => people.blocked(),
    end,

    block: async (person, { by, reason }, origin) => {
      const at = clock.now();
      const isNew = await people.block(person.person, { at, by, reason });
      // Also when they were blocked already: what failed the first time may have been its record.
      await audit.record({ type: 'person.blocked', at, origin, actor: actorOf(person), reason });
      return { ...(await end(person, origin)), isNew };
    },

    unblock: async (person, { reason }, origin) => {
      const wasBlocked = await people.unblock(person.person);
      if (wasBlocked)
        await audit.record({
          type: 'person.unblocked',
          at: clock.now(),
          origin,
          actor: actorOf(person),
          reason,
        });
      return wasBlocked;
    },

    endSession: async (handle, origin) => {
      const ended = await cliSessions.endByHandle(handle, undefined);
      if (ended === undefined)
        throw new BridgeError('not_found', 'no CLI session has that handle', {
          hint: WHICH_SESSIONS,
        });
      const { person, connector, username } = ended;
      await audit.record({
        type: 'cli-session.ended',
        at: clock.now(),
        origin,
        actor: { person, connector, username },
        cliSession: handle,
        by: 'operator',
        why: 'ended by an operator',
      });
      return ended;
    },
  };
}

const FEW_USERS = 10;
const UNKNOWN_CONNECTOR = 'unknown' as ConnectorId;
const WHICH_SESSIONS =
  'It may have ended already. rolebridge-server sessions lists those that there are.';
