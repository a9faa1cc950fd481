/**
 * Who asks with a token: the session behind it, whether it is live, and its last use. For every
 * kind of token.
 */
import type { Origin } from '../core/audit-event.ts';
import { BridgeError } from '../core/errors.ts';
import type { CliSession, CliSessions, Clock } from '../core/ports.ts';
import type { AuthenticatedRequester } from '../core/requester.ts';
import type { RolePattern, RoleScope } from '../core/role-scope.ts';
import { type Instant, MINUTE, type Seconds } from '../core/time.ts';
import type { IsCurrent } from './current-issuers.ts';

/** Time and place of last use are written at most this often. */
const TOUCH_SECONDS: Seconds = MINUTE;

export interface TokenCallersParts {
  readonly cliSessions: CliSessions;
  /** A session from any other identity provider counts as ended. */
  readonly isCurrent: IsCurrent;
  readonly clock: Clock;
  /** Undefined when a login by a user code is good for every role. */
  readonly deviceRoles: readonly RolePattern[] | undefined;
}

/** Who asks with a token. */
export interface Caller extends AuthenticatedRequester {
  readonly session: CliSession;
  readonly tokenExpiresAt: Instant;
}

export interface TokenCallers {
  /**
   * What a terminal may reach that was confirmed by a user code; undefined when that is everything.
   */
  readonly deviceScope: RoleScope | undefined;
  isLive(session: CliSession): boolean;
  /** Whether a use that came after this one is to be written. */
  isTouchDue(lastUsedAt: Instant | undefined): boolean;
  /** Who asks with a token that was found. Throws `token_invalid`. */
  callerIn(session: CliSession, usableUntil: Instant, origin: Origin): Promise<Caller>;
}

export function createTokenCallers({
  cliSessions,
  isCurrent,
  clock,
  deviceRoles,
}: TokenCallersParts): TokenCallers {
  const deviceScope: RoleScope | undefined = deviceRoles && {
    kind: 'device-login',
    roles: deviceRoles,
  };
  const isLive = ({ summary, identity }: CliSession): boolean =>
    clock.now() < summary.expiresAt && isCurrent(identity);
  const isTouchDue = (lastUsedAt: Instant = 0): boolean =>
    clock.now() >= lastUsedAt + TOUCH_SECONDS * 1000;
  return {
    deviceScope,
    isLive,
    isTouchDue,
    callerIn: async (session, usableUntil, origin) => {
      const now = clock.now();
      if (now >= usableUntil) throw new BridgeError('token_invalid', 'the token has expired');
      if (!isLive(session))
        throw new BridgeError('token_invalid', 'the session of the token has ended');
      const { handle, lastUsedAt, grant } = session.summary;
      if (isTouchDue(lastUsedAt)) await cliSessions.touch(session, now, origin.address);
      const { identity, corporateProof } = session;
      const scope = grant === 'device_code' ? deviceScope : undefined;
      return {
        subject: { kind: 'user', identity },
        origin,
        corporateProof,
        scope,
        cliSession: handle,
        session,
        tokenExpiresAt: usableUntil,
      };
    },
  };
}

/** Throws `token_invalid` where none was sent. */
export function requireToken(token: string | undefined): string {
  if (token === undefined) throw new BridgeError('token_invalid', 'no token was sent');
  return token;
}

export const NO_SUCH_TOKEN = 'no such token: unknown, expired, revoked, or of another kind';
