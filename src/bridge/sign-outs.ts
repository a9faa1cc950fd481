/**
 * What a sign-out here means at the user's OpenID provider: the provider's session is released with
 * the last session that shares it, its refresh token is revoked, and the browser can go on to the
 * provider's own sign-out.
 *
 * Owns: when nothing shares a provider's session any longer, the record that leads a browser to the
 * provider once. Does not own: how a session here ends (sign-in, my-sessions, cli-sessions).
 *
 * The session here has ended before any of this begins, so no fault of it reaches the user.
 */
import type { Session } from '../core/browser-session.ts';
import { asBridgeError, type BridgeError } from '../core/errors.ts';
import type { ConnectorId } from '../core/identity.ts';
import type { Clock, Connector, ProviderSessions, Records, Secrets } from '../core/ports.ts';
import type { ProviderSession, ProviderSignOut } from '../core/provider-session.ts';
import { MINUTE, type Seconds } from '../core/time.ts';

/** How long a browser can go on to the provider, and see what its sign-out has ended. */
const KEPT_SECONDS: Seconds = 10 * MINUTE;

export interface SignOutsParts {
  readonly connectors: readonly Connector[];
  readonly providerSessions: ProviderSessions;
  readonly providerSignOuts: Records<ProviderSignOut>;
  readonly clock: Clock;
  readonly secrets: Secrets;
  /** Told why a refresh token stays valid at the provider. */
  readonly onNotRevoked: (connector: ConnectorId, fault: BridgeError) => void;
}

/** What sessions of every kind have. */
export type SharedSession = Pick<Session, 'providerSession'>;

/** A sign-out in a browser. */
export interface BrowserSignOut extends Pick<ProviderSignOut, 'connector' | 'ended' | 'terminals'> {
  /** What `release` has answered. */
  readonly atProvider: ProviderSession | undefined;
}

export interface SignOuts {
  /**
   * The provider's session of one that has ended here; undefined if none is known. Releases it if
   * no other session shares it, and revokes its refresh token if nothing else depends on it,
   * without waiting. Never rejects.
   */
  release(ended: SharedSession): Promise<ProviderSession | undefined>;
  /**
   * Keeps the way of a browser to the provider: the secret for its cookie. Undefined if the
   * provider has no page for it, or the store fails.
   */
  keep(signOut: BrowserSignOut): Promise<string | undefined>;
  /** Where the browser with that secret goes, once: the address contains the id_token. */
  takeAddress(secret: string | undefined): Promise<string | undefined>;
  /** The newest sign-out of the browser with that secret. */
  find(secret: string | undefined): Promise<ProviderSignOut | undefined>;
}

interface Context extends SignOutsParts {
  readonly byId: ReadonlyMap<ConnectorId, Connector>;
}

export function createSignOuts(parts: SignOutsParts): SignOuts {
  const byId = new Map(parts.connectors.map(connector => [connector.id, connector]));
  const context: Context = { ...parts, byId };
  return {
    release: ended => release(context, ended),
    keep: signOut => keep(context, signOut),
    takeAddress: async secret => (secret === undefined ? undefined : takeAddress(context, secret)),
    find: async secret =>
      secret === undefined
        ? undefined
        : parts.providerSignOuts.find(secret, parts.clock.now()).catch(() => undefined),
  };
}

async function release(
  context: Context,
  { providerSession: id }: SharedSession,
): Promise<ProviderSession | undefined> {
  if (id === undefined) return undefined;
  const { providerSessions, clock } = context;
  try {
    const released = await providerSessions.release(id, clock.now());
    if (released === undefined) return await providerSessions.find(id, clock.now());
    // Providers revoke what their session gave, so that other sign-ins of it would lose theirs.
    if (!(await providerSessions.hasOther(released, clock.now()))) void revoke(context, released);
    return released;
  } catch {
    return undefined;
  }
}

/** Bounded by the limits of all requests to providers. Never rejects. */
async function revoke(context: Context, session: ProviderSession): Promise<void> {
  const { refreshToken, connector: id } = session;
  const connector = connectorOf(context, session);
  if (refreshToken === undefined || connector?.revoke === undefined) return;
  try {
    await connector.revoke(refreshToken);
  } catch (thrown) {
    context.onNotRevoked(id, asBridgeError(thrown));
  }
}

/** Undefined if the connector trusts another provider now, which must get no token of this one. */
function connectorOf(
  { byId }: Context,
  { connector: id, issuer }: Pick<ProviderSession, 'connector' | 'issuer'>,
): Connector | undefined {
  const connector = byId.get(id);
  return connector?.source().issuer === issuer ? connector : undefined;
}

async function keep(context: Context, signOut: BrowserSignOut): Promise<string | undefined> {
  const { providerSignOuts, secrets, clock, byId } = context;
  const { connector, ended, terminals, atProvider } = signOut;
  if (byId.get(connector)?.logout?.addressFor(undefined) === undefined) return undefined;
  const secret = secrets.token();
  const record: ProviderSignOut = {
    ...{ connector, ended, terminals },
    ...(atProvider !== undefined && {
      hints: { issuer: atProvider.issuer, idToken: atProvider.idToken, sid: atProvider.sid },
    }),
    isTaken: false,
    expiresAt: clock.now() + KEPT_SECONDS * 1000,
  };
  try {
    await providerSignOuts.create(secret, record);
    return secret;
  } catch {
    return undefined;
  }
}

async function takeAddress(context: Context, secret: string): Promise<string | undefined> {
  const { providerSignOuts, clock, byId } = context;
  const taken = await providerSignOuts.update(secret, clock.now(), record => {
    const { hints: _, ...rest } = record;
    if (record.isTaken) return { next: record, value: undefined };
    return { next: { ...rest, isTaken: true }, value: record };
  });
  if (taken === undefined) return undefined;
  const { connector, hints } = taken;
  if (hints === undefined) return byId.get(connector)?.logout?.addressFor(undefined);
  return connectorOf(context, { connector, ...hints })?.logout?.addressFor(hints);
}
