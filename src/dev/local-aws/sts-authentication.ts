/** Who signed a request to STS. */
import { stsRegionOfHost } from './partitions.ts';
import type { Signer } from './principal.ts';
import { authenticateQuery } from './query-authentication.ts';
import type { Sts } from './role-sessions.ts';
import type { SignedRequest } from './signature-claim.ts';

/**
 * Throws `QueryError`. A Host header of AWS binds the scope to its Region: the request was made for
 * that endpoint, and someone relays it.
 */
export function authenticateSts(request: SignedRequest, { world, sessions, now }: Sts): Signer {
  const region = stsRegionOfHost(request.headers.get('host') ?? '');
  return authenticateQuery(request, 'sts', { world, sessions, now, region });
}
