/**
 * A person's sessions as they see and end them: the terminals that are signed in, and everything at
 * once.
 *
 * Owns: who may end what, the audit events. Does not own: what a session is good for (tokens,
 * access).
 */
import { actorOf, type Origin } from '../core/audit-event.ts';
import type { CliSessionSummary } from '../core/cli-session.ts';
import type { Identity } from '../core/identity.ts';
import type { AuditSink, CliSessions, Clock, Sessions } from '../core/ports.ts';
import type { IsCurrent } from './current-issuers.ts';
import { recordEnd } from './record-end.ts';

export interface MySessionsParts {
  readonly sessions: Sessions;
  readonly cliSessions: CliSessions;
  readonly isCurrent: IsCurrent;
  readonly audit: AuditSink;
  readonly clock: Clock;
}

export interface MySessions {
  /** The newest first. */
  list(identity: Identity): Promise<readonly CliSessionSummary[]>;
  /**
   * Ends one CLI session of the person; false when they have none of that handle. `disowned`: they
   * say that they did not start it.
   */
  end(
    identity: Identity,
    handle: string,
    origin: Origin,
    options?: { readonly disowned: boolean },
  ): Promise<boolean>;
  /**
   * Ends every session of the person, in browsers and terminals, this one too. Throws `unavailable`
   * when some of them may be left.
   */
  endAll(identity: Identity, origin: Origin): Promise<void>;
}

export function createMySessions(parts: MySessionsParts): MySessions {
  const { sessions, cliSessions, isCurrent, audit, clock } = parts;
  return {
    list: async ({ person }) => (await cliSessions.list(clock.now(), { person })).filter(isCurrent),

    end: async (identity, handle, origin, { disowned } = { disowned: false }) => {
      const ended = await cliSessions.endByHandle(handle, identity.person);
      if (ended === undefined) return false;
      const recorded = {
        at: clock.now(),
        origin,
        actor: actorOf(identity),
        cliSession: ended.handle,
      };
      if (disowned) {
        const { grant, client, deviceName, address: requestedFrom } = ended;
        await recordEnd(audit, {
          type: 'cli-login.disowned',
          ...recorded,
          grant,
          client: client.id,
          clientName: client.name,
          deviceName,
          requestedFrom,
        });
      }
      const why = disowned ? 'the person did not start it' : 'ended by the person';
      await recordEnd(audit, { type: 'cli-session.ended', ...recorded, by: 'person', why });
      return true;
    },

    endAll: async (identity, origin) => {
      // Browsers first: one that is still signed in could confirm another terminal.
      const browserSessions = await sessions.endAllOf(identity.person);
      const ended = await cliSessions.endAllOf(identity.person);
      await recordEnd(audit, {
        type: 'sign-out.everywhere',
        at: clock.now(),
        origin,
        actor: actorOf(identity),
        browserSessions,
        cliSessions: ended.map(({ handle }) => handle),
        by: 'person',
      });
    },
  };
}
