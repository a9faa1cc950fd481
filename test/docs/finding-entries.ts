/**
 * What docs/doctor.md shows of the table of findings: `npm run docs:findings` writes the level and
 * the title of each. Causes and fixes are written by hand.
 */
import { writeFileSync } from 'node:fs';
import { FINDINGS, type FindingId } from '../../src/core/finding.ts';
import { readPage } from './pages.ts';

const PAGE = 'doctor.md';
/** The heading of an entry, and what is written below it. */
const ENTRY = /^### `([a-z]+\.[a-z0-9-]+)`\n\n(?:- \*\*Finding\*\*:[^\n]*\n)?/gm;

/** The ids that the page has entries for, in the order of the page. */
export function findingsOf(page: string): readonly string[] {
  return [...page.matchAll(ENTRY)].map(([, id]) => id!);
}

/** The page with level and title of every finding as FINDINGS has them. Unknown ids get none. */
export function withLevels(page: string): string {
  return page.replaceAll(ENTRY, (_, id: string) => `### \`${id}\`\n\n${levelLine(id)}`);
}

function levelLine(id: string): string {
  if (!Object.hasOwn(FINDINGS, id)) return '';
  const { level, title } = FINDINGS[id as FindingId];
  return `- **Finding**: ${level}, "${title}".\n`;
}

if (import.meta.main)
  writeFileSync(new URL(`../../docs/${PAGE}`, import.meta.url), withLevels(readPage(PAGE)));
