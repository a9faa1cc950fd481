/**
 * The requests of one exchange with a provider: a code, a refresh token, userinfo.
 *
 * Owns: the answer of the token endpoint, whether an old discovery document can be the cause of a
 * failure, and how the exchange continues with a newer one: an answer of the token endpoint is
 * verified again, and never requested again.
 * Does not own: the checks (openid-client, oidc-id-token).
 */
import {
  type CustomFetch,
  type ServerMetadata,
  WWWAuthenticateChallengeError,
} from 'openid-client';
import type { Outbound } from '../outbound.ts';
import { reaching } from './oidc-discovery.ts';
import { providerError } from './oidc-errors.ts';

/** What the token endpoint has answered. */
export interface Heard {
  readonly status: number;
  /** Undefined if the answer could not be read. */
  readonly body: { readonly refresh_token?: unknown; readonly error?: unknown } | undefined;
}

export interface Exchange {
  readonly fetch: CustomFetch;
  /** The last requested address, without its query. */
  endpoint(): string;
  heard(): Heard | undefined;
  /** Whether another discovery document could have led to another outcome. */
  blamesDocument(thrown: unknown): boolean;
  /**
   * The same exchange by another document; undefined if the token endpoint can have processed the
   * request, and its answer is not known.
   */
  repeatedBy(metadata: ServerMetadata): Exchange | undefined;
}

interface Answered extends Heard {
  readonly response: Response;
}

/** With `granted`, the token endpoint is not asked again: this is its answer. */
export function createExchange(
  metadata: ServerMetadata,
  outbound: Outbound,
  granted?: Answered,
): Exchange {
  const tokenEndpoint = URL.parse(metadata.token_endpoint ?? '')?.href;
  let endpoint = metadata.issuer;
  let heard = granted;
  let last: { status?: number; fault?: unknown } = {};
  let hasSent = false;
  const reach = reaching(outbound, asked => {
    endpoint = asked;
  });
  const fetch: CustomFetch = async (address, options) => {
    const isForTokens = address === tokenEndpoint && options.method === 'POST';
    if (isForTokens && granted !== undefined) return granted.response.clone();
    hasSent ||= isForTokens;
    const response = await reach(address, options).catch((fault: unknown) => {
      last = { fault };
      throw fault;
    });
    last = { status: response.status };
    if (isForTokens) heard = await answeredBy(response);
    return response;
  };
  /** Whether the token endpoint cannot have processed what it was sent. */
  const isUnprocessed = (): boolean =>
    heard === undefined ? isNeverSent(last.fault) : isGone(heard.status);
  return {
    fetch,
    endpoint: () => endpoint,
    heard: () => heard,
    blamesDocument: thrown => isGone(last.status) || isOfDocument(thrown, endpoint),
    repeatedBy: next => {
      if (heard?.status === 200) return createExchange(next, outbound, heard);
      const isElsewhere = next.token_endpoint !== metadata.token_endpoint;
      if (hasSent && !(isUnprocessed() && isElsewhere)) return undefined;
      return createExchange(next, outbound);
    },
  };
}

/** The endpoint is not there, or is another one. */
function isGone(status: number | undefined): boolean {
  return status === 404 || status === 405 || status === 410;
}

async function answeredBy(response: Response): Promise<Answered> {
  const { status } = response;
  const body: unknown = await response
    .clone()
    .json()
    .catch(() => undefined);
  const object = typeof body === 'object' && body !== null ? body : undefined;
  return { status, body: object, response: response.clone() };
}

/** Failures that depend on what the document says: algorithms, keys, and whether `iss` comes. */
const OF_DOCUMENT: readonly RegExp[] = [
  /^unexpected JWT "alg" header parameter\b/,
  /^error when selecting a JWT verification key\b/,
  /^JWT signature verification failed$/,
  /^response parameter "iss" \(issuer\) missing$/,
];

function isOfDocument(thrown: unknown, endpoint: string): boolean {
  if (thrown instanceof WWWAuthenticateChallengeError) return false;
  const { code, message } = providerError(thrown, endpoint);
  return code === 'idp_unreachable' || OF_DOCUMENT.some(sentence => sentence.test(message));
}

/** The provider was not reached, so it has not used up what was sent. */
const NEVER_SENT: ReadonlySet<unknown> = new Set([
  ...['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH', 'ENETUNREACH'],
  'UND_ERR_CONNECT_TIMEOUT',
]);

export function isNeverSent(thrown: unknown): boolean {
  return (
    thrown instanceof Error &&
    (NEVER_SENT.has((thrown as { code?: unknown }).code) || isNeverSent(thrown.cause))
  );
}
