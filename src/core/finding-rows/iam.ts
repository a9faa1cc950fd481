/** Findings about the data of IAM. */
import type { FindingRows } from '../finding-row.ts';

export const IAM_FINDINGS = {
  'iam.ok': { level: 'ok', title: 'In order' },
} satisfies FindingRows;
