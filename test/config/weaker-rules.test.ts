import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { GOOD, said, written } from './written.ts';

const HEAD = GOOD.slice(0, GOOD.indexOf('access:'));

/** The warnings of a file with these rules, by the rule that they stand at. */
async function warningsOf(...rules: readonly string[]): Promise<string[]> {
  let lines: string[] = [];
  await written(async ({ check }) => {
    const yaml = `${HEAD}trustGroupsOf: all\naccess:\n${rules.map(rule => `  - ${rule}\n`).join('')}`;
    const { configuration, problems, warnings } = await check(yaml);
    assert.deepEqual(said(problems), []);
    assert.ok(configuration, 'it is a warning and no problem');
    lines = said(warnings).map(line =>
      line.replace(/^\d+:\d+ /, '').replace(/ Require the same in both, .*$/, ''),
    );
  });
  return lines;
}

const STRICT =
  '{ name: break-glass, groups: [oncall], accounts: [prod], roles: [BreakGlass], require: { mfa: true } }';

describe('warns of a rule that gives a role on weaker terms than another', () => {
  it('with the names of both rules and what is weaker', async () => {
    await written(async ({ check }) => {
      const weak = '{ name: by-group-name, groupPattern: "aws-{account}-{role}" }';
      const { warnings } = await check(
        `${HEAD}trustGroupsOf: all\naccess:\n  - ${STRICT}\n  - ${weak}\n`,
      );
      assert.deepEqual(said(warnings), [
        '26:5 access[1]: "by-group-name" gives BreakGlass in prod on weaker terms than access[0] "break-glass": no mfa. Require the same in both, or limit this rule to other roles or accounts. The order does not help: a user without the proof or approval gets the role from the weaker rule.',
      ]);
    });
  });

  const rule = (require: string, more = 'accounts: [prod], roles: [Admin]'): string =>
    `{ groups: [g], ${more}, require: ${require} }`;
  const onRequest = (approvers: string, name = 'on-request'): string =>
    `{ name: ${name}, groups: [g], connectors: [okta], accounts: [prod], roles: [Admin], elevation: { approvers: ${approvers}, longest: 4h } }`;
  const ofOkta = (group: string, count = 1): string =>
    `{ groups: [${group}], connectors: [okta], count: ${count} }`;
  const TABLE: readonly (readonly [title: string, strict: string, weak: string, what: string])[] = [
    [
      'no second factor',
      rule('{ mfa: true }'),
      rule('{}'),
      'Admin in prod on weaker terms than access[0]: no mfa.',
    ],
    [
      'no limit of age',
      rule('{ authenticatedWithin: 8h }'),
      rule('{}'),
      'Admin in prod on weaker terms than access[0]: no authenticatedWithin (there 8h).',
    ],
    [
      'a longer limit of age',
      rule('{ authenticatedWithin: 8h }'),
      rule('{ authenticatedWithin: 1d }'),
      'Admin in prod on weaker terms than access[0]: authenticatedWithin 24h (there 8h).',
    ],
    [
      'any network',
      rule('{ networks: [10.9.0.0/16] }'),
      rule('{}'),
      'Admin in prod on weaker terms than access[0]: any network (there 10.9.0.0/16).',
    ],
    [
      'a wider network',
      rule('{ networks: [10.9.0.0/16] }'),
      rule('{ networks: [10.9.0.0/16, 10.8.0.0/16] }'),
      'Admin in prod on weaker terms than access[0]: networks 10.9.0.0/16, 10.8.0.0/16 (there 10.9.0.0/16).',
    ],
    [
      'no approval',
      onRequest(`[${ofOkta('a', 2)}, ${ofOkta('b')}]`),
      rule('{}'),
      'Admin in prod on weaker terms than access[0] "on-request": no elevation (there 3 approvals).',
    ],
    [
      'all at once',
      rule('{ mfa: true, authenticatedWithin: 1h, networks: [10.9.0.0/16] }'),
      rule('{}'),
      'Admin in prod on weaker terms than access[0]: no mfa, no authenticatedWithin (there 1h), any network (there 10.9.0.0/16).',
    ],
    [
      'every account',
      rule('{ mfa: true }'),
      rule('{}', 'accounts: ["*"], roles: [Admin]'),
      'Admin in prod on weaker terms than access[0]: no mfa.',
    ],
    [
      'one of every account',
      rule('{ mfa: true }', 'accounts: ["*"], roles: [Admin]'),
      rule('{}', 'accounts: [staging], roles: [Other, Admin]'),
      'Admin in staging on weaker terms than access[0]: no mfa.',
    ],
    [
      'an account by its id that the other names by its name',
      rule('{ mfa: true }'),
      rule('{}', 'accounts: ["111122223333"], roles: [Admin]'),
      'Admin in prod on weaker terms than access[0]: no mfa.',
    ],
    [
      'one account and one role of several',
      rule('{ mfa: true }', 'accounts: [gov, staging], roles: [A, B]'),
      rule('{}', 'accounts: [prod, staging], roles: [B, C]'),
      'B in staging on weaker terms than access[0]: no mfa.',
    ],
    [
      'a pattern that names the account',
      rule('{ mfa: true }'),
      '{ groupPattern: "admins-{account}", roles: [Admin] }',
      'Admin in prod on weaker terms than access[0]: no mfa.',
    ],
    [
      'a pattern that names the role',
      rule('{ mfa: true }'),
      '{ groupPattern: "aws-{role}", accounts: [gov, prod] }',
      'Admin in prod on weaker terms than access[0]: no mfa.',
    ],
    [
      'than a pattern',
      '{ groupPattern: "aws-{account}-{role}", require: { mfa: true } }',
      rule('{}'),
      'Admin in prod on weaker terms than access[0]: no mfa.',
    ],
    [
      'a pattern than a pattern',
      '{ groupPattern: "aws-{account}-{role}", require: { mfa: true } }',
      '{ groupPattern: "x-{account}-{role}" }',
      'the same roles in every account on weaker terms than access[0]: no mfa.',
    ],
    [
      'groups of another connector',
      '{ groups: [g], connectors: [okta], accounts: [prod], roles: [Admin], require: { mfa: true } }',
      '{ groups: [g], connectors: [adfs], accounts: [prod], roles: [Admin] }',
      'Admin in prod on weaker terms than access[0]: no mfa.',
    ],
  ];
  for (const [title, strict, weak, what] of TABLE) {
    it(`with ${title}, behind or in front of the other`, async () => {
      assert.deepEqual(await warningsOf(strict, weak), [`access[1]: gives ${what}`]);
      assert.deepEqual(await warningsOf(weak, strict), [
        `access[0]: gives ${what.replace('access[0]', 'access[1]')}`,
      ]);
    });
  }

  it('at both rules when each is weaker in something', async () => {
    assert.deepEqual(await warningsOf(rule('{ mfa: true }'), rule('{ authenticatedWithin: 1h }')), [
      'access[0]: gives Admin in prod on weaker terms than access[1]: no authenticatedWithin (there 1h).',
      'access[1]: gives Admin in prod on weaker terms than access[0]: no mfa.',
    ]);
  });

  it('with three of the stricter rules, and says that there are more', async () => {
    const strict = ['A', 'B', 'C', 'D', 'E'].map(role =>
      rule('{ mfa: true }', `accounts: [prod], roles: [${role}]`),
    );
    assert.deepEqual(await warningsOf(...strict, '{ groupPattern: "aws-{account}-{role}" }'), [
      'access[5]: gives A in prod on weaker terms than access[0]: no mfa.',
      'access[5]: gives B in prod on weaker terms than access[1]: no mfa.',
      'access[5]: gives C in prod on weaker terms than access[2]: no mfa. There are more stricter rules.',
    ]);
  });

  it('with fewer approvals, of two rules that require one', async () => {
    const strict = onRequest(`[${ofOkta('a', 2)}]`, 'strict');
    const weak = onRequest(`[${ofOkta('b')}]`, 'weak');
    assert.deepEqual(await warningsOf(strict, weak), [
      'access[1]: "weak" gives Admin in prod on weaker terms than access[0] "strict": 1 approval (there 2).',
    ]);
  });

  const QUIET: readonly (readonly [title: string, ...rules: string[]])[] = [
    [
      'the same requirements',
      rule('{ mfa: true, authenticatedWithin: 8h }'),
      rule('{ authenticatedWithin: 480m, mfa: true }'),
    ],
    [
      'networks in another order',
      rule('{ networks: [10.8.0.0/16, 10.9.0.0/16] }'),
      rule('{ networks: [10.9.0.0/16, 10.8.0.0/16] }'),
    ],
    [
      'networks that together are the same',
      rule('{ networks: [10.8.0.0/15] }'),
      rule('{ networks: [10.8.0.0/16, 10.9.0.0/16] }'),
    ],
    [
      'as many approvals of other users',
      onRequest(`[${ofOkta('a', 2)}]`, 'one'),
      onRequest(`[${ofOkta('b')}, ${ofOkta('c')}]`, 'other'),
    ],
    ['another role', rule('{ mfa: true }'), rule('{}', 'accounts: [prod], roles: [ReadOnly]')],
    ['another account', rule('{ mfa: true }'), rule('{}', 'accounts: [staging], roles: [Admin]')],
    [
      'a pattern that is bounded to other roles',
      rule('{ mfa: true }'),
      '{ groupPattern: "aws-{account}-{role}", roles: [ReadOnly] }',
    ],
    [
      'a pattern that is bounded to other accounts',
      rule('{ mfa: true }'),
      '{ groupPattern: "aws-{account}-{role}", accounts: [staging] }',
    ],
    [
      'a role of the same name with a path',
      rule('{ mfa: true }'),
      rule('{}', 'accounts: [prod], roles: [team/Admin]'),
    ],
    [
      'a wider session on the same terms',
      '{ groups: [g], accounts: [prod], roles: [Admin], session: { policyArns: ["arn:aws:iam::aws:policy/ReadOnlyAccess"] } }',
      rule('{}'),
    ],
  ];
  for (const [title, ...rules] of QUIET)
    it(`not with ${title}`, async () => assert.deepEqual(await warningsOf(...rules), []));

  it('but not for a rule with a problem in what it gives', () =>
    written(async ({ check }) => {
      const { problems, warnings } = await check(
        `${HEAD}trustGroupsOf: all\naccess:\n  - ${STRICT}\n  - { groups: [g], accounts: [prod], roles: "x", require: 7 }\n`,
      );
      assert.equal(problems.length, 2);
      assert.deepEqual(said(warnings), []);
    }));
});

describe('does not compare', () => {
  it('a rule whose elevation has a problem', () =>
    written(async ({ check }) => {
      const { problems, warnings } = await check(
        `${HEAD}trustGroupsOf: all\naccess:\n  - { name: a, groups: [g], accounts: [prod], roles: [BreakGlass], require: { mfa: true }, elevation: 7 }\n  - ${STRICT}\n`,
      );
      assert.equal(problems.length, 1);
      assert.deepEqual(said(warnings), []);
    }));
});

describe('compares ten thousand rules quickly', () => {
  const within = async (
    title: string,
    rules: readonly string[],
    warnings: (lines: readonly string[]) => void,
  ) => {
    const started = performance.now();
    const lines = await warningsOf(...rules);
    const seconds = (performance.now() - started) / 1000;
    assert.ok(seconds < 60, `${title}: ${seconds} s`);
    warnings(lines);
  };

  it('that all give one role of one account, half of them on weaker terms', () =>
    within(
      'one cell',
      Array.from(
        { length: 10_000 },
        (_, index) =>
          `{groups: [g${index}], accounts: [prod], roles: [R], require: {mfa: ${index % 2 === 0}}}`,
      ),
      lines => assert.equal(lines.length, 15_000, 'three stricter ones for each of the 5,000'),
    ));

  it('that all have different requirements, and says that it compared some pairs only', () =>
    within(
      'different requirements',
      Array.from(
        { length: 5_000 },
        (_, index) =>
          `{groups: [g], accounts: [prod], roles: [R], require: {authenticatedWithin: ${9_000 - index}s}}`,
      ),
      lines =>
        assert.ok(
          lines.some(line => line.startsWith('access: has so many different requirements')),
          lines.at(-1),
        ),
    ));
});
