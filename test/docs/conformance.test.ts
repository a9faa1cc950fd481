import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { readPage } from './pages.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));

/** The rows of modules whose test does not exist. `none` is a row without a test. */
function wrongRows(page: string): readonly string[] {
  return page.split('\n').flatMap(line => {
    const [, modules = '', , , test = ''] = line.split(' | ').length === 4 ? cellsOf(line) : [];
    if (!modules.startsWith('`oidcc-client-')) return [];
    const [, file = '', title = ''] = /^`(test\/[^`]+)`: (.+)$/.exec(test) ?? [];
    if (test === 'none') return [];
    const path = `${ROOT}${file}`;
    if (file === '' || !existsSync(path)) return [`${modules}: no file`];
    return readFileSync(path, 'utf8').includes(title) ? [] : [`${modules}: no title`];
  });
}

function cellsOf(line: string): readonly string[] {
  return line.split('|').map(cell => cell.trim());
}

describe('docs/conformance.md', () => {
  const page = readPage('conformance.md');

  it('names a file and a title that exist for each module', () => {
    assert.deepEqual(wrongRows(page), []);
    const modules = new Set(page.match(/`oidcc-client-test[a-z0-9-]*`/g));
    assert.ok(modules.size > 35, String(modules.size));
  });

  it('is found wrong when a title or a file does not exist', () => {
    const title = page.replace(': of another issuer |', ': of no issuer at all |');
    assert.equal(wrongRows(title).length, 1);
    const file = page.replace('`test/flows/browser-sso.test.ts`', '`test/flows/absent.test.ts`');
    assert.equal(wrongRows(file).length, 1);
  });
});
