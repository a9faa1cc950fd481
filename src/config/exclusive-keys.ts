/** Checks of keys of which one excludes the other. */
import type { Path, ProblemAt } from './problems.ts';
import { isWritten } from './schema-walk.ts';

/** Checks that exactly one of two keys is present; `path` leads to their parent. */
export function* exactlyOne(
  holder: object | undefined,
  [one, other]: readonly [string, string],
  path: Path,
): Generator<ProblemAt> {
  if (holder === undefined) return;
  const written = [one, other].filter(key => isWritten(holder, key));
  if (written.length === 0)
    yield { path, message: `has neither ${one} nor ${other}.`, fix: `Add one of them.` };
  yield* atMostOne(holder, [one, other], path);
}

/** Checks that two keys do not stand together; `path` leads to their parent. */
export function* atMostOne(
  holder: object,
  [one, other]: readonly [string, string],
  path: Path,
): Generator<ProblemAt> {
  if (!isWritten(holder, one) || !isWritten(holder, other)) return;
  yield {
    path: [...path, other],
    message: `cannot be combined with ${one}; use only one of them.`,
    fix: `Keep ${one} or ${other}.`,
  };
}
