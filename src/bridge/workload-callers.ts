/**
 * Which workload asks, with a proof of its platform or with a workload token.
 *
 * Owns: blocks, proofs that work once, the audit events of what a workload is denied. Does not own:
 * whether a proof is genuine (WorkloadProofs), which roles it leads to (workload-credentials).
 */
import { namedWorkload, type Origin, recordable } from '../core/audit-event.ts';
import { asBridgeError, BridgeError } from '../core/errors.ts';
import type {
  Clock,
  OneTimeKeys,
  Secrets,
  WorkloadBlocks,
  WorkloadProofs,
  WorkloadTokens,
} from '../core/ports.ts';
import type { Subject, WorkloadRequester } from '../core/requester.ts';
import { isTouchDue, TOKEN_PREFIX } from '../core/tokens.ts';
import type { VerifiedWorkload, WorkloadId } from '../core/workload.ts';
import type { WorkloadPolicy } from '../core/workload-policy.ts';
import type { WorkloadToken } from '../core/workload-token.ts';
import type { AskedRole } from './access.ts';
import { recordedRole } from './hand-out.ts';
import type { Recorder } from './recorder.ts';
import type { SharedCredentials } from './shared-credentials.ts';
import { requireToken, UNKNOWN_TOKEN } from './token-callers.ts';

/** A workload that asks, with a proof or with a workload token. */
export interface WorkloadCaller extends WorkloadRequester {
  readonly verified: VerifiedWorkload;
  /** Its token of the bridge; undefined if it came with a proof. */
  readonly token?: WorkloadToken | undefined;
}

export function isWorkload<R extends { readonly subject: Subject }>(
  requester: R | WorkloadCaller,
): requester is WorkloadCaller {
  return requester.subject.kind === 'workload';
}

export interface WorkloadsParts {
  readonly policy: WorkloadPolicy;
  readonly proofs: WorkloadProofs;
  readonly workloadTokens: WorkloadTokens;
  readonly workloadBlocks: WorkloadBlocks;
  readonly oneTimeKeys: OneTimeKeys;
  readonly shared: SharedCredentials;
  readonly recorder: Recorder;
  readonly clock: Clock;
  readonly secrets: Secrets;
}

/** What to do if a workload token is invalid or has expired. */
export const RENEW = 'Exchange a new proof of your platform for another token.';

// ---------------------------------------------------------------- who asks

/** As `Workloads.callerOf`. */
export async function callerOf(
  parts: WorkloadsParts,
  sent: string | undefined,
  origin: Origin,
): Promise<WorkloadCaller> {
  const proof = requireToken(sent);
  if (isWorkloadToken(proof)) return tokenHolder(parts, proof, origin);
  try {
    const verified = await parts.proofs.verify(proof);
    const caller = { ...callerFor(parts, verified, origin), verified };
    await requireNotBlocked(parts, caller);
    return caller;
  } catch (thrown) {
    const error = asBridgeError(thrown);
    if (error.code !== 'workload_blocked')
      await parts.recorder.record(
        { origin },
        { type: 'workload.refused', code: error.code, why: error.message },
      );
    throw error;
  }
}

export function isWorkloadToken(proof: string): boolean {
  return proof.startsWith(TOKEN_PREFIX.workload);
}

async function tokenHolder(
  parts: WorkloadsParts,
  token: string,
  origin: Origin,
): Promise<WorkloadCaller> {
  const { workloadTokens, clock } = parts;
  const now = clock.now();
  const found = await workloadTokens.find(token, now);
  if (found === undefined) throw new BridgeError('token_invalid', UNKNOWN_TOKEN, { hint: RENEW });
  const { record, lastUsedAt } = found;
  if (isTouchDue(lastUsedAt, now))
    await workloadTokens.touch(token, record, { at: now, address: origin.address });
  return {
    ...callerFor(parts, record, origin),
    ...{ verified: record, token: record, workloadToken: record.publicId },
  };
}

function callerFor(
  { policy }: WorkloadsParts,
  { workload }: VerifiedWorkload,
  origin: Origin,
): WorkloadRequester {
  return { subject: { kind: 'workload', workload, isKnown: policy.knows(workload) }, origin };
}

/** Records the refusal. Throws `workload_blocked`. */
export async function requireNotBlocked(
  { workloadBlocks, recorder }: WorkloadsParts,
  requester: WorkloadRequester,
  asked?: AskedRole,
): Promise<void> {
  const { workload } = requester.subject;
  if (!(await workloadBlocks.isBlocked(workload.id))) return;
  const error = new BridgeError('workload_blocked', 'an operator has blocked the workload');
  await recorder.record(requester, {
    type: 'workload.refused',
    // An operator named it, so it is not a stranger, whatever the rules say now.
    workload: namedWorkload(workload),
    ...(asked && recordedRole(asked)),
    ...{ code: error.code, why: error.message },
  });
  throw error;
}

/** As `Workloads.workloadBehind`. */
export async function workloadBehind(
  { workloadTokens, proofs, policy, clock }: WorkloadsParts,
  proof: string,
): Promise<WorkloadId | undefined> {
  if (isWorkloadToken(proof))
    return (await workloadTokens.find(proof, clock.now()))?.record.workload.id;
  // A signed request would be used up.
  if (!/^[\w-]+\.[\w-]+\.[\w-]+$/.test(proof)) return undefined;
  const verified = await proofs.verify(proof).catch(() => undefined);
  return verified !== undefined && policy.knows(verified.workload)
    ? verified.workload.id
    : undefined;
}

// ---------------------------------------------------------------- once

/** Throws `proof_used`, also if the proof cannot be told from others. */
export async function useOnce(
  { oneTimeKeys }: Pick<WorkloadsParts, 'oneTimeKeys'>,
  { workload, tokenId, expiresAt }: VerifiedWorkload,
  rule: string,
): Promise<void> {
  if (tokenId === undefined)
    throw new BridgeError('proof_used', `${rule} accepts each token once, and it has no jti`, {
      hint: 'The rule accepts each token once, and your platform gives tokens without a jti. Give the reference to your administrator.',
    });
  const key = JSON.stringify(['workload token', workload.entry, tokenId]);
  if (await oneTimeKeys.claim(key, expiresAt)) return;
  throw new BridgeError('proof_used', `${rule} accepts each token once, and its jti was used`);
}

// ---------------------------------------------------------------- record

/** Records what a workload was denied; `asked` is undefined at an exchange. */
export async function recordDenial(
  { recorder }: Pick<WorkloadsParts, 'recorder'>,
  caller: WorkloadCaller,
  { asked, error }: { readonly asked?: AskedRole | undefined; readonly error: BridgeError },
): Promise<void> {
  const { workload, isKnown } = caller.subject;
  await recorder.record(caller, {
    type: 'workload.refused',
    ...(!isKnown && { stranger: namedWorkload(workload) }),
    workloadToken: caller.workloadToken,
    ...(asked && recordedRole(asked)),
    ...{ code: error.code, why: error.message },
  });
}

const MAX_TOKEN_ID = 256;

/** `jti` of the token that a workload came with, for the trail. */
export function shownTokenId({ verified }: WorkloadCaller): string | undefined {
  return verified.tokenId && recordable(verified.tokenId, MAX_TOKEN_ID);
}
