/**
 * CLI sessions from start to end: opened when a user confirms a login, picked up by the terminal,
 * ended. The steps of tokens.ts that concern the session.
 */

import { APPLICATION_ACCESS_TOKEN_SECONDS, type ApplicationTerms } from '../core/application.ts';
import type { Session } from '../core/browser-session.ts';
import type { CliGrant, CliSession } from '../core/cli-session.ts';
import { BridgeError } from '../core/errors.ts';
import { type NamedClient, named, type OAuthClient } from '../core/oauth-client.ts';
import type { CliSessions, Clock, Records, Secrets } from '../core/ports.ts';
import {
  type AuthenticatedRequester,
  type Requester,
  requireConfirmed,
  type Viewer,
} from '../core/requester.ts';
import type { Instant, Seconds } from '../core/time.ts';
import {
  type AccessToken,
  MOST_CLI_SESSIONS,
  type RefreshToken,
  TOKEN_PREFIX,
  type TokenPair,
} from '../core/tokens.ts';
import type { ContainerAccess } from './container-access.ts';
import type { Proofs } from './proofs.ts';
import type { Recorder } from './recorder.ts';
import type { SignOuts } from './sign-outs.ts';
import { ownerOf, type TokenCallers } from './token-callers.ts';

export interface TokensParts {
  readonly cliSessions: CliSessions;
  readonly accessTokens: Records<AccessToken>;
  readonly refreshTokens: Records<RefreshToken>;
  readonly callers: TokenCallers;
  readonly proofs: Proofs;
  readonly containerAccess: ContainerAccess;
  readonly signOuts: Pick<SignOuts, 'release'>;
  readonly recorder: Recorder;
  readonly clock: Clock;
  readonly secrets: Secrets;
  /** The absolute limit of a session, counted from the sign-in. */
  readonly maxSeconds: Seconds;
  readonly accessTokenSeconds: Seconds;
}

export interface LoginConfirmation {
  readonly client: NamedClient & Pick<OAuthClient, 'application'>;
  readonly deviceName?: string | undefined;
  readonly grant: CliGrant;
  /** The address that asked for the login. */
  readonly address: string;
  /** The session expires unless it is picked up before. */
  readonly pickUpBy: Instant;
}

export interface TokenAnswer extends TokenPair {
  /** The thumbprint of the key to which the tokens are bound. */
  readonly jkt: string | undefined;
  /** The absolute end of the CLI session. */
  readonly sessionNotAfter: Instant;
}

// ---------------------------------------------------------------- open

/** When a session of this client and this sign-in ends at the latest, if it is opened now. */
export function notAfterFor(
  { maxSeconds, clock }: TokensParts,
  { createdAt, notAfter = Number.POSITIVE_INFINITY }: Session,
  application?: ApplicationTerms,
): Instant {
  const ofApplication = application?.maxSeconds ?? Number.POSITIVE_INFINITY;
  return Math.min(createdAt + maxSeconds * 1000, notAfter, clock.now() + ofApplication * 1000);
}

/** Throws `identity_unconfirmed`, `sign_in_needed`, `fresh_sign_in_needed`, `limit_reached`. */
export async function openSession(
  parts: TokensParts,
  viewer: Viewer,
  confirmation: LoginConfirmation,
): Promise<CliSession> {
  const { cliSessions, clock } = parts;
  const now = clock.now();
  requireConfirmed(viewer);
  if (now >= notAfterFor(parts, viewer.session))
    throw new BridgeError(
      'fresh_sign_in_needed',
      'the sign-in is older than a CLI session can become',
    );
  const { person } = viewer.subject.identity;
  // Each session needs a user who presses a button, so a race that opens a few more does no harm.
  if ((await cliSessions.list(now, { person })).length >= MOST_CLI_SESSIONS)
    throw new BridgeError('limit_reached', `the user has ${MOST_CLI_SESSIONS} CLI sessions`, {
      hint: TOO_MANY_SESSIONS,
    });
  const session = newSession(parts, viewer, confirmation);
  await cliSessions.create(session);
  return session;
}

function newSession(
  parts: TokensParts,
  { subject, corporateProof, session }: Viewer,
  { client, deviceName, grant, address, pickUpBy }: LoginConfirmation,
): CliSession {
  const { secrets, clock } = parts;
  const { identity } = subject;
  const { person, connector, source, username } = identity;
  const { providerSession, steppedUp, confirmedAt, publicId: browserSession } = session;
  const notAfter = notAfterFor(parts, session, client.application);
  return {
    id: secrets.token(),
    summary: {
      publicId: secrets.publicId(),
      person,
      connector,
      source,
      username,
      client: named(client),
      deviceName,
      grant,
      ...(browserSession !== undefined && { browserSession }),
      address,
      createdAt: clock.now(),
      expiresAt: Math.min(pickUpBy, notAfter),
    },
    identity,
    corporateProof,
    ...(providerSession !== undefined && { providerSession }),
    ...(steppedUp !== undefined && { steppedUp }),
    confirmedAt,
    generation: session.generation,
    notAfter,
  };
}

const TOO_MANY_SESSIONS = `You have ${MOST_CLI_SESSIONS} sessions in terminals, which is the limit. End some on the sessions page, then confirm the login again.`;

// ---------------------------------------------------------------- pick up

/** A session that waits, and who picks it up. */
export interface PendingSession {
  readonly session: string;
  /** The id of the client. */
  readonly client: string;
  /** The thumbprint of the key to which the tokens are bound. */
  readonly jkt: string | undefined;
}

/** The first tokens of a session, recorded. Throws `grant_invalid`. */
export async function pickUpSession(
  parts: TokensParts,
  requester: Requester,
  pending: PendingSession,
): Promise<TokenAnswer> {
  const answer = await prepareTokens(parts, requester, pending);
  await recordPickUp(parts, requester, answer.session);
  return answer;
}

/** Tokens that no terminal has yet, and their session. */
export interface PreparedTokens extends TokenAnswer {
  readonly session: CliSession;
}

/** Throws `grant_invalid`. Nothing is handed out before `recordPickUp`. */
export async function prepareTokens(
  parts: TokensParts,
  requester: Requester,
  { session: id, client, jkt }: PendingSession,
): Promise<PreparedTokens> {
  const { cliSessions, callers, clock } = parts;
  const session = await cliSessions.find(id);
  if (session === undefined || !callers.isLive(session))
    throw await refusedGrant(parts, requester, {
      why: 'the session was ended before it was picked up',
    });
  const { origin } = requester;
  const isPicked = await cliSessions.pickUp(session, clock.now(), origin.address);
  const pair = isPicked ? await issuePair(parts, { session, client, jkt }) : undefined;
  if (pair === undefined)
    throw await refusedGrant(parts, requester, {
      why: 'the session was ended while it was picked up',
      session,
    });
  return { ...pair, jkt, sessionNotAfter: session.notAfter, session };
}

/** Records that a terminal has its session; if that fails, the session ends. */
export async function recordPickUp(
  { recorder, cliSessions }: TokensParts,
  { origin }: Requester,
  session: CliSession,
): Promise<void> {
  const { id, summary } = session;
  await recorder.recordOrUndo(
    ownerOf(session, origin),
    {
      type: 'cli-session.opened',
      cliSession: summary.publicId,
      grant: summary.grant,
      client: summary.client.id,
      clientName: summary.client.name,
      clientKind: summary.client.kind,
      deviceName: summary.deviceName,
      requestedFrom: summary.address,
    },
    () => cliSessions.end(id),
  );
}

/** A new pair of tokens; undefined if the session has ended in the meantime. */
export async function issuePair(
  { accessTokens, refreshTokens, clock, secrets, accessTokenSeconds }: TokensParts,
  {
    session,
    client,
    jkt,
    recorded,
  }: Pick<RefreshToken, 'client' | 'jkt' | 'recorded'> & {
    readonly session: CliSession;
  },
): Promise<TokenPair | undefined> {
  const { id, notAfter: expiresAt, summary } = session;
  const isOfApplication = summary.client.kind !== undefined;
  const most = isOfApplication ? APPLICATION_ACCESS_TOKEN_SECONDS : accessTokenSeconds;
  const seconds = Math.min(most, accessTokenSeconds);
  const pair: TokenPair = {
    accessToken: TOKEN_PREFIX.access + secrets.token(),
    accessExpiresAt: Math.min(clock.now() + seconds * 1000, expiresAt),
    refreshToken: TOKEN_PREFIX.refresh + secrets.token(),
  };
  const { accessToken, accessExpiresAt: usableUntil, refreshToken } = pair;
  const isKept =
    (await accessTokens.create(accessToken, { session: id, jkt, usableUntil, expiresAt })) &&
    (await refreshTokens.create(refreshToken, { client, session: id, jkt, expiresAt, recorded }));
  return isKept ? pair : undefined;
}

// ---------------------------------------------------------------- end

export interface EndReason {
  readonly by: 'misuse' | 'client' | 'person';
  readonly why: string;
}

/** Ends a session and records why; does nothing if it has ended already. */
export async function endSession(
  { cliSessions, signOuts, recorder }: TokensParts,
  owner: AuthenticatedRequester,
  { session, by, why }: EndReason & { readonly session: CliSession },
): Promise<void> {
  if ((await cliSessions.end(session.id)) === undefined) return;
  const { publicId: cliSession } = session.summary;
  await recorder.recordEnd(owner, { type: 'cli-session.ended', cliSession, by, why });
  await signOuts.release(session);
}

/** Records the refusal of a code or token and returns the error to throw. */
export async function refusedGrant(
  { recorder }: TokensParts,
  requester: Requester,
  { why, session }: { readonly why: string; readonly session?: CliSession | undefined },
): Promise<BridgeError> {
  const error = new BridgeError('grant_invalid', why);
  const { code } = error;
  await recorder.record(session === undefined ? requester : ownerOf(session, requester.origin), {
    type: 'cli-login.refused',
    cliSession: session?.summary.publicId,
    code,
    why,
  });
  return error;
}
