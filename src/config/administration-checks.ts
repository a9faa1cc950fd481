/** Checks of `administration`: whom it selects. */
import { patternNames } from '../core/group-pattern.ts';
import type { Path, ProblemAt } from './problems.ts';
import type { Document } from './schema.ts';
import type { Readable } from './schema-walk.ts';
import { type ConnectorList, selectorProblems } from './selector-checks.ts';

export function* administrationProblems(
  { administration }: Readable<Document>,
  connectors: ConnectorList,
): Generator<ProblemAt> {
  for (const key of ['administrators', 'auditors'] as const) {
    const selector = administration?.[key];
    if (selector === undefined) continue;
    const path: Path = ['administration', key];
    yield* selectorProblems(selector, path, connectors);
    const { groupPattern: pattern } = selector;
    if (pattern === undefined) continue;
    const at: Path = [...path, 'groupPattern'];
    if (patternNames(pattern, 'account') || patternNames(pattern, 'role'))
      yield {
        path: at,
        message: 'contains {account} or {role}, which have no meaning here.',
        fix: 'Write {_} for a part that is ignored, or write the groups.',
      };
    else if (!/[\p{L}\p{N}]/u.test(pattern.replaceAll('{_}', '')))
      yield {
        path: at,
        message: 'selects nearly every group.',
        fix: 'Write the part of the name that these groups share, or write the groups.',
      };
  }
}
