/** The `session` of every rule, of users and of workloads. */
import type { Path } from './problems.ts';
import type { ReadableGrant } from './rule-context.ts';
import type { Document } from './schema.ts';
import type { Readable } from './schema-walk.ts';
import { entriesOf, rulesIn } from './workload-entries.ts';

interface SessionAt {
  readonly session: NonNullable<ReadableGrant['session']>;
  readonly path: Path;
}

export function* sessionsOf(document: Readable<Document>): Generator<SessionAt> {
  for (const [index, rule] of (document.access ?? []).entries())
    if (rule?.session !== undefined)
      yield { session: rule.session, path: ['access', index, 'session'] };
  for (const { entry, path } of entriesOf(document))
    for (const { rule, path: at } of rulesIn(entry, path))
      if (rule.session !== undefined) yield { session: rule.session, path: [...at, 'session'] };
}
