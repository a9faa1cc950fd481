/**
 * The tables of docs/interoperability.md: `npm run docs:compatibility` writes what the newest runs
 * of the suites reported and keeps the other rows. With `-- --check` it changes nothing and fails
 * if a reported row differs from the page in more than version and day.
 */
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  COMPATIBLE,
  type Compatible,
  LIMITS,
  REPORTED,
  type ReportedRow,
} from '../support/compatibility.ts';
import { readPage } from './pages.ts';

const PAGE = 'interoperability.md';
export const PASSED = 'passed';
/** The rest passed; the client cannot do what is named. */
export const PARTLY = 'partly';
export const UNSUPPORTED = 'unsupported';
const NOT_RUN = 'not run';

export interface RowOfPage {
  readonly name: string;
  readonly version: string;
  readonly by: string;
  readonly shown: string;
  readonly result: string;
  readonly day: string;
}

const FIRST_HEADING = { Providers: 'provider', Clients: 'client' } as const;

type Declared = Readonly<Record<string, Compatible>>;

/** The rows of a table of the page, in order. */
export function rowsOf(page: string, table: Compatible['table']): readonly RowOfPage[] {
  const lines = tableIn(page, table).split('\n').slice(2, -1);
  return lines.map(line => {
    const [name, version, by, shown, result, day] = line.slice(2, -2).split(' | ');
    return {
      ...{ name: name!, version: version!, by: by!, shown: shown! },
      ...{ result: result!, day: day! },
    };
  });
}

/** The page with every declared row: as reported, else as it was, else as not run. */
export function withReported(
  page: string,
  reported: readonly ReportedRow[],
  declared: Declared = COMPATIBLE,
): string {
  let draft = page;
  for (const table of ['Providers', 'Clients'] as const) {
    const before = rowsOf(page, table);
    const rows = Object.entries(declared)
      .filter(([, compatible]) => compatible.table === table)
      .map(
        ([id, { name, by }]) =>
          asRow(
            { name, by },
            reported.find(row => row.id === id),
          ) ??
          before.find(row => row.name === name && row.by === by) ?? {
            ...{ name, version: '', by, shown: '', result: NOT_RUN, day: '' },
          },
      );
    const old = tableIn(page, table);
    const head = old.split('\n').slice(0, 2);
    draft = draft.replace(old, () => [...head, ...rows.map(lineOf), ''].join('\n'));
  }
  return draft;
}

/** The rows of two pages that differ in more than version and day. */
export function differences(page: string, other: string): readonly string[] {
  return (['Providers', 'Clients'] as const).flatMap(table => {
    const known = rowsOf(page, table).map(withoutTime);
    return rowsOf(other, table)
      .map(withoutTime)
      .filter(row => !known.includes(row));
  });
}

function asRow(
  { name, by }: Pick<Compatible, 'name' | 'by'>,
  row: ReportedRow | undefined,
): RowOfPage | undefined {
  if (row === undefined) return undefined;
  const shown = Object.keys(row.shown);
  return {
    ...{ name, version: row.version, by },
    shown: shown.filter(each => !LIMITS.includes(each)).join(', '),
    ...{ result: resultOf(row, shown), day: row.day },
  };
}

function resultOf(row: ReportedRow, shown: readonly string[]): string {
  const failed = shown.filter(each => row.shown[each] !== 'passed');
  const limits = shown.filter(each => LIMITS.includes(each)).join(', ');
  if (failed.length > 0) return `failed: ${failed.join(', ')}`;
  if (limits === '') return PASSED;
  return `${shown.length > 1 ? PARTLY : UNSUPPORTED}: ${limits}`;
}

function lineOf({ name, version, by, shown, result, day }: RowOfPage): string {
  return `| ${[name, version, by, shown, result, day].join(' | ')} |`;
}

function withoutTime(row: RowOfPage): string {
  return lineOf({ ...row, version: '', day: '' });
}

/** The lines of a table, which its first heading tells from the others. */
function tableIn(page: string, table: Compatible['table']): string {
  const first = FIRST_HEADING[table];
  const found = new RegExp(`^\\| ${first} \\|.*\\n(?:\\|.*\\n)+`, 'm').exec(page);
  if (found === null) throw new Error(`docs/${PAGE} has no table of ${table}`);
  return found[0];
}

function reportedRows(): readonly ReportedRow[] {
  if (!existsSync(REPORTED)) return [];
  return readdirSync(REPORTED).map(file => JSON.parse(readFileSync(join(REPORTED, file), 'utf8')));
}

if (import.meta.main) {
  const page = readPage(PAGE);
  const written = withReported(page, reportedRows());
  if (process.argv.includes('--check')) {
    for (const row of differences(page, written)) {
      console.error(`docs/${PAGE} says otherwise; run npm run docs:compatibility: ${row}`);
      process.exitCode = 1;
    }
  } else writeFileSync(new URL(`../../docs/${PAGE}`, import.meta.url), written);
}
