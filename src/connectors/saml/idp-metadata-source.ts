/**
 * The metadata of one IdP, kept up to date: read at the start and again when due, and more often
 * while it is missing.
 *
 * The last valid metadata stays in use until its own validUntil, and a copy of it serves a process
 * that cannot read it at its start. Timers keep no process alive.
 */
import { isDeepStrictEqual } from 'node:util';
import { BridgeError } from '../../core/errors.ts';
import { type KeptDocument, keptDocument } from '../../core/kept-metadata.ts';
import type { Clock } from '../../core/ports.ts';
import type { MetadataLocation } from '../../core/provider-facts.ts';
import type { Availability } from '../../core/sign-in.ts';
import { DAY, HOUR, type Instant, MINUTE, type Seconds } from '../../core/time.ts';
import type { Outbound } from '../../outbound.ts';
import { type IdpMetadata, parseIdpMetadata } from './idp-metadata.ts';
import { loadMetadata, UNREADABLE } from './metadata-loading.ts';

export interface MetadataSourceOptions {
  readonly location: MetadataLocation;
  readonly outbound: Outbound;
  readonly clock: Clock;
  /** Between two readings while all is well; one hour when undefined. */
  readonly refreshSeconds?: Seconds | undefined;
  /** Called when the state changes; `cause` is for the log. */
  readonly onChange?: ((availability: Availability, cause?: unknown) => void) | undefined;
  /** Called when the metadata names other keys that are not used than before. */
  readonly onSkippedKeys?: ((keys: readonly string[]) => void) | undefined;
  /** Called when reading begins to fail while metadata is in use, and when it works again. */
  readonly onReading?: ((news: ReadingNews) => void) | undefined;
  readonly copies?: MetadataCopies | undefined;
  /** What an earlier one knew of the metadata at the same place. */
  readonly before?: MetadataMemory | undefined;
}

/** What is known of metadata, for another source at the same place. */
export interface MetadataMemory {
  readonly good: Good | undefined;
  readonly availability: Availability;
  readonly failures: number;
  readonly isFailing: boolean;
}

/** `cause` is for the log. */
export type ReadingNews =
  | { readonly kind: 'failing'; readonly readAt: Instant; readonly cause: unknown }
  | { readonly kind: 'works-again' };

/** Where the last good metadata outlives the process. Its members do not reject. */
export interface MetadataCopies {
  find(now: Instant): Promise<KeptDocument | undefined>;
  keep(document: KeptDocument): Promise<void>;
}

/** A good document, and until when it counts. */
interface Good {
  readonly metadata: IdpMetadata;
  readonly readAt: Instant;
  readonly end: Instant | undefined;
}

const FIRST_RETRY: Seconds = 5;
const LAST_RETRY: Seconds = 5 * MINUTE;
/** However many users try to sign in, an IdP that is down is asked no more often than this. */
const RETRY_ON_DEMAND: Seconds = 2;
/** However many answers with unknown keys arrive, and anyone can send them. */
const DOUBT_PAUSE: Seconds = MINUTE;
/** The metadata of a federation is tens of megabytes, which take seconds to read. */
const LONG_DOUBT_PAUSE: Seconds = 10 * MINUTE;
const RENAMED = 'the metadata of the identity provider now names another entityID';
const OLD = 'the metadata of the identity provider could not be read for 30 days';
export const EXPIRED = 'the metadata of the identity provider has expired (validUntil)';

export class MetadataSource {
  readonly #options: MetadataSourceOptions;
  /** The last valid one; usable until its own end. */
  #good: Good | undefined;
  /** The newest copy; undefined before the first one was read or made. */
  #copy: KeptDocument | undefined;
  #hasRecalled = false;
  #isFailing: boolean;
  #availability: Availability;
  /** Until the first reading is over. Its metadata can be of another IdP than that from before. */
  #isFirst = true;
  #lastFault: unknown;
  #reading: Promise<void> | undefined;
  #readAt: Instant = Number.NEGATIVE_INFINITY;
  #failures: number;
  #timer: NodeJS.Timeout | undefined;
  #closed = false;

  /** Resolves after the first reading, whether it succeeded or not. */
  readonly asked: Promise<void>;

  /** Begins to read it. */
  constructor(options: MetadataSourceOptions) {
    const { before } = options;
    this.#options = options;
    this.#good = before?.good;
    this.#availability = before?.availability ?? { state: 'starting' };
    this.#failures = before?.failures ?? 0;
    this.#isFailing = before?.isFailing ?? false;
    this.asked = this.#read();
  }

  memory(): MetadataMemory {
    return {
      good: this.#good,
      availability: this.#availability,
      failures: this.#failures,
      isFailing: this.#isFailing,
    };
  }

  /** Reads it if it is missing. Throws `connector_unavailable`. */
  async current(): Promise<IdpMetadata> {
    const mayAsk =
      this.#reading !== undefined || this.#now() >= this.#readAt + RETRY_ON_DEMAND * 1000;
    if (this.#usable() === undefined && mayAsk) await this.#read();
    const metadata = this.#usable();
    if (metadata !== undefined) return metadata;
    const availability = this.availability();
    const reason = availability.state === 'unavailable' ? availability.reason : this.#endReason();
    throw new BridgeError('connector_unavailable', reason, { cause: this.#lastFault });
  }

  /** The last valid one, also after its own end; undefined until one was read. */
  known(): IdpMetadata | undefined {
    return this.#good?.metadata;
  }

  /**
   * Reads it again in the background, at most once a minute, or every ten minutes if it describes
   * several entities: the IdP may have a new key.
   */
  refreshSoon(): void {
    const pause = this.#options.location.entityId === undefined ? DOUBT_PAUSE : LONG_DOUBT_PAUSE;
    if (this.#now() >= this.#readAt + pause * 1000) void this.#read();
  }

  availability(): Availability {
    if (this.#availability.state === 'ready' && this.#usable() === undefined) {
      this.#becomeUnavailable(new BridgeError('connector_unavailable', this.#endReason()));
    }
    return this.#availability;
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
  }

  #now(): Instant {
    return this.#options.clock.now();
  }

  #usable(): IdpMetadata | undefined {
    const end = this.#good?.end;
    return end === undefined || this.#now() < end ? this.#good?.metadata : undefined;
  }

  #endReason(): string {
    const { validUntil } = this.#good?.metadata ?? {};
    return validUntil === undefined || this.#now() < validUntil ? OLD : EXPIRED;
  }

  /** One reading at a time; callers in the meantime wait for the same one. Never rejects. */
  #read(): Promise<void> {
    this.#reading ??= this.#readOnce().finally(() => {
      this.#reading = undefined;
      this.#isFirst = false;
      this.#schedule();
    });
    return this.#reading;
  }

  async #readOnce(): Promise<void> {
    this.#readAt = this.#now();
    try {
      const text = await loadMetadata(this.#options);
      if (this.#closed) return;
      const fresh = this.#parsed(text);
      // Users are known by connector and subject: under another IdP they would be other users.
      if (
        !this.#isFirst &&
        this.#good !== undefined &&
        this.#good.metadata.entityId !== fresh.entityId
      )
        throw new BridgeError('connector_unavailable', RENAMED);
      this.#tellSkipped(fresh);
      this.#good = { metadata: fresh, readAt: this.#now(), end: fresh.validUntil };
      this.#failures = 0;
      if (this.#isFailing) this.#options.onReading?.({ kind: 'works-again' });
      this.#isFailing = false;
      this.#become({ state: 'ready' }, undefined);
      await this.#keepCopy(text, fresh);
    } catch (cause) {
      if (this.#closed) return;
      this.#failures += 1;
      if (this.#good === undefined && !this.#hasRecalled) await this.#recall();
      if (this.#usable() === undefined) this.#becomeUnavailable(cause);
      else this.#tellFailing(this.#good!, cause);
    }
  }

  #tellSkipped({ skippedKeys }: IdpMetadata): void {
    const before = this.#isFirst ? [] : (this.#good?.metadata.skippedKeys ?? []);
    if (!isDeepStrictEqual(skippedKeys, before)) this.#options.onSkippedKeys?.(skippedKeys);
  }

  /** Throws `connector_unavailable`. */
  #parsed(text: string): IdpMetadata {
    const metadata = parseIdpMetadata(text);
    if (metadata.validUntil !== undefined && this.#now() >= metadata.validUntil)
      throw new BridgeError('connector_unavailable', EXPIRED);
    return metadata;
  }

  /** At most once a day for the same text: the copy must not grow old while all is well. */
  async #keepCopy(text: string, { validUntil }: IdpMetadata): Promise<void> {
    const now = this.#now();
    if (this.#copy?.text === text && now < this.#copy.readAt + DAY * 1000) return;
    this.#copy = keptDocument(text, { validUntil, now });
    await this.#options.copies?.keep(this.#copy);
  }

  /** Takes the copy of an earlier process, as if it had been read now, but for its time. */
  async #recall(): Promise<void> {
    this.#hasRecalled = true;
    const copy = await this.#options.copies?.find(this.#now());
    if (copy === undefined) return;
    try {
      const { readAt, usableUntil: end } = copy;
      const metadata = this.#parsed(copy.text);
      this.#tellSkipped(metadata);
      this.#good = { metadata, readAt, end };
      this.#copy = copy;
      this.#become({ state: 'ready' }, undefined);
    } catch {
      // This version rejects what an earlier one accepted.
    }
  }

  #tellFailing({ readAt }: Good, cause: unknown): void {
    if (!this.#isFailing) this.#options.onReading?.({ kind: 'failing', readAt, cause });
    this.#isFailing = true;
  }

  #becomeUnavailable(cause: unknown): void {
    const reason = cause instanceof BridgeError ? cause.message : UNREADABLE;
    const since =
      this.#availability.state === 'unavailable' ? this.#availability.since : this.#now();
    this.#become({ state: 'unavailable', reason, since }, cause);
  }

  #become(next: Availability, cause: unknown): void {
    this.#lastFault = cause;
    if (isDeepStrictEqual(next, this.#availability)) return;
    this.#availability = next;
    this.#options.onChange?.(next, cause);
  }

  #schedule(): void {
    clearTimeout(this.#timer);
    if (this.#closed) return;
    const { refreshSeconds = HOUR } = this.#options;
    const backoff = Math.min(FIRST_RETRY * 2 ** (this.#failures - 1), LAST_RETRY, refreshSeconds);
    const seconds = this.#failures === 0 ? refreshSeconds : backoff;
    // Instances that start together do not ask together.
    this.#timer = setTimeout(
      () => this.#read(),
      seconds * 1000 * (0.8 + 0.4 * Math.random()),
    ).unref();
  }
}
