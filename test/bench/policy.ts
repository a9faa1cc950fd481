/** The policy: which roles a user has, and why one of them. */
import { compilePolicy } from '../../src/core/policy.ts';
import { person } from '../support/people.ts';
import { largePolicy, PEOPLE_GROUPS } from './large-policy.ts';
import { type Comparison, compare } from './stopwatch.ts';

export async function measurePolicy(): Promise<readonly Comparison[]> {
  const before = process.memoryUsage().heapUsed;
  const { rules, accounts } = largePolicy();
  const started = performance.now();
  const policy = compilePolicy(rules, accounts);
  const built = performance.now() - started;
  const identity = person({ groups: PEOPLE_GROUPS, authenticatedAt: Date.now() });
  const here = { now: Date.now(), address: '10.1.2.3' };
  const groups = new Map(rules.flatMap(rule => rule.groups.map(group => [group, rule] as const)));
  const looked = performance.now();
  const { granted } = policy.evaluate(identity, here);
  const first = performance.now() - looked;
  // Beside the rules of the large policy, 120 rules that give one role in every account to a group
  // that this person is in.
  const everywhere = rules.slice(0, 120).map((rule, index) => ({
    ...rule,
    name: `everywhere-${index}`,
    accounts: undefined,
    groups: [PEOPLE_GROUPS[index]!],
  }));
  const widePolicy = compilePolicy([...rules, ...everywhere], accounts);
  const wide = widePolicy.evaluate(identity, here).granted;
  const results = [
    await compare({
      name: `policy: every role of a person in ${PEOPLE_GROUPS.length} groups (${granted.length} roles; ${rules.length} rules, ${accounts.length} accounts)`,
      run: () => policy.evaluate(identity, here),
      floorName: 'as many objects put into a list',
      floor: () => granted.map(entitlement => ({ ...entitlement })),
      calls: 200,
    }),
    await compare({
      name: `policy: the same with 120 rules for every account (${wide.length} roles)`,
      run: () => widePolicy.evaluate(identity, here),
      floorName: 'as many objects put into a list',
      floor: () => wide.map(entitlement => ({ ...entitlement })),
      calls: 50,
    }),
    await compare({
      name: 'policy: one role, with the reasons',
      run: () => policy.decide(identity, here, { account: 'account-7', role: 'Admin' }),
      floorName: `${PEOPLE_GROUPS.length} lookups in a Map`,
      floor: () => PEOPLE_GROUPS.filter(group => groups.has(group)).length,
      calls: 200,
    }),
  ];
  console.log(
    `policy snapshot: built in ${built.toFixed(0)} ms, first look ${first.toFixed(1)} ms, ${((process.memoryUsage().heapUsed - before) / 2 ** 20).toFixed(0)} MiB of heap with its rules`,
  );
  return results;
}
