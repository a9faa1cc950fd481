/**
 * Container tokens: each gives a program without a terminal one role of a CLI session. They are
 * issued, used, listed and revoked.
 *
 * Owns: what such a token is good for, how many there may be, their audit events. Does not own:
 * whether the role is granted (access), the session that they end with (tokens).
 */

import type { Origin } from '../core/audit-event.ts';
import type { CliSession, CliSessionSummary } from '../core/cli-session.ts';
import { BridgeError } from '../core/errors.ts';
import type { Clock, ContainerTokens, Secrets } from '../core/ports.ts';
import type { AuthenticatedRequester } from '../core/requester.ts';
import type { AccountId, RoleName } from '../core/role.ts';
import { isWithin } from '../core/role-scope.ts';
import type { Instant } from '../core/time.ts';
import {
  type ContainerToken,
  type ContainerTokenSummary,
  isTouchDue,
  MOST_CONTAINER_TOKENS,
  TOKEN_PREFIX,
} from '../core/tokens.ts';
import type { Recorder } from './recorder.ts';
import { type Caller, requireToken, type TokenCallers, UNKNOWN_TOKEN } from './token-callers.ts';

/** The role of a token, as an entitlement has it. */
interface OneRole {
  readonly account: { readonly id: AccountId; readonly name: string };
  readonly role: RoleName;
}

export interface IssuedContainerToken {
  /** A secret. */
  readonly token: string;
  readonly publicId: string;
  readonly expiresAt: Instant;
}

export interface ContainerAccess {
  /**
   * A token for one role, valid as long as the session. Recorded before it is given.
   * Throws `token_invalid` if the session has ended, `limit_reached`.
   */
  issue(caller: Caller, only: OneRole): Promise<IssuedContainerToken>;
  /** Who asks with a token: its scope is the role of the token. Throws `token_invalid`. */
  callerOf(token: string | undefined, origin: Origin): Promise<Caller>;
  /** Session and public id of a token, even if the session no longer counts as live. */
  find(
    token: string,
  ): Promise<{ readonly session: CliSession; readonly publicId: string } | undefined>;
  /** Tokens of the sessions of one user, newest first. */
  list(sessions: readonly CliSessionSummary[]): Promise<readonly ContainerTokenSummary[]>;
  /** Revokes one token of the user; false if they have none with that public id. */
  revoke(
    requester: AuthenticatedRequester,
    publicId: string,
    by: 'client' | 'person',
  ): Promise<boolean>;
}

export interface ContainerAccessParts {
  readonly containerTokens: ContainerTokens;
  readonly callers: TokenCallers;
  readonly recorder: Recorder;
  readonly clock: Clock;
  readonly secrets: Secrets;
}

export function createContainerAccess(parts: ContainerAccessParts): ContainerAccess {
  return {
    issue: (caller, only) => issue(parts, caller, only),
    callerOf: (token, origin) => callerOf(parts, token, origin),
    find: token => find(parts, token),
    list: sessions => list(parts, sessions),
    revoke: (requester, publicId, by) => revoke(parts, requester, { publicId, by }),
  };
}

// ---------------------------------------------------------------- issue

async function issue(
  parts: ContainerAccessParts,
  caller: Caller,
  only: OneRole,
): Promise<IssuedContainerToken> {
  const { containerTokens, recorder, secrets } = parts;
  const token = TOKEN_PREFIX.container + secrets.token();
  const made = newToken(parts, caller, only);
  const outcome = await containerTokens.create(token, made, MOST_CONTAINER_TOKENS);
  if (outcome === 'ended')
    throw new BridgeError('token_invalid', 'the session ended while a container token was issued');
  if (outcome === 'full') throw await tooMany(parts, caller, only);
  const { publicId, expiresAt } = made.record;
  await recorder.recordOrUndo(
    caller,
    {
      type: 'container-token.issued',
      cliSession: caller.session.summary.publicId,
      role: only.role,
      containerToken: publicId,
      account: only.account.id,
      expiresAt,
    },
    () => containerTokens.revoke(publicId, caller.subject.identity.person),
  );
  return { token, publicId, expiresAt };
}

/** What the store keeps of a new token, and what lists show of it. */
function newToken(
  { secrets, clock }: ContainerAccessParts,
  { session, origin }: Caller,
  { account, role }: OneRole,
): { readonly record: ContainerToken; readonly summary: ContainerTokenSummary } {
  const publicId = secrets.publicId();
  const { id, notAfter: expiresAt } = session;
  return {
    record: { session: id, expiresAt, only: { account: account.id, role }, publicId },
    summary: {
      publicId,
      cliSession: session.summary.publicId,
      account: account.id,
      accountName: account.name,
      role,
      address: origin.address,
      createdAt: clock.now(),
      expiresAt,
    },
  };
}

/** Records that the session has as many tokens as it may, and returns the error. */
async function tooMany(
  { recorder }: ContainerAccessParts,
  caller: Caller,
  { account, role }: OneRole,
): Promise<BridgeError> {
  const error = new BridgeError(
    'limit_reached',
    `the session has ${MOST_CONTAINER_TOKENS} container tokens`,
    { hint: TOO_MANY },
  );
  await recorder.record(caller, {
    type: 'access.refused',
    role,
    account: account.name,
    purpose: 'container-token',
    code: error.code,
    why: error.message,
  });
  return error;
}

// ---------------------------------------------------------------- use

async function callerOf(
  { containerTokens, callers, clock }: ContainerAccessParts,
  sent: string | undefined,
  origin: Origin,
): Promise<Caller> {
  const token = requireToken(sent);
  const now = clock.now();
  const found = await containerTokens.findWithSession(token, now);
  if (found === undefined) throw new BridgeError('token_invalid', UNKNOWN_TOKEN);
  const { record, session, lastUsedAt } = found;
  const { only, publicId } = record;
  const caller = await callers.callerIn(session, record.expiresAt, origin);
  if (isTouchDue(lastUsedAt, now))
    await containerTokens.touch(token, record, { at: now, address: origin.address });
  // The roles of device logins can have changed since the token was issued.
  if (!isWithin(caller.scope, only))
    throw new BridgeError(
      'role_not_for_device_login',
      'device logins no longer include the role of the container token',
    );
  return { ...caller, containerToken: publicId, scope: { kind: 'one-role', ...only } };
}

async function find(
  { containerTokens, clock }: ContainerAccessParts,
  token: string,
): Promise<{ readonly session: CliSession; readonly publicId: string } | undefined> {
  const found = await containerTokens.findWithSession(token, clock.now());
  return found && { session: found.session, publicId: found.record.publicId };
}

// ---------------------------------------------------------------- list and revoke

async function list(
  { containerTokens, clock }: ContainerAccessParts,
  sessions: readonly CliSessionSummary[],
): Promise<readonly ContainerTokenSummary[]> {
  const [first] = sessions;
  if (first === undefined) return [];
  const publicIds = new Set(sessions.map(({ publicId }) => publicId));
  const tokens = await containerTokens.list(clock.now(), first.person);
  return tokens.filter(({ cliSession }) => publicIds.has(cliSession));
}

async function revoke(
  { containerTokens, recorder }: ContainerAccessParts,
  requester: AuthenticatedRequester,
  { publicId, by }: { readonly publicId: string; readonly by: 'client' | 'person' },
): Promise<boolean> {
  const revoked = await containerTokens.revoke(publicId, requester.subject.identity.person);
  if (revoked === undefined) return false;
  const { cliSession, account, role } = revoked;
  await recorder.recordEnd(requester, {
    type: 'container-token.revoked',
    cliSession,
    containerToken: publicId,
    account,
    role,
    by,
  });
  return true;
}

const TOO_MANY = `A login has ${MOST_CONTAINER_TOKENS} container tokens at most. Revoke some on the sessions page or by DELETE /api/v1/container-tokens/{id}. GET /api/v1/container-tokens lists them.`;
