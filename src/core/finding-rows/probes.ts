/** Findings about roles that were tried by the real call. */
import type { FindingRows } from '../finding-row.ts';

export const PROBE_FINDINGS = {
  'probes.ok': { level: 'ok', title: 'In order' },
} satisfies FindingRows;
