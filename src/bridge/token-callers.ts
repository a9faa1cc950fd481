/**
 * Who asks with a token: the session behind it, whether it is live, and its last use. For every
 * kind of token.
 */
import type { Origin } from '../core/audit-event.ts';
import type { CliSession, CliSessionSummary } from '../core/cli-session.ts';
import { BridgeError } from '../core/errors.ts';
import type { Application, NamedClient } from '../core/oauth-client.ts';
import type { CliSessions, Clock } from '../core/ports.ts';
import type { AuthenticatedRequester } from '../core/requester.ts';
import { type RolePattern, type RoleScope, scopeOf } from '../core/role-scope.ts';
import type { Instant } from '../core/time.ts';
import { isTouchDue } from '../core/tokens.ts';
import type { IsCurrent } from './current-issuers.ts';
import type { ElevationUseCases } from './elevations.ts';
import type { IdentityRefresh } from './identity-refresh.ts';

export interface TokenCallersParts {
  readonly cliSessions: CliSessions;
  /** A session from any other identity provider counts as ended. */
  readonly isCurrent: IsCurrent;
  readonly identityRefresh: IdentityRefresh;
  readonly elevations: Pick<ElevationUseCases, 'heldBy'>;
  readonly clock: Clock;
  /** Undefined when device-code logins may use every role. */
  readonly deviceRoles: readonly RolePattern[] | undefined;
  /** Whether a device-code login can be stepped up. */
  readonly mayStepUpDevices: boolean;
  readonly applications: readonly Application[];
}

/** A user who asks with a token. */
export interface Caller extends AuthenticatedRequester {
  readonly session: CliSession;
  readonly tokenExpiresAt: Instant;
  /** Set for a token of an application. */
  readonly application?: Application | undefined;
}

export interface TokenCallers {
  /** The roles that a device-code login can reach at most; undefined means every role. */
  readonly deviceScope: RoleScope | undefined;
  /** The roles that a session can reach at most; undefined means every role. */
  scopeOf(session: Pick<CliSessionSummary, 'grant' | 'client'>): RoleScope | undefined;
  /** Whether a session can be stepped up. */
  mayStepUp(session: Pick<CliSessionSummary, 'grant'>): boolean;
  isLive(session: CliSession): boolean;
  /**
   * Who asks with a token of this session. Asks the identity provider about the user first if that
   * is due. Throws `token_invalid`.
   */
  callerIn(session: CliSession, usableUntil: Instant, origin: Origin): Promise<Caller>;
}

interface Context extends TokenCallersParts {
  readonly deviceScope: RoleScope | undefined;
  /** By client id. */
  readonly applicationScopes: ReadonlyMap<string, ApplicationInUse>;
}

interface ApplicationInUse {
  readonly application: Application;
  readonly scope: RoleScope;
}

export function createTokenCallers(parts: TokenCallersParts): TokenCallers {
  const { deviceRoles } = parts;
  const deviceScope: RoleScope | undefined = deviceRoles && {
    kind: 'device-login',
    roles: deviceRoles,
  };
  const applicationScopes = new Map(parts.applications.map(inUse));
  const context: Context = { ...parts, deviceScope, applicationScopes };
  return {
    deviceScope,
    scopeOf: session => scopeIn(context, session),
    mayStepUp: session => mayStepUp(context, session),
    isLive: session => isLive(context, session),
    callerIn: (session, usableUntil, origin) => callerIn(context, { session, usableUntil, origin }),
  };
}

/** The user of a CLI session, without the rights of a token. */
export function ownerOf({ identity }: CliSession, origin: Origin): AuthenticatedRequester {
  return { subject: { kind: 'user', identity }, origin };
}

/** Throws `token_invalid` if none was sent. */
export function requireToken<T>(shown: T | undefined): T {
  if (shown === undefined) throw new BridgeError('token_invalid', 'no token was sent');
  return shown;
}

export const UNKNOWN_TOKEN = 'unknown token: never issued, expired, revoked, or of another kind';

function isLive(context: Context, { summary, identity }: CliSession): boolean {
  const { clock, isCurrent } = context;
  return clock.now() < summary.expiresAt && isCurrent(identity) && isKnown(context, summary);
}

/** A session of an application that the configuration no longer has gives nothing. */
function isKnown({ applicationScopes }: Context, { client }: { readonly client: NamedClient }) {
  return applicationScopes.get(client.id)?.application.kind === client.kind;
}

function inUse(application: Application): [string, ApplicationInUse] {
  return [application.id, { application, scope: scopeOf(application) }];
}

function scopeIn(
  { deviceScope, applicationScopes }: Context,
  { grant, client }: Pick<CliSessionSummary, 'grant' | 'client'>,
): RoleScope | undefined {
  // One of a terminal never has the id of an application: `isKnown`.
  return grant === 'device_code' ? deviceScope : applicationScopes.get(client.id)?.scope;
}

function mayStepUp(
  { mayStepUpDevices }: Context,
  { grant }: Pick<CliSessionSummary, 'grant'>,
): boolean {
  return grant !== 'device_code' || mayStepUpDevices;
}

interface TokenUse {
  readonly session: CliSession;
  readonly usableUntil: Instant;
  readonly origin: Origin;
}

async function callerIn(context: Context, use: TokenUse): Promise<Caller> {
  const { session: found, usableUntil, origin } = use;
  const now = context.clock.now();
  if (now >= usableUntil) throw new BridgeError('token_invalid', 'the token has expired');
  // A step-up in the browser counts from the next use on.
  const session =
    found.waitingStepUp === undefined ? found : await context.cliSessions.adopt(found);
  if (session === undefined || !isLive(context, session))
    throw new BridgeError('token_invalid', 'the session of the token has ended');
  const { publicId, lastUsedAt, grant, client } = session.summary;
  if (isTouchDue(lastUsedAt, now)) await context.cliSessions.touch(session, now, origin.address);
  const current = context.identityRefresh.isDue(session)
    ? await refreshed(context, { ...use, session })
    : session;
  const { identity, corporateProof, unconfirmed } = current;
  const elevations = context.elevations.heldBy(identity.person);
  return {
    subject: { kind: 'user', identity },
    origin,
    corporateProof,
    scope: scopeIn(context, session.summary),
    application: context.applicationScopes.get(client.id)?.application,
    stepUp: mayStepUp(context, session.summary) ? undefined : 'not-for-device-login',
    unconfirmed,
    ...{ elevations, cliLogin: { grant, client } },
    cliSession: publicId,
    session: current,
    tokenExpiresAt: usableUntil,
  };
}

async function refreshed(
  { cliSessions, identityRefresh }: Context,
  { session, origin }: TokenUse,
): Promise<CliSession> {
  const current = await identityRefresh.refreshed(session, {
    origin,
    readAgain: () => cliSessions.find(session.id),
  });
  if (current !== undefined) return current;
  throw new BridgeError('token_invalid', 'the session of the token has ended');
}
