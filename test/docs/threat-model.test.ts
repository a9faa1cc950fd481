import assert from 'node:assert/strict';
import { existsSync, globSync } from 'node:fs';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { readPage } from './pages.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));

/** True for a module or folder below `room`, with or without its ending, or a file of the root. */
function exists(room: 'src' | 'test', name: string): boolean {
  if (existsSync(`${ROOT}${name}`)) return true;
  const patterns = ['', '.ts', '.*.ts'].map(end => `${room}/${name}${end}`);
  return globSync(patterns, { cwd: ROOT }).length > 0;
}

describe('docs/threat-model.md', () => {
  const rows = [...readPage('threat-model.md').matchAll(/^\| (R[^|]+) \| .+$/gm)];
  for (const [row, id] of rows) {
    it(`names code and tests of ${id} that exist`, () => {
      const [where, proof] = row!.slice(0, -2).split(' | ').slice(-2);
      const namesIn = (cell: string) => [...cell.matchAll(/`([^`]+)`/g)].map(([, name]) => name!);

      assert.deepEqual(
        namesIn(where!).filter(name => !exists('src', name)),
        [],
      );
      assert.deepEqual(
        namesIn(proof!).filter(name => !exists('test', name)),
        [],
      );
    });
  }

  it('lists every requirement once', () => {
    const ids = rows.map(([, id]) => id);
    assert.ok(ids.length > 40);
    assert.equal(new Set(ids).size, ids.length);
  });
});
