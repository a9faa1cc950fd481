import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { AccessRule } from '../../src/core/access-rule.ts';
import { ENV, GOOD, said, written } from './written.ts';

const HEAD = GOOD.slice(0, GOOD.indexOf('access:'));
const ELEVATION = 'elevation: { approvers: [{ groups: [approvers] }], longest: 4h }';

/** The rules of a file without a problem. */
async function rulesOf(...rules: readonly string[]): Promise<readonly AccessRule[]> {
  let access: readonly AccessRule[] = [];
  await written(async ({ check }) => {
    const yaml = `${HEAD}trustGroupsOf: all\naccess:\n${rules.map(rule => `  - ${rule}\n`).join('')}`;
    const { configuration, problems } = await check(yaml);
    assert.deepEqual(said(problems), []);
    access = configuration!.access;
  });
  return access;
}

describe('elevation of a rule', () => {
  it('is built with every default, and session.duration defaults to longest', async () => {
    const [rule] = await rulesOf(
      `{ name: on-request, groups: [dev], accounts: [prod], roles: [Operator], ${ELEVATION} }`,
    );
    assert.equal(rule?.session.durationSeconds, 14_400);
    const { digest, ...terms } = rule.elevation!;
    assert.match(digest, /^[\w-]{43}$/);
    assert.deepEqual(terms, {
      approvers: [
        {
          groups: ['approvers'],
          groupPattern: undefined,
          connectors: ['okta', 'adfs'],
          count: 1,
        },
      ],
      longestSeconds: 14_400,
      reason: 'required',
      ticket: undefined,
      breakGlass: undefined,
      tag: 'ElevationId',
    });
  });

  it('is built with everything that can be written', async () => {
    const [rule] = await rulesOf(`name: on-request
    groups: [dev]
    accounts: [prod]
    roles: [Operator]
    session: { duration: 2h }
    elevation:
      approvers: [{ groupPattern: "{_}-approvers", connectors: [okta], count: 2 }, { groups: [security] }]
      longest: 90m
      reason: optional
      ticket: { projects: [OPS, INC_2] }
      breakGlass: { groups: [oncall], connectors: [okta], review: 8h }
      tag: none`);
    assert.equal(rule?.session.durationSeconds, 7200);
    const { digest: _, ...terms } = rule.elevation!;
    assert.deepEqual(terms, {
      approvers: [
        { groups: [], groupPattern: '{_}-approvers', connectors: ['okta'], count: 2 },
        { groups: ['security'], groupPattern: undefined, connectors: ['okta', 'adfs'], count: 1 },
      ],
      longestSeconds: 5400,
      reason: 'optional',
      ticket: { kind: 'projects', projects: ['OPS', 'INC_2'] },
      breakGlass: {
        groups: ['oncall'],
        groupPattern: undefined,
        connectors: ['okta'],
        reviewSeconds: 28_800,
      },
      tag: undefined,
    });
  });

  it('takes any ticket', async () => {
    const [rule] = await rulesOf(
      '{ name: on-request, groups: [dev], accounts: [prod], roles: [Operator], elevation: { approvers: [{ groups: [a] }], longest: 4h, ticket: any } }',
    );
    assert.deepEqual(rule?.elevation?.ticket, { kind: 'any' });
  });
});

describe('the digest of what a rule gives', () => {
  const WHOLE = `name: on-request
    groups: [dev]
    connectors: [okta]
    accounts: [prod, staging]
    roles: [Operator, Reader]
    session:
      duration: 2h
      console: 3h
      sourceIdentity: "{sessionName}"
      tags: { Team: "{attributes.team|none}", Mail: "{email|{attributes.mail|none}}" }
      transitiveTags: [Team, Mail]
      policyArns: ["arn:aws:iam::aws:policy/ReadOnlyAccess", "arn:aws:iam::aws:policy/ViewOnly"]
    require: { mfa: true, authenticatedWithin: 8h, networks: [10.0.0.0/8, 192.0.2.0/24] }
    elevation: { approvers: [{ groups: [approvers], count: 1 }], longest: 2h, reason: required, tag: none }`;

  async function digestOf(rule: string): Promise<string> {
    return (await rulesOf(rule))[0]!.elevation!.digest;
  }

  /** A rule with one text replaced; a text that is not there is a problem of the test. */
  function changed(from: string, to: string): string {
    assert.ok(WHOLE.includes(from), from);
    return WHOLE.replace(from, () => to);
  }

  const SAME: readonly (readonly [title: string, from: string, to: string])[] = [
    ['its name', 'name: on-request', 'name: other'],
    ['its groups', 'groups: [dev]', 'groups: [dev, ops]'],
    ['its connectors', 'connectors: [okta]', 'connectors: [okta, adfs]'],
    ['its approvers', 'groups: [approvers], count: 1', 'groups: [security], count: 2'],
    ['the reason', 'reason: required', 'reason: optional'],
    ['the ticket', 'reason: required', 'ticket: any'],
    ['break-glass', 'reason: required', 'breakGlass: { groups: [oncall] }'],
    ['the tag', 'tag: none', 'tag: Elevation'],
    [
      'the order of keys',
      'mfa: true, authenticatedWithin: 8h',
      'authenticatedWithin: 8h, mfa: true',
    ],
    ['an account by its id', 'accounts: [prod, staging]', 'accounts: ["111122223333", staging]'],
    ['the order of accounts', 'accounts: [prod, staging]', 'accounts: [staging, prod]'],
    ['the order of roles', 'roles: [Operator, Reader]', 'roles: [Reader, Operator]'],
    ['the order of networks', '10.0.0.0/8, 192.0.2.0/24', '192.0.2.0/24, 10.0.0.0/8'],
    ['the order of transitive tags', '[Team, Mail]', '[Mail, Team]'],
    ['another form of a duration', 'duration: 2h', 'duration: 120m'],
    [
      'a tag as a map',
      'Team: "{attributes.team|none}"',
      'Team: { value: "{attributes.team|none}", optional: false }',
    ],
    [
      'the order of tags',
      'Team: "{attributes.team|none}", Mail: "{email|{attributes.mail|none}}"',
      'Mail: "{email|{attributes.mail|none}}", Team: "{attributes.team|none}"',
    ],
  ];
  it('is the one that earlier versions made of the same file', async () => {
    assert.equal(await digestOf(WHOLE), 'fW4aOl1-iUqxcDnBVKS7tjMuyoIR5Hno6DoJKTH8xbA');
  });

  for (const [title, from, to] of SAME) {
    it(`stays with ${title}`, async () => {
      assert.equal(await digestOf(changed(from, to)), await digestOf(WHOLE));
    });
  }

  const OTHER: readonly (readonly [title: string, from: string, to: string])[] = [
    ['an account fewer', 'accounts: [prod, staging]', 'accounts: [prod]'],
    ['every account', 'accounts: [prod, staging]', 'accounts: ["*"]'],
    ['another role', 'roles: [Operator, Reader]', 'roles: [Operator, Admin]'],
    ['a pattern', 'groups: [dev]', 'groupPattern: "dev-{account}"'],
    ['another duration', 'duration: 2h', 'duration: 4h'],
    [
      'an optional tag',
      'Team: "{attributes.team|none}"',
      'Team: { value: "{attributes.team|none}", optional: true }',
    ],
    ['another console duration', 'console: 3h', 'console: 2h'],
    ['no source identity', 'sourceIdentity: "{sessionName}"', ''],
    ['another tag', 'Team: "{attributes.team|none}"', 'Team: "{attributes.squad|none}"'],
    ['another alternative', '{attributes.mail|none}', '{attributes.mail|absent}'],
    ['another key of a tag', 'Team: "{', 'Squad: x, Team: "{'],
    ['fewer transitive tags', 'transitiveTags: [Team, Mail]', 'transitiveTags: [Team]'],
    ['another policy', 'policy/ViewOnly', 'policy/ViewAll'],
    ['no second factor', 'mfa: true', 'mfa: false'],
    ['an older sign-in', 'authenticatedWithin: 8h', 'authenticatedWithin: 9h'],
    ['another network', '192.0.2.0/24', '198.51.100.0/24'],
    ['another longest', 'longest: 2h', 'longest: 1h'],
  ];
  for (const [title, from, to] of OTHER) {
    it(`changes with ${title}`, async () => {
      assert.notEqual(await digestOf(changed(from, to)), await digestOf(WHOLE));
    });
  }

  it('changes with the content of the policy file, and not with its layout', () =>
    written(async ({ check, put }) => {
      const digest = async (policy: string): Promise<string> => {
        put('scope.json', policy);
        const rule = changed('duration: 2h', 'duration: 2h\n      policy: { file: scope.json }');
        const { configuration } = await check(`${HEAD}trustGroupsOf: all\naccess:\n  - ${rule}\n`);
        return configuration!.access[0]!.elevation!.digest;
      };
      const first = await digest('{"Version":"2012-10-17","Statement":[]}');
      assert.equal(await digest('{ "Version": "2012-10-17", "Statement": [] }'), first);
      assert.notEqual(await digest('{"Version":"2012-10-17","Statement":[{}]}'), first);
    }));
});

describe('notifications', () => {
  const [HOOK, OLD] = ['current', 'previous'].map(
    name => `whsec_${Buffer.from(`${name}-secret`.padEnd(32, '-')).toString('base64')}`,
  );

  it('are built with their secrets', () =>
    written(async ({ check }) => {
      const { configuration, problems, warnings } = await check(
        `${GOOD}notifications:
  - { id: ops, slack: { webhook: { env: SLACK } } }
  - { id: siem, webhook: { url: https://hooks.example.com/aws, secret: { env: HOOK } } }
  - { id: both, webhook: { url: "http://127.0.0.1:9/x", secret: { env: HOOK }, previousSecret: { env: OLD } } }
  - { id: mail, email: { smtp: { env: SMTP }, from: aws@example.com, to: [approvers@example.com] } }
`,
        {
          ...ENV,
          SLACK: 'https://hooks.slack.com/services/T0/B0/x',
          HOOK,
          OLD,
          SMTP: 'smtp://aws:p%40ss@mail.example.com:587',
        },
      );
      assert.deepEqual([said(problems), said(warnings)], [[], []]);
      assert.deepEqual(configuration?.notifications, [
        { id: 'ops', kind: 'slack', url: 'https://hooks.slack.com/services/T0/B0/x' },
        {
          id: 'siem',
          kind: 'webhook',
          url: 'https://hooks.example.com/aws',
          secrets: [HOOK],
        },
        {
          id: 'both',
          kind: 'webhook',
          url: 'http://127.0.0.1:9/x',
          secrets: [HOOK, OLD],
        },
        {
          id: 'mail',
          kind: 'email',
          smtpUrl: 'smtp://aws:p%40ss@mail.example.com:587',
          from: 'aws@example.com',
          to: ['approvers@example.com'],
        },
      ]);
    }));
});
