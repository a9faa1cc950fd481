/**
 * The sessions of a user as they see and end them: one terminal, or everything at once.
 *
 * Owns: who may end what, the audit events. Does not own: what a session is good for (tokens,
 * access).
 */
import type { CliSessionSummary } from '../core/cli-session.ts';
import type { CliSessions, Clock, Sessions } from '../core/ports.ts';
import type { ProviderSession } from '../core/provider-session.ts';
import type { AuthenticatedRequester } from '../core/requester.ts';
import type { IsCurrent } from './current-issuers.ts';
import type { Recorder } from './recorder.ts';
import type { SharedSession, SignOuts } from './sign-outs.ts';

export interface MySessionsParts {
  readonly sessions: Sessions;
  readonly cliSessions: CliSessions;
  readonly isCurrent: IsCurrent;
  readonly signOuts: Pick<SignOuts, 'release'>;
  readonly recorder: Recorder;
  readonly clock: Clock;
}

/** A user with the session that they ask by: of a browser or a terminal. */
export interface SessionHolder extends AuthenticatedRequester {
  readonly session: SharedSession;
}

export interface MySessions {
  /** CLI sessions, newest first. */
  list(requester: AuthenticatedRequester): Promise<readonly CliSessionSummary[]>;
  /** Ends one CLI session; false if the user has none with that public id. */
  end(requester: SessionHolder, publicId: string): Promise<boolean>;
  /** As `end`, for a session that the user says they did not start. */
  disown(requester: SessionHolder, publicId: string): Promise<boolean>;
  /**
   * Ends every session of the user, in browsers and terminals, including this one. The session of
   * this one at the provider, as far as it is known. Throws `unavailable` if some may be left.
   */
  endAll(requester: SessionHolder): Promise<ProviderSession | undefined>;
}

export function createMySessions(parts: MySessionsParts): MySessions {
  return {
    list: requester => list(parts, requester),
    end: (requester, publicId) => end(parts, requester, publicId),
    disown: (requester, publicId) => disown(parts, requester, publicId),
    endAll: requester => endAll(parts, requester),
  };
}

async function list(
  { cliSessions, isCurrent, clock }: MySessionsParts,
  { subject }: AuthenticatedRequester,
): Promise<readonly CliSessionSummary[]> {
  const { person } = subject.identity;
  return (await cliSessions.list(clock.now(), { person })).filter(isCurrent);
}

async function end(
  { cliSessions, signOuts, recorder }: MySessionsParts,
  requester: SessionHolder,
  publicId: string,
): Promise<boolean> {
  const ended = await cliSessions.endByPublicId(publicId, requester.subject.identity.person);
  if (ended === undefined) return false;
  await recorder.recordEnd(requester, {
    type: 'cli-session.ended',
    cliSession: ended.publicId,
    by: 'person',
    why: 'ended by the person',
  });
  // It may have been the very session that asks.
  await signOuts.release(requester.session);
  return true;
}

async function disown(
  { cliSessions, signOuts, recorder }: MySessionsParts,
  requester: SessionHolder,
  publicId: string,
): Promise<boolean> {
  const ended = await cliSessions.endByPublicId(publicId, requester.subject.identity.person);
  if (ended === undefined) return false;
  const { publicId: cliSession, grant, client, deviceName, address } = ended;
  await recorder.recordEnd(requester, {
    type: 'cli-login.disowned',
    cliSession,
    grant,
    client: client.id,
    clientName: client.name,
    deviceName,
    requestedFrom: address,
  });
  await recorder.recordEnd(requester, {
    type: 'cli-session.ended',
    cliSession,
    by: 'person',
    why: 'the person did not start it',
  });
  await signOuts.release(requester.session);
  return true;
}

async function endAll(
  { sessions, cliSessions, signOuts, recorder }: MySessionsParts,
  requester: SessionHolder,
): Promise<ProviderSession | undefined> {
  const { person } = requester.subject.identity;
  // Browsers first: one that is still signed in could confirm another terminal.
  const browserSessions = await sessions.endAllOf(person);
  const ended = await cliSessions.endAllOf(person);
  await recorder.recordEnd(requester, {
    type: 'sign-out.everywhere',
    browserSessions,
    cliSessions: ended.map(({ publicId }) => publicId),
    by: 'person',
  });
  return signOuts.release(requester.session);
}
