/** The refusals of STS. */
import { QueryError } from './query-error.ts';

/**
 * The codes that STS uses on the wire, with their status (STS API reference and its service model).
 */
const STATUS = {
  AccessDenied: 403,
  ExpiredTokenException: 400,
  IDPCommunicationError: 400,
  IDPRejectedClaim: 403,
  InvalidIdentityToken: 400,
  MalformedPolicyDocument: 400,
  PackedPolicyTooLarge: 400,
  RegionDisabledException: 403,
  ServiceUnavailable: 503,
  ValidationError: 400,
} as const;

export type StsCode = keyof typeof STATUS;

export class StsError extends QueryError {
  override readonly name = 'StsError';

  constructor(code: StsCode, wireMessage: string | undefined, reason?: string) {
    super({ code, status: STATUS[code], wireMessage, reason });
  }
}
