/** The `session` of every rule, of users and of workloads. */
import type { Path } from './problems.ts';
import type { ReadableGrant } from './rule-context.ts';
import type { Document } from './schema.ts';
import type { Readable } from './schema-walk.ts';

interface SessionAt {
  readonly session: NonNullable<ReadableGrant['session']>;
  readonly path: Path;
}

export function* sessionsOf({
  access = [],
  workloads = [],
}: Readable<Document>): Generator<SessionAt> {
  yield* sessionsIn(access, ['access']);
  for (const [index, entry] of workloads.entries())
    yield* sessionsIn(entry?.access ?? [], ['workloads', index, 'access']);
}

function* sessionsIn(
  rules: readonly (Pick<ReadableGrant, 'session'> | undefined)[],
  path: Path,
): Generator<SessionAt> {
  for (const [index, rule] of rules.entries())
    if (rule?.session !== undefined)
      yield { session: rule.session, path: [...path, index, 'session'] };
}
