/**
 * The authorization code grant with PKCE for programs on the user's own machine (RFC 6749 section
 * 4.1, RFC 7636, RFC 8252).
 *
 * Owns: codes, and what happens when one is misused. Does not own: which requests are answered
 * (authorization-request), tokens (tokens), pages (flows/cli-browser-login).
 */

import type { CliSession } from '../core/cli-session.ts';
import { BridgeError } from '../core/errors.ts';
import type { OAuthClient } from '../core/oauth-client.ts';
import type { Clock, Records, Secrets } from '../core/ports.ts';
import type { Requester, Viewer } from '../core/requester.ts';
import type { Instant } from '../core/time.ts';
import {
  AUTHORIZATION_CODE_MEMORY_SECONDS,
  AUTHORIZATION_CODE_SECONDS,
  type AuthorizationCode,
  redeemCode,
} from '../core/tokens.ts';
import {
  type AuthorizationQuery,
  type AuthorizationRequest,
  type AuthorizationRequestParts,
  answerTo,
  type CheckedRequest,
  checkRequest,
} from './authorization-request.ts';
import type { TokenAnswer } from './cli-sessions.ts';
import { refusedLogin } from './login-refusal.ts';
import type { Tokens } from './tokens.ts';

/** RFC 7636 section 4.1. */
const CODE_VERIFIER = /^[\w.~-]{43,128}$/;

export interface CodeAuthorizationParts extends AuthorizationRequestParts {
  readonly authorizationCodes: Records<AuthorizationCode>;
  readonly tokens: Tokens;
  readonly clock: Clock;
  readonly secrets: Secrets;
}

/** A code, and what must match it. */
export interface PresentedCode {
  readonly code: string;
  readonly redirectUri: string;
  readonly codeVerifier: string;
}

/** Who presents a code. */
export interface CodeHolder {
  readonly client: OAuthClient;
  /** The thumbprint of the key that the request proves. */
  readonly jkt: string | undefined;
}

export type ApprovedRequest =
  /** Where the browser goes, with a code. A secret for a minute. */
  | { readonly kind: 'redirect'; readonly redirectTo: string }
  /** The program has redeemed the code already: the public id of its session. */
  | { readonly kind: 'signed-in'; readonly cliSession: string };

export interface CodeAuthorization {
  /**
   * An error that goes back to the program is recorded. Throws `client_unknown` or
   * `redirect_refused` when no redirect is safe.
   */
  check(requester: Requester, query: AuthorizationQuery): Promise<CheckedRequest>;
  /** When a session of this client and viewer would end. */
  sessionNotAfter(viewer: Viewer, client: OAuthClient): Instant;
  /**
   * The user confirms. The same request that is approved again in the same browser session is
   * answered as before. Throws `fresh_sign_in_needed`, `limit_reached`.
   */
  approve(viewer: Viewer, request: AuthorizationRequest): Promise<ApprovedRequest>;
  /**
   * The user refuses, or did not start the login: where their browser goes. What an earlier
   * approval led to ends.
   */
  refuse(viewer: Viewer, request: AuthorizationRequest): Promise<{ readonly redirectTo: string }>;
  /**
   * Throws `grant_invalid`. A code that is presented wrongly or twice ends the session that it was
   * issued for.
   */
  redeem(requester: Requester, presented: PresentedCode & CodeHolder): Promise<TokenAnswer>;
  /** Whether this is a code of the bridge that it still remembers. */
  isLive(code: string): Promise<boolean>;
}

export function createCodeAuthorization(parts: CodeAuthorizationParts): CodeAuthorization {
  return {
    check: (requester, query) => checkRequest(parts, requester, query),
    sessionNotAfter: (viewer, client) => parts.tokens.notAfterFor(viewer, client),
    approve: (viewer, request) => approve(parts, viewer, request),
    refuse: (viewer, request) => refuse(parts, viewer, request),
    redeem: (requester, presented) => redeem(parts, requester, presented),
    isLive: async code =>
      (await parts.authorizationCodes.find(code, parts.clock.now())) !== undefined,
  };
}

// ---------------------------------------------------------------- approve

async function approve(
  parts: CodeAuthorizationParts,
  viewer: Viewer,
  request: AuthorizationRequest,
): Promise<ApprovedRequest> {
  const { authorizationCodes, tokens, clock, secrets } = parts;
  const derived = deriveCode(parts, viewer, request);
  const before = await approvedBefore(parts, request, derived);
  if (before !== undefined) return before;
  // A code that was not redeemed in time is remembered for a while, and is not issued again.
  const isUsedUp = (await authorizationCodes.find(derived, clock.now())) !== undefined;
  const code = isUsedUp ? secrets.token() : derived;
  const redeemBy = clock.now() + AUTHORIZATION_CODE_SECONDS * 1000;
  const session = await tokens.open(viewer, {
    client: request.client,
    deviceName: request.deviceName,
    grant: 'authorization_code',
    address: viewer.origin.address,
    pickUpBy: redeemBy,
  });
  try {
    await authorizationCodes.create(code, newCode(request, session, redeemBy));
    await recordApproval(parts, viewer, { request, session });
  } catch (fault) {
    await tokens.discard(session);
    // Of two clicks at once, the second one is answered as the first.
    const first = await approvedBefore(parts, request, derived);
    if (first !== undefined) return first;
    throw fault;
  }
  return { kind: 'redirect', redirectTo: answerTo(parts, request, { code }) };
}

/**
 * A code that cannot be guessed without the id of the browser session, and that is the same for
 * the same request in it: a form that is sent again approves nothing new.
 */
function deriveCode(
  { secrets }: CodeAuthorizationParts,
  { session }: Viewer,
  { client, redirectUri, state, codeChallenge, jkt }: AuthorizationRequest,
): string {
  return secrets.digest(
    JSON.stringify([
      'authorization code',
      session.id,
      client.id,
      redirectUri,
      state ?? null,
      codeChallenge,
      jkt ?? null,
    ]),
  );
}

function newCode(
  { client, redirectUri, codeChallenge, jkt }: AuthorizationRequest,
  { id: session }: CliSession,
  redeemBy: Instant,
): AuthorizationCode {
  const remembered = (AUTHORIZATION_CODE_MEMORY_SECONDS - AUTHORIZATION_CODE_SECONDS) * 1000;
  return {
    client: client.id,
    redirectUri,
    codeChallenge,
    jkt,
    session,
    redeemBy,
    expiresAt: redeemBy + remembered,
    state: 'issued',
  };
}

async function recordApproval(
  { recorder }: CodeAuthorizationParts,
  viewer: Viewer,
  { request, session }: { readonly request: AuthorizationRequest; readonly session: CliSession },
): Promise<void> {
  await recorder.record(viewer, {
    type: 'cli-login.approved',
    ...detailsOf(request, viewer),
    cliSession: session.summary.publicId,
  });
}

function detailsOf({ client, deviceName }: AuthorizationRequest, { origin }: Viewer) {
  return {
    grant: 'authorization_code' as const,
    client: client.id,
    clientName: client.name,
    clientKind: client.kind,
    deviceName,
    // The program listens on the machine of the browser.
    requestedFrom: origin.address,
  };
}

/**
 * The answer to a form that is sent again: the same code while it can be redeemed, then the session
 * that it led to.
 */
async function approvedBefore(
  parts: CodeAuthorizationParts,
  request: AuthorizationRequest,
  code: string,
): Promise<ApprovedRequest | undefined> {
  const now = parts.clock.now();
  const known = await parts.authorizationCodes.find(code, now);
  if (known === undefined) return undefined;
  if (known.state === 'issued' && now < known.redeemBy)
    return { kind: 'redirect', redirectTo: answerTo(parts, request, { code }) };
  const cliSession = await parts.tokens.publicIdOf(known.session);
  return cliSession === undefined ? undefined : { kind: 'signed-in', cliSession };
}

// ---------------------------------------------------------------- refuse

/** What asks in a terminal, and not by this user, was sent to them by someone else. */
const DISOWNED = { type: 'cli-login.disowned', why: 'the person did not start it' } as const;
/** A site can ask every visitor, so a denial is not an alarm. */
const DENIED = { type: 'cli-login.denied', why: 'the user denied the consent' } as const;

async function refuse(
  parts: CodeAuthorizationParts,
  viewer: Viewer,
  request: AuthorizationRequest,
): Promise<{ readonly redirectTo: string }> {
  const { authorizationCodes, tokens, recorder, clock } = parts;
  const code = deriveCode(parts, viewer, request);
  const approved = await authorizationCodes.find(code, clock.now());
  const { type, why } = request.client.application === undefined ? DISOWNED : DENIED;
  const reason = { by: 'person', why } as const;
  const cliSession = approved && (await tokens.end(viewer, approved.session, reason));
  await recorder.recordEnd(viewer, { type, ...detailsOf(request, viewer), cliSession });
  const error_description = 'The user denied the login.';
  return { redirectTo: answerTo(parts, request, { error: 'access_denied', error_description }) };
}

// ---------------------------------------------------------------- redeem

async function redeem(
  parts: CodeAuthorizationParts,
  requester: Requester,
  { code, redirectUri, codeVerifier, client, jkt }: PresentedCode & CodeHolder,
): Promise<TokenAnswer> {
  const { authorizationCodes, tokens, clock, secrets } = parts;
  const now = clock.now();
  const codeChallenge = CODE_VERIFIER.test(codeVerifier) ? secrets.digest(codeVerifier) : '';
  const presented = { client: client.id, redirectUri, codeChallenge, jkt };
  const found = await authorizationCodes.update(code, now, record => {
    const { next, ...value } = redeemCode(record, presented, now);
    return { next, value };
  });
  if (found === undefined)
    throw await misused(parts, requester, { why: 'unknown authorization code' });
  const { session, misused: why } = found;
  if (why !== undefined) throw await misused(parts, requester, { why, session });
  return tokens.pickUp(requester, { session, client: client.id, jkt });
}

/** Records the misuse of a code, ends the session that it was issued for, returns the error. */
async function misused(
  { recorder, tokens }: CodeAuthorizationParts,
  requester: Requester,
  { why, session }: { readonly why: string; readonly session?: string },
): Promise<BridgeError> {
  const error = await refusedLogin(recorder, requester, new BridgeError('grant_invalid', why));
  if (session !== undefined) await tokens.end(requester, session, { by: 'misuse', why });
  return error;
}
