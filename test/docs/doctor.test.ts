import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { FindingId } from '../../src/core/finding.ts';
import { FINDINGS, levelOf } from '../../src/core/finding.ts';
import { readPage } from './pages.ts';

const page = readPage('doctor.md');
const sectionOf = (id: string): string => id.split('.')[0]!;

describe('docs/doctor.md', () => {
  const headings = [...page.matchAll(/^### `([\w.-]+)`$/gm)].map(([, id]) => id!);

  for (const section of new Set(headings.map(sectionOf))) {
    it(`has each finding of the section ${section}, and no other, sorted`, () => {
      const ids = (Object.keys(FINDINGS) as FindingId[])
        .filter(id => sectionOf(id) === section && levelOf({ id }) !== 'ok')
        .sort();

      assert.deepEqual(
        headings.filter(id => sectionOf(id) === section),
        ids,
      );
    });
  }

  for (const [, id, text] of page.matchAll(/^### `([\w.-]+)`\n(.*?)(?=^##|$(?![\s\S]))/gms)) {
    it(`says the cause and the fix of ${id}`, () => {
      assert.match(text!, /^- \*\*Cause\*\*: /m);
      assert.match(text!, /^- \*\*Fix\*\*: /m);
    });
  }
});
