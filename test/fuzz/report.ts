/** What one run of a target did, and a table of several. */

import type { Coverage } from './coverage.ts';
import type { RunResult } from './engine/run.ts';

export interface Report extends RunResult {
  readonly name: string;
  /** Of the files that the target covers, by all inputs that the machine has. */
  readonly coverage: Coverage;
  /** Files that say what was found. */
  readonly findings: readonly string[];
}

const COLUMNS: Readonly<Record<string, (report: Report) => string>> = {
  target: ({ name }) => name,
  seconds: ({ seconds }) => seconds.toFixed(0),
  executions: ({ executions }) => executions.toLocaleString('en'),
  'per second': ({ executions, seconds }) => Math.round(executions / seconds).toLocaleString('en'),
  edges: ({ edges }) => edges.toLocaleString('en'),
  features: ({ features }) => features.toLocaleString('en'),
  inputs: ({ corpusFiles }) => corpusFiles.toLocaleString('en'),
  lines: ({ coverage }) => `${coverage.lines.toFixed(1)} %`,
  branches: ({ coverage }) => `${coverage.branches.toFixed(1)} %`,
  findings: ({ findings }) => String(findings.length),
};

export function table(reports: readonly Report[]): string {
  const rows = [
    Object.keys(COLUMNS),
    ...reports.map(report => Object.values(COLUMNS).map(of => of(report))),
  ];
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map(row => row[column]!.length)));
  return rows
    .map(row =>
      row
        .map((cell, column) =>
          column === 0 ? cell.padEnd(widths[column]!) : cell.padStart(widths[column]!),
        )
        .join('  '),
    )
    .join('\n');
}
