import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { stripVTControlCharacters } from 'node:util';
import { readableLogLine } from '../../src/dev/log-line.ts';

const plain = (line: string): string => stripVTControlCharacters(readableLogLine(line));

describe('a log line at the terminal', () => {
  it('shows time, level, message and fields', () => {
    const line = JSON.stringify({
      level: 'info',
      time: '2026-11-29T22:16:18.123Z',
      connectors: ['okta', 'ldap'],
      port: 3000,
      msg: 'listening',
    });
    assert.equal(plain(line), '22:16:18 info  listening connectors=["okta","ldap"] port=3000');
  });

  it('shows the stack of an error below it', () => {
    const err = { type: 'Error', message: 'broken', stack: 'Error: broken\n    at a (b.ts:1:2)' };
    const line = JSON.stringify({ level: 'error', time: '2026-11-29T22:16:18.123Z', err });
    assert.equal(plain(line), '22:16:18 error\n    Error: broken\n        at a (b.ts:1:2)');
  });

  it('keeps a line that is not JSON', () => {
    for (const line of ['rolebridge.yaml:3: unknown key', '{ not JSON'])
      assert.equal(plain(line), line);
  });

  it('makes control characters visible', () => {
    const field = { level: 'warn', time: '2026-11-29T22:16:18.123Z', agent: 'a\u001b[31mb\u202ec' };
    assert.equal(readableLogLine(JSON.stringify(field)).endsWith('a\\u{1b}[31mb\\u{202e}c'), true);
    assert.equal(readableLogLine('a\u009b31mb'), 'a\\u{9b}31mb');
  });
});
