/**
 * Who may call IAM: the signature, which is scoped to the one Region that IAM has in a partition,
 * and the policies of the caller.
 */
import { iamRegion, partitionOfRegion } from '../partitions.ts';
import { addPrincipalKeys, evaluateCaller, principalOf, type Signer } from '../principal.ts';
import { authenticateQuery } from '../query-authentication.ts';
import { commonError } from '../query-error.ts';
import { requestContext } from '../request-context.ts';
import type { Sessions } from '../sessions.ts';
import { NotAuthenticated, readClaim, type SignedRequest } from '../signature-claim.ts';
import type { Iam } from './iam.ts';
import { IamError } from './iam-error.ts';

/**
 * Throws `QueryError`. Credentials of GetSessionToken without MFA are rejected as unknown (STS API
 * reference, GetSessionToken: no IAM API unless MFA was used).
 */
export function authenticateIam(
  request: SignedRequest,
  { world, now }: Iam,
  sessions: Sessions,
): Signer {
  const signer = authenticateQuery(request, 'iam', {
    // A world that has a few Regions only still has IAM.
    world: { ...world, regions: undefined },
    sessions,
    now,
    region: regionFor(request),
  });
  if (signer.kind === 'user' && signer.session !== undefined && signer.session.mfaAt === undefined)
    throw commonError(
      'InvalidClientTokenId',
      'The security token included in the request is invalid',
      'credentials of GetSessionToken without MFA cannot call IAM',
    );
  return signer;
}

/** Of the partition to which the request is scoped. */
function regionFor(request: SignedRequest): string | undefined {
  try {
    const partition = partitionOfRegion(readClaim(request).region);
    return partition === undefined ? undefined : iamRegion(partition);
  } catch (cause) {
    // The authentication tells what is wrong with the claim.
    if (cause instanceof NotAuthenticated) return undefined;
    throw cause;
  }
}

export interface IamAttempt {
  readonly iam: Iam;
  readonly signer: Signer;
  readonly action: string;
  readonly resource: string;
  readonly sourceIp: string;
}

/** Throws `IamError` AccessDenied. */
export function authorizeIam({ iam, signer, action, resource, sourceIp }: IamAttempt): void {
  const now = iam.now();
  const context = addPrincipalKeys(requestContext({ now, sourceIp }), signer, { now });
  const name = `iam:${action}`;
  const decision = evaluateCaller(
    { signer, world: iam.world },
    { action: name, resource },
    context,
  );
  if (decision.allowed) return;
  const because = decision.explicit
    ? `with an explicit deny in ${decision.by.startsWith('i') ? 'an' : 'a'} ${decision.by}`
    : `because no ${decision.by} allows the ${name} action`;
  throw accessDenied(signer, { action, resource }, { because, reason: decision.reason });
}

export function accessDenied(
  signer: Signer,
  { action, resource }: { readonly action: string; readonly resource: string },
  { because, reason }: { readonly because: string; readonly reason: string },
): IamError {
  return new IamError(
    'AccessDenied',
    `User: ${principalOf(signer).arn} is not authorized to perform: iam:${action} on resource: ${resource} ${because}`,
    reason,
  );
}
