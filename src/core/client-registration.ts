/**
 * A client that registered itself (IAM Identity Center `RegisterClient`, in the manner of RFC
 * 7591). Anybody can; it proves nothing.
 */
import type { Instant, Seconds } from './time.ts';

export interface ClientRegistration {
  /** Names the registration in records and the audit trail. */
  readonly publicId: string;
  /** As it called itself. */
  readonly name: string;
  /** Loopback addresses without a port; empty for the device grant. */
  readonly redirectUris: readonly string[];
  readonly issuedAt: Instant;
  readonly expiresAt: Instant;
}

/**
 * The registration is its own client id; AWS tools keep any length, forms and queries must be told
 * one.
 */
export const MAX_CLIENT_ID = 1024;

/** As long as AWS's: clients renew their tokens only as long as their registration lives. */
export const REGISTRATION_SECONDS: Seconds = 90 * 24 * 3600;
