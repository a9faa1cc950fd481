/**
 * What `doctor` finds between the identity provider and a role: one row for each kind, with how bad
 * it is. The rows are in finding-rows/, by what was looked at.
 */
import type { FindingLevel, FindingRows } from './finding-row.ts';
import { ADDRESS_FINDINGS } from './finding-rows/address.ts';
import { CONNECTOR_FINDINGS } from './finding-rows/connectors.ts';
import { HOST_FINDINGS } from './finding-rows/host.ts';
import { IAM_FINDINGS } from './finding-rows/iam.ts';
import { PROBE_FINDINGS } from './finding-rows/probes.ts';

export const FINDINGS = {
  ...HOST_FINDINGS,
  ...CONNECTOR_FINDINGS,
  ...ADDRESS_FINDINGS,
  ...PROBE_FINDINGS,
  ...IAM_FINDINGS,
} satisfies FindingRows;

export type FindingId = keyof typeof FINDINGS;

export interface Finding {
  readonly id: FindingId;
  /** What was looked at: `prod/Admin`, `connector okta`, `certs/saml.pem`. */
  readonly subject: string;
  /** What was found there, as a sentence. */
  readonly message: string;
  /** What to do next, as a sentence; undefined if nothing is to be done. */
  readonly fix?: string | undefined;
  /** For a value that is not as it must be: what the bridge needs or sends, and what is there. */
  readonly expected?: string | undefined;
  readonly found?: string | undefined;
}

export function levelOf({ id }: Pick<Finding, 'id'>): FindingLevel {
  return FINDINGS[id].level;
}
