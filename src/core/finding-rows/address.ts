/** Findings about what answers at the base URL. */
import type { FindingRows } from '../finding-row.ts';

export const ADDRESS_FINDINGS = {
  'address.ok': { level: 'ok', title: 'In order' },
} satisfies FindingRows;
