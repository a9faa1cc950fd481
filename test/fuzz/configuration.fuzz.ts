/**
 * The configuration: any text is a configuration or problems with a place and a fix, and is never
 * an error.
 */
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { checkConfigurationText } from '../../src/config/load.ts';
import { type FuzzTarget, promise } from './target.ts';

/** An empty directory: an input can name files. */
const DIRECTORY = mkdtempSync(join(tmpdir(), 'rolebridge-fuzz-'));
const SECRET = 'a-secret-of-the-environment';

export const target: FuzzTarget = {
  name: 'configuration',
  mostBytes: 6000,
  mostMilliseconds: 2000,
  guidedBy: ['/src/config/', '/src/core/', '/node_modules/yaml/dist/'],
  // `platform` has types alone, and `reference` writes the docs.
  covers: ['src/config/!(platform|reference).ts'],
  check: async input => {
    const checked = await checkConfigurationText(input, join(DIRECTORY, 'rolebridge.yaml'), {
      secrets: 'all',
      env: { SECRET },
    });
    const { configuration, problems, warnings } = checked;
    promise(
      (configuration === undefined) === problems.length > 0,
      'a text is a configuration or has problems',
    );
    const lines = input.split(/\r\n|\n|\r/);
    for (const { message, fix, line, column, path } of [...problems, ...warnings]) {
      promise(line >= 1 && line <= lines.length, 'a problem is on a line of the file');
      promise(
        column >= 1 && column <= (lines[line - 1]?.length ?? 0) + 1,
        'a problem is at a column of its line',
      );
      promise(/\S[.!?]$/.test(message), 'a message is a sentence');
      promise(/\S[.!?]$/.test(fix), 'a fix is a sentence');
      const shown = `${path} ${message} ${fix}`;
      promise(!/[\p{Cc}\u2028\u2029]/u.test(shown), 'a problem has no control character');
      promise(!shown.includes(SECRET), 'a problem shows no secret');
    }
  },
};
