/** Proofs of workloads against forged platforms, with a hand-turned clock. */
import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { inspect } from 'node:util';
import type { JwtEntry, WorkloadEntry } from '../../../src/connectors/workloads/entry.ts';
import {
  createWorkloadProofs,
  type WorkloadProofsOptions,
} from '../../../src/connectors/workloads/proofs.ts';
import { BridgeError, type ErrorCode } from '../../../src/core/errors.ts';
import { partitionTable } from '../../../src/core/partitions.ts';
import type { OneTimeKeys, WorkloadProofs } from '../../../src/core/ports.ts';
import type { WorkloadEntryId } from '../../../src/core/workload.ts';
import { createOutbound } from '../../../src/outbound.ts';
import { systemSecrets } from '../../../src/secrets.ts';
import { handTurnedClock } from '../../support/clock.ts';
import { PLATFORM_CLAIMS } from '../../support/platform-claims.ts';
import type { ForgedToken, PlatformForge } from '../../support/platform-forge.ts';
import type { Claims } from '../../support/token-forge.ts';

export const AUDIENCE = 'https://aws.example.com';
/** In every entry, and in no token. */
const SECOND_AUDIENCE = 'urn:acme:internal:second-audience';
export const clock = handTurnedClock();

export const now = (): number => Math.floor(clock.now() / 1000);

/** Tokens are not one-time keys. */
const NO_KEYS: OneTimeKeys = { claim: () => Promise.reject(new Error('nothing is claimed')) };

type IssuerEntry = Extract<JwtEntry, { kind: 'issuer' }>;

export function entryFor(
  { issuer }: Pick<PlatformForge, 'issuer'>,
  changes: Partial<IssuerEntry> = {},
): IssuerEntry {
  return {
    ...{ id: 'ci' as WorkloadEntryId, kind: 'issuer', issuer },
    ...{ audiences: [AUDIENCE, SECOND_AUDIENCE], keys: { kind: 'discovery' } },
    ...changes,
  };
}

export function openProofs(
  t: TestContext,
  entries: readonly WorkloadEntry[],
  overrides: Partial<WorkloadProofsOptions> = {},
): WorkloadProofs {
  const outbound = createOutbound({ timeoutSeconds: 1, maxBytes: 1_000_000 });
  const proofs = createWorkloadProofs({
    ...{ entries, outbound, toAws: outbound, clock },
    ...{ secrets: systemSecrets, partitions: partitionTable(), oneTimeKeys: NO_KEYS },
    ...overrides,
  });
  t.after(async () => {
    await proofs.close();
    await outbound.close();
  });
  return proofs;
}

/** A token of GitHub Actions for the bridge; undefined leaves a claim out. */
export function tokenOf(
  platform: PlatformForge,
  claims: Claims = {},
  forged?: ForgedToken,
): Promise<string> {
  const issued = { iss: platform.issuer, aud: AUDIENCE, at: now() };
  return platform.sign({ ...PLATFORM_CLAIMS.github(issued), ...claims }, forged);
}

/**
 * Checks that the proof is refused, and that no text repeats it or what the configuration expects.
 */
export async function refusal(
  proofs: WorkloadProofs,
  proof: string,
  code: ErrorCode = 'workload_refused',
): Promise<BridgeError> {
  const error = await proofs.verify(proof).then(
    () => assert.fail('the proof was accepted'),
    (thrown: unknown) => thrown,
  );
  assert.ok(error instanceof BridgeError, inspect(error));
  assert.equal(error.code, code, `${error.message} | ${inspect(error.cause)}`);
  for (const secret of proof.split('.').filter(part => part.length > 20)) {
    assert.ok(!inspect(error, { depth: 9 }).includes(secret), 'the error repeats the proof');
  }
  assert.ok(!error.hint.includes(SECOND_AUDIENCE), error.hint);
  return error;
}
