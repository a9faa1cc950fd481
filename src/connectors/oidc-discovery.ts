/**
 * One OpenID provider as its discovery document describes it, kept fresh and watched.
 *
 * Owns: fetching and judging the document (OpenID Connect Discovery 1.0 section 4), retrying a
 * provider that is down, and saying what is wrong with it. Does not own: sign-ins.
 */
import {
  allowInsecureRequests,
  type ClientAuth,
  type CustomFetch,
  customFetch,
  discovery,
  type ServerMetadata,
} from 'openid-client';
import { z } from 'zod';
import { BridgeError, type ErrorCode } from '../core/errors.ts';
import { isLoopbackHost } from '../core/loopback.ts';
import type { Availability, Clock } from '../core/ports.ts';
import { HOUR, MINUTE, type Seconds } from '../core/time.ts';
import type { Outbound } from '../outbound.ts';
import { bulkOf } from './json-bulk.ts';
import { providerError } from './oidc-errors.ts';

/**
 * Signatures that only the provider can make: no `none`, no HMAC with the client secret (threats
 * R18).
 */
const SIGNATURE_ALGORITHMS = [
  'RS256',
  'RS384',
  'RS512',
  'PS256',
  'PS384',
  'PS512',
  'ES256',
  'ES384',
  'ES512',
  'EdDSA',
  'Ed25519',
];
const REFRESH_AFTER: Seconds = 6 * HOUR;
const LONGEST_RETRY: Seconds = 5 * MINUTE;
/**
 * However many people press the button, a provider that is down is asked no more often than this.
 */
const RETRY_ON_DEMAND: Seconds = 2;

export interface ProviderOptions {
  /** Exactly as the provider writes it, with or without a slash at its end. */
  readonly issuer: string;
  readonly clientId: string;
  readonly outbound: Outbound;
  readonly clock: Clock;
  /** Pause before the first retry; it doubles up to five minutes. */
  readonly retrySeconds: Seconds;
  readonly onChange?: ((availability: Availability) => void) | undefined;
}

export interface Provider {
  availability(): Availability;
  /** The document if there is one now; asks nobody. */
  known(): ServerMetadata | undefined;
  /**
   * The checked document; asks the provider once more when there is none. Throws `code` with the
   * reason.
   */
  metadata(code: ErrorCode): Promise<ServerMetadata>;
  close(): void;
}

/**
 * http is for a provider on this machine alone; one elsewhere cannot point us at addresses here by
 * http either.
 */
export function allowsHttp(issuer: string): boolean {
  const url = URL.parse(issuer);
  return url !== null && url.protocol === 'http:' && isLoopbackHost(url.hostname);
}

/**
 * Resolves after the first attempt at discovery, whether or not it succeeded: a provider that is
 * down is unavailable, not fatal.
 */
export async function openProvider(options: ProviderOptions): Promise<Provider> {
  const { clock } = options;
  let known: { readonly metadata: ServerMetadata; readonly at: number } | undefined;
  let availability: Availability = {
    state: 'unavailable',
    reason: 'it has not been asked yet',
    since: clock.now(),
  };
  let running: Promise<void> | undefined;
  let timer: NodeJS.Timeout | undefined;
  let askedAt = Number.NEGATIVE_INFINITY;
  let pause = options.retrySeconds;
  let closed = false;

  const become = (next: Availability) => {
    const changed = changeOf(availability, next);
    if (changed === undefined || closed) return;
    availability = changed;
    options.onChange?.(availability);
  };

  const attempt = async () => {
    askedAt = clock.now();
    try {
      known = { metadata: await discoverProvider(options), at: clock.now() };
      become({ state: 'ready' });
    } catch (error) {
      // A document that was good yesterday is better than none.
      if (known !== undefined) known = { ...known, at: clock.now() };
      else become({ state: 'unavailable', reason: (error as Error).message, since: clock.now() });
    }
  };
  const ask = () => (running ??= attempt().finally(() => (running = undefined)));

  const retryLater = () => {
    if (closed || known !== undefined) return;
    timer = setTimeout(() => void ask().then(retryLater), pause * 1000).unref();
    pause = Math.min(pause * 2, LONGEST_RETRY);
  };

  await ask();
  retryLater();
  return {
    availability: () => availability,
    known: () => known?.metadata,
    metadata: async code => {
      const mayAsk = running !== undefined || clock.now() >= askedAt + RETRY_ON_DEMAND * 1000;
      if (known === undefined && mayAsk) await ask();
      else if (known !== undefined && clock.now() - known.at > REFRESH_AFTER * 1000) void ask();
      if (known !== undefined) return known.metadata;
      throw new BridgeError(
        code,
        availability.state === 'unavailable' ? availability.reason : 'the provider is not known',
      );
    },
    close: () => {
      closed = true;
      clearTimeout(timer);
    },
  };
}

/**
 * What to become, or undefined when nothing is new. A provider is down since it went down, however
 * the reason changes.
 */
function changeOf(from: Availability, to: Availability): Availability | undefined {
  if (from.state === 'ready' || to.state === 'ready')
    return from.state === to.state ? undefined : to;
  return from.reason === to.reason ? undefined : { ...to, since: from.since };
}

/** Throws a BridgeError whose message is fit for a page. */
async function discoverProvider({
  issuer,
  clientId,
  outbound,
}: ProviderOptions): Promise<ServerMetadata> {
  const document = await discoveryDocument(issuer, clientId, outbound);
  // The library lets a trailing slash and Entra ID's {tenantid} pass; the token's iss would then be
  // anyone's.
  if (document.issuer !== issuer) {
    const named = /^[\x21-\x7e]{1,200}$/.test(document.issuer)
      ? document.issuer
      : 'something unprintable';
    throw unfit(
      `it calls itself ${named}, not ${issuer}; the configured issuer must be exactly what it calls itself`,
    );
  }
  const checked = metadataSchema(allowsHttp(issuer)).safeParse(document);
  if (!checked.success)
    throw unfit(
      `${checked.error.issues[0]!.path[0] as string}: ${checked.error.issues[0]!.message}`,
    );
  return checked.data as ServerMetadata;
}

async function discoveryDocument(
  issuer: string,
  clientId: string,
  outbound: Outbound,
): Promise<ServerMetadata> {
  if (!URL.canParse(issuer)) throw unfit('the configured issuer is no URL');
  const endpoint = `${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`;
  try {
    const execute = allowsHttp(issuer) ? [allowInsecureRequests] : [];
    const options = { [customFetch]: reaching(outbound, () => {}), execute };
    const noAuthentication: ClientAuth = () => {};
    return (
      await discovery(new URL(issuer), clientId, undefined, noAuthentication, options)
    ).serverMetadata();
  } catch (thrown) {
    const error = providerError(thrown, endpoint);
    throw error.code === 'idp_unreachable' ? error : unfit(error.message);
  }
}

/**
 * The bounded fetch in the library's terms: what does not come back whole, or has more parts than
 * the thread should read, is `idp_unreachable`.
 */
export function reaching(outbound: Outbound, onRequest: (endpoint: string) => void): CustomFetch {
  return async (address, init) => {
    const url = new URL(address);
    const endpoint = `${url.origin}${url.pathname}`;
    onRequest(endpoint);
    try {
      const response = await outbound.fetch(address, init as RequestInit);
      const answer = new Uint8Array(await response.arrayBuffer());
      const bulk = bulkOf(answer);
      if (bulk !== undefined) throw new Error(`${endpoint}: the answer is too bulky: ${bulk}`);
      return new Response(answer.byteLength === 0 ? null : answer, {
        status: response.status,
        headers: response.headers,
      });
    } catch (cause) {
      throw new BridgeError(
        'idp_unreachable',
        cause instanceof Error ? cause.message : 'the provider cannot be reached',
        { cause },
      );
    }
  };
}

function unfit(why: string): BridgeError {
  return new BridgeError(
    'idp_unreachable',
    `the provider's discovery document does not fit: ${why}`,
  );
}

function metadataSchema(httpAllowed: boolean) {
  const endpoint = z.string().max(2048).refine(isEndpoint(httpAllowed), 'is not a plain https URL');
  const algorithms = z
    .array(z.string())
    .transform(names => names.filter(name => SIGNATURE_ALGORITHMS.includes(name)))
    .refine(names => names.length > 0, `offers none of ${SIGNATURE_ALGORITHMS.join(', ')}`);
  return z.object({
    issuer: z.string(),
    authorization_endpoint: endpoint,
    token_endpoint: endpoint,
    userinfo_endpoint: endpoint.optional(),
    jwks_uri: endpoint,
    end_session_endpoint: endpoint.optional(),
    response_types_supported: z
      .array(z.string())
      .refine(types => types.includes('code'), 'does not offer the authorization code flow')
      .optional(),
    // Many providers do PKCE without saying so; one that speaks of it must offer S256.
    code_challenge_methods_supported: z
      .array(z.string())
      .refine(methods => methods.includes('S256'), 'does not offer S256')
      .optional(),
    id_token_signing_alg_values_supported: algorithms.default(['RS256']),
    userinfo_signing_alg_values_supported: z
      .array(z.string())
      .transform(names => names.filter(name => SIGNATURE_ALGORITHMS.includes(name)))
      .default([]),
    authorization_response_iss_parameter_supported: z.boolean().optional(),
  });
}

function isEndpoint(httpAllowed: boolean): (text: string) => boolean {
  return text => {
    const url = URL.parse(text);
    if (url === null || url.username !== '' || url.password !== '' || url.hash !== '') return false;
    return url.protocol === 'https:' || (httpAllowed && allowsHttp(text));
  };
}
