/** Findings about this host: files, keys, store, clock. */
import type { FindingRows } from '../finding-row.ts';

export const HOST_FINDINGS = {
  'host.ok': { level: 'ok', title: 'In order' },
} satisfies FindingRows;
