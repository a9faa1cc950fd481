import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { AccessRule } from '../../src/core/access-rule.ts';
import type { ConnectorId } from '../../src/core/identity.ts';
import { compilePolicy } from '../../src/core/policy.ts';
import { explainRule } from '../../src/core/rule-report.ts';
import { person } from '../support/people.ts';
import { ACCOUNTS, HERE, PROD, rule } from './policy-samples.ts';

const ELSEWHERE = 'vendor' as ConnectorId;

function sentencesOf(rules: readonly AccessRule[], groups: readonly string[]): string[] {
  const user = person({ groups: [...groups], multiFactor: false });
  const report = compilePolicy(rules, ACCOUNTS).report(user, HERE);
  return report.rules.map(said => `${said.rule}: ${explainRule(said, user.connector)}`);
}

describe('the rules that match or nearly match a user', () => {
  const admins = rule('admins', { groups: ['aws-admins'], accounts: [PROD.id], roles: ['Admin'] });
  const strict = rule('strict', {
    ...{ groups: ['aws-admins'], accounts: [PROD.id], roles: ['Root'] },
    require: { mfa: true, networks: [] },
  });
  const vendor = rule('vendor', { groups: ['support'], roles: ['Dev'], connectors: [ELSEWHERE] });
  const pattern = rule('pattern', { groupPattern: 'aws-{account}-{role}' });
  const vendorPattern = rule('theirs', {
    ...{ groupPattern: 'ext-{account}-{role}', connectors: [ELSEWHERE] },
  });

  const cases: [string, AccessRule[], string[], RegExp[]][] = [
    [
      'one that grants',
      [admins],
      ['aws-admins'],
      [/^admins: The group aws-admins gives prod\/Admin\.$/],
    ],
    [
      'one whose requirement is not met',
      [strict],
      ['aws-admins'],
      [/^strict: The group aws-admins would give prod\/Root\. It requires .* second factor/],
    ],
    [
      'one that takes the group of another connector',
      [vendor],
      ['support'],
      [/^vendor: The rule accepts the group support from vendor only, and it came from \w+\.$/],
    ],
    ['one whose group differs in case', [admins], ['AWS-Admins'], [/the user is in AWS-Admins/]],
    [
      'one whose group differs in a space',
      [admins],
      ['aws-admins '],
      [/names the group aws-admins/],
    ],
    ['one whose group differs in a prefix', [admins], ['/aws-admins'], [/is in \/aws-admins/]],
    [
      'one whose pattern names an unknown account',
      [pattern],
      ['aws-nowhere-Admin'],
      [/^pattern: The group aws-nowhere-Admin begins like the pattern aws-\{account\}-\{role\}/],
    ],
    [
      'one whose pattern differs in case',
      [pattern],
      ['AWS-prod-Admin'],
      [/begins like the pattern/],
    ],
    [
      'one whose pattern takes the groups of another connector',
      [vendorPattern],
      ['ext-prod-Dev'],
      [/accepts the group ext-prod-Dev from vendor only/],
    ],
    ['none for another group', [admins, vendor, pattern], ['knitting-club'], []],
    ['none without groups', [admins, vendor, pattern], [], []],
  ];
  for (const [title, rules, groups, expected] of cases)
    it(`are explained: ${title}`, () => {
      const sentences = sentencesOf(rules, groups);
      assert.equal(sentences.length, expected.length, sentences.join('\n'));
      for (const [index, pattern] of expected.entries()) assert.match(sentences[index]!, pattern);
    });

  it('name the groups that no rule takes, and not those that one does', () => {
    const groups = ['aws-admins', 'aws-prod-Dev', 'support', 'knitting-club'];
    const policy = compilePolicy([admins, vendor, pattern], ACCOUNTS);
    assert.deepEqual(policy.report(person({ groups }), HERE).unnamed, ['support', 'knitting-club']);
  });

  it('are at most a hundred that match and a hundred that nearly do, in a bounded time', () => {
    const many = Array.from({ length: 5000 }, (_, index) =>
      rule(`r${index}`, { groups: [`G${index}`], accounts: [PROD.id], roles: ['Dev'] }),
    );
    const groups = many.map((_, index) => (index % 2 === 0 ? `G${index}` : `g${index}`));
    const started = performance.now();
    const { rules } = compilePolicy(many, ACCOUNTS).report(person({ groups }), HERE);
    assert.ok(performance.now() - started < 2_000);
    // One role is granted by one rule.
    assert.ok(rules.length <= 200 && rules.length > 100, String(rules.length));
  });
});
