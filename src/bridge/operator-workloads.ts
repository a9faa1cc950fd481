/**
 * Workloads as operators see them: which tokens are live, and a workload's access ended or blocked.
 *
 * Owns: the order "block, end, record", the audit events. Credentials that AWS has issued already
 * stay valid until they expire.
 */
import { type NamedWorkload, namedWorkload, type Origin } from '../core/audit-event.ts';
import { BridgeError } from '../core/errors.ts';
import type { Block } from '../core/person-record.ts';
import type { Clock, Secrets, WorkloadBlocks, WorkloadTokens } from '../core/ports.ts';
import { entryOf, type Workload, type WorkloadId, workloadId } from '../core/workload.ts';
import type { WorkloadTokenSummary } from '../core/workload-token.ts';
import type { BlockRequest } from './operator-sessions.ts';
import type { Recorder } from './recorder.ts';

export interface OperatorWorkloadsParts {
  readonly workloadTokens: WorkloadTokens;
  readonly workloadBlocks: WorkloadBlocks;
  readonly recorder: Recorder;
  readonly clock: Clock;
  readonly secrets: Pick<Secrets, 'digest'>;
}

export interface OperatorWorkloads {
  /** The workload of an entry and a subject there, known or not. */
  of(named: Pick<Workload, 'entry' | 'subject'>): NamedWorkload;
  /** The workload of an id, from its live tokens or its block; undefined if it has neither. */
  find(id: WorkloadId): Promise<NamedWorkload | undefined>;
  /** Live tokens, newest first, at most 5,000; of one workload, or of all. */
  tokens(id: WorkloadId | undefined): Promise<readonly WorkloadTokenSummary[]>;
  /** Every blocked workload, newest block first. */
  blocked(): Promise<readonly (NamedWorkload & Block)[]>;
  /** Ends every token of a workload, and gives them. */
  end(workload: NamedWorkload, origin: Origin): Promise<readonly WorkloadTokenSummary[]>;
  /** Ends one token. Throws `not_found`. */
  endToken(publicId: string, origin: Origin): Promise<WorkloadTokenSummary>;
  /**
   * Blocks a workload, and ends every token of it. `isNew` is false if it was blocked already; the
   * first block stays as it is.
   */
  block(
    workload: NamedWorkload,
    request: BlockRequest,
    origin: Origin,
  ): Promise<{ readonly isNew: boolean; readonly ended: readonly WorkloadTokenSummary[] }>;
  /** False if the workload was not blocked. */
  unblock(
    workload: NamedWorkload,
    request: Pick<BlockRequest, 'reason'>,
    origin: Origin,
  ): Promise<boolean>;
}

/** A workload of which the bridge knows only the id. */
export function unknownWorkload(id: WorkloadId): NamedWorkload {
  return { workload: id, entry: entryOf(id), subject: id };
}

export function createOperatorWorkloads(parts: OperatorWorkloadsParts): OperatorWorkloads {
  const { workloadTokens, workloadBlocks, clock, secrets } = parts;
  return {
    of: named => namedWorkload({ ...named, id: workloadId(named, secrets.digest) }),
    find: id => find(parts, id),
    tokens: id => workloadTokens.list(clock.now(), id),
    blocked: () => workloadBlocks.list(),
    end: (workload, origin) => end(parts, workload, origin),
    endToken: (publicId, origin) => endToken(parts, publicId, origin),
    block: (workload, request, origin) => block(parts, workload, { ...request, origin }),
    unblock: (workload, request, origin) => unblock(parts, workload, { ...request, origin }),
  };
}

async function find(
  { workloadTokens, workloadBlocks, clock }: OperatorWorkloadsParts,
  id: WorkloadId,
): Promise<NamedWorkload | undefined> {
  const [token] = await workloadTokens.list(clock.now(), id);
  const found = token ?? (await workloadBlocks.list()).find(({ workload }) => workload === id);
  return found && named(found);
}

function named({ workload, entry, subject }: NamedWorkload): NamedWorkload {
  return { workload, entry, subject };
}

async function end(
  { workloadTokens, recorder }: OperatorWorkloadsParts,
  { workload }: NamedWorkload,
  origin: Origin,
): Promise<readonly WorkloadTokenSummary[]> {
  const ended = await workloadTokens.revokeAllOf(workload);
  await Promise.all(ended.map(token => recordRevoked(recorder, token, origin)));
  return ended;
}

async function endToken(
  { workloadTokens, recorder }: OperatorWorkloadsParts,
  publicId: string,
  origin: Origin,
): Promise<WorkloadTokenSummary> {
  const ended = await workloadTokens.revoke(publicId);
  if (ended === undefined)
    throw new BridgeError('not_found', 'unknown workload token', { hint: WHICH_TOKENS });
  await recordRevoked(recorder, ended, origin);
  return ended;
}

const WHICH_TOKENS =
  'It may have ended already. List the live tokens with: rolebridge-server sessions --workloads';

async function recordRevoked(
  recorder: Recorder,
  token: WorkloadTokenSummary,
  origin: Origin,
): Promise<void> {
  const { publicId } = token;
  await recorder.record(
    { origin },
    {
      type: 'workload-token.revoked',
      ...{ workload: named(token), workloadToken: publicId, by: 'operator' },
    },
  );
}

async function block(
  { workloadBlocks, recorder, clock }: OperatorWorkloadsParts,
  workload: NamedWorkload,
  { by, reason, origin }: BlockRequest & { readonly origin: Origin },
): ReturnType<OperatorWorkloads['block']> {
  const at = clock.now();
  const blocked = await workloadBlocks.block(workload, { at, by, reason });
  // Also when it was blocked already: what failed the first time may have been its record.
  const workloadTokens = blocked.ended.map(({ publicId }) => publicId);
  await recorder.record(
    { origin },
    { type: 'workload.blocked', ...{ at, workload, reason, workloadTokens } },
  );
  return blocked;
}

async function unblock(
  { workloadBlocks, recorder }: OperatorWorkloadsParts,
  workload: NamedWorkload,
  { reason, origin }: Pick<BlockRequest, 'reason'> & { readonly origin: Origin },
): Promise<boolean> {
  const wasBlocked = await workloadBlocks.unblock(workload.workload);
  if (!wasBlocked) return false;
  await recorder.record({ origin }, { type: 'workload.unblocked', workload, reason });
  return true;
}
