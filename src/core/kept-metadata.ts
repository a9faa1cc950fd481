/** SAML metadata that could be read once, for a start at which it cannot. */
import type { ConnectorId } from './identity.ts';
import { DAY, type Instant, type Seconds } from './time.ts';

/** Which document: another location in the configuration is another one. */
export interface MetadataPlace {
  readonly connector: ConnectorId;
  /** The address or the path, as the configuration has it. */
  readonly location: string;
}

export interface KeptDocument {
  /** As it was read: it is judged again when it is taken. */
  readonly text: string;
  readonly readAt: Instant;
  /** The end of `validUntil` or of the time that a copy counts, whichever is first. */
  readonly usableUntil: Instant;
}

/** A copy that was read earlier may name a key that the provider has withdrawn since. */
const COPY_COUNTS: Seconds = 30 * DAY;

export function keptDocument(
  text: string,
  { validUntil, now }: { readonly validUntil: Instant | undefined; readonly now: Instant },
): KeptDocument {
  const end = now + COPY_COUNTS * 1000;
  return { text, readAt: now, usableUntil: Math.min(end, validUntil ?? end) };
}
