/**
 * The device authorization grant (RFC 8628) as a use case: a terminal asks, a person looks and
 * decides, the terminal picks up.
 *
 * Owns: user codes and what a person is told of a request, the pace of polling, audit events. Does
 * not own: states (core/device-grant), tokens (tokens), pages (flows/cli-device-login).
 */
import { actorOf, type Origin } from '../core/audit-event.ts';
import {
  approve,
  countPoll,
  DEVICE_GRANT_MEMORY_SECONDS,
  DEVICE_GRANT_SECONDS,
  type DeviceGrant,
  type DeviceRequest,
  deny,
  type Pace,
  readUserCode,
  redeem,
  requirePending,
  USER_CODE_ALPHABET,
  USER_CODE_LENGTH,
  type UserCode,
} from '../core/device-grant.ts';
import { asBridgeError, BridgeError, ERRORS } from '../core/errors.ts';
import { type NetworkDistance, networkDistance } from '../core/network-distance.ts';
import { named, type OAuthClient } from '../core/oauth-client.ts';
import type { AuditSink, Clock, Records, Secrets, Session } from '../core/ports.ts';
import type { RoleScope } from '../core/role-scope.ts';
import type { Instant, Seconds } from '../core/time.ts';
import { recordEnd } from './record-end.ts';
import type { TokenAnswer, Tokens } from './tokens.ts';

/**
 * Device codes whose pace is remembered, in this process: beyond that the longest quiet one is
 * forgotten.
 */
const MAX_PACES = 10_000;

export interface DeviceAuthorizationParts {
  readonly deviceGrants: Records<DeviceGrant>;
  readonly tokens: Tokens;
  readonly audit: AuditSink;
  readonly clock: Clock;
  readonly secrets: Secrets;
  readonly intervalSeconds: Seconds;
  readonly enabled: boolean;
}

export interface DeviceAuthorizationAnswer {
  readonly deviceCode: string;
  readonly userCode: UserCode;
  readonly expiresInSeconds: Seconds;
  readonly intervalSeconds: Seconds;
}

/** What a person is shown before they decide. */
export interface DeviceLogin {
  readonly request: DeviceRequest;
  /** How far the terminal is from the browser that looks, by their addresses. */
  readonly distance: NetworkDistance;
  readonly expiresAt: Instant;
  /** When the CLI session would end. */
  readonly sessionNotAfter: Instant;
  /**
   * What the terminal could reach at most; undefined when that is everything that the person has.
   */
  readonly scope: RoleScope | undefined;
  /**
   * The terminal wants a sign-in that is younger than its request, or this one is too old for a
   * session of any length.
   */
  readonly needsFreshSignIn: boolean;
}

/**
 * A person who looks at or decides about a login. `linkCode` is the code of the link that they came
 * by, if any.
 */
export interface Decision {
  readonly viewer: Session;
  readonly origin: Origin;
  /** As typed. */
  readonly userCode: string;
  readonly linkCode?: string | undefined;
}

/** `cliSession` is the handle of the session that the terminal has, or picks up. */
export type DecidedLogin =
  | { readonly kind: 'approved'; readonly cliSession: string }
  | { readonly kind: 'stopped' };

export interface DeviceAuthorization {
  /**
   * False when the configuration turns the device grant off; everything below throws
   * `device_grant_off` then.
   */
  readonly enabled: boolean;
  begin(request: {
    readonly client: OAuthClient;
    readonly deviceName?: string | undefined;
    readonly reauthenticate: boolean;
    readonly origin: Origin;
  }): Promise<DeviceAuthorizationAnswer>;
  /** When the CLI session of this person would end. */
  sessionNotAfter(viewer: Session): Instant;
  /**
   * What was decided about this code in this very browser session; undefined for a code that waits,
   * or that somebody else decided about. An answer to a form that is sent again, so nothing is
   * recorded.
   */
  decidedBefore(decision: Decision): Promise<DecidedLogin | undefined>;
  /**
   * Throws `user_code_unknown` for a code that is wrong, used, decided or expired,
   * `user_code_mismatch` for one that is not the link's; both are audited.
   */
  inspect(decision: Decision): Promise<DeviceLogin>;
  /** Throws the same, and `fresh_sign_in_needed`. */
  approve(decision: Decision): Promise<{ readonly cliSession: string }>;
  /** "I did not start this": the code is dead, and so is what came of it. Throws the same. */
  disown(decision: Decision): Promise<void>;
  /**
   * Throws `authorization_pending`, `slow_down`, `device_denied`, `device_code_expired`,
   * `grant_invalid`.
   */
  redeem(deviceCode: string, client: OAuthClient, origin: Origin): Promise<TokenAnswer>;
  /** Whether a login waits, or waited a moment ago, under this device code. */
  isLive(deviceCode: string): Promise<boolean>;
}

export function createDeviceAuthorization(parts: DeviceAuthorizationParts): DeviceAuthorization {
  const { deviceGrants, tokens, audit, clock, secrets, enabled, intervalSeconds } = parts;
  const paces = new Map<string, Pace>();

  const requireEnabled = (): void => {
    if (!enabled) throw new BridgeError('device_grant_off', 'cli.deviceGrant.enabled is false');
  };

  /**
   * Runs a step; a refusal is recorded before it goes on to whoever asked. What only says "not yet"
   * is none.
   */
  const audited = async <T>(
    origin: Origin,
    viewer: Session | undefined,
    step: () => Promise<T>,
  ): Promise<T> => {
    try {
      return await step();
    } catch (thrown) {
      const { code, message: why } = asBridgeError(thrown);
      if (ERRORS[code].record.audit !== 'none') {
        const actor = viewer && actorOf(viewer.identity);
        await audit.record({
          type: 'cli-login.refused',
          at: clock.now(),
          origin,
          actor,
          code,
          why,
        });
      }
      throw thrown;
    }
  };

  const loginOf = (grant: DeviceGrant, { viewer, origin }: Decision): DeviceLogin => {
    const { request, decideBy } = grant;
    const sessionNotAfter = tokens.notAfterFor(viewer);
    return {
      request,
      distance: networkDistance(request.address, origin.address),
      expiresAt: decideBy,
      sessionNotAfter,
      scope: tokens.deviceScope,
      needsFreshSignIn:
        (request.reauthenticate && viewer.createdAt < request.requestedAt) ||
        clock.now() >= sessionNotAfter,
    };
  };

  /** The grant that waits under the code that the person typed. */
  const pendingGrant = async ({
    userCode,
    linkCode,
  }: Decision): Promise<{ readonly code: UserCode; readonly grant: DeviceGrant }> => {
    requireEnabled();
    const code = readUserCode(userCode);
    if (code === undefined)
      throw new BridgeError('user_code_unknown', 'what was typed is no user code');
    if (linkCode !== undefined && readUserCode(linkCode) !== code) {
      throw new BridgeError(
        'user_code_mismatch',
        'the code that was typed is not the one of the link',
      );
    }
    const now = clock.now();
    const grant = await deviceGrants.find(code, now);
    if (grant === undefined)
      throw new BridgeError('user_code_unknown', 'no login has this user code');
    requirePending(grant, now);
    return { code, grant };
  };

  const changed = async (
    code: UserCode,
    change: (grant: DeviceGrant) => DeviceGrant,
  ): Promise<void> => {
    const found = await deviceGrants.update(code, clock.now(), grant => ({
      next: change(grant),
      value: true,
    }));
    if (found === undefined) throw new BridgeError('user_code_unknown', 'the login is gone');
  };

  const recordOf = (
    { viewer, origin }: Decision,
    { client, deviceName, address }: DeviceRequest,
  ) => ({
    at: clock.now(),
    origin,
    actor: actorOf(viewer.identity),
    grant: 'device_code' as const,
    client: client.id,
    clientName: client.name,
    deviceName,
    requestedFrom: address,
  });

  /**
   * Throws `slow_down`. The pace of each code is kept in this process: an instance of several sees
   * its own share of the polls.
   */
  const keepPace = (digest: string): void => {
    const { pace, tooSoon } = countPoll(paces.get(digest), clock.now(), intervalSeconds);
    paces.delete(digest);
    paces.set(digest, pace);
    if (paces.size > MAX_PACES) paces.delete(paces.keys().next().value!);
    if (tooSoon)
      throw new BridgeError('slow_down', `asked again before ${pace.intervalSeconds} s were over`);
  };

  const decidedBefore = async ({
    viewer,
    userCode,
    linkCode,
  }: Decision): Promise<DecidedLogin | undefined> => {
    const code = readUserCode(userCode);
    if (code === undefined || (linkCode !== undefined && readUserCode(linkCode) !== code))
      return undefined;
    const grant = await deviceGrants.find(code, clock.now());
    if (
      grant?.decidedIn === undefined ||
      !secrets.equal(grant.decidedIn, secrets.digest(viewer.id))
    )
      return undefined;
    if (grant.session === undefined) return { kind: 'stopped' };
    const cliSession = await tokens.handleOf(grant.session);
    return cliSession === undefined ? undefined : { kind: 'approved', cliSession };
  };

  const approved = async (decision: Decision): Promise<{ readonly cliSession: string }> => {
    const { viewer } = decision;
    const { code, grant } = await pendingGrant(decision);
    if (loginOf(grant, decision).needsFreshSignIn)
      throw new BridgeError(
        'fresh_sign_in_needed',
        'the sign-in is older than the login that it should confirm',
      );
    const { client, deviceName, address } = grant.request;
    const session = await tokens.open({
      viewer,
      client,
      deviceName,
      grant: 'device_code',
      address,
      pickUpBy: grant.decideBy,
    });
    const cliSession = session.summary.handle;
    try {
      const made = { session: session.id, decidedIn: secrets.digest(viewer.id) };
      await changed(code, current => approve(current, made, clock.now()));
      await audit.record({
        type: 'cli-login.approved',
        ...recordOf(decision, grant.request),
        cliSession,
      });
    } catch (fault) {
      await tokens.discard(session);
      throw fault;
    }
    return { cliSession };
  };

  return {
    enabled,

    sessionNotAfter: viewer => tokens.notAfterFor(viewer),

    decidedBefore,

    begin: ({ client, deviceName, reauthenticate, origin }) =>
      audited(origin, undefined, async () => {
        requireEnabled();
        const now = clock.now();
        const userCode = secrets.code(USER_CODE_ALPHABET, USER_CODE_LENGTH) as UserCode;
        const secret = secrets.token();
        const decideBy = now + DEVICE_GRANT_SECONDS * 1000;
        await deviceGrants.create(userCode, {
          request: {
            client: named(client),
            deviceName,
            address: origin.address,
            userAgent: origin.userAgent,
            requestedAt: now,
            reauthenticate,
          },
          deviceCodeDigest: secrets.digest(secret),
          decideBy,
          expiresAt: decideBy + DEVICE_GRANT_MEMORY_SECONDS * 1000,
          state: 'pending',
        });
        // The record is found by the user code, which the terminal knows anyway; the secret half is
        // what it must prove.
        return {
          deviceCode: `${userCode}.${secret}`,
          userCode,
          expiresInSeconds: DEVICE_GRANT_SECONDS,
          intervalSeconds,
        };
      }),

    inspect: decision =>
      audited(decision.origin, decision.viewer, async () =>
        loginOf((await pendingGrant(decision)).grant, decision),
      ),

    approve: decision =>
      audited(decision.origin, decision.viewer, async () => {
        try {
          return await approved(decision);
        } catch (fault) {
          // Of two clicks at once, the second one is answered as the first.
          const before = await decidedBefore(decision);
          if (before?.kind === 'approved') return before;
          throw fault;
        }
      }),

    disown: decision =>
      audited(decision.origin, decision.viewer, async () => {
        const { code, grant } = await pendingGrant(decision);
        const decidedIn = secrets.digest(decision.viewer.id);
        await changed(code, current => deny(current, { decidedIn }, clock.now()));
        await recordEnd(audit, {
          type: 'cli-login.disowned',
          ...recordOf(decision, grant.request),
        });
      }),

    isLive: async deviceCode => {
      const [half = '', secret = ''] = deviceCode.split('.');
      const code = readUserCode(half);
      const grant = code === undefined ? undefined : await deviceGrants.find(code, clock.now());
      return grant !== undefined && secrets.equal(grant.deviceCodeDigest, secrets.digest(secret));
    },

    redeem: async (deviceCode, client, origin) => {
      const session = await audited(origin, undefined, async () => {
        const [half = '', secret = ''] = deviceCode.split('.');
        const code = readUserCode(half);
        if (code === undefined || secret === '')
          throw new BridgeError('grant_invalid', 'what was sent is no device code');
        const digest = secrets.digest(secret);
        keepPace(digest);
        const now = clock.now();
        const found = await deviceGrants.update(code, now, grant => {
          if (!secrets.equal(grant.deviceCodeDigest, digest))
            throw new BridgeError('grant_invalid', 'no such device code');
          if (grant.request.client.id !== client.id) {
            throw new BridgeError('grant_invalid', 'the device code was given to another client');
          }
          const { next, session } = redeem(grant, now);
          return { next, value: session };
        });
        if (found === undefined) throw new BridgeError('grant_invalid', 'no such device code');
        return found;
      });
      return tokens.pickUp(session, client.id, origin);
    },
  };
}
