/** How `doctor` prints: findings by section, progress on standard error, a summary. */
import { wrapped } from '../../core/aligned.ts';
import { type Finding, levelOf } from '../../core/finding.ts';
import { FINDING_LEVELS, type FindingLevel } from '../../core/finding-row.ts';
import { counted } from '../../core/listed.ts';
import { printableLine } from '../../core/printable.ts';
import { printJson, printText } from '../output.ts';
import type { Section } from './section.ts';

/** A finding with the section that found it. */
export interface Found {
  readonly section: Section['name'];
  readonly finding: Finding;
}

const MARKS: { readonly [L in FindingLevel]: string } = {
  error: 'ERROR  ',
  warning: 'WARNING',
  note: 'note   ',
  ok: 'ok     ',
};
const INDENT = ' '.repeat(MARKS.ok.length + 3);

export function printSection({ title }: Section): void {
  printText(`\n${title}`);
}

export function printFinding(finding: Finding): void {
  for (const line of linesOf(finding, process.stdout.columns)) printText(line);
}

/**
 * Foreign text with line feeds stays on its line: it must not look like another finding. Long lines
 * are wrapped under their text; only a terminal has a width.
 */
export function linesOf(
  finding: Finding,
  columns: number = Number.POSITIVE_INFINITY,
): readonly string[] {
  const { subject, message, fix, expected, found } = finding;
  const line = (text: string, hanging: number): string =>
    wrapped(printableLine(text), columns, INDENT.length + hanging);
  return [
    line(`  ${MARKS[levelOf(finding)]} ${subject}: ${message}`, 0),
    ...(expected === undefined ? [] : [line(`${INDENT}expected  ${expected}`, 10)]),
    ...(found === undefined ? [] : [line(`${INDENT}found     ${found}`, 10)]),
    ...(fix === undefined ? [] : [line(`${INDENT}-> ${fix}`, 3)]),
  ];
}

/** Prints how many findings of each level there are. */
export function printSummary(all: readonly Found[]): void {
  const counts = countsOf(all);
  const told = FINDING_LEVELS.map(level =>
    level === 'ok' ? `${counts.ok} in order` : counted(counts[level], level),
  );
  printText(`\n${told.join(', ')}`);
}

export function printFindings(all: readonly Found[]): void {
  printJson({
    findings: all.map(({ section, finding }) => ({
      section,
      level: levelOf(finding),
      ...finding,
    })),
    counts: countsOf(all),
  });
}

function countsOf(all: readonly Found[]): Readonly<Record<FindingLevel, number>> {
  const counts = { error: 0, warning: 0, note: 0, ok: 0 };
  for (const { finding } of all) counts[levelOf(finding)] += 1;
  return counts;
}

/** Time between two lines of progress where no terminal rewrites them. */
const PAUSE_MILLISECONDS = 2_000;

/**
 * Progress on standard error: one line that is rewritten at a terminal, else a line every two
 * seconds. `clear` removes it before something is printed.
 */
export function progressOn(
  screen: NodeJS.WriteStream = process.stderr,
  now: () => number = Date.now,
): { readonly say: (step: string) => void; readonly clear: () => void } {
  let saidAt = now();
  const isTerminal = screen.isTTY === true;
  return {
    say: step => {
      const text = printableLine(step);
      if (isTerminal) screen.write(`\r\u001b[2K... ${text.slice(0, (screen.columns ?? 80) - 5)}`);
      else if (now() - saidAt >= PAUSE_MILLISECONDS) {
        saidAt = now();
        screen.write(`... ${text}\n`);
      }
    },
    clear: () => {
      if (isTerminal) screen.write('\r\u001b[2K');
    },
  };
}
