/**
 * CLI sessions and the tokens that stand for them: opened by a confirmation, picked up by a
 * terminal, refreshed, used, ended.
 *
 * Owns: what a token is good for and how long, rotation and the response to a stolen token, when a
 * session ends, their audit events. Does not own: how a login is confirmed (device-authorization,
 * code-authorization), which role a session can open (access), wire formats.
 */
import type { Origin } from '../core/audit-event.ts';
import type { CliSession } from '../core/cli-session.ts';
import { BridgeError } from '../core/errors.ts';
import type { OAuthClient } from '../core/oauth-client.ts';
import type { Requester, Viewer } from '../core/requester.ts';
import type { RoleScope } from '../core/role-scope.ts';
import type { Instant } from '../core/time.ts';
import type { TokenPair } from '../core/tokens.ts';
import {
  type EndReason,
  endSession,
  type LoginConfirmation,
  notAfterFor,
  openSession,
  type PendingSession,
  type PreparedTokens,
  pickUpSession,
  prepareTokens,
  recordPickUp,
  type TokenAnswer,
  type TokensParts,
} from './cli-sessions.ts';
import type { ShownToken } from './proofs.ts';
import { type Caller, ownerOf, requireToken, UNKNOWN_TOKEN } from './token-callers.ts';
import { type PresentedToken, refreshSession } from './token-refresh.ts';

export interface Tokens {
  /** When a session that the viewer opens now ends at the latest. */
  notAfterFor(viewer: Viewer, client?: Pick<OAuthClient, 'application'>): Instant;
  /** Opens a session that waits to be picked up. Throws `fresh_sign_in_needed`, `limit_reached`. */
  open(viewer: Viewer, confirmation: LoginConfirmation): Promise<CliSession>;
  /** The first tokens of an opened session. Throws `grant_invalid` if it has ended. */
  pickUp(requester: Requester, pending: PendingSession): Promise<TokenAnswer>;
  /** Tokens of an opened session that `recordPickUp` must follow. Throws `grant_invalid`. */
  prepare(requester: Requester, pending: PendingSession): Promise<PreparedTokens>;
  recordPickUp(requester: Requester, session: CliSession): Promise<void>;
  /** The live session of tokens that were not refreshed yet; undefined otherwise. */
  sessionOfFirst(tokens: TokenPair): Promise<CliSession | undefined>;
  /**
   * Throws `grant_invalid`. Within its grace period, a token that was used before gives the same
   * answer to the network of its first use; beyond it, the session ends.
   */
  refresh(requester: Requester, presented: PresentedToken): Promise<TokenAnswer>;
  /**
   * Who asks with an access token, shown as it was issued. Throws `token_invalid`,
   * `token_binding_invalid`, `dpop_proof_invalid`.
   */
  callerOf(shown: ShownToken | undefined, origin: Origin): Promise<Caller>;
  /** The public id of the live session behind an access, refresh or container token. */
  sessionBehind(token: string): Promise<string | undefined>;
  /**
   * Ends the session of an access or refresh token, or a container token alone. An access token may
   * have expired; an unknown token is no error (RFC 7009 section 2.2). `client` undefined: every
   * bearer may end it. Throws `client_unauthorized`.
   */
  revoke(
    requester: Requester,
    presented: { readonly token: string; readonly client: string | undefined },
  ): Promise<void>;
  /** Ends a session and records why; its public id, undefined if it has ended already. */
  end(requester: Requester, session: string, reason: EndReason): Promise<string | undefined>;
  /** The public id of a session; undefined when it has ended. */
  publicIdOf(session: string): Promise<string | undefined>;
  /** Withdraws a session that was not announced to any client. */
  discard(session: CliSession): Promise<void>;
  /** The roles that a device-code login can reach at most; undefined means every role. */
  readonly deviceScope: RoleScope | undefined;
}

export function createTokens(parts: TokensParts): Tokens {
  return {
    deviceScope: parts.callers.deviceScope,
    notAfterFor: (viewer, client) => notAfterFor(parts, viewer.session, client?.application),
    open: (viewer, confirmation) => openSession(parts, viewer, confirmation),
    pickUp: (requester, pending) => pickUpSession(parts, requester, pending),
    prepare: (requester, pending) => prepareTokens(parts, requester, pending),
    recordPickUp: (requester, session) => recordPickUp(parts, requester, session),
    sessionOfFirst: tokens => sessionOfFirst(parts, tokens),
    refresh: (requester, presented) => refreshSession(parts, requester, presented),
    callerOf: (shown, origin) => callerOf(parts, shown, origin),
    sessionBehind: token => sessionBehind(parts, token),
    revoke: (requester, presented) => revoke(parts, requester, presented),
    end: (requester, session, reason) => end(parts, requester, { session, reason }),
    publicIdOf: session => publicIdOf(parts, session),
    discard: async ({ id }) => {
      await parts.cliSessions.end(id);
    },
  };
}

// ---------------------------------------------------------------- use

async function callerOf(
  { accessTokens, callers, proofs, clock }: TokensParts,
  shown: ShownToken | undefined,
  origin: Origin,
): Promise<Caller> {
  const { token, proof } = requireToken(shown);
  const found = await accessTokens.findWithSession(token, clock.now());
  if (found === undefined) throw new BridgeError('token_invalid', UNKNOWN_TOKEN);
  const { record, session } = found;
  // Container tokens of earlier versions were records of this kind, and opened one role.
  if ('only' in record)
    throw new BridgeError(
      'token_invalid',
      'the container token was issued by an earlier version; create another one',
    );
  await proofs.requireBinding(origin, { token, proof }, { jkt: record.jkt, session });
  return callers.callerIn(session, record.usableUntil ?? record.expiresAt, origin);
}

async function sessionOfFirst(
  { refreshTokens, callers, clock }: TokensParts,
  { refreshToken }: TokenPair,
): Promise<CliSession | undefined> {
  const found = await refreshTokens.findWithSession(refreshToken, clock.now());
  if (found === undefined || found.record.used !== undefined) return undefined;
  return callers.isLive(found.session) ? found.session : undefined;
}

async function sessionBehind(parts: TokensParts, token: string): Promise<string | undefined> {
  const { containerAccess, callers } = parts;
  const session = (await loginBehind(parts, token)) ?? (await containerAccess.find(token))?.session;
  return session !== undefined && callers.isLive(session) ? session.summary.publicId : undefined;
}

/** The session behind an access or refresh token. */
async function loginBehind(
  { accessTokens, refreshTokens, clock }: TokensParts,
  token: string,
): Promise<CliSession | undefined> {
  const now = clock.now();
  const found =
    (await accessTokens.findWithSession(token, now)) ??
    (await refreshTokens.findWithSession(token, now));
  return found?.session;
}

async function publicIdOf({ cliSessions, callers }: TokensParts, id: string) {
  const session = await cliSessions.find(id);
  return session !== undefined && callers.isLive(session) ? session.summary.publicId : undefined;
}

// ---------------------------------------------------------------- end

async function revoke(
  parts: TokensParts,
  { origin }: Requester,
  { token, client }: { readonly token: string; readonly client: string | undefined },
): Promise<void> {
  const { containerAccess, callers } = parts;
  const container = await containerAccess.find(token);
  const session = container?.session ?? (await loginBehind(parts, token));
  if (session === undefined || !callers.isLive(session)) return;
  if (client !== undefined && session.summary.client.id !== client)
    throw new BridgeError('client_unauthorized', 'the token was issued to another client');
  const owner = ownerOf(session, origin);
  if (container === undefined)
    await endSession(parts, owner, { session, by: 'client', why: whyLoggedOut(session) });
  else await containerAccess.revoke(owner, container.publicId, 'client');
}

function whyLoggedOut({ summary }: CliSession): string {
  const isOfApplication = summary.client.kind !== undefined;
  return isOfApplication ? 'logged out in the application' : 'logged out in the terminal';
}

async function end(
  parts: TokensParts,
  { origin }: Requester,
  { session: id, reason }: { readonly session: string; readonly reason: EndReason },
): Promise<string | undefined> {
  const session = await parts.cliSessions.find(id);
  if (session === undefined) return undefined;
  await endSession(parts, ownerOf(session, origin), { session, ...reason });
  return session.summary.publicId;
}
