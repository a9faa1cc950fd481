/**
 * Patterns of rules: claims of workloads (`acme/*`) and names of groups (`aws-{account}-{role}`).
 * The matcher is compared with a plain search that tries every possibility.
 *
 * An input is lines: the kind, the pattern, and texts.
 */
import { claimPatternProblem, matchesClaimPattern } from '../../src/core/claim-pattern.ts';
import { compileGroupPattern, groupPatternProblem } from '../../src/core/group-pattern.ts';
import type { Account } from '../../src/core/role.ts';
import { type FuzzTarget, promise } from './target.ts';

const ACCOUNTS: ReadonlyMap<string, Account> = new Map(
  [
    { id: '111122223333', name: 'prod' },
    { id: '444455556666', name: 'prod-eu' },
    { id: '777788889999', name: 'a.b_c' },
  ].flatMap(account => [
    [account.id, account as unknown as Account],
    [account.name, account as unknown as Account],
  ]),
);

export const target: FuzzTarget = {
  name: 'patterns',
  mostBytes: 300,
  mostMilliseconds: 100,
  guidedBy: ['/src/core/claim-pattern', '/src/core/group-pattern'],
  covers: ['src/core/claim-pattern.ts', 'src/core/group-pattern.ts'],
  check: input => {
    const [kind, pattern = '', ...texts] = input.split('\n');
    if (kind === 'claim') checkClaims(pattern, texts);
    if (kind === 'group') checkGroups(pattern, texts);
  },
};

function checkClaims(pattern: string, texts: readonly string[]): void {
  const problem = claimPatternProblem(pattern);
  promise(problem === undefined || problem.length > 0, 'a problem of a pattern has a reason');
  if (problem !== undefined) return;
  for (const text of [...texts, pattern.replaceAll('*', 'x')])
    promise(
      matchesClaimPattern(pattern, text) === covers([...pattern], [...text]),
      'a pattern covers what a search finds',
    );
}

/** Whether the pattern covers the whole text: for each `*`, every length is tried. */
function covers(pattern: readonly string[], text: readonly string[]): boolean {
  let ends = new Set([0]);
  for (const sign of pattern) {
    const next = new Set<number>();
    for (const end of ends) {
      if (sign !== '*') {
        if (text[end] === sign) next.add(end + 1);
        continue;
      }
      for (let at = end; at < text.length && !/[/:\p{Cc}]/u.test(text[at]!); at++) next.add(at + 1);
    }
    ends = next;
  }
  return ends.has(text.length);
}

function checkGroups(pattern: string, texts: readonly string[]): void {
  if (groupPatternProblem(pattern) !== undefined) return;
  const compiled = compileGroupPattern(pattern);
  const find = (text: string): Account | undefined => ACCOUNTS.get(text);
  for (const group of texts) {
    const named = compiled.match(group, find);
    if (named === undefined) continue;
    promise(group.startsWith(compiled.prefix), 'a group begins with the text of its pattern');
    promise(
      named.account === undefined || ACCOUNTS.has(named.account.id),
      'an account is a known one',
    );
    promise(
      named.role === undefined || /^[\w+=,.@/-]{1,512}$/.test(named.role),
      'a role is a name',
    );
    const account = named.account ?? { id: '111122223333', name: 'prod' };
    if (!compiled.ignores)
      promise(
        compiled.groupsFor(account as Account, named.role ?? '').includes(group),
        'a group is one of those that the pattern writes for what it names',
      );
  }
  for (const account of new Set(ACCOUNTS.values()))
    for (const group of compiled.groupsFor(account, 'Admin')) {
      const named = compiled.match(group.replaceAll('*', 'x'), find);
      promise(
        named === undefined || named.role === undefined || named.role.length > 0,
        'a role is not empty',
      );
    }
}
