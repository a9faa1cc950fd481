import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { describe, it } from 'node:test';

const ROOT = new URL('../../', import.meta.url);
const page = readFileSync(new URL('CONTRIBUTING.md', ROOT), 'utf8');

describe('CONTRIBUTING.md', () => {
  it('lists every script of package.json, and no other', () => {
    const { scripts } = JSON.parse(readFileSync(new URL('package.json', ROOT), 'utf8'));
    const listed = [...page.matchAll(/^\| `npm (?:run )?([\w:-]+)/gm)].map(([, name]) => name);
    assert.deepEqual(listed.sort(), Object.keys(scripts).sort());
  });

  it('names files and directories that exist', () => {
    const named = [...page.matchAll(/(?<=[`\s])(?:src|test|docs|views)\/[\w./-]*[\w/]/g)].map(
      ([path]) => path,
    );
    assert.ok(named.length > 20, `found only ${named.join(', ')}`);
    assert.deepEqual(
      named.filter(path => !path.endsWith('/NAME.ts') && !existsSync(new URL(path, ROOT))),
      [],
    );
  });
});
