/** A kind of finding of `doctor`. */

/** The worst first. An `error` stops users now; a `warning` will, or can. */
export const FINDING_LEVELS = ['error', 'warning', 'note', 'ok'] as const;
export type FindingLevel = (typeof FINDING_LEVELS)[number];

export interface FindingRow {
  readonly level: FindingLevel;
  /** What is so, in general: the heading in the documentation. */
  readonly title: string;
}

export type FindingRows = Readonly<Record<string, FindingRow>>;
