/**
 * Properties: what holds for every value of a kind. Runs are the same each time; to look further,
 * set `FC_RUNS=10000` and another `FC_SEED`. A failure prints both, with the path to its value.
 */
import { it } from 'node:test';
import fc from 'fast-check';

const SEED = Number(process.env.FC_SEED ?? 20260115);
const RUNS = Number(process.env.FC_RUNS ?? 150);

export function property<T>(
  title: string,
  values: fc.Arbitrary<T>,
  holds: (value: T) => void | Promise<void>,
): void {
  it(title, () =>
    fc.assert(
      fc.asyncProperty(values, async value => {
        await holds(value);
      }),
      { seed: SEED, numRuns: RUNS },
    ),
  );
}

/** Text of every kind of character: plain, of shells and markup, of other scripts, invisible. */
export const anyText: fc.Arbitrary<string> = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.string({ unit: fc.constantFrom(...' \t\n\r\'"`$\\{}()<>&;|#%^!*?~=,:/@[]-+.') }),
  fc.string({ unit: 'grapheme' }),
);
