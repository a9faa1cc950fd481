import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { findingsIn } from './sentences.ts';

const ROOT = new URL('../../', import.meta.url);
/** The changelog has one entry a line (https://keepachangelog.com). */
const FREE = new Set(['CHANGELOG.md']);

const EXAMPLES = ['github-action', 'gitlab-ci', 'kubernetes-workload'];

const pages = [
  ...['', 'certs/', 'docs/', 'docs/adr/', '.github/', '.github/ISSUE_TEMPLATE/'],
  ...EXAMPLES.map(name => `examples/${name}/`),
]
  .filter(directory => existsSync(new URL(directory, ROOT)))
  .flatMap(directory => readdirSync(new URL(directory, ROOT)).map(name => `${directory}${name}`))
  .filter(page => page.endsWith('.md') && !FREE.has(page));

describe('one sentence a line', () => {
  for (const page of pages) {
    it(`is the form of ${page}`, () => {
      assert.deepEqual(findingsIn(readFileSync(new URL(page, ROOT), 'utf8')), []);
    });
  }
});

describe('the check of sentences', () => {
  const problemsIn = (markdown: string) => findingsIn(markdown).map(({ problem }) => problem);

  for (const line of [
    'The server starts. It listens.',
    '- **Reload**: it reads the file. `listen` requires a restart.',
    'See [the page](a.md). (It is short.)',
    'Does it stop? No.',
    'It says "Sign in again." The user signs in.',
    'It says "Sign in again." `login` does that.',
    '1. Stop the server. Start it.',
  ]) {
    it(`finds two sentences in: ${line}`, () => {
      assert.deepEqual(problemsIn(`# Title\n\n${line}\n`), ['several sentences']);
    });
  }

  it('finds a sentence that is broken into two lines', () => {
    assert.deepEqual(problemsIn('The server\nstarts.\n'), ['part of a sentence']);
    assert.deepEqual(problemsIn('- The server\n  starts.\n'), ['part of a sentence']);
  });

  it('reports the number of the line', () => {
    assert.deepEqual(findingsIn('# Title\n\nOne.\nTwo. Three.\n'), [
      { line: 4, problem: 'several sentences', text: 'Two. Three.' },
    ]);
  });

  for (const [what, markdown] of Object.entries({
    'a table': '| a. b | c. d |\n|---|---|',
    'a fenced block': '```sh\necho a. b\n```',
    'a comment': '<!-- One. Two. -->',
    'code in a line': 'Run `a. b` now.',
    'a quotation in a line': 'It says "Too fast. Wait." and stops.',
    'abbreviations and numbers': 'Formats (e.g. JSON, i.e. RFC 8259 section 3.5) etc. are read.',
    'an ellipsis': 'A name such as ... is accepted.',
    'sentences on lines of their own': 'One.\nTwo.\n\n- Three.\n  Four.\n- Five:\n\n  > Six.',
    'a paragraph before a list': 'The parts\n- one\n- two',
  })) {
    it(`accepts ${what}`, () => {
      assert.deepEqual(findingsIn(`${markdown}\n`), []);
    });
  }
});
