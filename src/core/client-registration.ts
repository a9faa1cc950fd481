/**
 * A client that registered itself (IAM Identity Center `RegisterClient`, similar to RFC 7591).
 * Anyone can register; it proves nothing.
 */
import type { Instant, Seconds } from './time.ts';

export interface ClientRegistration {
  /** Names the registration in records and the audit trail. */
  readonly publicId: string;
  /** The name that the client gave. */
  readonly name: string;
  /** Loopback addresses without a port; empty for the device grant. */
  readonly redirectUris: readonly string[];
  readonly issuedAt: Instant;
  readonly expiresAt: Instant;
}

/**
 * The client id is the registration itself. AWS tools store any length; forms and queries need a
 * limit.
 */
export const MAX_CLIENT_ID = 1024;

/** As at AWS: clients renew their tokens only until their registration expires. */
export const REGISTRATION_SECONDS: Seconds = 90 * 24 * 3600;
