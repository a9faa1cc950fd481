/** Who signed a call of a query API (STS, IAM), and the codes and texts of a rejection. */
import { sha256 } from './canonical-request.ts';
import type { Signer } from './principal.ts';
import { commonError, type QueryError } from './query-error.ts';
import { NotAuthenticated, type SignedRequest, type SigningFault } from './signature-claim.ts';
import { type Authentication, authenticate, mismatch, type SigningService } from './sigv4.ts';

const MAX_SKEW_MS = 15 * 60 * 1000;

function signingService(name: 'sts' | 'iam'): SigningService {
  return {
    name,
    linkLife: 'fifteenMinutes',
    pathEncoding: 'twice',
    payload: ({ headers, body }) => {
      const hash = sha256(body);
      if ((headers.get('x-amz-content-sha256') ?? hash) !== hash)
        throw mismatch('x-amz-content-sha256 is not the hash of the body');
      return hash;
    },
  };
}

const SERVICES = { sts: signingService('sts'), iam: signingService('iam') } as const;

/** Throws `QueryError`. */
export function authenticateQuery(
  request: SignedRequest,
  name: keyof typeof SERVICES,
  parts: Omit<Authentication, 'service'>,
): Signer {
  try {
    return authenticate(request, { ...parts, service: SERVICES[name] });
  } catch (cause) {
    if (!(cause instanceof NotAuthenticated)) throw cause;
    throw errorOf(cause.fault, { reason: cause.reason, service: name });
  }
}

const MISMATCH =
  'The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method. Consult the service documentation for details.';

function errorOf(
  fault: SigningFault,
  { reason, service }: { readonly reason: string; readonly service: string },
): QueryError {
  switch (fault.kind) {
    case 'unsigned':
      return commonError('MissingAuthenticationToken', 'Request is missing Authentication Token');
    case 'incomplete':
      return commonError('IncompleteSignature', `Authorization header is not complete: ${reason}`);
    case 'scope':
      return commonError('SignatureDoesNotMatch', scopeText(fault, service), reason);
    case 'scopeDate':
      return commonError(
        'SignatureDoesNotMatch',
        'Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP',
      );
    case 'key':
    case 'token':
      return commonError(
        'InvalidClientTokenId',
        'The security token included in the request is invalid.',
        reason,
      );
    case 'expired':
    case 'linkExpired':
      return commonError('ExpiredToken', 'The security token included in the request is expired');
    case 'late':
    case 'early':
      return commonError('SignatureDoesNotMatch', timeText(fault));
    case 'unsignedHeaders':
    case 'payload':
    case 'mismatch':
      return commonError('SignatureDoesNotMatch', MISMATCH, reason);
  }
}

function scopeText(
  { region, service }: SigningFault & { kind: 'scope' },
  expected: string,
): string {
  return [
    region ? 'Credential should be scoped to a valid region. ' : '',
    service ? `Credential should be scoped to correct service: '${expected}'. ` : '',
  ].join('');
}

function timeText({ kind, claim, now }: SigningFault & { kind: 'late' | 'early' }): string {
  return kind === 'late'
    ? `Signature expired: ${claim.timestamp} is now earlier than ${compact(now - MAX_SKEW_MS)} (${compact(now)} - 15 min.)`
    : `Signature not yet current: ${claim.timestamp} is still later than ${compact(now + MAX_SKEW_MS)} (${compact(now)} + 15 min.)`;
}

/** `20260101T000000Z` */
function compact(time: number): string {
  return new Date(time).toISOString().replace(/[-:]|\.\d{3}/g, '');
}
