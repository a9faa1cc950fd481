/**
 * One OpenID provider as its discovery document describes it, kept up to date.
 *
 * Owns: fetching and checking the document (OpenID Connect Discovery 1.0 section 4), retrying a
 * provider that is down, and the reason why it is unavailable. Does not own: sign-ins.
 */
import { isDeepStrictEqual } from 'node:util';
import {
  allowInsecureRequests,
  type ClientAuth,
  type CustomFetch,
  type CustomFetchOptions,
  customFetch,
  discovery,
  type ServerMetadata,
} from 'openid-client';
import { BridgeError, type ErrorCode } from '../core/errors.ts';
import type { Clock } from '../core/ports.ts';
import type { Availability } from '../core/sign-in.ts';
import { HOUR, type Instant, MINUTE, type Seconds } from '../core/time.ts';
import { type Outbound, OutboundFault } from '../outbound.ts';
import { bulkOf } from './json-bulk.ts';
import { providerError } from './oidc-errors.ts';
import { allowsHttp, checkedMetadata, unfit } from './oidc-metadata.ts';
import { followingPermanently } from './permanent-redirect.ts';

/** Finds changes that cause no failure here, such as another address of the sign-in page. */
const REFRESH_AFTER: Seconds = HOUR;
const LONGEST_RETRY: Seconds = 5 * MINUTE;
/** However many users try to sign in, a provider that is down is asked no more often than this. */
const RETRY_ON_DEMAND: Seconds = 2;
/** Shortest pause between two readings that failed sign-ins or tokens cause. */
const DOUBT_PAUSE: Seconds = MINUTE;

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
  readonly onDocument?: ((news: DocumentNews) => void) | undefined;
  /** What an earlier one knew of the same document. */
  readonly before?: ProviderMemory | undefined;
}

/** What is known of a provider, for another one that follows the same document. */
export interface ProviderMemory {
  readonly known: Known | undefined;
  readonly availability: Availability;
  /** The next pause of a provider that is down. */
  readonly pause: Seconds;
  /** Whether the last reading failed while a document is known. */
  readonly isKept: boolean;
}

interface Known {
  readonly metadata: ServerMetadata;
  readonly at: Instant;
}

/** What reading the document again has brought, while an earlier one is in use. */
export type DocumentNews =
  /** It has changed in these fields. */
  | { readonly kind: 'changed'; readonly fields: readonly string[] }
  /** It cannot be read, for the first time since it could. */
  | { readonly kind: 'kept'; readonly why: string }
  /** It can be read again. */
  | { readonly kind: 'read-again' };

export interface Provider {
  /** Resolves after the first attempt at discovery, whether or not it succeeded. */
  readonly asked: Promise<void>;
  availability(): Availability;
  memory(): ProviderMemory;
  /** The document, if it is known; sends no request. */
  known(): ServerMetadata | undefined;
  /** The checked document; asks the provider again if it is unknown. Throws `code`. */
  metadata(code: ErrorCode): Promise<ServerMetadata>;
  /**
   * Another document than `doubted`, which a failure has put in doubt: reads it again, at most once
   * a minute. Undefined if there is no other one. Does not reject.
   */
  newer(doubted: ServerMetadata): Promise<ServerMetadata | undefined>;
  close(): void;
}

interface Watched {
  readonly options: ProviderOptions;
  known: Known | undefined;
  availability: Availability;
  /** The request in progress. */
  running: Promise<void> | undefined;
  timer: NodeJS.Timeout | undefined;
  askedAt: number;
  doubtedAt: number;
  /** Whether the last reading failed while a document is known. */
  isKept: boolean;
  pause: Seconds;
  isClosed: boolean;
}

/**
 * Begins to read the document. A provider that is down is unavailable, not fatal. One whose
 * document is known from before stays available.
 */
export function openProvider(options: ProviderOptions): Provider {
  const { before, retrySeconds } = options;
  const provider: Watched = {
    options,
    known: before?.known,
    availability: before?.availability ?? { state: 'starting' },
    ...{ running: undefined, timer: undefined },
    ...{ askedAt: Number.NEGATIVE_INFINITY, pause: before?.pause ?? retrySeconds },
    ...{ doubtedAt: Number.NEGATIVE_INFINITY, isKept: before?.isKept ?? false },
    isClosed: false,
  };
  return {
    asked: ask(provider).then(() => retryLater(provider)),
    availability: () => provider.availability,
    memory: () => {
      const { known, availability, pause, isKept } = provider;
      return { known, availability, pause, isKept };
    },
    known: () => provider.known?.metadata,
    metadata: code => metadataOf(provider, code),
    newer: doubted => newerThan(provider, doubted),
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

async function newerThan(
  provider: Watched,
  doubted: ServerMetadata,
): Promise<ServerMetadata | undefined> {
  const { running, doubtedAt, options } = provider;
  const now = options.clock.now();
  const isSame = provider.known?.metadata === doubted;
  if (isSame && (running !== undefined || now >= doubtedAt + DOUBT_PAUSE * 1000)) {
    if (running === undefined) provider.doubtedAt = now;
    await ask(provider);
  }
  return provider.known?.metadata === doubted ? undefined : provider.known?.metadata;
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
    keep(provider, await discoverProvider(options));
    become(provider, { state: 'ready' });
  } catch (error) {
    // An old document is better than none.
    if (provider.known !== undefined) {
      provider.known = { ...provider.known, at: clock.now() };
      if (!provider.isKept) tell(provider, { kind: 'kept', why: (error as Error).message });
      provider.isKept = true;
    } else {
      const reason = (error as Error).message;
      become(provider, { state: 'unavailable', reason, since: clock.now() });
    }
  }
}

/** Keeps the object of before if nothing has changed: callers compare documents by identity. */
function keep(provider: Watched, fresh: ServerMetadata): void {
  const before = provider.known?.metadata;
  const fields = before === undefined ? [] : changedFields(before, fresh);
  const metadata = before !== undefined && fields.length === 0 ? before : fresh;
  provider.known = { metadata, at: provider.options.clock.now() };
  if (provider.isKept) tell(provider, { kind: 'read-again' });
  provider.isKept = false;
  if (fields.length > 0) tell(provider, { kind: 'changed', fields });
}

/** Names of the fields that differ, of those that the bridge uses. */
function changedFields(before: ServerMetadata, now: ServerMetadata): readonly string[] {
  const names = new Set([...Object.keys(before), ...Object.keys(now)]);
  return [...names].filter(name => !isDeepStrictEqual(before[name], now[name])).sort();
}

function tell({ isClosed, options }: Watched, news: DocumentNews): void {
  if (!isClosed) options.onDocument?.(news);
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
  if (from.state !== 'unavailable' || to.state !== 'unavailable')
    return from.state === to.state ? undefined : to;
  return from.reason === to.reason ? undefined : { ...to, since: from.since };
}

/** Throws a BridgeError whose message can be shown on a page. */
async function discoverProvider(options: ProviderOptions): Promise<ServerMetadata> {
  return checkedMetadata(await discoveryDocument(options), options.issuer);
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
