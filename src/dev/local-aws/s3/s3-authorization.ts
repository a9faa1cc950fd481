/**
 * Whether a caller may use a bucket: the identity policies and every session policy must allow. A
 * bucket has no policy here, so callers of other accounts are denied.
 */
import { addPrincipalKeys, evaluateCaller, principalOf, type Signer } from '../principal.ts';
import { requestContext } from '../request-context.ts';
import type { World } from '../world.ts';
import type { Bucket } from './buckets.ts';
import { S3Error } from './s3-error.ts';

export interface Access {
  /** `s3:GetObject` */
  readonly action: string;
  /** Undefined for an action on the bucket itself. */
  readonly key?: string;
  /** Condition keys of the action. */
  readonly keys?: Readonly<Record<string, string | undefined>>;
}

interface Attempt {
  readonly bucket: Bucket;
  readonly signer: Signer;
  readonly world: World;
  /** Epoch milliseconds. */
  readonly now: number;
  readonly sourceIp: string;
}

/** Throws `S3Error` AccessDenied. */
export function authorize(attempt: Attempt, { action, key, keys = {} }: Access): void {
  const { bucket, signer, world, now, sourceIp } = attempt;
  const resource = key === undefined ? bucket.arn : `${bucket.arn}/${key}`;
  const { arn, account } = principalOf(signer);
  const denied = (because: string, reason: string): S3Error =>
    new S3Error(
      'AccessDenied',
      `User: ${arn} is not authorized to perform: ${action} on resource: "${resource}" ${because}`,
      { reason },
    );
  if (account.id !== bucket.account.id)
    throw denied(
      `because no resource-based policy allows the ${action} action`,
      `the bucket is of account ${bucket.account.id}`,
    );
  const context = addPrincipalKeys(requestContext({ now, sourceIp }), signer, { now });
  for (const [name, value] of Object.entries(keys)) context.set(name, value);
  const decision = evaluateCaller({ signer, world }, { action, resource }, context);
  if (decision.allowed) return;
  throw denied(
    decision.explicit
      ? `with an explicit deny in ${articleOf(decision.by)} ${decision.by}`
      : `because no ${decision.by} allows the ${action} action`,
    decision.reason,
  );
}

function articleOf(name: string): string {
  return name.startsWith('i') ? 'an' : 'a';
}
