/**
 * One OpenID provider as its discovery document describes it, kept up to date.
 *
 * Owns: fetching and checking the document (OpenID Connect Discovery 1.0 section 4), retrying a
 * provider that is down, and the reason why it is unavailable. Does not own: sign-ins.
 */
import {
  allowInsecureRequests,
  type ClientAuth,
  type CustomFetch,
  type CustomFetchOptions,
  customFetch,
  discovery,
  type ServerMetadata,
} from 'openid-client';
import { z } from 'zod';
import { BridgeError, type ErrorCode } from '../core/errors.ts';
import { isLoopbackHost } from '../core/loopback.ts';
import type { Clock } from '../core/ports.ts';
import type { Availability } from '../core/sign-in.ts';
import { HOUR, MINUTE, type Seconds } from '../core/time.ts';
import { type Outbound, OutboundFault } from '../outbound.ts';
import { bulkOf } from './json-bulk.ts';
import { providerError } from './oidc-errors.ts';
import { followingPermanently } from './permanent-redirect.ts';

/**
 * Signatures that only the provider can make: no `none`, no HMAC with the client secret (threats
 * R18).
 */
export const SIGNATURE_ALGORITHMS = [
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
/** However many users try to sign in, a provider that is down is asked no more often than this. */
const RETRY_ON_DEMAND: Seconds = 2;

/** Which document is read. */
export interface DiscoveryLocation {
  /** Exactly as the provider writes it, with or without a trailing slash. */
  readonly issuer: string;
  /** Where the document is. Default: below the issuer (OpenID Connect Discovery 1.0 section 4). */
  readonly discovery?: string | undefined;
}

export interface ProviderOptions extends DiscoveryLocation {
  readonly clientId: string;
  readonly outbound: Outbound;
  readonly clock: Clock;
  /** Pause before the first retry; it doubles up to five minutes. */
  readonly retrySeconds: Seconds;
  readonly onChange?: ((availability: Availability) => void) | undefined;
}

export interface Provider {
  availability(): Availability;
  /** The document, if it is known; sends no request. */
  known(): ServerMetadata | undefined;
  /** The checked document; asks the provider again if it is unknown. Throws `code`. */
  metadata(code: ErrorCode): Promise<ServerMetadata>;
  close(): void;
}

/** http is only for a provider on this machine; others cannot point us to local addresses by it. */
export function allowsHttp(issuer: string): boolean {
  const url = URL.parse(issuer);
  return url !== null && url.protocol === 'http:' && isLoopbackHost(url.hostname);
}

interface Watched {
  readonly options: ProviderOptions;
  known: { readonly metadata: ServerMetadata; readonly at: number } | undefined;
  availability: Availability;
  /** The request in progress. */
  running: Promise<void> | undefined;
  timer: NodeJS.Timeout | undefined;
  askedAt: number;
  pause: Seconds;
  isClosed: boolean;
}

/**
 * Resolves after the first attempt at discovery, whether or not it succeeded: a provider that is
 * down is unavailable, not fatal.
 */
export async function openProvider(options: ProviderOptions): Promise<Provider> {
  const since = options.clock.now();
  const provider: Watched = {
    options,
    known: undefined,
    availability: { state: 'unavailable', reason: 'it has not been asked yet', since },
    ...{ running: undefined, timer: undefined },
    ...{ askedAt: Number.NEGATIVE_INFINITY, pause: options.retrySeconds },
    isClosed: false,
  };
  await ask(provider);
  retryLater(provider);
  return {
    availability: () => provider.availability,
    known: () => provider.known?.metadata,
    metadata: code => metadataOf(provider, code),
    close: () => {
      provider.isClosed = true;
      clearTimeout(provider.timer);
    },
  };
}

async function metadataOf(provider: Watched, code: ErrorCode): Promise<ServerMetadata> {
  const { known, running, askedAt } = provider;
  const now = provider.options.clock.now();
  const mayAsk = running !== undefined || now >= askedAt + RETRY_ON_DEMAND * 1000;
  if (known === undefined && mayAsk) await ask(provider);
  else if (known !== undefined && now - known.at > REFRESH_AFTER * 1000) void ask(provider);
  if (provider.known !== undefined) return provider.known.metadata;
  const { availability } = provider;
  throw new BridgeError(
    code,
    availability.state === 'unavailable' ? availability.reason : 'the provider is not known',
  );
}

/** One request at a time; callers in the meantime wait for the same one. Never rejects. */
function ask(provider: Watched): Promise<void> {
  provider.running ??= discover(provider).finally(() => {
    provider.running = undefined;
  });
  return provider.running;
}

async function discover(provider: Watched): Promise<void> {
  const { options } = provider;
  const { clock } = options;
  provider.askedAt = clock.now();
  try {
    provider.known = { metadata: await discoverProvider(options), at: clock.now() };
    become(provider, { state: 'ready' });
  } catch (error) {
    // Yesterday's document is better than none.
    if (provider.known !== undefined) provider.known = { ...provider.known, at: clock.now() };
    else {
      const reason = (error as Error).message;
      become(provider, { state: 'unavailable', reason, since: clock.now() });
    }
  }
}

function become(provider: Watched, next: Availability): void {
  const changed = changeOf(provider.availability, next);
  if (changed === undefined || provider.isClosed) return;
  provider.availability = changed;
  provider.options.onChange?.(changed);
}

function retryLater(provider: Watched): void {
  if (provider.isClosed || provider.known !== undefined) return;
  const retry = (): void => void ask(provider).then(() => retryLater(provider));
  provider.timer = setTimeout(retry, provider.pause * 1000).unref();
  provider.pause = Math.min(provider.pause * 2, LONGEST_RETRY);
}

/**
 * The next state, or undefined if nothing changes. A new reason does not change since when a
 * provider is down.
 */
function changeOf(from: Availability, to: Availability): Availability | undefined {
  if (from.state === 'ready' || to.state === 'ready')
    return from.state === to.state ? undefined : to;
  return from.reason === to.reason ? undefined : { ...to, since: from.since };
}

/** Throws a BridgeError whose message can be shown on a page. */
async function discoverProvider(options: ProviderOptions): Promise<ServerMetadata> {
  return checkedMetadata(await discoveryDocument(options), options.issuer);
}

/**
 * The document, if the bridge can use this provider. Throws a BridgeError whose message can be
 * shown on a page.
 */
export function checkedMetadata(document: ServerMetadata, issuer: string): ServerMetadata {
  // The library accepts a trailing slash and Entra ID's {tenantid}; then the token's iss could be
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

const SETTING = 'set oidc.discovery to the address of the document';

/** The document as it is. Throws `idp_unreachable`. */
export async function discoveryDocument({
  issuer,
  discovery: address,
  clientId,
  outbound,
}: DiscoveryLocation & Pick<ProviderOptions, 'clientId' | 'outbound'>): Promise<ServerMetadata> {
  if (!URL.canParse(issuer)) throw unfit('the configured issuer is not a URL');
  const endpoint = address ?? `${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`;
  const fetch = reaching(followingPermanently(outbound, SETTING), () => {});
  try {
    const execute = allowsHttp(issuer) ? [allowInsecureRequests] : [];
    const options = {
      [customFetch]: (standard: string, init: CustomFetchOptions) =>
        fetch(address ?? standard, init),
      execute,
    };
    const noAuthentication: ClientAuth = () => {};
    return (
      await discovery(new URL(issuer), clientId, undefined, noAuthentication, options)
    ).serverMetadata();
  } catch (thrown) {
    const { origin, pathname } = new URL(endpoint);
    const error = providerError(thrown, `${origin}${pathname}`);
    throw error.code === 'idp_unreachable' ? error : unfit(error.message);
  }
}

/**
 * The limited `fetch` for the library. An incomplete response, or one with too many parts, is
 * `idp_unreachable`.
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
      if (bulk !== undefined)
        throw new OutboundFault(`${endpoint}: the answer is too bulky: ${bulk}`, {
          kind: 'too-large',
        });
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
    // Conveniences: a provider that describes them badly is one without them.
    end_session_endpoint: endpoint.optional().catch(undefined),
    revocation_endpoint: endpoint.optional().catch(undefined),
    response_types_supported: z
      .array(z.string())
      .refine(types => types.includes('code'), 'does not offer the authorization code flow')
      .optional(),
    // Many providers support PKCE without stating it; one that states it must offer S256.
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

export function isEndpoint(httpAllowed: boolean): (text: string) => boolean {
  return text => {
    const url = URL.parse(text);
    if (url === null || url.username !== '' || url.password !== '' || url.hash !== '') return false;
    return url.protocol === 'https:' || (httpAllowed && allowsHttp(text));
  };
}
