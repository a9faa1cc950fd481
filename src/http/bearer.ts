/**
 * The token of a request (RFC 6750 section 2.1): from the header alone, never from a query or a
 * form, which end up in logs.
 */
import type { Request } from 'express';

/** Undefined when there is none, or none in a form that could be one of ours. */
export function bearerIn(request: Request): string | undefined {
  return /^Bearer +([\w-]{1,128})$/i.exec(request.get('authorization') ?? '')?.[1];
}

/**
 * As AWS SDKs send what is in AWS_CONTAINER_AUTHORIZATION_TOKEN: as it is, with or without the
 * scheme.
 */
export function containerTokenIn(request: Request): string | undefined {
  return /^(?:Bearer +)?([\w-]{1,128})$/i.exec(request.get('authorization') ?? '')?.[1];
}
