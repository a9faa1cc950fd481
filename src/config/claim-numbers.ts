/** Finds numbers among the values of claims that YAML reads otherwise than they are written. */
import type { Path, ProblemAt } from './problems.ts';

/**
 * `raw` is the document as it was written. A claim is compared as text, and `0123`, `1.0` or a long
 * number would be compared as another text.
 */
export function* claimNumberProblems(
  raw: unknown,
  textAt: (path: Path) => string | undefined,
): Generator<ProblemAt> {
  for (const { value, path } of claimValues(raw)) {
    if (typeof value !== 'number') continue;
    const text = textAt(path);
    if (text === undefined || text === String(value)) continue;
    yield {
      path,
      message: `is a number that YAML reads as ${value}.`,
      fix: 'Put it in quotes: claims are compared as text.',
    };
  }
}

interface ClaimValue {
  readonly value: unknown;
  readonly path: Path;
}

function* claimValues(raw: unknown): Generator<ClaimValue> {
  const { workloads } = raw as { readonly workloads?: unknown };
  for (const [position, entry] of listed(workloads))
    for (const [index, rule] of listed((entry as { access?: unknown } | null)?.access)) {
      const claims = (rule as { claims?: unknown } | null)?.claims;
      if (typeof claims !== 'object' || claims === null) continue;
      for (const [claim, value] of Object.entries(claims)) {
        const path: Path = ['workloads', position, 'access', index, 'claims', claim];
        yield { value, path };
        for (const [at, item] of listed(value)) yield { value: item, path: [...path, at] };
      }
    }
}

function listed(value: unknown): Iterable<readonly [number, unknown]> {
  return Array.isArray(value) ? value.entries() : [];
}
