import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { ERRORS } from '../../src/core/errors.ts';
import { entriesOf, withSymptoms } from './error-entries.ts';
import { readPage } from './pages.ts';

const page = readPage('troubleshooting.md');

describe('docs/troubleshooting.md', () => {
  it('has one entry for every error code, and no other, sorted by code', () => {
    assert.deepEqual(entriesOf(page), Object.keys(ERRORS).sort());
  });

  it('shows the status and the title that users see (npm run docs:errors)', () => {
    assert.equal(page, withSymptoms(page));
    for (const [code, { status, title }] of Object.entries(ERRORS)) {
      assert.ok(page.includes(`### \`${code}\`\n\n- **Symptom**: ${status}, "${title}".\n`), code);
      assert.ok(page.includes(`| ${title} | ${status} | [\`${code}\`](#${code}) |\n`), code);
    }
  });

  for (const [, code, text] of page.matchAll(/^### `(\w+)`\n(.*?)(?=^##)/gms)) {
    it(`says the cause and the fix of ${code}`, () => {
      assert.match(text!, /^- \*\*Cause/m);
      assert.match(text!, /^- \*\*(?:Fix|Cause and fix)\*\*: /m);
    });
  }

  it('quotes reasons that the bridge writes to the log', () => {
    const sources = sourcesOfServer();
    const tables = [...page.matchAll(/^\| `why` contains \|.*\n\|[-|]+\n((?:\|.*\n)+)/gm)];
    const reasons = tables.flatMap(([, rows]) =>
      [...rows!.matchAll(/^\|([^|]+)\|/gm)].flatMap(([, cell]) =>
        [...cell!.matchAll(/`([^`]+)`/g)].map(([, reason]) => reason!),
      ),
    );

    assert.ok(reasons.length > 20);
    assert.deepEqual(
      reasons.filter(reason => !sources.includes(reason)),
      [],
    );
  });

  it('is found incomplete and untrue when an entry is missing or its title differs', () => {
    const without = page.replace(/^### `internal`\n.*?(?=^### )/ms, '');
    assert.notDeepEqual(entriesOf(without), Object.keys(ERRORS).sort());
    const surplus = page.replace('### `internal`', '### `no_such_code`');
    assert.notDeepEqual(entriesOf(surplus), Object.keys(ERRORS).sort());
    const untrue = page.replace(/Symptom\*\*: 500, "[^"]+"/, 'Symptom**: 500, "Another title"');
    assert.notEqual(untrue, page);
    assert.equal(withSymptoms(untrue), page);
  });
});

/** The text of every module of the server. */
function sourcesOfServer(): string {
  const src = new URL('../../src/', import.meta.url);
  return readdirSync(src, { recursive: true, encoding: 'utf8' })
    .filter(name => name.endsWith('.ts') && !/^(?:cli|dev)\//.test(name))
    .map(name => readFileSync(new URL(name, src), 'utf8'))
    .join('\n');
}
