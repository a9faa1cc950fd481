/** The engine finds what only coverage leads to, and does not find it blindly. */
import assert from 'node:assert/strict';
import { globSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { stepsPassed, target } from './planted.ts';
import { runTarget } from './run.ts';

const directory = mkdtempSync(join(tmpdir(), 'rolebridge-fuzz-'));
after(() => rmSync(directory, { recursive: true }));

describe('the engine of npm run fuzz', () => {
  for (const [title, isBlind, found] of [
    ['finds the planted fault by the guidance of coverage', false, [6]],
    ['does not find it without this guidance', true, []],
  ] as const)
    it(title, async () => {
      const of = (name: string): string => join(directory, String(isBlind), name);
      const { executions, edges } = await runTarget({
        ...{ target, file: join(import.meta.dirname, 'planted.ts'), corpus: [of('corpus')] },
        ...{ grown: of('grown/planted'), findings: of('findings'), isBlind },
        ...{ seconds: 60, seed: 1, mostExecutions: 40_000 },
      });

      const inputs = globSync('*.input', { cwd: of('findings') });
      assert.deepEqual(
        inputs.map(name => stepsPassed(readFileSync(join(of('findings'), name), 'latin1'))),
        found,
      );
      assert.ok(executions >= 35_000, `only ${executions} executions`);
      assert.ok(isBlind || edges >= 6, `only ${edges} edges`);
    });
});
