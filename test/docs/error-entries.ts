/**
 * What docs/troubleshooting.md shows of the error table: `npm run docs:errors` writes the table of
 * sentences and every symptom. Causes and fixes are written by hand.
 */
import { writeFileSync } from 'node:fs';
import { ERRORS, type ErrorCode } from '../../src/core/errors.ts';
import { readPage } from './pages.ts';

const PAGE = 'troubleshooting.md';
const TABLE = /(?<=<!-- Generated [^\n]*\n).*?(?=<!-- \/Generated -->)/s;
/** The heading of an entry, and its symptom where it has one. */
const ENTRY = /^### `(\w+)`\n\n(?:- \*\*Symptom\*\*: [^\n]*\n)?/gm;

/** The codes that the page has entries for, in the order of the page. */
export function entriesOf(page: string): readonly string[] {
  return [...page.matchAll(ENTRY)].map(([, code]) => code!);
}

/** The page with status and title of every error as ERRORS has them. Unknown codes get none. */
export function withSymptoms(page: string): string {
  return page
    .replace(TABLE, () => `\n${tableOfTitles()}\n\n`)
    .replaceAll(ENTRY, (_, code: string) => `### \`${code}\`\n\n${symptomOf(code)}`);
}

function tableOfTitles(): string {
  const rows = Object.entries(ERRORS)
    .map(([code, { status, title }]) => `| ${title} | ${status} | [\`${code}\`](#${code}) |`)
    .sort((a, b) => a.localeCompare(b, 'en'));
  return ['| sentence | status | code |', '|---|---|---|', ...rows].join('\n');
}

function symptomOf(code: string): string {
  if (!Object.hasOwn(ERRORS, code)) return '';
  const { status, title } = ERRORS[code as ErrorCode];
  return `- **Symptom**: ${status}, "${title}".\n`;
}

if (import.meta.main)
  writeFileSync(new URL(`../../docs/${PAGE}`, import.meta.url), withSymptoms(readPage(PAGE)));
