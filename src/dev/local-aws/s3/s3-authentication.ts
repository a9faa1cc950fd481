/** Who signed a request to S3, and the codes and texts with which S3 rejects one. */
import { sha256 } from '../canonical-request.ts';
import type { Signer } from '../principal.ts';
import type { Sessions } from '../sessions.ts';
import {
  type Claim,
  NotAuthenticated,
  type SignedRequest,
  type SigningFault,
} from '../signature-claim.ts';
import { authenticate, type SigningService } from '../sigv4.ts';
import type { World } from '../world.ts';
import { S3Error } from './s3-error.ts';

const UNSIGNED = 'UNSIGNED-PAYLOAD';

const S3: SigningService = {
  name: 's3',
  linkLife: 'asSigned',
  pathEncoding: 'once',
  payload: ({ headers, body }, { inQuery }) => {
    const claimed = headers.get('x-amz-content-sha256') ?? (inQuery ? UNSIGNED : undefined);
    if (claimed === UNSIGNED) return claimed;
    if (claimed === undefined)
      throw new NotAuthenticated({ kind: 'payload', missing: true }, 'no x-amz-content-sha256');
    if (claimed !== sha256(body))
      throw new NotAuthenticated(
        { kind: 'payload', missing: false },
        'x-amz-content-sha256 is not the hash of the body',
      );
    return claimed;
  },
};

interface Parts {
  readonly world: World;
  readonly sessions: Sessions;
  readonly now: () => number;
  /** Of the bucket; undefined for an unknown bucket. */
  readonly region: string | undefined;
}

/** Throws `S3Error`. */
export function authenticateS3(request: SignedRequest, parts: Parts): Signer {
  try {
    return authenticate(request, { ...parts, service: S3 });
  } catch (cause) {
    if (!(cause instanceof NotAuthenticated)) throw cause;
    throw s3ErrorOf(cause.fault, cause.reason);
  }
}

function s3ErrorOf(fault: SigningFault, reason: string): S3Error {
  switch (fault.kind) {
    case 'unsigned':
      return new S3Error('AccessDenied', 'Access Denied', { reason: 'the request is not signed' });
    case 'incomplete':
      return fault.inQuery
        ? new S3Error('AuthorizationQueryParametersError', reason)
        : headerMalformed(reason);
    case 'scope':
      return scopeError(fault, reason);
    case 'scopeDate':
      return headerMalformed('Invalid credential date. Date is not the same as X-Amz-Date.');
    case 'key':
      return new S3Error(
        'InvalidAccessKeyId',
        'The AWS Access Key Id you provided does not exist in our records.',
        { elements: { AWSAccessKeyId: fault.accessKeyId }, reason },
      );
    case 'token':
      return new S3Error('InvalidToken', 'The provided token is malformed or otherwise invalid.', {
        reason,
      });
    case 'expired':
      return new S3Error('ExpiredToken', 'The provided token has expired.');
    case 'late':
    case 'early':
      return skewed(fault);
    case 'linkExpired':
      return new S3Error('AccessDenied', 'Request has expired');
    case 'unsignedHeaders':
      return new S3Error(
        'AccessDenied',
        'There were headers present in the request which were not signed',
        { elements: { HeadersNotSigned: fault.names.join(', ') || 'host' }, reason },
      );
    case 'payload':
      return fault.missing
        ? new S3Error(
            'InvalidRequest',
            'Missing required header for this request: x-amz-content-sha256',
          )
        : new S3Error(
            'XAmzContentSHA256Mismatch',
            "The provided 'x-amz-content-sha256' header does not match what was computed.",
          );
    case 'mismatch':
      return new S3Error(
        'SignatureDoesNotMatch',
        'The request signature we calculated does not match the signature you provided. Check your key and signing method.',
        { reason },
      );
  }
}

function headerMalformed(detail: string, region?: string): S3Error {
  return new S3Error(
    'AuthorizationHeaderMalformed',
    `The authorization header is malformed; ${detail}`,
    { elements: { Region: region } },
  );
}

function scopeError(
  { service, claim, expected }: SigningFault & { kind: 'scope' },
  reason: string,
): S3Error {
  if (service)
    return headerMalformed(`incorrect service "${claim.service}". This endpoint belongs to "s3".`);
  const detail =
    expected === undefined
      ? `the region '${claim.region}' is wrong`
      : `the region '${claim.region}' is wrong; expecting '${expected}'`;
  const { code, message, elements } = headerMalformed(detail, expected);
  return new S3Error(code, message, { elements, reason });
}

function skewed({ claim, now }: { readonly claim: Claim; readonly now: number }): S3Error {
  return new S3Error(
    'RequestTimeTooSkewed',
    'The difference between the request time and the current time is too large.',
    {
      elements: {
        RequestTime: claim.timestamp,
        ServerTime: new Date(now).toISOString().replace(/\.\d{3}/, ''),
        MaxAllowedSkewMilliseconds: 900_000,
      },
    },
  );
}
