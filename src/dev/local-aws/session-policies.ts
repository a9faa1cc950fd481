/**
 * Session policies: what a caller passes to narrow a session down, and the room that they and the
 * tags take.
 */
import { deflateRawSync } from 'node:zlib';
import { parseArn } from './identifiers.ts';
import { type IdentityPolicy, identityPolicy } from './policy-document.ts';
import type { SessionTags } from './session-tags.ts';
import { JsonRefused, parseStrictJson } from './strict-json.ts';
import { StsError } from './sts-error.ts';
import type { Role } from './world.ts';

const MAX_PLAINTEXT = 2048;
/**
 * How AWS packs is not published. This stands in for it: the deflated size against a fixed room.
 */
const ROOM_BYTES = 2048;

export interface SessionPolicyRequest {
  readonly Policy: string | undefined;
  readonly PolicyArns: readonly { readonly arn: string }[];
}

/**
 * Undefined when no policy was passed. What is inside a managed policy is not known here, so it
 * grants nothing when the session itself assumes a role. Throws `StsError`.
 */
export function readSessionPolicies(
  { Policy, PolicyArns }: SessionPolicyRequest,
  role: Role,
): readonly IdentityPolicy[] | undefined {
  for (const { arn } of PolicyArns) {
    const parsed = parseArn(arn);
    if (parsed === undefined || parsed.service !== 'iam' || !parsed.resource.startsWith('policy/'))
      throw new StsError('ValidationError', `${arn} is invalid`);
    if (
      parsed.partition !== role.account.partition.name ||
      (parsed.account !== 'aws' && parsed.account !== role.account.id)
    ) {
      throw new StsError(
        'ValidationError',
        `${arn} is invalid`,
        'a managed session policy must be of the account of the role',
      );
    }
  }
  const plaintext =
    (Policy?.length ?? 0) + PolicyArns.reduce((sum, { arn }) => sum + arn.length, 0);
  if (plaintext > MAX_PLAINTEXT) {
    throw new StsError(
      'PackedPolicyTooLarge',
      `Packed policy consumes ${Math.ceil((plaintext / MAX_PLAINTEXT) * 100)}% of allotted space, please use smaller policy.`,
    );
  }
  if (Policy === undefined) return PolicyArns.length > 0 ? [] : undefined;
  return [parseDocument(Policy)];
}

function parseDocument(text: string): IdentityPolicy {
  let value: unknown;
  try {
    value = parseStrictJson(text);
  } catch (cause) {
    if (!(cause instanceof JsonRefused)) throw cause;
    const message = 'This policy contains invalid Json';
    throw new StsError('MalformedPolicyDocument', message, cause.message);
  }
  const parsed = identityPolicy.safeParse(value);
  if (parsed.success) return parsed.data;
  throw new StsError(
    'MalformedPolicyDocument',
    'Syntax errors in policy.',
    parsed.error.issues.map(issue => `${issue.path.join('.')}: ${issue.message}`).join('; '),
  );
}

/**
 * Per cent of the room; undefined when neither policy nor tags were passed. Throws `StsError`
 * PackedPolicyTooLarge.
 */
export function packedSize(
  policies: SessionPolicyRequest,
  { tags, transitiveKeys }: SessionTags,
): number | undefined {
  const policyText = [policies.Policy ?? '', ...policies.PolicyArns.map(({ arn }) => arn)]
    .join('\n')
    .trim();
  const tagText = [...tags.map(({ key, value }) => `${key}=${value}`), ...transitiveKeys].join(
    '\n',
  );
  if (policyText === '' && tagText === '') return undefined;
  const percent = Math.ceil(
    (deflateRawSync(`${policyText}\n${tagText}`).byteLength / ROOM_BYTES) * 100,
  );
  if (percent > 100)
    throw tooLarge(policyText === '' ? 'Packed size of session tags' : 'Packed policy', percent);
  return percent;
}

export function tooLarge(what: string, percent: number): StsError {
  return new StsError(
    'PackedPolicyTooLarge',
    `${what} consumes ${percent}% of allotted space${what === 'Packed policy' ? ', please use smaller policy' : ''}.`,
  );
}
