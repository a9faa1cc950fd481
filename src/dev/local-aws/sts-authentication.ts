/** Who signed a request to STS, and the codes and texts with which STS rejects one. */
import { sha256 } from './canonical-request.ts';
import { stsRegionOfHost } from './partitions.ts';
import type { Signer } from './principal.ts';
import type { Sts } from './role-sessions.ts';
import { NotAuthenticated, type SignedRequest, type SigningFault } from './signature-claim.ts';
import { authenticate, mismatch, type SigningService } from './sigv4.ts';
import { StsError } from './sts-error.ts';

const MAX_SKEW_MS = 15 * 60 * 1000;

const STS: SigningService = {
  name: 'sts',
  linkLife: 'fifteenMinutes',
  pathEncoding: 'twice',
  payload: ({ headers, body }) => {
    const hash = sha256(body);
    if ((headers.get('x-amz-content-sha256') ?? hash) !== hash)
      throw mismatch('x-amz-content-sha256 is not the hash of the body');
    return hash;
  },
};

/**
 * Throws `StsError`. A Host header of AWS binds the scope to its Region: the request was made for
 * that endpoint, and someone relays it.
 */
export function authenticateSts(request: SignedRequest, { world, sessions, now }: Sts): Signer {
  const region = stsRegionOfHost(request.headers.get('host') ?? '');
  try {
    return authenticate(request, { world, sessions, now, service: STS, region });
  } catch (cause) {
    if (!(cause instanceof NotAuthenticated)) throw cause;
    throw stsErrorOf(cause.fault, cause.reason);
  }
}

const MISMATCH =
  'The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method. Consult the service documentation for details.';

function stsErrorOf(fault: SigningFault, reason: string): StsError {
  switch (fault.kind) {
    case 'unsigned':
      return new StsError('MissingAuthenticationToken', 'Request is missing Authentication Token');
    case 'incomplete':
      return new StsError('IncompleteSignature', `Authorization header is not complete: ${reason}`);
    case 'scope':
      return new StsError('SignatureDoesNotMatch', scopeText(fault), reason);
    case 'scopeDate':
      return new StsError(
        'SignatureDoesNotMatch',
        'Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP',
      );
    case 'key':
    case 'token':
      return new StsError(
        'InvalidClientTokenId',
        'The security token included in the request is invalid.',
        reason,
      );
    case 'expired':
    case 'linkExpired':
      return new StsError('ExpiredToken', 'The security token included in the request is expired');
    case 'late':
    case 'early':
      return new StsError('SignatureDoesNotMatch', timeText(fault));
    case 'unsignedHeaders':
    case 'payload':
    case 'mismatch':
      return new StsError('SignatureDoesNotMatch', MISMATCH, reason);
  }
}

function scopeText({ region, service }: SigningFault & { kind: 'scope' }): string {
  return [
    region ? 'Credential should be scoped to a valid region. ' : '',
    service ? "Credential should be scoped to correct service: 'sts'. " : '',
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
