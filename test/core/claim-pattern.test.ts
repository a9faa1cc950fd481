import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { claimPatternProblem, matchesClaimPattern } from '../../src/core/claim-pattern.ts';

const MATCHES: readonly (readonly [pattern: string, text: string])[] = [
  ['acme/*', 'acme/api'],
  ['acme/*', 'acme/a'],
  ['*/api', 'acme/api'],
  ['release-*', 'release-1.2'],
  ['*-release', '1-release'],
  ['a*c', 'abc'],
  ['a*b*c', 'a1b2c'],
  ['a*b*c', 'ab-b-bc'],
  ['*ab*', 'x-ab-ab'],
  ['*x.xy*', '.x.x.xy.'],
  ['refs/heads/*', 'refs/heads/main'],
  ['repo:acme/*:ref:refs/heads/*', 'repo:acme/api:ref:refs/heads/main'],
  [
    'organization:acme:pipeline:*:ref:main:commit:*:step:*',
    'organization:acme:pipeline:a:ref:main:commit:c:step:s',
  ],
  ['project *', 'project my net'],
  ['exact', 'exact'],
];

const MISSES: readonly (readonly [why: string, pattern: string, text: string])[] = [
  ['a longer owner', 'acme/*', 'acme-evil/x'],
  ['a further part', 'acme/*', 'acme/x/y'],
  ['a further pair', 'acme/*', 'acme/x:y'],
  ['no name', 'acme/*', 'acme/'],
  ['no slash', 'acme/*', 'acme'],
  ['another case', 'acme/*', 'ACME/api'],
  ['a Cyrillic letter', 'acme/*', 'аcme/api'],
  ['a full-width letter', 'acme/*', 'ａcme/api'],
  ['a letter of two code points', 'café/*', 'cafe\u0301/api'],
  ['text in front', 'acme/*', 'evil/acme/api'],
  ['a line in front', 'acme/*', 'x\nacme/api'],
  ['a line behind', 'acme/api', 'acme/api\n'],
  ['a space in front', 'acme/*', ' acme/api'],
  ['text behind', '*/api', 'acme/api-evil'],
  ['an owner with a slash', '*/api', 'acme/x/api'],
  ['a branch with a slash', 'refs/heads/*', 'refs/heads/a/b'],
  [
    'a star that takes a pair',
    'repo:acme/*:ref:refs/heads/main',
    'repo:acme/x:environment:y:ref:refs/heads/main',
  ],
  ['a star that takes nothing between', 'a*b*c', 'ab1c'],
  ['parts that overlap', 'ab*ba', 'aba'],
  ['the end used twice', 'a*bc*c', 'a-bc'],
  ['a dot as any character', 'a.c*', 'abcd'],
  ['a bracket as a set', '[ab]*', 'ax'],
  ['a question mark as any character', 'a?*', 'abc'],
  ['an empty value', 'a*', ''],
];

describe('a pattern for a claim', () => {
  for (const [pattern, text] of MATCHES)
    it(`${pattern} covers ${text}`, () => {
      assert.equal(matchesClaimPattern(pattern, text), true);
    });

  for (const [why, pattern, text] of MISSES)
    it(`${pattern} does not cover ${why}`, () => {
      assert.equal(matchesClaimPattern(pattern, text), false);
    });

  it('agrees with a regular expression that tries every way', () => {
    const letters = ['a', 'b', '/', '*'];
    const texts = (length: number, of: readonly string[]): string[] =>
      length === 0 ? [''] : texts(length - 1, of).flatMap(text => of.map(letter => text + letter));
    const values = [1, 2, 3, 4, 5].flatMap(length => texts(length, ['a', 'b', '/']));
    for (const pattern of [2, 3, 4, 5].flatMap(length => texts(length, letters))) {
      if (!pattern.includes('*') || pattern.includes('**')) continue;
      const expression = new RegExp(`^${pattern.replaceAll('*', '[^/:]+')}$`);
      for (const value of values)
        assert.equal(
          matchesClaimPattern(pattern, value),
          expression.test(value),
          `${pattern} and ${value}`,
        );
    }
  });

  for (const [pattern, unit] of [
    ['*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*b', 'a'],
    [`${'x*'.repeat(15)}y`, 'x'],
    ['*ab*ab*ab*ab*c', 'ab'],
    ['a/*', 'a/'],
  ] as const)
    it(`takes time that grows with a hostile value alone (${pattern})`, () => {
      const started = performance.now();
      assert.equal(matchesClaimPattern(pattern, unit.repeat(1_000_000)), false);
      assert.ok(performance.now() - started < 1000);
    });
});

const INVALID: readonly (readonly [pattern: string, why: RegExp])[] = [
  ['acme/api', /has no \*/],
  ['', /has no \*/],
  ['acme/**', /\*\* means nothing more/],
  ['*', /no text besides/],
  ['*/*', /no text besides/],
  ['*:*/*', /no text besides/],
  ['a*'.repeat(17), /more than 16/],
];

describe('a pattern that is rejected', () => {
  for (const [pattern, why] of INVALID)
    it(JSON.stringify(pattern), () => {
      assert.match(claimPatternProblem(pattern) ?? '', why);
    });

  it('accepts a pattern that contains text', () => {
    for (const pattern of ['acme/*', '*/api', 'a*'.repeat(16)])
      assert.equal(claimPatternProblem(pattern), undefined);
  });
});
