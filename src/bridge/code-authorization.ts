/**
 * The authorization code grant with PKCE for programs on the person's own machine (RFC 6749 section 4.1, RFC 7636, RFC 8252).
 *
 * Owns: which requests are answered at all, codes, what happens when one is misused. Does not own: tokens (tokens), pages (flows/cli-browser-login).
 */
import { actorOf, type Origin, recordable } from '../core/audit-event.ts';
import { BridgeError, type ErrorCode } from '../core/errors.ts';
import { isRegisteredRedirect, isScope, MAX_DEVICE_NAME, named, type OAuthClient, SCOPE } from '../core/oauth-client.ts';
import type { AuditSink, Clock, Records, Secrets, Session } from '../core/ports.ts';
import type { Instant } from '../core/time.ts';
import { AUTHORIZATION_CODE_MEMORY_SECONDS, AUTHORIZATION_CODE_SECONDS, type AuthorizationCode, redeemCode } from '../core/tokens.ts';
import type { Clients } from './clients.ts';
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
  /** The client is known and its address is its own: it is told what is wrong (RFC 6749 section 4.1.2.1). */
  | { readonly kind: 'refused'; readonly redirectTo: string };

/** A code, and what must fit to it. */
export interface CodeExchange {
  readonly code: string;
  readonly redirectUri: string;
  readonly codeVerifier: string;
}

export interface CodeAuthorization {
  /**
   * What goes back to the program with an error is recorded; `viewer` is whose browser brought it, if anybody is signed in.
   * Throws `client_unknown` or `redirect_refused` when nobody may be sent anywhere.
   */
  check(query: AuthorizationQuery, origin: Origin, viewer?: Session): Promise<CheckedRequest>;
  /** When the CLI session of this person would end. */
  sessionNotAfter(viewer: Session): Instant;
  /** The person said yes: where their browser goes, with a code. A secret for a minute. */
  approve(request: AuthorizationRequest, viewer: Session, origin: Origin): Promise<{ readonly redirectTo: string }>;
  /** The person said no, or that they did not start it: where their browser goes. */
  refuse(request: AuthorizationRequest, viewer: Session, origin: Origin): Promise<{ readonly redirectTo: string }>;
  /** Throws `grant_invalid`. A code that is presented wrongly or twice ends the session that it was for. */
  redeem(exchange: CodeExchange, client: OAuthClient, origin: Origin): Promise<TokenAnswer>;
}

export function createCodeAuthorization(parts: CodeAuthorizationParts): CodeAuthorization {
  const { clients, authorizationCodes, tokens, audit, clock, secrets, issuer } = parts;

  const answerTo = (
    { redirectUri, state }: { redirectUri: string; state?: string | undefined },
    answer: Record<string, string>,
  ): string => {
    const url = new URL(redirectUri);
    for (const [name, value] of Object.entries({ ...answer, ...(state !== undefined && { state }), iss: issuer }))
      url.searchParams.set(name, value);
    return url.href;
  };

  const recordOf = ({ client, deviceName }: AuthorizationRequest, viewer: Session, origin: Origin) => ({
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

  return {
    check: async (query, origin, viewer) => {
      const client = await clients.clientOf(query.client_id ?? '');
      const { redirect_uri: redirectUri = '', state } = query;
      if (!isRegisteredRedirect(client, redirectUri)) {
        throw new BridgeError('redirect_refused', `the redirect URI of the client ${client.id} is not one that it registered`);
      }
      const fault = REQUEST_FAULTS.find(([, , applies]) => applies(query));
      if (fault !== undefined) {
        const [error, error_description, , code] = fault;
        const actor = viewer && actorOf(viewer.identity);
        const why = `the client ${client.id} was told: ${error_description}`;
        await audit.record({ type: 'cli-login.refused', at: clock.now(), origin, actor, code, why });
        return { kind: 'refused', redirectTo: answerTo({ redirectUri, state }, { error, error_description }) };
      }
      return {
        kind: 'request',
        request: {
          client,
          redirectUri,
          state,
          codeChallenge: query.code_challenge!,
          deviceName: query.device_name === undefined ? undefined : recordable(query.device_name, MAX_DEVICE_NAME),
          reauthenticate: query.prompt === 'login',
        },
      };
    },

    sessionNotAfter: viewer => tokens.notAfterFor(viewer),

    approve: async (request, viewer, origin) => {
      const { client, deviceName, redirectUri, codeChallenge } = request;
      const now = clock.now();
      const redeemBy = now + AUTHORIZATION_CODE_SECONDS * 1000;
      const session = await tokens.open({
        viewer,
        client: named(client),
        deviceName,
        grant: 'authorization_code',
        address: origin.address,
        pickUpBy: redeemBy,
      });
      const code = secrets.token();
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
        await audit.record({ type: 'cli-login.approved', ...recordOf(request, viewer, origin), cliSession: session.summary.handle });
      } catch (fault) {
        await tokens.discard(session);
        throw fault;
      }
      return { redirectTo: answerTo(request, { code }) };
    },

    refuse: async (request, viewer, origin) => {
      await audit.record({ type: 'cli-login.disowned', ...recordOf(request, viewer, origin) });
      return { redirectTo: answerTo(request, { error: 'access_denied', error_description: 'The person refused the login.' }) };
    },

    redeem: async ({ code, redirectUri, codeVerifier }, client, origin) => {
      const now = clock.now();
      const codeChallenge = CODE_VERIFIER.test(codeVerifier) ? secrets.digest(codeVerifier) : '';
      const found = await authorizationCodes.update(code, now, record => {
        const { next, ...outcome } = redeemCode(record, { client: client.id, redirectUri, codeChallenge }, now);
        return { next, value: outcome };
      });
      const misused = found === undefined ? 'no such authorization code' : found.misused;
      if (found === undefined || misused !== undefined) {
        const error = new BridgeError('grant_invalid', misused!);
        await audit.record({ type: 'cli-login.refused', at: now, origin, code: error.code, why: error.message });
        if (found !== undefined) await tokens.endMisused(found.session, error.message, origin);
        throw error;
      }
      return tokens.pickUp(found.session, client.id, origin);
    },
  };
}

/** What is wrong with a request whose client and address are known: `error` and `error_description` of RFC 6749 section 4.1.2.1, and our code. */
const REQUEST_FAULTS: readonly (readonly [
  error: string,
  description: string,
  applies: (query: AuthorizationQuery) => boolean,
  code: ErrorCode,
])[] = [
  ['unsupported_response_type', 'response_type must be code.', ({ response_type }) => response_type !== 'code', 'bad_request'],
  [
    'invalid_request',
    'PKCE is required: code_challenge with code_challenge_method S256.',
    ({ code_challenge, code_challenge_method }) => code_challenge_method !== 'S256' || !S256_CHALLENGE.test(code_challenge ?? ''),
    'bad_request',
  ],
  ['invalid_scope', `The only scope is ${SCOPE}.`, ({ scope }) => !isScope(scope), 'scope_invalid'],
  ['interaction_required', 'A login is always confirmed by a person.', ({ prompt }) => prompt === 'none', 'bad_request'],
];
