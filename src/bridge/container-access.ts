/**
 * Container tokens: one role of a CLI session for a program without a terminal. Made, used, listed,
 * revoked.
 *
 * Owns: what such a token is good for, how many there may be, their audit events. Does not own:
 * whether the role is granted (access), the session that they end with (tokens).
 */
import { actorOf, type Origin } from '../core/audit-event.ts';
import type { CliSessionSummary } from '../core/cli-session.ts';
import { BridgeError } from '../core/errors.ts';
import type { Identity } from '../core/identity.ts';
import type { AuditSink, CliSession, Clock, ContainerTokens, Secrets } from '../core/ports.ts';
import type { AccountId, RoleName } from '../core/role.ts';
import { isWithin } from '../core/role-scope.ts';
import type { Instant } from '../core/time.ts';
import { type ContainerTokenSummary, MOST_CONTAINER_TOKENS, TOKEN_PREFIX } from '../core/tokens.ts';
import { recordEnd } from './record-end.ts';
import { type Caller, NO_SUCH_TOKEN, requireToken, type TokenCallers } from './token-callers.ts';

export interface ContainerAccessParts {
  readonly containerTokens: ContainerTokens;
  readonly callers: TokenCallers;
  readonly audit: AuditSink;
  readonly clock: Clock;
  readonly secrets: Secrets;
}

/** A role as an entitlement has it. */
interface OneRole {
  readonly account: { readonly id: AccountId; readonly name: string };
  readonly role: RoleName;
}

export interface ContainerAccess {
  /**
   * A token for one role, that lives as long as the session. It is recorded before it is given.
   * Throws `token_invalid` when the session has ended, `limit_reached` when it has as many as it
   * may.
   */
  issue(
    caller: Caller,
    only: OneRole,
  ): Promise<{ readonly token: string; readonly handle: string; readonly expiresAt: Instant }>;
  /**
   * The live session behind a token; it says itself which role it opens. Throws `token_invalid`.
   */
  callerOf(token: string | undefined, origin: Origin): Promise<Caller>;
  /**
   * Session and handle of a token, also when the session is over for another reason than its end.
   */
  find(
    token: string,
  ): Promise<{ readonly session: CliSession; readonly handle: string } | undefined>;
  /** Tokens of sessions of one person, the newest first. */
  list(sessions: readonly CliSessionSummary[]): Promise<readonly ContainerTokenSummary[]>;
  /** Revokes one token of the person; false when they have none of that handle. */
  revoke(
    identity: Identity,
    handle: string,
    by: { readonly by: 'client' | 'person'; readonly origin: Origin },
  ): Promise<boolean>;
}

export function createContainerAccess({
  containerTokens,
  callers,
  audit,
  clock,
  secrets,
}: ContainerAccessParts): ContainerAccess {
  return {
    issue: async ({ session, subject, origin }, { account, role }) => {
      const { identity } = subject;
      const token = TOKEN_PREFIX.container + secrets.token();
      const handle = secrets.handle();
      const { notAfter: expiresAt } = session;
      const cliSession = session.summary.handle;
      const made = {
        record: { session: session.id, expiresAt, only: { account: account.id, role }, handle },
        summary: {
          ...{ handle, cliSession, account: account.id, accountName: account.name, role },
          ...{ address: origin.address, createdAt: clock.now(), expiresAt },
        },
      };
      const outcome = await containerTokens.create(token, made, MOST_CONTAINER_TOKENS);
      if (outcome === 'ended')
        throw new BridgeError(
          'token_invalid',
          'the session ended while a container token was made',
        );
      const recorded = { at: clock.now(), origin, actor: actorOf(identity), cliSession, role };
      if (outcome === 'full') {
        const error = new BridgeError(
          'limit_reached',
          `the session has ${MOST_CONTAINER_TOKENS} container tokens`,
          { hint: TOO_MANY },
        );
        const { code, message: why } = error;
        await audit.record({
          type: 'access.refused',
          ...recorded,
          account: account.name,
          purpose: 'container-token',
          code,
          why,
        });
        throw error;
      }
      await audit
        .record({
          type: 'container-token.issued',
          ...recorded,
          containerToken: handle,
          account: account.id,
          expiresAt,
        })
        .catch(async (fault: unknown) => {
          await containerTokens.revoke(handle, identity.person);
          throw fault;
        });
      return { token, handle, expiresAt };
    },

    callerOf: async (sent, origin) => {
      const token = requireToken(sent);
      const now = clock.now();
      const found = await containerTokens.findWithSession(token, now);
      if (found === undefined) throw new BridgeError('token_invalid', NO_SUCH_TOKEN);
      const { record, session, lastUsedAt } = found;
      const { only, handle } = record;
      const caller = await callers.callerIn(session, record.expiresAt, origin);
      if (callers.isTouchDue(lastUsedAt))
        await containerTokens.touch(token, record, { at: now, address: origin.address });
      // What a device login may reach can have changed since the token was made.
      if (!isWithin(caller.scope, only))
        throw new BridgeError(
          'role_not_for_device_login',
          'the role of the container token is beyond device logins',
        );
      return { ...caller, containerToken: handle, scope: { kind: 'one-role', ...only } };
    },

    find: async token => {
      const found = await containerTokens.findWithSession(token, clock.now());
      return found && { session: found.session, handle: found.record.handle };
    },

    list: async sessions => {
      const [first] = sessions;
      if (first === undefined) return [];
      const handles = new Set(sessions.map(({ handle }) => handle));
      return (await containerTokens.list(clock.now(), first.person)).filter(({ cliSession }) =>
        handles.has(cliSession),
      );
    },

    revoke: async (identity, handle, { by, origin }) => {
      const revoked = await containerTokens.revoke(handle, identity.person);
      if (revoked === undefined) return false;
      const { cliSession, account, role } = revoked;
      const what = { actor: actorOf(identity), cliSession, containerToken: handle, account, role };
      await recordEnd(audit, {
        type: 'container-token.revoked',
        at: clock.now(),
        origin,
        ...what,
        by,
      });
      return true;
    },
  };
}

const TOO_MANY = `A login has ${MOST_CONTAINER_TOKENS} container tokens at most. Revoke some on the sessions page or by DELETE /api/v1/container-tokens/{id}. GET /api/v1/container-tokens lists them.`;
