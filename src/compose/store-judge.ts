/**
 * What `check` says of a store in a file: what keeps a bridge from starting with it.
 *
 * What can be otherwise where the server runs, and for its user, is a warning.
 */
import { existsSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Judges } from '../config/judges.ts';
import type { Problem } from '../config/problems.ts';
import type { StoreFault } from '../core/host-facts.ts';
import { inspectSqliteStore } from '../store/sqlite-inspection.ts';

const FIXES: Readonly<Record<StoreFault['kind'], { fix: string; isHere?: true }>> = {
  'no-file': { fix: 'Write the path of a file.' },
  foreign: { fix: 'Give the bridge a file of its own, or restore a backup.' },
  newer: { fix: 'Run the newer version, or restore a backup from before it.' },
  'read-only': {
    fix: 'Give the user of the server the right to write the file and its directory.',
    isHere: true,
  },
  unreachable: {
    fix: 'Give the user of the server the right to read and write the file.',
    isHere: true,
  },
};

export const judgeStore: Judges['store'] = async file => {
  const { fault } = await inspectSqliteStore(file);
  if (fault === undefined) return absentDirectory(file);
  const { fix, isHere } = FIXES[fault.kind];
  return [{ message: fault.message, fix, ...(isHere && { warning: true }) }];
};

/** The server makes the directory if it can; a mistyped path would give it an empty store. */
function absentDirectory(file: string): readonly Problem[] {
  const directory = dirname(file);
  if (existsSync(directory)) return [];
  return [
    {
      message: `the directory ${directory} does not exist here; the server creates it.`,
      fix: 'Correct the path if the store is elsewhere.',
      warning: true,
    },
  ];
}
