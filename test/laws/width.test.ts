import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { wideLines } from './width.ts';

const LONG = 'x'.repeat(60);
const FAR = `${LONG} ${LONG}`;

describe('the width of a line', () => {
  const tooWide: Readonly<Record<string, string>> = {
    'a comment': `// ${FAR}`,
    'a line of a block comment': `/**\n * ${FAR}\n */`,
    'code without a string': `const a = [${'1, '.repeat(40)}];`,
    'a comment after a string': `const a = '${LONG}'; // ${LONG}`,
    'a comment with a short URL before the limit': `// https://example.com ${FAR}`,
  };
  for (const [what, text] of Object.entries(tooWide)) {
    it(`rejects ${what}`, () => {
      assert.deepEqual(wideLines(`const b = 1;\n${text}\n`).length, 1);
    });
  }

  const exceptions: Readonly<Record<string, string>> = {
    'a string': `const a = '${FAR}';`,
    'a template over several lines': `const a = \`first\n${FAR}\${b}\n${FAR}\`;`,
    'a regular expression': `const a = /${FAR}/;`,
    'a URL in a comment': `// see https://example.com/${LONG}${LONG}`,
    '100 columns': `// ${'y'.repeat(97)}`,
  };
  for (const [what, text] of Object.entries(exceptions)) {
    it(`accepts ${what}`, () => {
      assert.deepEqual(wideLines(`const b = 1;\n${text}\n`), []);
    });
  }

  it('counts from the first line', () => {
    assert.deepEqual(wideLines(`\n\n// ${FAR}\n`), [3]);
  });
});
