/** Checks of `audit`. */
import type { ProblemAt } from './problems.ts';
import type { Document } from './schema.ts';
import type { Readable } from './schema-walk.ts';

export function* auditProblems({ audit }: Readable<Document>): Generator<ProblemAt> {
  const { retention, archive } = audit ?? {};
  if (retention !== undefined && archive === undefined)
    yield {
      path: ['audit', 'retention'],
      message: 'requires audit.archive: events are removed only after they are archived.',
      fix: 'Add archive: { directory: PATH } to audit, on a disk that outlives the host.',
    };
  if (retention === undefined && archive !== undefined)
    yield {
      path: ['audit', 'archive'],
      message: 'has no effect without audit.retention: the database keeps all events.',
      fix: 'Add retention to audit, such as 400d.',
      warning: true,
    };
}
