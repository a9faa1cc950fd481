import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { matchingStep, totpCode } from '../../../src/dev/local-aws/totp.ts';

/** `12345678901234567890` of RFC 6238, appendix B. */
const SEED = 'GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ';

describe('a one-time password', () => {
  const vectors: readonly [number, string][] = [
    [59, '287082'],
    [1_111_111_109, '081804'],
    [1_111_111_111, '050471'],
    [1_234_567_890, '005924'],
    [2_000_000_000, '279037'],
    [20_000_000_000, '353130'],
  ];
  for (const [seconds, code] of vectors)
    test(`is ${code} at ${seconds} s, as in RFC 6238`, () => {
      assert.equal(totpCode(SEED, seconds * 1000), code);
    });

  test('is accepted one step early or late, and no further away', () => {
    const code = totpCode(SEED, 3_000_000);
    const steps = [-2, -1, 0, 1, 2].map(offset =>
      matchingStep(SEED, code, { now: 3_000_000 + offset * 30_000, afterStep: -1 }),
    );
    assert.deepEqual(steps, [undefined, 100, 100, 100, undefined]);
  });

  test('is rejected in the step of the last code and before', () => {
    const code = totpCode(SEED, 3_000_000);
    assert.equal(matchingStep(SEED, code, { now: 3_000_000, afterStep: 99 }), 100);
    assert.equal(matchingStep(SEED, code, { now: 3_000_000, afterStep: 100 }), undefined);
    assert.equal(matchingStep(SEED, code, { now: 3_000_000, afterStep: 101 }), undefined);
  });

  test('is rejected with another length', () => {
    assert.equal(matchingStep(SEED, '28708', { now: 59_000, afterStep: -1 }), undefined);
    assert.equal(matchingStep(SEED, '', { now: 59_000, afterStep: -1 }), undefined);
  });
});
