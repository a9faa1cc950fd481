/**
 * The authorization code grant with PKCE for programs on the person's own machine (RFC 6749 section
 * 4.1, RFC 7636, RFC 8252).
 *
 * Owns: which requests are answered at all, codes, what happens when one is misused. Does not own:
 * tokens (tokens), pages (flows/cli-browser-login).
 */
import { actorOf, type Origin, recordable } from '../core/audit-event.ts';
import { BridgeError, type ErrorCode } from '../core/errors.ts';
import {
  isRegisteredRedirect,
  isScope,
  MAX_DEVICE_NAME,
  named,
  type OAuthClient,
  SCOPE,
} from '../core/oauth-client.ts';
import type { AuditSink, Clock, Records, Secrets, Session } from '../core/ports.ts';
import type { Instant } from '../core/time.ts';
import {
  AUTHORIZATION_CODE_MEMORY_SECONDS,
  AUTHORIZATION_CODE_SECONDS,
  type AuthorizationCode,
  redeemCode,
} from '../core/tokens.ts';
import type { Clients } from './clients.ts';
import { recordEnd } from './record-end.ts';
import type { TokenAnswer, Tokens } from './tokens.ts';

/** base64url of a SHA-256 (RFC 7636 section 4.2). */
const S256_CHALLENGE = /^[\w-]{43}$/;
/** RFC 7636 section 4.1. */
const CODE_VERIFIER = /^[\w.~-]{43,128}$/;

export interface CodeAuthorizationParts {
  readonly clients: Clients;
  readonly authorizationCodes: Records<AuthorizationCode>;
  readonly tokens: Tokens;
  readonly audit: AuditSink;
  readonly clock: Clock;
  readonly secrets: Secrets;
  /** RFC 9207: who answers. */
  readonly issuer: string;
}

/** The query of an authorization request, as it came. */
export interface AuthorizationQuery {
  readonly response_type?: string | undefined;
  readonly client_id?: string | undefined;
  readonly redirect_uri?: string | undefined;
  readonly state?: string | undefined;
  readonly code_challenge?: string | undefined;
  readonly code_challenge_method?: string | undefined;
  readonly scope?: string | undefined;
  readonly prompt?: string | undefined;
  readonly device_name?: string | undefined;
}

/** A request that may be shown to a person. */
export interface AuthorizationRequest {
  readonly client: OAuthClient;
  readonly redirectUri: string;
  readonly state?: string | undefined;
  readonly codeChallenge: string;
  readonly deviceName?: string | undefined;
  /** `prompt=login` */
  readonly reauthenticate: boolean;
}

export type CheckedRequest =
  | { readonly kind: 'request'; readonly request: AuthorizationRequest }
  /**
   * The client is known and its address is its own: it is told what is wrong (RFC 6749 section
   * 4.1.2.1).
   */
  | { readonly kind: 'refused'; readonly redirectTo: string };

/** A code, and what must fit to it. */
export interface CodeExchange {
  readonly code: string;
  readonly redirectUri: string;
  readonly codeVerifier: string;
}

export type ApprovedRequest =
  /** Where the browser goes, with a code. A secret for a minute. */
  | { readonly kind: 'redirect'; readonly redirectTo: string }
  /** The program has taken the code already: `cliSession` is the handle of its session. */
  | { readonly kind: 'signed-in'; readonly cliSession: string };

export interface CodeAuthorization {
  /**
   * What goes back to the program with an error is recorded; `viewer` is whose browser brought it,
   * if anybody is signed in. Throws `client_unknown` or `redirect_refused` when nobody may be sent
   * anywhere.
   */
  check(query: AuthorizationQuery, origin: Origin, viewer?: Session): Promise<CheckedRequest>;
  /** When the CLI session of this person would end. */
  sessionNotAfter(viewer: Session): Instant;
  /**
   * The person said yes. The same request approved again in the same browser session is answered as
   * before.
   */
  approve(request: AuthorizationRequest, viewer: Session, origin: Origin): Promise<ApprovedRequest>;
  /**
   * The person said no, or that they did not start it: where their browser goes. What came of an
   * approval before that ends.
   */
  refuse(
    request: AuthorizationRequest,
    viewer: Session,
    origin: Origin,
  ): Promise<{ readonly redirectTo: string }>;
  /**
   * Throws `grant_invalid`. A code that is presented wrongly or twice ends the session that it was
   * for.
   */
  redeem(exchange: CodeExchange, client: OAuthClient, origin: Origin): Promise<TokenAnswer>;
  /** Whether this is a code of ours that is remembered. */
  isLive(code: string): Promise<boolean>;
}

export function createCodeAuthorization(parts: CodeAuthorizationParts): CodeAuthorization {
  const { clients, authorizationCodes, tokens, audit, clock, secrets, issuer } = parts;

  const answerTo = (
    { redirectUri, state }: { redirectUri: string; state?: string | undefined },
    answer: Record<string, string>,
  ): string => {
    const url = new URL(redirectUri);
    for (const [name, value] of Object.entries({
      ...answer,
      ...(state !== undefined && { state }),
      iss: issuer,
    }))
      url.searchParams.set(name, value);
    return url.href;
  };

  const recordOf = (
    { client, deviceName }: AuthorizationRequest,
    viewer: Session,
    origin: Origin,
  ) => ({
    at: clock.now(),
    origin,
    actor: actorOf(viewer.identity),
    grant: 'authorization_code' as const,
    client: client.id,
    clientName: client.name,
    deviceName,
    // The program listens on the machine of the browser.
    requestedFrom: origin.address,
  });

  /**
   * A code that nobody can guess without the id of the browser session, and that is the same for
   * the same request in it: a form that is sent again approves nothing new.
   */
  const codeFor = (
    { client, redirectUri, state, codeChallenge }: AuthorizationRequest,
    viewer: Session,
  ): string =>
    secrets.digest(
      JSON.stringify([
        'authorization code',
        viewer.id,
        client.id,
        redirectUri,
        state ?? null,
        codeChallenge,
      ]),
    );

  /**
   * The answer to a form that is sent again: the same code while it can be used, then the session
   * that came of it.
   */
  const approvedBefore = async (
    request: AuthorizationRequest,
    code: string,
  ): Promise<ApprovedRequest | undefined> => {
    const now = clock.now();
    const known = await authorizationCodes.find(code, now);
    if (known === undefined) return undefined;
    if (known.state === 'issued' && now < known.redeemBy)
      return { kind: 'redirect', redirectTo: answerTo(request, { code }) };
    const cliSession = await tokens.handleOf(known.session);
    return cliSession === undefined ? undefined : { kind: 'signed-in', cliSession };
  };

  /**
   * The code of a new approval. One that was not taken in time is remembered for a while, and is
   * not given again.
   */
  const newCode = async (derived: string): Promise<string> =>
    (await authorizationCodes.find(derived, clock.now())) === undefined ? derived : secrets.token();

  return {
    check: async (query, origin, viewer) => {
      const client = await clients.clientOf(query.client_id ?? '');
      const { redirect_uri: redirectUri = '', state } = query;
      if (!isRegisteredRedirect(client, redirectUri)) {
        throw new BridgeError(
          'redirect_refused',
          `the redirect URI of the client ${client.id} is not one that it registered`,
        );
      }
      const fault = REQUEST_FAULTS.find(([, , applies]) => applies(query));
      if (fault !== undefined) {
        const [error, error_description, , code] = fault;
        const actor = viewer && actorOf(viewer.identity);
        const why = `the client ${client.id} was told: ${error_description}`;
        await audit.record({
          type: 'cli-login.refused',
          at: clock.now(),
          origin,
          actor,
          code,
          why,
        });
        return {
          kind: 'refused',
          redirectTo: answerTo({ redirectUri, state }, { error, error_description }),
        };
      }
      return {
        kind: 'request',
        request: {
          client,
          redirectUri,
          state,
          codeChallenge: query.code_challenge!,
          deviceName:
            query.device_name === undefined
              ? undefined
              : recordable(query.device_name, MAX_DEVICE_NAME),
          reauthenticate: query.prompt === 'login',
        },
      };
    },

    sessionNotAfter: viewer => tokens.notAfterFor(viewer),

    approve: async (request, viewer, origin) => {
      const { client, deviceName, redirectUri, codeChallenge } = request;
      const now = clock.now();
      const derived = codeFor(request, viewer);
      const before = await approvedBefore(request, derived);
      if (before !== undefined) return before;
      const code = await newCode(derived);
      const redeemBy = now + AUTHORIZATION_CODE_SECONDS * 1000;
      const session = await tokens.open({
        viewer,
        client: named(client),
        deviceName,
        grant: 'authorization_code',
        address: origin.address,
        pickUpBy: redeemBy,
      });
      try {
        await authorizationCodes.create(code, {
          client: client.id,
          redirectUri,
          codeChallenge,
          session: session.id,
          redeemBy,
          expiresAt: now + AUTHORIZATION_CODE_MEMORY_SECONDS * 1000,
          state: 'issued',
        });
        await audit.record({
          type: 'cli-login.approved',
          ...recordOf(request, viewer, origin),
          cliSession: session.summary.handle,
        });
      } catch (fault) {
        await tokens.discard(session);
        // Of two clicks at once, the first one is answered, and the second one the same.
        const first = await approvedBefore(request, derived);
        if (first !== undefined) return first;
        throw fault;
      }
      return { kind: 'redirect', redirectTo: answerTo(request, { code }) };
    },

    refuse: async (request, viewer, origin) => {
      const approved = await authorizationCodes.find(codeFor(request, viewer), clock.now());
      const why = 'the person did not start it';
      const cliSession =
        approved && (await tokens.end(approved.session, { by: 'person', why }, origin));
      await recordEnd(audit, {
        type: 'cli-login.disowned',
        ...recordOf(request, viewer, origin),
        cliSession,
      });
      return {
        redirectTo: answerTo(request, {
          error: 'access_denied',
          error_description: 'The person refused the login.',
        }),
      };
    },

    isLive: async code => (await authorizationCodes.find(code, clock.now())) !== undefined,

    redeem: async ({ code, redirectUri, codeVerifier }, client, origin) => {
      const now = clock.now();
      const codeChallenge = CODE_VERIFIER.test(codeVerifier) ? secrets.digest(codeVerifier) : '';
      const found = await authorizationCodes.update(code, now, record => {
        const { next, ...outcome } = redeemCode(
          record,
          { client: client.id, redirectUri, codeChallenge },
          now,
        );
        return { next, value: outcome };
      });
      const misused = found === undefined ? 'no such authorization code' : found.misused;
      if (found === undefined || misused !== undefined) {
        const error = new BridgeError('grant_invalid', misused!);
        await audit.record({
          type: 'cli-login.refused',
          at: now,
          origin,
          code: error.code,
          why: error.message,
        });
        if (found !== undefined)
          await tokens.end(found.session, { by: 'misuse', why: error.message }, origin);
        throw error;
      }
      return tokens.pickUp(found.session, client.id, origin);
    },
  };
}

/**
 * What is wrong with a request whose client and address are known: `error` and `error_description`
 * of RFC 6749 section 4.1.2.1, and our code.
 */
const REQUEST_FAULTS: readonly (readonly [
  error: string,
  description: string,
  applies: (query: AuthorizationQuery) => boolean,
  code: ErrorCode,
])[] = [
  [
    'unsupported_response_type',
    'response_type must be code.',
    ({ response_type }) => response_type !== 'code',
    'bad_request',
  ],
  [
    'invalid_request',
    'PKCE is required: code_challenge with code_challenge_method S256.',
    ({ code_challenge, code_challenge_method }) =>
      code_challenge_method !== 'S256' || !S256_CHALLENGE.test(code_challenge ?? ''),
    'bad_request',
  ],
  ['invalid_scope', `The only scope is ${SCOPE}.`, ({ scope }) => !isScope(scope), 'scope_invalid'],
  [
    'interaction_required',
    'A login is always confirmed by a person.',
    ({ prompt }) => prompt === 'none',
    'bad_request',
  ],
];
