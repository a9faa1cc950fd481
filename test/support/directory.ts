import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { useFixture } from './fixture.ts';

export interface Directory {
  readonly path: string;
  file(...names: string[]): string;
}

/** A new directory for the tests of the surrounding suite. */
export function useDirectory(): Directory {
  return useFixture(
    () => {
      const path = mkdtempSync(join(tmpdir(), 'rolebridge-test-'));
      return { path, file: (...names: string[]) => join(path, ...names) };
    },
    ({ path }) => rmSync(path, { recursive: true, force: true }),
  );
}
