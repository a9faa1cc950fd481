import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { describe, it } from 'node:test';

const ROOT = new URL('../../', import.meta.url);
const SCRIPTS = (
  JSON.parse(readFileSync(new URL('package.json', ROOT), 'utf8')) as {
    readonly scripts: Readonly<Record<string, string>>;
  }
).scripts;

const pages = ['', 'certs/', 'docs/', 'docs/adr/'].flatMap(directory =>
  readdirSync(new URL(directory, ROOT))
    .filter(name => name.endsWith('.md'))
    .map(name => `${directory}${name}`),
);

/** Scripts of npm and files of the project that a page tells its reader to run. */
function unknownCommandsIn(page: string): readonly string[] {
  const scripts = [...page.matchAll(/\bnpm run (?:-s )?([a-z][\w:-]*)/g)].map(([, name]) => name!);
  const files = [...page.matchAll(/\bnode ((?:src|test)\/[\w./-]+)/g)].map(([, name]) => name!);
  return [
    ...scripts.filter(name => !Object.hasOwn(SCRIPTS, name)),
    ...files.filter(name => !existsSync(new URL(name, ROOT))),
  ];
}

describe('a command in a page', () => {
  for (const name of pages.filter(page => page !== 'CHANGELOG.md')) {
    it(`of ${name} exists`, () => {
      assert.deepEqual(unknownCommandsIn(readFileSync(new URL(name, ROOT), 'utf8')), []);
    });
  }

  it('is reported if its script or file does not exist', () => {
    const page = 'Run `npm run demo`, `npm run no-such-script` and `node src/no-such-file.ts`.';
    assert.deepEqual(unknownCommandsIn(page), ['no-such-script', 'src/no-such-file.ts']);
  });
});
