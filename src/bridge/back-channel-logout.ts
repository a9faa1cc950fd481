/**
 * Sign-outs that an OpenID provider tells of by itself: a logout token ends the sessions of one
 * session at the provider, or all of a user.
 *
 * Owns: that a token is used once, what it ends, the audit events. Does not own: what makes a token
 * good (connectors), how sessions are found (store).
 */
import type { Origin } from '../core/audit-event.ts';
import { asBridgeError, BridgeError } from '../core/errors.ts';
import type {
  BackChannelLogout,
  Connector,
  OneTimeKeys,
  People,
  ProviderSessions,
} from '../core/ports.ts';
import type { EndedOfPerson, VerifiedLogout } from '../core/provider-session.ts';
import type { Recorder } from './recorder.ts';

export interface BackChannelLogoutParts {
  readonly connectors: readonly Connector[];
  readonly providerSessions: ProviderSessions;
  readonly oneTimeKeys: OneTimeKeys;
  readonly people: People;
  readonly recorder: Recorder;
}

export interface LogoutNotice {
  /** The id of a connector, as the sender named it. */
  readonly connector: string;
  readonly logoutToken: string;
  readonly origin: Origin;
}

export interface BackChannelLogouts {
  /**
   * Ends what the token names. Sessions that are unknown are no error: they may have ended before.
   * Throws `not_found` if the connector accepts no logout tokens, and what `verify` throws.
   */
  accept(notice: LogoutNotice): Promise<void>;
}

export function createBackChannelLogouts(parts: BackChannelLogoutParts): BackChannelLogouts {
  return { accept: notice => accept(parts, notice) };
}

interface Accepting {
  readonly connector: Connector;
  readonly backChannel: BackChannelLogout;
}

async function accept(parts: BackChannelLogoutParts, notice: LogoutNotice): Promise<void> {
  const connector = parts.connectors.find(({ id }) => id === notice.connector);
  const backChannel = connector?.logout?.backChannel;
  if (connector === undefined || backChannel === undefined)
    throw new BridgeError('not_found', 'no connector of that id accepts logout tokens');
  try {
    await endNamed(parts, notice, { connector, backChannel });
  } catch (thrown) {
    throw await refused(parts, notice, thrown);
  }
}

async function endNamed(
  parts: BackChannelLogoutParts,
  { logoutToken, origin }: LogoutNotice,
  { connector, backChannel }: Accepting,
): Promise<void> {
  const { id, expiresAt, ...named } = await backChannel.verify(logoutToken);
  await useUp(parts, connector, { id, expiresAt });
  const { terminals } = backChannel;
  const ended = await parts.providerSessions.endAt({
    connector: connector.id,
    ...named,
    terminals,
  });
  for (const ofPerson of ended) await record(parts, { ofPerson, connector, origin });
}

/** Throws `logout_token_refused` for every use after the first one. */
async function useUp(
  { oneTimeKeys }: BackChannelLogoutParts,
  { id: connector }: Connector,
  { id, expiresAt }: Pick<VerifiedLogout, 'id' | 'expiresAt'>,
): Promise<void> {
  // With two blanks, it is no key of an assertion.
  if (await oneTimeKeys.claim(`${connector} logout ${id}`, expiresAt)) return;
  throw new BridgeError('logout_token_refused', 'a logout token with this jti was used before');
}

async function record(
  { people, recorder }: BackChannelLogoutParts,
  {
    ofPerson: { person, browserSessions, cliSessions },
    connector,
    origin,
  }: {
    readonly ofPerson: EndedOfPerson;
    readonly connector: Connector;
    readonly origin: Origin;
  },
): Promise<void> {
  const known = await people.find(person).catch(() => undefined);
  const username = known?.username ?? cliSessions[0]?.username ?? 'unknown';
  await recorder.recordEnd(
    { origin },
    {
      type: 'sessions.ended-by-provider',
      actor: { person, connector: connector.id, username },
      why: 'back-channel-logout',
      browserSessions,
      cliSessions: cliSessions.map(({ publicId }) => publicId),
    },
  );
}

async function refused(
  { recorder }: BackChannelLogoutParts,
  { connector, origin }: LogoutNotice,
  thrown: unknown,
): Promise<BridgeError> {
  const error = asBridgeError(thrown);
  const { code, message: why } = error;
  await recorder.record({ origin }, { type: 'logout.refused', connector, code, why });
  return error;
}
