import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { idleEndOf } from '../../src/core/browser-session.ts';
import { HOUR } from '../../src/core/time.ts';

const NOON = Date.parse('2026-11-20T12:00:00Z');
const at = (hours: number): number => NOON + hours * HOUR * 1000;

describe('the end of a session that is not used again', () => {
  for (const [name, session, hours] of [
    ['is the idle limit after its last use', { lastUsedAt: at(1), expiresAt: at(12) }, 2],
    ['is never later than the absolute limit', { lastUsedAt: at(11.5), expiresAt: at(12) }, 12],
  ] as const)
    it(name, () => {
      assert.equal(idleEndOf(session, HOUR), at(hours));
    });
});
