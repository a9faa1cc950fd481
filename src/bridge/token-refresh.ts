/**
 * The refresh token grant (RFC 6749 section 6): each token is used once and replaced.
 *
 * Owns: the response to a token that is used again; the session of a stolen token ends (RFC 9700
 * section 4.14). The steps of tokens.ts that concern refreshing.
 */
import type { CliSession } from '../core/cli-session.ts';
import type { Requester } from '../core/requester.ts';
import {
  isRefreshDue,
  type RefreshToken,
  type RefreshUse,
  type Rotation,
  rotate,
  rotatedBefore,
  type TokenPair,
} from '../core/tokens.ts';
import {
  endSession,
  issuePair,
  refusedGrant,
  type TokenAnswer,
  type TokensParts,
} from './cli-sessions.ts';
import { ownerOf } from './token-callers.ts';

export interface PresentedToken {
  readonly token: string;
  /** The id of the client that presents it. */
  readonly client: string;
  /** The thumbprint of the key that the request proves. */
  readonly jkt: string | undefined;
}

/** A refresh token as it was found, and how it is used now. */
interface Refresh {
  readonly token: string;
  readonly known: RefreshToken;
  readonly session: CliSession;
  readonly use: Omit<RefreshUse, 'answer'>;
  /** Whether this refresh is recorded; most are not. */
  readonly isDue: boolean;
}

/** Throws `grant_invalid`. */
export async function refreshSession(
  parts: TokensParts,
  requester: Requester,
  presented: PresentedToken,
): Promise<TokenAnswer> {
  const refresh = await findRefresh(parts, requester, presented);
  const rotation = await spendToken(parts, refresh);
  const answer = await answerOf(parts, requester, { refresh, rotation });
  const { known, session } = refresh;
  return { ...answer, jkt: known.jkt, sessionNotAfter: session.notAfter };
}

async function findRefresh(
  parts: TokensParts,
  requester: Requester,
  { token, client, jkt }: PresentedToken,
): Promise<Refresh> {
  const { refreshTokens, callers, clock } = parts;
  const now = clock.now();
  const found = await refreshTokens.findWithSession(token, now);
  if (found === undefined) {
    const why = 'unknown refresh token: never issued, or its session has ended';
    throw await refusedGrant(parts, requester, { why });
  }
  const { record: known, session } = found;
  if (!callers.isLive(session)) {
    const why = 'the session of the refresh token has ended';
    throw await refusedGrant(parts, requester, { why });
  }
  if (known.client !== client) {
    const why = 'the refresh token was issued to another client';
    throw await refusedGrant(parts, requester, { why, session });
  }
  // A copy of the token is worth nothing without its key, so the session goes on.
  if (known.jkt !== undefined && known.jkt !== jkt) {
    const why = 'the refresh token is bound to another key';
    throw await refusedGrant(parts, requester, { why, session });
  }
  const use = { at: now, address: requester.origin.address };
  return { token, known, session, use, isDue: isRefreshDue(known, use) };
}

/**
 * Uses the token up. The new tokens are stored first, so that a repeated request finds them there.
 * Undefined if the session has ended in the meantime.
 */
async function spendToken(
  parts: TokensParts,
  { token, known, session, use, isDue }: Refresh,
): Promise<Rotation | undefined> {
  const before = rotatedBefore(known, use);
  if (before !== undefined) return before;
  const { client, jkt } = known;
  const answer = await issuePair(parts, {
    session,
    client,
    jkt,
    recorded: isDue ? use : known.recorded,
  });
  if (answer === undefined) return undefined;
  return parts.refreshTokens.update(token, use.at, record => {
    const { next, rotation } = rotate(record, { ...use, answer });
    return { next, value: rotation };
  });
}

/** The tokens to hand out, once what happened is recorded. Throws `grant_invalid`. */
async function answerOf(
  parts: TokensParts,
  requester: Requester,
  { refresh, rotation }: { readonly refresh: Refresh; readonly rotation: Rotation | undefined },
): Promise<TokenPair> {
  const { session } = refresh;
  switch (rotation?.kind) {
    case 'rotated':
      if (refresh.isDue) await recordRefresh(parts, requester, refresh);
      return rotation.answer;
    case 'repeated':
      return rotation.answer;
    case 'elsewhere': {
      const why =
        'the refresh token was used a moment ago from another network; its session goes on';
      throw await refusedGrant(parts, requester, { why, session });
    }
    case 'reused': {
      const owner = ownerOf(session, requester.origin);
      await endSession(parts, owner, {
        session,
        by: 'misuse',
        why: 'a refresh token was used twice',
      });
      const why = 'the refresh token was used before; its session has been ended';
      throw await refusedGrant(parts, requester, { why, session });
    }
    case undefined: {
      const why = 'the session was ended during the refresh';
      throw await refusedGrant(parts, requester, { why, session });
    }
  }
}

async function recordRefresh(
  { recorder, refreshTokens }: TokensParts,
  { origin }: Requester,
  { token, known, session, use }: Refresh,
): Promise<void> {
  await recorder.recordOrUndo(
    ownerOf(session, origin),
    {
      type: 'cli-session.refreshed',
      at: use.at,
      cliSession: session.summary.publicId,
      client: known.client,
    },
    // Nothing is handed out, and the token can be used again.
    () =>
      refreshTokens.update(token, use.at, record => ({
        next: { ...record, used: undefined },
        value: undefined,
      })),
  );
}
