/**
 * Sessions as the people who run the bridge see and end them: who is signed in from which terminal, and somebody's way in taken away.
 *
 * Owns: whom a name means, the audit events. Credentials that AWS has given already stay valid until their own end; nobody here can end those.
 */
import type { Origin } from '../core/audit-event.ts';
import type { CliSessionSummary } from '../core/cli-session.ts';
import { BridgeError } from '../core/errors.ts';
import type { ConnectorId, PersonId } from '../core/identity.ts';
import type { AuditSink, CliSessions, Clock, KnownPeople, KnownPerson, Sessions } from '../core/ports.ts';

export interface OperatorSessionsParts {
  readonly sessions: Sessions;
  readonly cliSessions: CliSessions;
  readonly people: KnownPeople;
  readonly audit: AuditSink;
  readonly clock: Clock;
}

/** What was ended for one person. */
export interface EndedSessions {
  readonly person: KnownPerson;
  readonly browserSessions: number;
  readonly cliSessions: readonly CliSessionSummary[];
}

export interface OperatorSessions {
  /** CLI sessions that live, the newest first; of everybody, or of everybody of a user name. */
  list(username: string | undefined): Promise<readonly CliSessionSummary[]>;
  /** Ends every session of everybody who has signed in under that user name, or of the one person. Throws `not_found` when nobody has. */
  endPeople(who: { readonly username: string } | { readonly person: PersonId }, origin: Origin): Promise<readonly EndedSessions[]>;
  /** Ends one CLI session. Throws `not_found`. */
  endSession(handle: string, origin: Origin): Promise<CliSessionSummary>;
}

export function createOperatorSessions({ sessions, cliSessions, people, audit, clock }: OperatorSessionsParts): OperatorSessions {
  const record = async (person: KnownPerson, handle: string, origin: Origin): Promise<void> => {
    const why = 'ended by an operator';
    await audit.record({ type: 'cli-session.ended', at: clock.now(), origin, actor: person, cliSession: handle, by: 'operator', why });
  };

  return {
    list: username => cliSessions.list(clock.now(), { username }),

    endPeople: async (who, origin) => {
      const found = await people.find(who);
      if (found.length === 0) throw new BridgeError('not_found', 'nobody has signed in under that name or id', { hint: WHO_IS_MEANT });
      const ended: EndedSessions[] = [];
      for (const person of found) {
        // Browsers first: one that is still signed in could confirm another terminal.
        const browserSessions = await sessions.endAllOf(person.person);
        const terminals = await cliSessions.endAllOf(person.person);
        await audit.record({
          type: 'sign-out.everywhere',
          at: clock.now(),
          origin,
          actor: person,
          browserSessions,
          cliSessions: terminals.map(({ handle }) => handle),
          by: 'operator',
        });
        ended.push({ person, browserSessions, cliSessions: terminals });
      }
      return ended;
    },

    endSession: async (handle, origin) => {
      const ended = await cliSessions.endByHandle(handle, undefined);
      if (ended === undefined) throw new BridgeError('not_found', 'no CLI session has that handle', { hint: WHICH_SESSIONS });
      const [known] = await people.find({ person: ended.person });
      await record(known ?? { person: ended.person, connector: UNKNOWN_CONNECTOR, username: ended.username }, handle, origin);
      return ended;
    },
  };
}

/** Of somebody whose sign-in is not in the trail, which is shorter than it was. */
const UNKNOWN_CONNECTOR = 'unknown' as ConnectorId;
const WHO_IS_MEANT = 'Write the user name as the audit trail has it, or the person id. People who never signed in have no session.';
const WHICH_SESSIONS = 'It may have ended already. rolebridge-server sessions lists those that there are.';
