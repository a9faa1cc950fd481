/**
 * What a query API (STS, IAM) answers when it rejects a call. One refusal has two halves: what AWS
 * says on the wire, and the reason, which AWS keeps to itself and the local AWS writes to its log.
 */

export interface Refusal {
  readonly code: string;
  readonly status: number;
  /** Undefined where AWS answers without a Message element. */
  readonly wireMessage: string | undefined;
  /** For the local log. Never holds a token, an assertion or a key. */
  readonly reason?: string | undefined;
}

export class QueryError extends Error {
  override readonly name: string = 'QueryError';
  readonly code: string;
  readonly status: number;
  readonly wireMessage: string | undefined;
  readonly reason: string;

  constructor({ code, status, wireMessage, reason }: Refusal) {
    super(wireMessage ?? code);
    this.code = code;
    this.status = status;
    this.wireMessage = wireMessage;
    this.reason = reason ?? wireMessage ?? code;
  }
}

/** The codes that every query API has, with their status (AWS API reference, "Common errors"). */
const COMMON = {
  ExpiredToken: 403,
  IncompleteSignature: 400,
  InternalFailure: 500,
  InvalidAction: 400,
  InvalidClientTokenId: 403,
  MalformedInput: 400,
  MissingAuthenticationToken: 403,
  SignatureDoesNotMatch: 403,
  Throttling: 400,
  ValidationError: 400,
} as const;

export type CommonCode = keyof typeof COMMON;

export function commonError(
  code: CommonCode,
  wireMessage: string | undefined,
  reason?: string,
): QueryError {
  return new QueryError({ code, status: COMMON[code], wireMessage, reason });
}
