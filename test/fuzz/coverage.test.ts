/** Coverage is that of the files that the replay really loads, or it is refused. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { type Coverage, coverageOf } from './coverage.ts';
import { target as planted } from './engine/planted.ts';

const PLANTED = 'test/fuzz/engine/planted.ts';
/** Passes all six steps of the planted parser. */
const SOLUTION = "*)&%$'";

const directory = mkdtempSync(join(tmpdir(), 'rolebridge-fuzz-'));
after(() => rmSync(directory, { recursive: true }));

/** Of the planted target with these inputs. */
function measured(
  inputs: readonly string[],
  { covers = [PLANTED], file = 'engine/planted.ts' } = {},
): Promise<Coverage> {
  const corpus = mkdtempSync(join(directory, 'corpus-'));
  for (const [index, input] of inputs.entries()) writeFileSync(join(corpus, `${index}`), input);
  return coverageOf({
    target: { ...planted, covers },
    file: join(import.meta.dirname, file),
    inputs: [corpus],
  });
}

describe('the coverage of a fuzz target', () => {
  it('counts the lines and branches that its inputs reach, also two measurements at once', async () => {
    const [first, half, whole] = await Promise.all([
      measured(['!']),
      measured([SOLUTION.slice(0, 3)]),
      measured(['!', ...[1, 2, 3, 4, 5, 6].map(steps => SOLUTION.slice(0, steps))]),
    ]);
    // 11 lines with statements, and two branches for each step. The engine also tries no bytes.
    assert.deepEqual(first, { lines: (100 * 5) / 11, branches: (100 * 1) / 12 });
    assert.deepEqual(half, { lines: (100 * 8) / 11, branches: (100 * 5) / 12 });
    assert.deepEqual(whole, { lines: 100, branches: 100 });
  });

  for (const [title, covers, reason] of [
    [
      'a file that the target does not load',
      [PLANTED, 'src/core/template.ts'],
      /does not load .*src\/core\/template\.ts/,
    ],
    ['a pattern without a file', ['src/core/templates.ts'], /templates\.ts, which is no file/],
    ['no file', [], /covers no file/],
  ] as const)
    it(`is refused for ${title}`, async () => {
      await assert.rejects(measured([SOLUTION], { covers: [...covers] }), reason);
    });

  it('is refused if the replay fails', async () => {
    const file = '../../src/core/template.ts';
    await assert.rejects(measured(['!'], { file }), /the replay ended with 77: /);
  });
});
