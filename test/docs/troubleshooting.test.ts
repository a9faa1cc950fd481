import assert from 'node:assert/strict';
import { existsSync, readdirSync } from 'node:fs';
import { describe, it } from 'node:test';
import { ERRORS } from '../../src/core/errors.ts';
import { readPage } from './pages.ts';

it('every error code has its entry, with the status and the title that people see', () => {
  const entries = [
    ...readPage('troubleshooting.md').matchAll(/^### `(\w+)`\n\n(\d+), "([^"]+)"\./gm),
  ];
  const said = entries.map(
    ([, code, status, title]) => [code, { status: Number(status), title }] as const,
  );
  const expected = Object.entries(ERRORS).map(
    ([code, { status, title }]) => [code, { status, title }] as const,
  );
  assert.equal(entries.length, new Set(entries.map(([, code]) => code)).size);
  assert.deepEqual(Object.fromEntries(said), Object.fromEntries(expected));
});

/** As GitHub makes them: lower case, blanks as dashes, no other punctuation. */
function anchorOf(heading: string): string {
  return heading
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N} _-]/gu, '')
    .replaceAll(' ', '-');
}

function anchorsOf(name: string): Set<string> {
  const text = readPage(name).replaceAll(/^ *```.*?^ *```$/gms, '');
  return new Set([...text.matchAll(/^#{1,6} (.+)$/gm)].map(([, heading]) => anchorOf(heading!)));
}

describe('a link between the pages', () => {
  const docs = new URL('../../docs/', import.meta.url);
  for (const name of readdirSync(docs).filter(file => file.endsWith('.md'))) {
    it(`in ${name} leads to a file and a heading that are there`, () => {
      const links = [...readPage(name).matchAll(/\]\((?!https?:)([^)\s]+)\)/g)].map(
        ([, target]) => target!,
      );
      const dead = links.filter(link => {
        const [path, anchor] = link.split('#') as [string, string?];
        const file = path === '' ? name : path;
        if (!existsSync(new URL(file, docs))) return true;
        return anchor !== undefined && file.endsWith('.md') && !anchorsOf(file).has(anchor);
      });
      assert.deepEqual(dead, []);
    });
  }
});
