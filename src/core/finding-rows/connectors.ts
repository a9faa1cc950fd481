/** Findings about identity providers. */
import type { FindingRows } from '../finding-row.ts';

export const CONNECTOR_FINDINGS = {
  'connectors.ok': { level: 'ok', title: 'In order' },
} satisfies FindingRows;
