import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { describe, it } from 'node:test';
import { FINDINGS, type FindingId, levelOf } from '../../src/core/finding.ts';
import { OPERATOR_COMMANDS } from '../../src/operator.ts';
import { findingsOf, withLevels } from './finding-entries.ts';
import { blocksOf, readPage } from './pages.ts';

const page = readPage('doctor.md');

/** In the order in which doctor runs them. */
const SECTIONS = ['host', 'connectors', 'address', 'probes', 'iam'];

/** Sections that have no entries yet. The change that writes them takes the section out. */
const OPEN: readonly string[] = [];

/** Ids by section, sorted in each; that all is in order needs no entry. */
function expectedIds(): FindingId[] {
  return SECTIONS.filter(section => !OPEN.includes(section)).flatMap(section =>
    (Object.keys(FINDINGS) as FindingId[])
      .filter(id => id.startsWith(`${section}.`) && levelOf({ id }) !== 'ok')
      .sort(),
  );
}

describe('docs/doctor.md', () => {
  it('has one entry for every finding that is not in order, and no other, sorted by section and id', () => {
    assert.deepEqual(findingsOf(page), expectedIds());
    const known = new Set(SECTIONS);
    assert.ok(Object.keys(FINDINGS).every(id => known.has(id.split('.')[0]!)));
  });

  it('shows the level and the title of each finding (npm run docs:findings)', () => {
    assert.equal(page, withLevels(page));
    for (const id of expectedIds()) {
      const { level, title } = FINDINGS[id];
      assert.ok(page.includes(`### \`${id}\`\n\n- **Finding**: ${level}, "${title}".\n`), id);
    }
  });

  for (const [, id, text] of page.matchAll(/^### `([\w.-]+)`\n(.*?)(?=^##|(?![\s\S]))/gms))
    it(`says the cause and the fix of ${id}`, () => {
      assert.match(text!, /^- \*\*Cause\*\*: \S/m);
      assert.match(text!, /^- \*\*Fix\*\*: \S/m);
    });

  it('names every option of the command', () => {
    const doctor = OPERATOR_COMMANDS.find(({ name }) => name === 'doctor')!;
    const options = (doctor.allows ?? []).map(name => `\`--${name}`);
    assert.ok(options.length >= 5);
    for (const option of options) assert.ok(page.includes(`| ${option}`), option);
  });

  it('has a script that a shell can read', () => {
    const [script] = blocksOf(page).filter(({ text }) => text.startsWith('#!/bin/sh'));
    assert.ok(script !== undefined);
    execFileSync('sh', ['-n'], { input: script.text });
  });

  it('is found incomplete and untrue when an entry is missing or its title differs', () => {
    const without = page.replace(/^### `iam\.role-case`\n.*?(?=^### )/ms, '');
    assert.notDeepEqual(findingsOf(without), expectedIds());
    const untrue = page.replace(/Finding\*\*: error, "[^"]+"/, 'Finding**: error, "Other"');
    assert.notEqual(untrue, page);
    assert.equal(withLevels(untrue), withLevels(page));
  });
});
