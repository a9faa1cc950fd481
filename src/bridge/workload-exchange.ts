/**
 * A proof of a platform in exchange for a token of the bridge (RFC 8693), and the end of such a
 * token.
 */
import { namedWorkload } from '../core/audit-event.ts';
import { asBridgeError, BridgeError } from '../core/errors.ts';
import type { Requester } from '../core/requester.ts';
import type { Instant } from '../core/time.ts';
import { TOKEN_PREFIX } from '../core/tokens.ts';
import type { WorkloadEntitlement } from '../core/workload-rule.ts';
import {
  MOST_WORKLOAD_TOKENS,
  WORKLOAD_TOKEN_SECONDS,
  type WorkloadToken,
  type WorkloadTokenSummary,
} from '../core/workload-token.ts';
import {
  callerOf,
  isWorkloadToken,
  recordDenial,
  shownTokenId,
  useOnce,
  type WorkloadCaller,
  type WorkloadsParts,
} from './workload-callers.ts';
import { rolesFor } from './workload-credentials.ts';

export interface ExchangeRequest {
  /** The subject token. */
  readonly proof: string;
  /** The ARN of the only role that the token is wanted for; undefined means every role. */
  readonly resource?: string | undefined;
}

export interface IssuedWorkloadToken {
  /** A secret. */
  readonly token: string;
  readonly expiresAt: Instant;
}

/** As `Workloads.exchange`. */
export async function exchange(
  parts: WorkloadsParts,
  requester: Requester,
  { proof, resource }: ExchangeRequest,
): Promise<IssuedWorkloadToken> {
  if (isWorkloadToken(proof))
    throw new BridgeError('bad_request', 'a token of the bridge cannot be exchanged again', {
      hint: 'Send a token of your platform. A token of the bridge cannot be exchanged again.',
    });
  const caller = await callerOf(parts, proof, requester.origin);
  try {
    const roles = wantedOf(rolesFor(parts, caller), resource);
    const once = roles.find(({ rule }) => rule.once);
    if (once !== undefined) await useOnce(parts, caller.verified, once.rule.name);
    return await issue(parts, caller, { roles, isOnce: once !== undefined });
  } catch (thrown) {
    const error = asBridgeError(thrown);
    await recordDenial(parts, caller, { error });
    throw error;
  }
}

/** Throws `workload_role_denied`. */
function wantedOf(
  roles: readonly WorkloadEntitlement[],
  resource: string | undefined,
): readonly WorkloadEntitlement[] {
  const wanted = resource === undefined ? roles : roles.filter(({ arn }) => arn === resource);
  if (wanted.length > 0) return wanted;
  throw resource === undefined
    ? new BridgeError('workload_role_denied', 'no rule gives the workload any role', {
        hint: 'No rule fits the claims of the workload. Ask your administrator for one, and give them the reference.',
      })
    : new BridgeError('workload_role_denied', 'the resource is not a role of the workload', {
        hint: 'The resource is not the ARN of a role that a rule gives to this workload.',
      });
}

/** What a new token gives. */
interface Worth {
  readonly roles: readonly WorkloadEntitlement[];
  /** Whether the proof was used up for it. */
  readonly isOnce: boolean;
}

/** Throws `limit_reached`, `workload_blocked`. */
async function issue(
  parts: WorkloadsParts,
  caller: WorkloadCaller,
  worth: Worth,
): Promise<IssuedWorkloadToken> {
  const { roles } = worth;
  const { workloadTokens, recorder, secrets } = parts;
  const token = TOKEN_PREFIX.workload + secrets.token();
  const made = newToken(parts, caller, worth);
  const outcome = await workloadTokens.create(token, made, MOST_WORKLOAD_TOKENS);
  // An operator was faster than the exchange.
  if (outcome === 'blocked')
    throw new BridgeError('workload_blocked', 'an operator has blocked the workload');
  if (outcome === 'full')
    throw new BridgeError('limit_reached', `it has ${MOST_WORKLOAD_TOKENS} live tokens`, {
      hint: `A workload has at most ${MOST_WORKLOAD_TOKENS} live tokens. Wait until some have expired, or send the proof itself.`,
    });
  const { publicId, expiresAt } = made.record;
  await recorder.recordOrUndo(
    caller,
    {
      type: 'workload-token.issued',
      workloadToken: publicId,
      tokenId: shownTokenId(caller),
      roles: roles.slice(0, MOST_NAMED).map(({ account, role }) => `${account.name}/${role}`),
      roleCount: roles.length,
      expiresAt,
    },
    () => workloadTokens.revoke(publicId),
  );
  return { token, expiresAt };
}

const MOST_NAMED = 50;

function newToken(
  { clock, secrets }: WorkloadsParts,
  { verified, subject, origin }: WorkloadCaller,
  { roles, isOnce }: Worth,
): { readonly record: WorkloadToken; readonly summary: WorkloadTokenSummary } {
  const createdAt = clock.now();
  const expiresAt = createdAt + WORKLOAD_TOKEN_SECONDS * 1000;
  const publicId = secrets.publicId();
  return {
    record: {
      ...verified,
      ...{ publicId, expiresAt },
      ...(isOnce && { isOnce }),
      roles: roles.map(({ account, role }) => ({ account: account.id, role })),
    },
    summary: {
      ...namedWorkload(subject.workload),
      ...{ publicId, roleCount: roles.length, createdAt, expiresAt },
      address: origin.address,
    },
  };
}

/** As `Workloads.revoke`. */
export async function revoke(
  { workloadTokens, recorder, clock }: WorkloadsParts,
  requester: Requester,
  token: string,
): Promise<void> {
  const found = await workloadTokens.find(token, clock.now());
  if (found === undefined) return;
  const { workload, publicId } = found.record;
  if ((await workloadTokens.revoke(publicId)) === undefined) return;
  await recorder.recordEnd(requester, {
    type: 'workload-token.revoked',
    workload: namedWorkload(workload),
    ...{ workloadToken: publicId, by: 'client' },
  });
}
