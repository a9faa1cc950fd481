/**
 * What workloads show (the port `WorkloadProofs`): a token of their platform.
 *
 * Owns: which of the two a proof is. Does not own: tokens (signed-token) and the keys of their
 * platforms (platform-keys).
 */
import type { Clock, Secrets, WorkloadProofs } from '../../core/ports.ts';
import type { Outbound } from '../../outbound.ts';
import type { WorkloadEntry } from './entry.ts';
import { createPlatformKeys, type PlatformKeysOptions } from './platform-keys.ts';
import { type Platform, verifyToken } from './signed-token.ts';

export interface WorkloadProofsOptions extends Pick<PlatformKeysOptions, 'onChange'> {
  readonly entries: readonly WorkloadEntry[];
  /** Reaches the platforms that publish keys. */
  readonly outbound: Outbound;
  readonly clock: Clock;
  readonly secrets: Secrets;
}

/** Begins to read the keys of every platform, and does not wait for them. */
export function createWorkloadProofs(
  options: WorkloadProofsOptions,
): WorkloadProofs & { close(): Promise<void> } {
  const { entries, clock, secrets } = options;
  let isClosed = false;
  const platforms = entries.flatMap((entry): Platform[] =>
    entry.kind === 'aws-iam'
      ? []
      : [
          {
            entry,
            keys: createPlatformKeys(entry, {
              ...options,
              onChange: (id, availability) => {
                if (!isClosed) options.onChange?.(id, availability);
              },
            }),
          },
        ],
  );
  for (const { keys } of platforms) keys.current().catch(() => {});
  return {
    verify: proof => verifyToken(proof, platforms, { now: clock.now(), secrets }),
    close: async () => {
      isClosed = true;
    },
  };
}
