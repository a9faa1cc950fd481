/** Checks of `administration`: whom it selects. */
import type { ProblemAt } from './problems.ts';
import type { Document } from './schema.ts';
import type { Readable } from './schema-walk.ts';
import { type ConnectorList, peopleProblems } from './selector-checks.ts';

export function* administrationProblems(
  { administration }: Readable<Document>,
  connectors: ConnectorList,
): Generator<ProblemAt> {
  for (const key of ['administrators', 'auditors'] as const) {
    const selector = administration?.[key];
    if (selector !== undefined)
      yield* peopleProblems(selector, ['administration', key], connectors);
  }
}
