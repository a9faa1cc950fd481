/**
 * CLI sessions and the tokens that stand for them: opened by a confirmation, picked up by a
 * terminal, refreshed, used, ended.
 *
 * Owns: what a token is good for and how long, rotation and the answer to a stolen token, when a
 * session is over, their audit events. Does not own: how a login is confirmed
 * (device-authorization, code-authorization), which role a session may open (access), wire formats.
 */
import { actorOf, type Origin } from '../core/audit-event.ts';
import type { CliGrant } from '../core/cli-session.ts';
import { BridgeError } from '../core/errors.ts';
import type { NamedClient } from '../core/oauth-client.ts';
import type {
  AuditSink,
  CliSession,
  CliSessions,
  Clock,
  Records,
  Secrets,
  Session,
} from '../core/ports.ts';
import type { RoleScope } from '../core/role-scope.ts';
import type { Instant, Seconds } from '../core/time.ts';
import {
  type AccessToken,
  isRefreshDue,
  MOST_CLI_SESSIONS,
  type RefreshToken,
  type RefreshUse,
  type Rotation,
  rotate,
  rotatedBefore,
  TOKEN_PREFIX,
  type TokenPair,
} from '../core/tokens.ts';
import type { ContainerAccess } from './container-access.ts';
import { recordEnd } from './record-end.ts';
import { type Caller, NO_SUCH_TOKEN, requireToken, type TokenCallers } from './token-callers.ts';

export interface TokensParts {
  readonly cliSessions: CliSessions;
  readonly accessTokens: Records<AccessToken>;
  readonly refreshTokens: Records<RefreshToken>;
  readonly callers: TokenCallers;
  readonly containerAccess: ContainerAccess;
  readonly audit: AuditSink;
  readonly clock: Clock;
  readonly secrets: Secrets;
  /** The absolute limit of a session, counted from the sign-in. */
  readonly maxSeconds: Seconds;
  readonly accessTokenSeconds: Seconds;
}

export interface OpenRequest {
  readonly viewer: Session;
  readonly client: NamedClient;
  readonly deviceName?: string | undefined;
  readonly grant: CliGrant;
  /** The address that asked for the login. */
  readonly address: string;
  /** The session is gone unless it is picked up before. */
  readonly pickUpBy: Instant;
}

export interface TokenAnswer extends TokenPair {
  /** The absolute end of the CLI session. */
  readonly sessionNotAfter: Instant;
}

export interface Tokens {
  /** When a session that the person opens now ends at the latest. */
  notAfterFor(viewer: Session): Instant;
  /** Opens a session that waits to be picked up. Throws `fresh_sign_in_needed`, `limit_reached`. */
  open(request: OpenRequest): Promise<CliSession>;
  /**
   * The first tokens of a session that was opened. Throws `grant_invalid` when it has ended
   * meanwhile.
   */
  pickUp(session: string, client: string, origin: Origin): Promise<TokenAnswer>;
  /**
   * Throws `grant_invalid`. A token that was used before gives the same answer within its grace, to
   * the network of the first use alone; beyond it, the session ends.
   */
  refresh(token: string, client: string, origin: Origin): Promise<TokenAnswer>;
  /** The live session behind an access token. Throws `token_invalid`. */
  callerOf(token: string | undefined, origin: Origin): Promise<Caller>;
  /**
   * The handle of the live session that an access, refresh or container token leads to, whatever
   * else the token is good for.
   */
  sessionBehind(token: string): Promise<string | undefined>;
  /**
   * Ends the session of an access or refresh token, or a container token alone. An access token may
   * have expired meanwhile; what is no token of ours is no error (RFC 7009 section 2.2). `client`
   * undefined: whoever has the token may end it. Throws `client_unauthorized`.
   */
  revoke(token: string, client: string | undefined, origin: Origin): Promise<void>;
  /** Ends a session and records why; nothing for one that has ended. Its handle. */
  end(
    session: string,
    reason: { readonly by: 'misuse' | 'person'; readonly why: string },
    origin: Origin,
  ): Promise<string | undefined>;
  /** The handle of a session; undefined when it has ended. */
  handleOf(session: string): Promise<string | undefined>;
  /** Takes back a session that nobody was told of. */
  discard(session: CliSession): Promise<void>;
  /**
   * What a terminal may reach that was confirmed by a user code; undefined when that is everything.
   */
  readonly deviceScope: RoleScope | undefined;
}

export function createTokens(parts: TokensParts): Tokens {
  const {
    cliSessions,
    accessTokens,
    refreshTokens,
    callers,
    containerAccess,
    audit,
    clock,
    secrets,
  } = parts;
  const { deviceScope, isLive } = callers;

  const notAfterFor = (viewer: Session): Instant =>
    Math.min(
      viewer.createdAt + parts.maxSeconds * 1000,
      viewer.notAfter ?? Number.POSITIVE_INFINITY,
    );

  /** Records the refusal of a code or token and throws it. */
  const refuse = async (why: string, origin: Origin, session?: CliSession): Promise<never> => {
    const error = new BridgeError('grant_invalid', why);
    await audit.record({
      type: 'cli-login.refused',
      at: clock.now(),
      origin,
      actor: session && actorOf(session.identity),
      cliSession: session?.summary.handle,
      code: error.code,
      why,
    });
    throw error;
  };

  const ended = async ({
    session,
    by,
    why,
    origin,
  }: {
    session: CliSession;
    by: 'misuse' | 'client' | 'person';
    why: string;
    origin: Origin;
  }) => {
    if ((await cliSessions.end(session.id)) === undefined) return;
    const { identity, summary } = session;
    await recordEnd(audit, {
      type: 'cli-session.ended',
      at: clock.now(),
      origin,
      actor: actorOf(identity),
      cliSession: summary.handle,
      by,
      why,
    });
  };

  /** A new pair of tokens; undefined when the session has ended meanwhile. */
  const issue = async (
    session: CliSession,
    client: string,
    recorded?: RefreshToken['recorded'],
  ): Promise<TokenPair | undefined> => {
    const pair: TokenPair = {
      accessToken: TOKEN_PREFIX.access + secrets.token(),
      accessExpiresAt: Math.min(clock.now() + parts.accessTokenSeconds * 1000, session.notAfter),
      refreshToken: TOKEN_PREFIX.refresh + secrets.token(),
    };
    const kept =
      (await accessTokens.create(pair.accessToken, {
        session: session.id,
        usableUntil: pair.accessExpiresAt,
        expiresAt: session.notAfter,
      })) &&
      (await refreshTokens.create(pair.refreshToken, {
        client,
        session: session.id,
        expiresAt: session.notAfter,
        recorded,
      }));
    return kept ? pair : undefined;
  };

  const tokenOfLogin = async (
    token: string,
    now: Instant,
  ): Promise<{ readonly session: CliSession } | undefined> =>
    (await accessTokens.findWithSession(token, now)) ??
    (await refreshTokens.findWithSession(token, now));

  return {
    deviceScope,
    notAfterFor,

    open: async ({ viewer, client, deviceName, grant, address, pickUpBy }) => {
      const now = clock.now();
      const notAfter = notAfterFor(viewer);
      if (now >= notAfter)
        throw new BridgeError(
          'fresh_sign_in_needed',
          'the sign-in is older than a CLI session may become',
        );
      const { identity, corporateProof, generation } = viewer;
      // Each one needs a person who presses a button, so a few more by a race do no harm.
      if ((await cliSessions.list(now, { person: identity.person })).length >= MOST_CLI_SESSIONS)
        throw new BridgeError('limit_reached', `the person has ${MOST_CLI_SESSIONS} CLI sessions`, {
          hint: TOO_MANY_SESSIONS,
        });
      const session: CliSession = {
        id: secrets.token(),
        summary: {
          handle: secrets.handle(),
          person: identity.person,
          connector: identity.connector,
          source: identity.source,
          username: identity.username,
          client,
          deviceName,
          grant,
          address,
          createdAt: now,
          expiresAt: Math.min(pickUpBy, notAfter),
        },
        identity,
        corporateProof,
        generation,
        notAfter,
      };
      await cliSessions.create(session);
      return session;
    },

    pickUp: async (id, client, origin) => {
      const session = await cliSessions.find(id);
      if (session === undefined || !isLive(session))
        return refuse('the session was ended before it was picked up', origin);
      const picked = await cliSessions.pickUp(session, clock.now(), origin.address);
      const pair = picked ? await issue(session, client) : undefined;
      if (pair === undefined)
        return refuse('the session was ended while it was picked up', origin, session);
      const { identity, summary, notAfter } = session;
      await audit
        .record({
          type: 'cli-session.opened',
          at: clock.now(),
          origin,
          actor: actorOf(identity),
          cliSession: summary.handle,
          grant: summary.grant,
          client: summary.client.id,
          clientName: summary.client.name,
          deviceName: summary.deviceName,
          requestedFrom: summary.address,
        })
        .catch(async (fault: unknown) => {
          await cliSessions.end(id);
          throw fault;
        });
      return { ...pair, sessionNotAfter: notAfter };
    },

    refresh: async (token, client, origin) => {
      const now = clock.now();
      const found = await refreshTokens.findWithSession(token, now);
      if (found === undefined)
        return refuse('no such refresh token: unknown, or its session has ended', origin);
      const { record: known, session } = found;
      if (!isLive(session)) return refuse('the session of the refresh token has ended', origin);
      if (known.client !== client)
        return refuse('the refresh token was given to another client', origin, session);
      const use = { at: now, address: origin.address };
      const isDue = isRefreshDue(known, use);
      const rotation = await rotated(token, {
        known,
        session,
        use,
        recorded: isDue ? use : known.recorded,
      });
      if (rotation === undefined)
        return refuse('the session was ended during the refresh', origin, session);
      if (rotation.kind === 'elsewhere')
        return refuse(
          'the refresh token was used a moment ago from another network; its session goes on',
          origin,
          session,
        );
      if (rotation.kind === 'reused') {
        await ended({ session, by: 'misuse', why: 'a refresh token was used twice', origin });
        return refuse(
          'the refresh token was used before; its session has been ended',
          origin,
          session,
        );
      }
      if (rotation.kind === 'rotated' && isDue) {
        const { identity, summary } = session;
        await audit
          .record({
            type: 'cli-session.refreshed',
            at: now,
            origin,
            actor: actorOf(identity),
            cliSession: summary.handle,
            client,
          })
          .catch(async (fault: unknown) => {
            // Nothing is handed out, and the token can be used again.
            await refreshTokens.update(token, now, record => ({
              next: { ...record, used: undefined },
              value: undefined,
            }));
            throw fault;
          });
      }
      return { ...rotation.answer, sessionNotAfter: session.notAfter };
    },

    callerOf: async (sent, origin) => {
      const found = await accessTokens.findWithSession(requireToken(sent), clock.now());
      if (found === undefined) throw new BridgeError('token_invalid', NO_SUCH_TOKEN);
      const { record, session } = found;
      // Container tokens of earlier versions were records of this kind, and opened one role.
      if ('only' in record)
        throw new BridgeError(
          'token_invalid',
          'a container token of an earlier version; make another one',
        );
      return callers.callerIn(session, record.usableUntil ?? record.expiresAt, origin);
    },

    sessionBehind: async token => {
      const now = clock.now();
      const found = (await tokenOfLogin(token, now)) ?? (await containerAccess.find(token));
      return found !== undefined && isLive(found.session)
        ? found.session.summary.handle
        : undefined;
    },

    revoke: async (token, client, origin) => {
      const container = await containerAccess.find(token);
      const session = container?.session ?? (await tokenOfLogin(token, clock.now()))?.session;
      if (session === undefined || !isLive(session)) return;
      if (client !== undefined && session.summary.client.id !== client)
        throw new BridgeError('client_unauthorized', 'the token was given to another client');
      if (container === undefined)
        await ended({ session, by: 'client', why: 'logged out in the terminal', origin });
      else
        await containerAccess.revoke(session.identity, container.handle, { by: 'client', origin });
    },

    end: async (id, { by, why }, origin) => {
      const session = await cliSessions.find(id);
      if (session !== undefined) await ended({ session, by, why, origin });
      return session?.summary.handle;
    },

    handleOf: async id => {
      const session = await cliSessions.find(id);
      return session !== undefined && isLive(session) ? session.summary.handle : undefined;
    },

    discard: async ({ id }) => {
      await cliSessions.end(id);
    },
  };

  /**
   * Spends the refresh token. New tokens are kept before, so that whoever repeats the request finds
   * them there.
   */
  async function rotated(
    token: string,
    refresh: {
      readonly known: RefreshToken;
      readonly session: CliSession;
      readonly use: Omit<RefreshUse, 'answer'>;
      readonly recorded: RefreshToken['recorded'];
    },
  ): Promise<Rotation | undefined> {
    const { known, session, use, recorded } = refresh;
    const before = rotatedBefore(known, use);
    if (before !== undefined) return before;
    const answer = await issue(session, known.client, recorded);
    if (answer === undefined) return undefined;
    return refreshTokens.update(token, use.at, record => {
      const { next, rotation } = rotate(record, { ...use, answer });
      return { next, value: rotation };
    });
  }
}

const TOO_MANY_SESSIONS = `You have ${MOST_CLI_SESSIONS} sessions in terminals, which is the limit. End some on the sessions page, then confirm the login again.`;
