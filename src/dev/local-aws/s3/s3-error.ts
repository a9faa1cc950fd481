/**
 * A rejection by S3: what it says on the wire, and the reason for the local log.
 */
import type { XmlTree } from '../xml-writer.ts';

/** The codes that S3 uses on the wire, with their status ("Error responses"). */
const STATUS = {
  AccessDenied: 403,
  AccessForbidden: 403,
  AuthorizationHeaderMalformed: 400,
  AuthorizationQueryParametersError: 400,
  BadRequest: 400,
  EntityTooLarge: 400,
  ExpiredToken: 400,
  InternalError: 500,
  InvalidAccessKeyId: 403,
  InvalidArgument: 400,
  InvalidRequest: 400,
  InvalidToken: 400,
  NoSuchBucket: 404,
  NoSuchKey: 404,
  NotImplemented: 501,
  RequestTimeTooSkewed: 403,
  SignatureDoesNotMatch: 403,
  XAmzContentSHA256Mismatch: 400,
} as const;

export type S3Code = keyof typeof STATUS;

interface Details {
  /** More elements of the answer. */
  readonly elements?: XmlTree;
  readonly reason?: string;
}

export class S3Error extends Error {
  override readonly name = 'S3Error';
  readonly code: S3Code;
  readonly elements: XmlTree;
  /** For the local log. Never contains a token or a key. */
  readonly reason: string;

  constructor(code: S3Code, message: string, { elements = {}, reason = message }: Details = {}) {
    super(message);
    this.code = code;
    this.elements = elements;
    this.reason = reason;
  }

  get status(): number {
    return STATUS[this.code];
  }
}
