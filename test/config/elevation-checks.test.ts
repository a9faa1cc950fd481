import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ENV, GOOD, said, written } from './written.ts';

const SECRETS = {
  ...ENV,
  HOOK: `whsec_${Buffer.alloc(32, 7).toString('base64')}`,
  SLACK: 'https://hooks.slack.com/services/T0/B0/x',
  SMTP: 'smtps://aws:secret@mail.example.com',
};

/** Line numbers of the messages count from here: `access:` is line 23. */
const FILE = `${GOOD.slice(0, GOOD.indexOf('access:'))}access:
  - name: on-request
    groups: [dev]
    connectors: [okta]
    accounts: [prod]
    roles: [Operator]
    elevation:
      approvers: [{ groups: [approvers], connectors: [okta] }]
      longest: 4h
      breakGlass: { groups: [oncall], connectors: [okta] }
notifications:
  - { id: ops, webhook: { url: https://hooks.example.com/aws, secret: { env: HOOK } } }
`;

type Change = readonly [from: string, to: string];
type Row = readonly [title: string, changes: readonly Change[], says: readonly string[]];

/** Problems and warnings of the file with these changes. */
async function saidOf(
  changes: readonly Change[],
  kind: 'problems' | 'warnings',
  secrets: Readonly<Record<string, string>> = {},
): Promise<string[]> {
  let lines: string[] = [];
  await written(async ({ check }) => {
    const text = changes.reduce((file, [from, to]) => {
      assert.ok(file.includes(from), `the file has no ${from}`);
      return file.replace(from, () => to);
    }, FILE);
    const checked = await check(text, { ...SECRETS, ...secrets });
    assert.deepEqual(said(checked[kind === 'problems' ? 'warnings' : 'problems']), []);
    lines = said(checked[kind]);
  });
  return lines;
}

const tags = (count: number): string =>
  Array.from({ length: count }, (_, index) => `T${index}: x`).join(', ');

const PROBLEMS: readonly Row[] = [
  [
    'a rule without a name',
    [['name: on-request\n    groups', 'groups']],
    [
      '24:5 access[0]: has elevation but no name. Add a name and keep it: requests refer to it, and they end when it changes.',
    ],
  ],
  [
    'a name that means a position',
    [['on-request', '"access[0]"']],
    [
      '24:5 access[0].name: "access[0]" is the name of a rule without a name. Write a name that says what the rule is for.',
    ],
  ],
  [
    'no approvers',
    [['approvers: [{ groups: [approvers], connectors: [okta] }]', 'reason: required']],
    [
      '29:5 access[0].elevation.approvers: is missing. Add it, for example approvers: [{ groups: [aws-approvers] }].',
    ],
  ],
  [
    'an empty list of approvers',
    [['[{ groups: [approvers], connectors: [okta] }]', '[]']],
    ['30:7 access[0].elevation.approvers: is an empty list. Write at least one entry with groups.'],
  ],
  [
    'approvers without groups',
    [['{ groups: [approvers], connectors: [okta] }', '{ connectors: [okta] }']],
    [
      '30:19 access[0].elevation.approvers[0]: has neither groups nor groupPattern, so it selects no user. Add groups: [name].',
    ],
  ],
  [
    'approvers by a pattern that names the account',
    [['groups: [approvers]', 'groupPattern: "{account}-approvers"']],
    [
      '30:21 access[0].elevation.approvers[0].groupPattern: contains {account} or {role}, which have no meaning here. Write {_} for a part that is ignored, or write the groups.',
    ],
  ],
  [
    'approvers by a pattern that selects every group',
    [['groups: [approvers]', 'groupPattern: "{_}"']],
    [
      '30:21 access[0].elevation.approvers[0].groupPattern: selects nearly every group. Write the part of the name that these groups share, or write the groups.',
    ],
  ],
  [
    'approvers without connectors',
    [['groups: [approvers], connectors: [okta]', 'groups: [approvers]']],
    [
      '30:19 access[0].elevation.approvers[0]: does not name the connectors whose groups count, and there are several: the groups of each could count. Add connectors: [...] with those of okta, adfs whose groups count. If you trust the groups of all connectors equally, write trustGroupsOf: all at the top level instead.',
    ],
  ],
  [
    'approvers of an unknown connector',
    [['[approvers], connectors: [okta]', '[approvers], connectors: [octa]']],
    [
      '30:55 access[0].elevation.approvers[0].connectors[0]: "octa" is not a connector of this file; did you mean okta? Write the id of a connector: okta, adfs.',
    ],
  ],
  [
    'a count of none',
    [['[approvers], connectors', '[approvers], count: 0, connectors']],
    [
      '30:42 access[0].elevation.approvers[0].count: 0 is not a whole number from 1 to 10. Write a number from 1 to 10.',
    ],
  ],
  [
    'a count of too many',
    [['[approvers], connectors', '[approvers], count: 11, connectors']],
    [
      '30:42 access[0].elevation.approvers[0].count: 11 is not a whole number from 1 to 10. Write a number from 1 to 10.',
    ],
  ],
  [
    'break-glass by a pattern that names the role',
    [['groups: [oncall]', 'groupPattern: "oncall-{role}"']],
    [
      '32:21 access[0].elevation.breakGlass.groupPattern: contains {account} or {role}, which have no meaning here. Write {_} for a part that is ignored, or write the groups.',
    ],
  ],
  [
    'break-glass of a group that is a wildcard',
    [['groups: [oncall]', 'groups: ["*"]']],
    [
      '32:30 access[0].elevation.breakGlass.groups[0]: "*" stands for no group; group names are compared exactly. Write every group, or use a groupPattern.',
    ],
  ],
  [
    'a review in less than an hour',
    [['[oncall], connectors', '[oncall], review: 30m, connectors']],
    ['32:39 access[0].elevation.breakGlass.review: "30m" is shorter than 1 h. Write 1h or more.'],
  ],
  [
    'no longest',
    [['      longest: 4h\n', '']],
    ['29:5 access[0].elevation.longest: is missing. Add it, for example longest: 4h.'],
  ],
  [
    'a longest that is too short',
    [['longest: 4h', 'longest: 29m']],
    ['31:7 access[0].elevation.longest: "29m" is shorter than 30 min. Write 30m or more.'],
  ],
  [
    'a longest that is too long',
    [['longest: 4h', 'longest: 13h']],
    [
      '31:7 access[0].elevation.longest: "13h" is longer than 12 h; STS gives at most 12h. Write 12h or less.',
    ],
  ],
  [
    'a session that is too short',
    [['elevation:', 'session: { duration: 20m }\n    elevation:']],
    [
      '29:16 access[0].session.duration: is shorter than 30 min, the shortest elevation. Write 30m or more, or remove it: it is elevation.longest then.',
    ],
  ],
  [
    'an unknown reason',
    [['longest: 4h', 'longest: 4h\n      reason: always']],
    [
      '32:7 access[0].elevation.reason: is not one of the allowed values. Write one of required, optional.',
    ],
  ],
  [
    'a ticket that is neither',
    [['longest: 4h', 'longest: 4h\n      ticket: OPS']],
    [
      '32:7 access[0].elevation.ticket: is neither any nor a map of projects. Write any, or { projects: [OPS] } with the projects whose tickets are accepted.',
    ],
  ],
  [
    'a ticket of no project',
    [['longest: 4h', 'longest: 4h\n      ticket: { projects: [] }']],
    [
      '32:7 access[0].elevation.ticket: has no list of projects. Write any, or { projects: [OPS] } with the projects whose tickets are accepted.',
    ],
  ],
  [
    'a ticket of a project in small letters',
    [['longest: 4h', 'longest: 4h\n      ticket: { projects: [OPS, ops] }']],
    [
      '32:7 access[0].elevation.ticket: contains "ops", which is not the key of a project. Write 1 to 32 capital letters, digits and underscores, beginning with a letter: OPS for tickets such as OPS-123.',
    ],
  ],
  [
    'a ticket with another key',
    [['longest: 4h', 'longest: 4h\n      ticket: { project: OPS }']],
    [
      '32:7 access[0].elevation.ticket: contains "project", which is not a key here. Write any, or { projects: [OPS] } with the projects whose tickets are accepted.',
    ],
  ],
  [
    'a ticket without a value',
    [['longest: 4h', 'longest: 4h\n      ticket:']],
    [
      '32:7 access[0].elevation.ticket: has no value. Write any, or { projects: [OPS] } with the projects whose tickets are accepted.',
    ],
  ],
  [
    'a tag that AWS keeps',
    [['longest: 4h', 'longest: 4h\n      tag: aws:elevation']],
    [
      '32:7 access[0].elevation.tag: "aws:elevation" is not a tag key. Use 1 to 128 letters, digits, spaces and _.:/=+-@, not beginning with aws:, or write none.',
    ],
  ],
  [
    'a tag that the session has',
    [['elevation:', 'session: { tags: { ElevationID: x } }\n    elevation:']],
    [
      '29:24 access[0].session.tags.ElevationID: is the key of the tag with the id of the elevation (elevation.tag: "ElevationId"). Choose another key for one of them, or write tag: none into elevation.',
    ],
  ],
  [
    'a tag that the session has, as written',
    [['elevation:', 'session: { tags: { Ticket: x } }\n    elevation:\n      tag: ticket']],
    [
      '29:24 access[0].session.tags.Ticket: is the key of the tag with the id of the elevation (elevation.tag: "ticket"). Choose another key for one of them, or write tag: none into elevation.',
    ],
  ],
  [
    'one tag too many',
    [['elevation:', `session: { tags: { ${tags(50)} } }\n    elevation:`]],
    [
      '29:16 access[0].session.tags: has 50 tags, and elevation adds one; AWS accepts 50. Remove one, or write tag: none into elevation.',
    ],
  ],
  [
    'an unknown key',
    [['longest: 4h', 'longest: 4h\n      approver: []']],
    [
      '32:7 access[0].elevation.approver: is not a key of this section; did you mean approvers? Known here: approvers, longest, reason, ticket, breakGlass, tag.',
    ],
  ],
  [
    'two targets with one id',
    [['notifications:', 'notifications:\n  - { id: ops, slack: { webhook: { env: SLACK } } }']],
    [
      '35:7 notifications[1].id: "ops" is already the id of notifications[0]. Give each target its own id.',
    ],
  ],
  [
    'a target of no kind',
    [[', webhook: { url: https://hooks.example.com/aws, secret: { env: HOOK } }', '']],
    ['34:5 notifications[0]: has none of slack, webhook, email. Add one of them.'],
  ],
  [
    'a target of two kinds',
    [['id: ops,', 'id: ops, slack: { webhook: { env: SLACK } },']],
    [
      '34:52 notifications[0].webhook: cannot be combined with slack. Give it a target of its own, with another id.',
    ],
  ],
  [
    'an id that is none',
    [['id: ops', 'id: Ops!']],
    [
      '34:7 notifications[0].id: "Ops!" is not a notification id. Write 1 to 32 lowercase letters, digits and dashes.',
    ],
  ],
  [
    'an endpoint without TLS',
    [['https://hooks', 'http://hooks']],
    [
      '34:27 notifications[0].webhook.url: is http, which anyone on the way can read and change. Use https; http is for loopback only (localhost, 127.0.0.1).',
    ],
  ],
  [
    'an inline secret',
    [['{ env: HOOK }', 'whsec_x']],
    [
      '34:63 notifications[0].webhook.secret: is written into the file; a secret is never inline. Write { env: NAME }, { file: PATH } or { credential: NAME }, and put the secret there. Replace the secret: it was in a file that others can read.',
    ],
  ],
  [
    'an inline Slack webhook',
    [
      [
        'webhook: { url: https://hooks.example.com/aws, secret: { env: HOOK } }',
        'slack: { webhook: https://hooks.slack.com/services/T0 }',
      ],
    ],
    [
      '34:25 notifications[0].slack.webhook: is written into the file; a secret is never inline. Write { env: NAME }, { file: PATH } or { credential: NAME }, and put the secret there. Replace the secret: it was in a file that others can read.',
    ],
  ],
  [
    'a sender that is none',
    [
      [
        'webhook: { url: https://hooks.example.com/aws, secret: { env: HOOK } }',
        'email: { smtp: { env: SMTP }, from: AWS <aws@example.com>, to: ["a b@example.com"] }',
      ],
    ],
    [
      '34:46 notifications[0].email.from: "AWS <aws@example.com>" is not a mail address. Write one address without a name, such as aws@example.com.',
      '34:80 notifications[0].email.to[0]: "a b@example.com" is not a mail address. Write one address without a name, such as aws@example.com.',
    ],
  ],
];

const TWO_ACCOUNTS =
  'access[0].elevation.approvers: come from several connectors together with the users of the rule (okta, adfs): a user with accounts at two of them could approve their own request. Write the same single connector in the rule and its approvers, or make sure that all of them send the same e-mail or user name for one user: such accounts count as one.';

const WARNINGS: readonly Row[] = [
  [
    'approvers of another connector',
    [['[approvers], connectors: [okta]', '[approvers], connectors: [adfs]']],
    [`30:7 ${TWO_ACCOUNTS}`],
  ],
  [
    'approvers of several connectors',
    [['[approvers], connectors: [okta]', '[approvers], connectors: [okta, adfs]']],
    [`30:7 ${TWO_ACCOUNTS}`],
  ],
  [
    'users of several connectors',
    [['[dev]\n    connectors: [okta]', '[dev]\n    connectors: [okta, adfs]']],
    [`30:7 ${TWO_ACCOUNTS}`],
  ],
  [
    'every connector',
    [
      ['[approvers], connectors: [okta]', '[approvers]'],
      ['[dev]\n    connectors: [okta]', '[dev]'],
      ['[oncall], connectors: [okta]', '[oncall]'],
      ['notifications:', 'trustGroupsOf: all\nnotifications:'],
    ],
    [`29:7 ${TWO_ACCOUNTS}`],
  ],
  [
    'approvers who are the users',
    [['groups: [approvers]', 'groups: [dev]']],
    [
      '30:7 access[0].elevation.approvers: include every user of the rule, so each can approve the requests of all others. Name a group of approvers alone. If users are to approve each other, ignore this warning.',
    ],
  ],
  [
    'approvers who include the users',
    [['groups: [approvers]', 'groups: [security, dev]']],
    [
      '30:7 access[0].elevation.approvers: include every user of the rule, so each can approve the requests of all others. Name a group of approvers alone. If users are to approve each other, ignore this warning.',
    ],
  ],
  [
    'break-glass of another connector',
    [['[oncall], connectors: [okta]', '[oncall], connectors: [adfs]']],
    [
      '32:39 access[0].elevation.breakGlass.connectors: contains none of the connectors of the rule, so no user can use break-glass. Write those of okta whose groups count: break-glass is for eligible users.',
    ],
  ],
  [
    'break-glass without notifications',
    [[FILE.slice(FILE.indexOf('notifications:')), '']],
    [
      '32:7 access[0].elevation.breakGlass: can be used without any other user being notified. Add a target to notifications that other users read: slack, webhook, or email with to.',
    ],
  ],
  [
    'break-glass that requesters alone are told of',
    [
      [
        'webhook: { url: https://hooks.example.com/aws, secret: { env: HOOK } }',
        'email: { smtp: { env: SMTP }, from: aws@example.com, to: [] }',
      ],
    ],
    [
      '32:7 access[0].elevation.breakGlass: can be used without any other user being notified. Add a target to notifications that other users read: slack, webhook, or email with to.',
    ],
  ],
  [
    'mail without addresses',
    [
      [
        'notifications:',
        'notifications:\n  - { id: mail, email: { smtp: { env: SMTP }, from: aws@example.com } }',
      ],
    ],
    [
      '34:17 notifications[0].email: has no to, so requesters are notified of their own requests, and no approver is. Add to: [address] with the mailboxes of your approvers, or to: [] if this is intended.',
    ],
  ],
  [
    'a longest beyond the session',
    [['elevation:', 'session: { duration: 1h }\n    elevation:']],
    [
      '32:7 access[0].elevation.longest: is longer than session.duration, so users are offered 1 h. Write 1h, or remove session.duration: it is longest then.',
    ],
  ],
  [
    'a longest beyond an account behind a hub',
    [['accounts: [prod]', 'accounts: [prod, partner]']],
    [
      '31:7 access[0].elevation.longest: is longer than 1 h, the most that AWS gives in partner, which is behind a hub (role chaining), so users are offered 1 h there. Write 1h, or give this account a rule with its own elevation.',
    ],
  ],
  [
    'a longest beyond one of every account',
    [['accounts: [prod]', 'accounts: ["*"]']],
    [
      '31:7 access[0].elevation.longest: is longer than 1 h, the most that AWS gives in an account behind a hub (role chaining), so users are offered 1 h there. Write 1h, or give these accounts a rule with its own elevation.',
    ],
  ],
];

for (const [kind, rows] of [
  ['problems', PROBLEMS],
  ['warnings', WARNINGS],
] as const) {
  describe(`${kind} of elevation and notifications`, () => {
    for (const [title, changes, says] of rows) {
      it(`include ${title}`, async () => {
        assert.deepEqual(await saidOf(changes, kind), says);
      });
    }
  });
}

describe('a secret of a target', () => {
  const SLACK: Change = [
    'webhook: { url: https://hooks.example.com/aws, secret: { env: HOOK } }',
    'slack: { webhook: { env: SLACK } }',
  ];
  const EMAIL: Change = [
    SLACK[0],
    'email: { smtp: { env: SMTP }, from: aws@example.com, to: [aws@example.com] }',
  ];
  const base64 = (bytes: number): string => Buffer.alloc(bytes, 'hunter2').toString('base64');
  const REJECTED: readonly (readonly [
    title: string,
    secret: string,
    changes: readonly Change[],
  ])[] = [
    ['a webhook without the prefix', base64(32), []],
    ['a webhook with fewer than 24 bytes', `whsec_${base64(23)}`, []],
    ['a webhook with more than 64 bytes', `whsec_${base64(65)}`, []],
    ['a webhook that is no base64', `whsec_${base64(32)}hunter2`, []],
    ['a webhook in base64url', `whsec_${base64(24).replace(/^../, '-_')}`, []],
    ['Slack without TLS', 'http://hooks.slack.com/hunter2', [SLACK]],
    ['Slack that is no URL', 'hunter2', [SLACK]],
    ['Slack with a password', 'https://hunter2:hunter2@hooks.slack.com/', [SLACK]],
    ['mail by another protocol', 'https://aws:hunter2@mail.example.com', [EMAIL]],
    ['mail without a host', 'smtp://', [EMAIL]],
    ['mail with an option', 'smtp://aws:hunter2@mail.example.com?ignoreTLS=true', [EMAIL]],
    ['mail with an empty query', 'smtp://aws:hunter2@mail.example.com/?', [EMAIL]],
    ['mail with a path', 'smtp://aws:hunter2@mail.example.com/hunter2', [EMAIL]],
    ['mail with a wrong percent form', 'smtp://aws:hunter2%zz@mail.example.com', [EMAIL]],
  ];
  for (const [title, secret, changes] of REJECTED) {
    it(`is rejected and not repeated: ${title}`, async () => {
      const secrets = { HOOK: secret, SLACK: secret, SMTP: secret };
      const lines = await saidOf(changes, 'problems', secrets);
      assert.equal(lines.length, 1);
      assert.match(lines[0]!, /^34:\d+ notifications\[0\]\.\S+: points at \S/);
      assert.doesNotMatch(lines[0]!, /hunter2/);
    });
  }

  const ACCEPTED: readonly (readonly [
    title: string,
    secret: string,
    changes: readonly Change[],
  ])[] = [
    ['a webhook with 24 bytes', `whsec_${base64(24)}`, []],
    ['a webhook with 64 bytes', `whsec_${base64(64)}`, []],
    ['a product with the webhooks of Slack', 'https://chat.example.com/hooks/x', [SLACK]],
    ['mail on loopback', 'smtp://127.0.0.1:2525', [EMAIL]],
    ['mail with TLS', 'smtps://aws:p%40ss@mail.example.com:465', [EMAIL]],
    ['mail with STARTTLS', 'smtp://aws@mail.example.com:587/', [EMAIL]],
  ];
  for (const [title, secret, changes] of ACCEPTED) {
    it(`is accepted: ${title}`, async () => {
      const secrets = { HOOK: secret, SLACK: secret, SMTP: secret };
      assert.deepEqual(await saidOf(changes, 'problems', secrets), []);
    });
  }

  it('is checked too where it is the previous one', async () => {
    const previous: Change = [
      'secret: { env: HOOK }',
      'secret: { env: HOOK }, previousSecret: { env: OLD }',
    ];
    const lines = await saidOf([previous], 'problems', { OLD: 'whsec_' });
    assert.equal(lines.length, 1);
    assert.match(lines[0]!, /^34:\d+ notifications\[0\]\.webhook\.previousSecret: points at /);
  });
});

it('elevation and notifications without a problem have no warning', async () => {
  assert.deepEqual(await saidOf([], 'warnings'), []);
});
