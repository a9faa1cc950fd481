import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { readPage } from './pages.ts';

const ROOT = new URL('../../', import.meta.url);

/** What was true of a version stays, and so do its links. */
const HISTORY = new Set(['CHANGELOG.md']);

const EXAMPLES = ['github-action', 'gitlab-ci', 'kubernetes-workload'];

const pages = [
  ...['', 'certs/', 'docs/', 'docs/adr/'],
  ...EXAMPLES.map(name => `examples/${name}/`),
].flatMap(directory =>
  readdirSync(new URL(directory, ROOT))
    .filter(name => name.endsWith('.md') && !HISTORY.has(name))
    .map(name => `${directory}${name}`),
);

/** Targets of links, without addresses on other hosts. */
function linksIn(page: string): readonly string[] {
  return [...page.matchAll(/\]\((?!https?:)([^)\s]+)\)/g)].map(([, target]) => target!);
}

/** As GitHub makes them: lower case, blanks as dashes, no other punctuation. */
function anchorOf(heading: string): string {
  return heading
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N} _-]/gu, '')
    .replaceAll(' ', '-');
}

function anchorsOf(page: URL): Set<string> {
  const text = readFileSync(page, 'utf8').replaceAll(/^ *```.*?^ *```$/gms, '');
  return new Set([...text.matchAll(/^#{1,6} (.+)$/gm)].map(([, heading]) => anchorOf(heading!)));
}

describe('a link', () => {
  for (const name of pages) {
    it(`in ${name} leads to a file and a heading that exist`, () => {
      const page = new URL(name, ROOT);
      const dead = linksIn(readFileSync(page, 'utf8')).filter(link => {
        const target = new URL(link, page);
        const anchor = target.hash.slice(1);
        if (!existsSync(new URL(target.pathname, page))) return true;
        return anchor !== '' && target.pathname.endsWith('.md') && !anchorsOf(target).has(anchor);
      });
      assert.deepEqual(dead, []);
    });
  }
});

it('docs/README.md links every page of docs/', () => {
  const linked = new Set(linksIn(readPage('README.md')).map(link => link.split('#')[0]));
  const missing = readdirSync(new URL('docs/', ROOT)).filter(
    name => name.endsWith('.md') && name !== 'README.md' && !linked.has(name),
  );
  assert.deepEqual(missing, []);
});

it('docs/adr/README.md links every decision', () => {
  const linked = new Set(linksIn(readPage('adr/README.md')));
  const missing = readdirSync(new URL('docs/adr/', ROOT)).filter(
    name => /^\d/.test(name) && !linked.has(name),
  );
  assert.deepEqual(missing, []);
});
