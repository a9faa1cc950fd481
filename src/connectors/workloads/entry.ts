/** What an operator has configured of a platform, as far as its proofs concern it. */
import { BridgeError } from '../../core/errors.ts';
import type { WorkloadEntryId } from '../../core/workload.ts';

/** Where a JSON Web Key Set is read. `file` is an absolute path. */
export type KeySetLocation =
  | { readonly kind: 'url'; readonly url: string }
  | { readonly kind: 'file'; readonly file: string };

export type JwtEntry = {
  readonly id: WorkloadEntryId;
  /** A token must have one of them, and no other. */
  readonly audiences: readonly string[];
} & (
  | {
      readonly kind: 'issuer';
      /** Compared with `iss` byte by byte. */
      readonly issuer: string;
      readonly keys: { readonly kind: 'discovery' } | KeySetLocation;
    }
  | { readonly kind: 'spiffe'; readonly trustDomain: string; readonly keys: KeySetLocation }
);

export interface IamEntry {
  readonly id: WorkloadEntryId;
  readonly kind: 'aws-iam';
  readonly audience: string;
}

export type WorkloadEntry = JwtEntry | IamEntry;

/** Far beyond the longest honest proof; tokens of Kubernetes and CI have one to three thousand. */
export const MAX_CHARACTERS = 20_000;

/** A check that a proof did not pass. */
export interface Refusal {
  /** For the operator: what was checked, with nothing of the proof but its own short claims. */
  readonly why: string;
  /**
   * For the caller, who can be anyone: it names what they sent, and never what the configuration
   * expects.
   */
  readonly hint: string;
}

/** The error `workload_refused`; `entry` is undefined if no entry fits the proof. */
export function refused({ why, hint }: Refusal, entry?: WorkloadEntryId): BridgeError {
  const of = entry === undefined ? 'the proof of a workload' : `a proof for workloads.${entry}`;
  return new BridgeError('workload_refused', `${of} was rejected: ${why}`, { hint });
}
