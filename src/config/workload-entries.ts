/** The entries and rules of `workloads` as far as they were read, with their paths. */
import type { Path } from './problems.ts';
import type { Document } from './schema.ts';
import type { Readable } from './schema-walk.ts';

export type ReadableEntry = NonNullable<Readable<Document['workloads'][number]>>;
export type ReadableWorkloadRule = NonNullable<NonNullable<ReadableEntry['access']>[number]>;

interface EntryAt {
  readonly entry: ReadableEntry;
  readonly path: Path;
}

export interface WorkloadRuleAt {
  readonly rule: ReadableWorkloadRule;
  readonly path: Path;
}

export function entriesOf({ workloads = [] }: Readable<Document>): readonly EntryAt[] {
  return workloads.flatMap((entry, index) =>
    entry === undefined ? [] : [{ entry, path: ['workloads', index] }],
  );
}

/** `path` leads to the entry. */
export function rulesIn({ access = [] }: ReadableEntry, path: Path): readonly WorkloadRuleAt[] {
  return access.flatMap((rule, index) =>
    rule === undefined ? [] : [{ rule, path: [...path, 'access', index] }],
  );
}
