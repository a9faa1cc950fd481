/**
 * One refusal has two halves: what STS says on the wire, and the reason, which real STS keeps to
 * itself and this one writes to its log.
 */

/**
 * The codes that STS uses on the wire, with their status (STS API reference and its service model).
 */
const STATUS = {
  AccessDenied: 403,
  ExpiredToken: 403,
  ExpiredTokenException: 400,
  IDPCommunicationError: 400,
  IDPRejectedClaim: 403,
  IncompleteSignature: 400,
  InternalFailure: 500,
  InvalidAction: 400,
  InvalidClientTokenId: 403,
  InvalidIdentityToken: 400,
  MalformedInput: 400,
  MalformedPolicyDocument: 400,
  MissingAuthenticationToken: 403,
  PackedPolicyTooLarge: 400,
  RegionDisabledException: 403,
  ServiceUnavailable: 503,
  SignatureDoesNotMatch: 403,
  Throttling: 400,
  ValidationError: 400,
} as const;

export type StsCode = keyof typeof STATUS;

export class StsError extends Error {
  override readonly name = 'StsError';
  readonly code: StsCode;
  /** Undefined where STS answers without a Message element. */
  readonly wireMessage: string | undefined;
  /** For the local log. Never holds a token, an assertion or a key. */
  readonly reason: string;

  constructor(code: StsCode, wireMessage: string | undefined, reason?: string) {
    super(wireMessage ?? code);
    this.code = code;
    this.wireMessage = wireMessage;
    this.reason = reason ?? wireMessage ?? code;
  }

  get status(): number {
    return STATUS[this.code];
  }
}
