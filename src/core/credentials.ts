/** The AWS triple with its expiration, and the formats that users and tools read. */
import type { Instant } from './time.ts';

/**
 * Temporary credentials from STS. The secret key and the token are secrets: never log them, never
 * put them into an error.
 */
export interface AwsCredentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken: string;
  readonly expiresAt: Instant;
}

/**
 * The formats of the credentials page and of the client; the names of `aws configure
 * export-credentials` where it has one.
 */
export const CREDENTIAL_FORMATS = [
  'env',
  'fish',
  'powershell',
  'windows-cmd',
  'credentials-file',
  'process',
] as const;
export type CredentialFormat = (typeof CREDENTIAL_FORMATS)[number];
