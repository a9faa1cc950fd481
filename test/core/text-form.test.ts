import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type Fit, fitOf, textLike, wildcardPattern } from '../../src/core/text-form.ts';

const CASES: readonly (readonly [pattern: string, text: string, expected: Fit])[] = [
  ['alice', 'alice', 'fits'],
  ['alice', 'Alice', 'fails'],
  ['', '', 'fits'],
  ['', 'a', 'fails'],
  ['*', '', 'fits'],
  ['?', '', 'fails'],
  ['a*e', 'alice', 'fits'],
  ['a?ice', 'alice', 'fits'],
  ['a?ce', 'alice', 'fails'],
  ['**', 'alice', 'fits'],
  // A text with an unknown part.
  ['*', '*', 'fits'],
  ['alice', '*', 'depends'],
  ['*-????????????????', '*-????????????????', 'fits'],
  ['????????????????', '????????????????', 'fits'],
  ['???', '????', 'fails'],
  ['?', '*', 'depends'],
  ['*@example.com', '*-????????????????', 'depends'],
  ['*@example.com', '*@workload', 'fails'],
  ['ci-*@workload', 'ci-????????????????@workload', 'fits'],
  ['other-*', 'ci-????????????????@workload', 'fails'],
  ['ab*', '*ab', 'depends'],
  ['*b', 'a*b', 'fits'],
  ['a*b*c', 'a*c', 'depends'],
];

describe('a text that is known in part', () => {
  for (const [pattern, text, expected] of CASES)
    it(`${expected}: "${text}" against the pattern "${pattern}"`, () => {
      assert.equal(fitOf(wildcardPattern(pattern), textLike(text)), expected);
    });

  it('is not compared with a pattern that is longer than a policy', () => {
    assert.equal(fitOf(wildcardPattern('a'.repeat(20_000)), textLike('b')), 'depends');
  });
});
