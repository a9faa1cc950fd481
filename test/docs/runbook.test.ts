import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { OPERATOR_COMMANDS } from '../../src/operator.ts';
import { readPage } from './pages.ts';

/** The operator's commands that a page does not show with their configuration. */
function absentFrom(page: string, commands: readonly { readonly name: string }[]): string[] {
  return commands
    .map(({ name }) => name)
    .filter(name => !new RegExp(`^rolebridge-server ${name} .*rolebridge\\.yaml`, 'm').test(page));
}

describe('docs/runbook.md', () => {
  const page = readPage('runbook.md');

  it('shows every command for operators', () => {
    assert.deepEqual(absentFrom(page, OPERATOR_COMMANDS), []);
  });

  it('is found incomplete when a command is missing', () => {
    assert.deepEqual(absentFrom(page, [...OPERATOR_COMMANDS, { name: 'stray' }]), ['stray']);
  });
});
