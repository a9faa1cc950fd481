/**
 * The token of a request (RFC 6750 section 2.1): from the header alone, never from a query or a
 * form, which end up in logs.
 */
import type { Request } from 'express';
import type { ShownToken } from '../bridge/proofs.ts';
import { BridgeError } from '../core/errors.ts';
import { proofIn } from './proof.ts';

/**
 * The token of a login, with the proof that comes with the scheme DPoP (RFC 9449 section 7).
 * Undefined if there is none, or none in the form of our tokens.
 */
export function shownTokenIn(request: Request, baseUrl: string): ShownToken | undefined {
  const [, scheme, token] = LOGIN_TOKEN.exec(request.get('authorization') ?? '') ?? [];
  if (scheme === undefined || token === undefined) return undefined;
  return scheme.toLowerCase() === 'dpop' ? { token, proof: proofIn(request, baseUrl) } : { token };
}

const LOGIN_TOKEN = /^(Bearer|DPoP) +([\w-]{1,128})$/i;

/** Any token in the header, whatever its scheme; unverified. */
export function anyTokenIn(request: Request): string | undefined {
  return /^(?:(?:Bearer|DPoP) +)?([\w-]{1,128})$/i.exec(request.get('authorization') ?? '')?.[1];
}

const AWS_TOKEN_HEADER = 'x-amz-sso_bearer_token';

/** The token that AWS tools send to the SSO portal. */
export function awsTokenIn(request: Request): string | undefined {
  return request.get(AWS_TOKEN_HEADER);
}

/** Throws `token_invalid`. */
export function requireAwsToken(request: Request): string {
  const sent = awsTokenIn(request);
  if (sent !== undefined) return sent;
  throw new BridgeError(
    'token_invalid',
    `no ${AWS_TOKEN_HEADER} arrived; nginx drops headers with an underscore unless it is told not to`,
  );
}

/**
 * The proof of a workload (a token of its platform, or a signed request), or a workload token. It
 * comes with or without the scheme: AWS SDKs send the content of
 * AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE as it is.
 */
export function workloadProofIn(request: Request): string | undefined {
  return /^(?:Bearer +)?([\w.~+/=-]{1,12288})$/i.exec(request.get('authorization') ?? '')?.[1];
}

/**
 * As AWS SDKs send what is in AWS_CONTAINER_AUTHORIZATION_TOKEN: as it is, with or without the
 * scheme.
 */
export function containerTokenIn(request: Request): string | undefined {
  return /^(?:Bearer +)?([\w-]{1,128})$/i.exec(request.get('authorization') ?? '')?.[1];
}
