/** What the run of one target did, and a table of several. */

export interface Report {
  readonly name: string;
  readonly seconds: number;
  /** Inputs or requests. */
  readonly executions: number;
  /** Edges of the instrumented code that some input reached. */
  readonly edges?: number | undefined;
  /** Edges, with how often an input passes them. */
  readonly features?: number | undefined;
  /** Inputs that this machine has kept. */
  readonly corpusFiles?: number | undefined;
  /** What all its inputs reach of the code that the target covers, in words. */
  readonly covered: string;
  /** Files that say what was found. */
  readonly findings: readonly string[];
}

const optional = (count: number | undefined): string => count?.toLocaleString('en') ?? '-';

const COLUMNS: Readonly<Record<string, (report: Report) => string>> = {
  target: ({ name }) => name,
  seconds: ({ seconds }) => seconds.toFixed(0),
  executions: ({ executions }) => executions.toLocaleString('en'),
  'per second': ({ executions, seconds }) => Math.round(executions / seconds).toLocaleString('en'),
  edges: ({ edges }) => optional(edges),
  features: ({ features }) => optional(features),
  inputs: ({ corpusFiles }) => optional(corpusFiles),
  covered: ({ covered }) => covered,
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
