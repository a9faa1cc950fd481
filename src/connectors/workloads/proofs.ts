/**
 * Proofs of workloads (the port `WorkloadProofs`): a token of their platform, or a request that
 * their role of AWS has signed.
 *
 * Owns: which of the two a proof is. Does not own: tokens (signed-token) and the keys of their
 * platforms (platform-keys), signed requests (signed-request) and what STS says of them
 * (caller-identity).
 */
import type { Partitions, StsEndpoint } from '../../core/partitions.ts';
import type { WorkloadProofs } from '../../core/ports.ts';
import { SIGNED_REQUEST_PREFIX } from '../../core/signed-caller.ts';
import { type CallerIdentityParts, verifyCaller } from './caller-identity.ts';
import type { WorkloadEntry } from './entry.ts';
import {
  createPlatformKeys,
  type PlatformKeysOptions,
  type PlatformMemory,
} from './platform-keys.ts';
import { type Platform, verifyToken } from './signed-token.ts';
import { createSignerBudget } from './signer-budget.ts';

export interface WorkloadProofsOptions
  extends PlatformKeysOptions,
    Pick<CallerIdentityParts, 'toAws' | 'secrets' | 'oneTimeKeys'> {
  readonly entries: readonly WorkloadEntry[];
  readonly partitions: Partitions;
}

export interface OpenWorkloadProofs extends WorkloadProofs {
  memory(): readonly PlatformMemory[];
  close(): Promise<void>;
}

/** Begins to read the keys of every platform, and does not wait for them. */
export function createWorkloadProofs(options: WorkloadProofsOptions): OpenWorkloadProofs {
  const { entries, partitions, clock, secrets } = options;
  let isClosed = false;
  const onChange: PlatformKeysOptions['onChange'] = (id, availability) => {
    if (!isClosed) options.onChange?.(id, availability);
  };
  const platforms = entries.flatMap((entry): Platform[] =>
    entry.kind === 'aws-iam'
      ? []
      : [{ entry, keys: createPlatformKeys(entry, { ...options, onChange }) }],
  );
  const callers: CallerIdentityParts = {
    ...options,
    entries: entries.filter(entry => entry.kind === 'aws-iam'),
    budget: createSignerBudget(),
    endpointOf: host => endpointIn(partitions, host),
  };
  for (const { keys } of platforms) keys.newer().catch(() => {});
  return {
    verify: proof =>
      proof.startsWith(SIGNED_REQUEST_PREFIX)
        ? verifyCaller(proof, callers)
        : verifyToken(proof, platforms, { now: clock.now(), secrets }),
    memory: () => platforms.map(({ keys }) => keys.memory()),
    close: async () => {
      isClosed = true;
    },
  };
}

function endpointIn(partitions: Partitions, host: string): StsEndpoint | undefined {
  for (const { stsEndpoint } of Object.values(partitions)) {
    const endpoint = stsEndpoint(host);
    if (endpoint !== undefined) return endpoint;
  }
  return undefined;
}
