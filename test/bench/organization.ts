/**
 * Reading and checking the configuration of a large company, whose rules select the accounts of its
 * organization, and what a hand-out costs by it.
 */
import { parseDocument } from 'yaml';
import { loadConfiguration } from '../../src/config/load.ts';
import { compilePolicy } from '../../src/core/policy.ts';
import { person } from '../support/people.ts';
import { largeConfiguration } from './large-configuration.ts';
import { type Comparison, compare } from './stopwatch.ts';

const GROUPS = Array.from({ length: 20 }, (_, index) => `group-${index * 100}`);

export async function measureOrganization(): Promise<readonly Comparison[]> {
  using large = largeConfiguration();
  const { accounts, rules, file, yaml, json } = large;
  const reading = await compare({
    name: `configuration: read and checked (${rules} rules by selectors, ${accounts} accounts of a file)`,
    run: () => loadConfiguration(file),
    floorName: 'both files parsed',
    floor: () => [parseDocument(yaml).toJS(), JSON.parse(json)],
    calls: 1,
  });
  const configuration = await loadConfiguration(file);
  const compiling = await compare({
    name: 'configuration: its policy compiled',
    run: () => compilePolicy(configuration.access, configuration.accounts),
    floorName: 'the file of the accounts parsed',
    floor: () => JSON.parse(json),
    calls: 1,
  });
  const policy = compilePolicy(configuration.access, configuration.accounts);
  const identity = person({
    groups: GROUPS,
  });
  const here = { now: Date.now(), address: '10.1.2.3' };
  const { granted } = policy.evaluate(identity, here);
  const asked = { account: granted.at(-1)!.account.id, role: granted.at(-1)!.role };
  if (!policy.decide(identity, here, asked).granted) throw new Error('the role is not granted');
  const byGroup = new Map(configuration.access.map(rule => [rule.groups[0], rule]));
  return [
    reading,
    compiling,
    await compare({
      name: `policy: one role by these rules, with the reasons (${granted.length} roles)`,
      run: () => policy.decide(identity, here, asked),
      floorName: `${GROUPS.length} lookups in a Map`,
      floor: () => GROUPS.filter(group => byGroup.has(group)).length,
      calls: 200,
    }),
  ];
}
