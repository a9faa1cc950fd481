/**
 * Steps of the schema only add: a replica of the release before goes on while a newer one has
 * migrated.
 */

/** What an older release cannot live with, and how it is written. */
const BEYOND_ADDING: readonly (readonly [why: string, statement: RegExp])[] = [
  ['removes what an older release reads', /\bDROP\s+(?!TRIGGER\b)\w+/i],
  ['renames what an older release reads', /\bRENAME\b/i],
  [
    'changes a column that an older release writes',
    /\bALTER\s+(?:COLUMN\s+)?\w+\s+(?:SET|TYPE)\b/i,
  ],
  [
    'adds a condition to rows of an older release',
    /\bADD\s+(?:CONSTRAINT|CHECK|UNIQUE|FOREIGN)\b/i,
  ],
  [
    'adds a column that an older release does not fill',
    /\bADD\s+(?:COLUMN\s+)?\w+(?:(?!\bDEFAULT\b)[^;])*\bNOT\s+NULL\b(?:(?!\bDEFAULT\b)[^;])*(?:;|$)/i,
  ],
  ['changes rows', /(?:^|;)\s*(?:DELETE\s+FROM|UPDATE|TRUNCATE)\b/i],
];

/** Why a step does more than add; empty if it does not. */
export function changesBeyondAdding(sql: string): readonly string[] {
  return BEYOND_ADDING.filter(([, statement]) => statement.test(sql)).map(([why]) => why);
}
