/** For every view the least and the most that its model can hold. */
import { CLI_CLIENT, named } from '../../src/core/oauth-client.ts';
import type {
  ElevationModel,
  ElevationRow,
  RequestedRole,
} from '../../src/http/elevation-views.ts';
import type { ViewerModel } from '../../src/http/page-frame.ts';
import type { RoleRow } from '../../src/http/role-views.ts';
import type { BrowserRow } from '../../src/http/session-views.ts';
import type { TerminalModel } from '../../src/http/terminal-views.ts';
import type { Views } from '../../src/http/views.ts';

const browserRow: BrowserRow = {
  name: 'Firefox on Linux',
  address: '192.0.2.7',
  since: '2026-11-20T18:30:00.000Z',
  lastUsedAt: '2026-11-20T18:31:00.000Z',
  idleEndsAt: '2026-11-20T19:31:00.000Z',
  until: '2026-11-21T06:30:00.000Z',
};

const viewer: ViewerModel = {
  name: 'Alice Andersson',
  username: 'alice',
  connectorLabel: 'Acme Okta',
  csrfToken: 'csrf-0123456789',
  sessionEndsAt: '2026-11-21T06:30:00.000Z',
  idleEndsAt: '2026-11-20T23:30:00.000Z',
  secondsLeft: 43_200,
  idleSecondsLeft: 3600,
};
const help = { text: 'Ask the platform team.', url: 'https://wiki.example.com/aws-access' };
/** A role that can be used now, and nothing more. */
export const USABLE_ROLE: RoleRow = {
  role: 'team/ReadOnly',
  name: 'prod as team/ReadOnly',
  about: '4 h · console 8 h · group-one · rule rule-one',
  missing: [],
  isFavourite: false,
  hasConsole: true,
};

const WITHHELD: Partial<RoleRow> = {
  role: 'Admin',
  name: 'partner as Admin',
  missing: ['Sign in with a second factor.', 'Come from the office.'],
  stepUpHref: '/step-up?account=partner&role=Admin',
  request: { label: 'Request this role', href: '/elevations/new?rule=r' },
};

const namedTerminal = {
  device: 'alice-laptop',
  isApplication: false,
  client: named(CLI_CLIENT),
  how: 'confirmed in its browser',
};
const terminal: TerminalModel = {
  ...namedTerminal,
  address: '10.1.2.3',
  since: '2026-11-20T18:12:00.000Z',
  lastUsedAddress: '10.1.2.4',
};

const address = {
  whole: 'https://eu-west-1.console.aws.amazon.com/s3/buckets?region=eu-west-1',
  ...{ host: 'eu-west-1.console.aws.amazon.com', service: 'S3', region: 'eu-west-1' },
};
const goRole = { role: 'team/ReadOnly', rule: 'rule-one', missing: [], isUsable: true };
const builder = {
  ...{ accounts: [], roles: [], role: '', services: [], regions: [], region: '', path: '' },
  isUsed: false,
};

const row: ElevationRow = {
  href: '/elevations/e1',
  account: 'prod',
  role: 'Admin',
  who: { name: 'Bob Brandt', username: 'bob' },
  status: { kind: 'waiting', label: 'Waiting for approval' },
  length: '2 h',
  times: [],
  isOverdue: false,
};
const fullRow: ElevationRow = {
  ...row,
  sort: 'Break-glass',
  reason: 'a migration',
  ticket: 'OPS-123',
  times: [{ label: 'Ends', at: '2026-11-20T20:12:00.000Z' }],
  age: '12 min',
  left: { timeLeft: '1 h 20 min', secondsLeft: 4800 },
  isOverdue: true,
};
const ownRow = { ...row, canWithdraw: true, canEnd: false };
const lengths = [
  { value: '1800s', label: '30 min', isChosen: false },
  { value: '3600s', label: '1 h', isChosen: true },
];
const askedRole: RequestedRole = {
  field: 'role_0',
  value: '111122223333/Admin',
  account: 'prod',
  accountId: '111122223333',
  role: 'Admin',
  rule: 'prod-on-request',
  group: 'developers',
  approvers: '1 approval from aws-approvers',
};
const leastElevation: ElevationModel = {
  viewer,
  action: '/elevations/e1',
  account: 'prod',
  role: 'Admin',
  who: 'Bob Brandt',
  status: { kind: 'waiting', label: 'Waiting for approval' },
  sentence: 'It waits for approval.',
  note: '',
  canWithdraw: false,
  request: [],
  requester: [],
  outstanding: [],
  approvals: [],
  alive: [],
  story: [],
};

export const VIEW_MODELS: {
  readonly [K in keyof Views]: { readonly least: Views[K]; readonly most: Views[K] };
} = {
  'sign-in': {
    least: { connectors: [] },
    most: {
      viewer,
      connectors: [
        { label: 'Acme Okta', protocol: 'OpenID Connect', href: '/sign-in/okta' },
        {
          label: 'Acme AD FS',
          protocol: 'SAML',
          href: '/sign-in/adfs',
          unavailable: { reason: 'no answer', since: '2026-11-20T18:12:00Z' },
        },
      ],
      purpose: 'the console of prod as Admin',
      signedIn: {
        name: 'Alice Adams',
        username: 'alice',
        connectorLabel: 'Acme Okta',
        until: '2026-11-20T22:30:00.000Z',
        onward: { label: 'Continue', href: '/console?account=prod&role=Admin' },
      },
    },
  },
  roles: {
    least: {
      folders: [],
      roleCount: 0,
      accountCount: 0,
      query: 'zebra',
      totalRoleCount: 1,
      unseen: { account: '', role: '' },
    },
    most: {
      viewer,
      roleCount: 2,
      accountCount: 2,
      query: 'prod',
      notice: 'Nothing was done.',
      unseen: {
        suggestion: { label: 'prod/Admin', href: '/?q=prod%2FAdmin' },
        account: 'prod',
        role: 'Nope',
        trace: {
          account: 'prod',
          role: 'Nope',
          lines: [
            {
              rule: 'rule-three',
              outcome: 'group-missing',
              label: 'Group missing',
              sentence: 'You are not in the group.',
            },
          ],
        },
        nextStep: 'Ask for the group.',
      },
      quick: {
        title: 'Favourites and recent',
        roles: [
          {
            ...USABLE_ROLE,
            isFavourite: true,
            account: { id: '111122223333', name: 'prod' },
            lastRegion: { name: 'eu-central-1', href: '/go?account=111122223333' },
          },
          {
            ...USABLE_ROLE,
            ...WITHHELD,
            account: {
              id: '444455556666',
              name: 'partner',
              mark: { word: 'Staging', tone: 'tone-grey' },
            },
          },
        ],
      },
      totalRoleCount: 2000,
      folders: [
        {
          title: 'Workloads › Production',
          isFiled: true,
          accounts: [
            {
              id: '111122223333',
              name: 'prod',
              mark: { word: 'Production', tone: 'production tone-red' },
              place: 'eu-west-1',
              about: 'The shop · Platform team',
              link: 'https://wiki.example.com/aws-access',
              roles: [
                {
                  ...USABLE_ROLE,
                  rank: 100,
                  isFavourite: true,
                  elevation: { href: '/elevations/e1', timeLeft: '1 h 20 min', secondsLeft: 4800 },
                },
              ],
            },
          ],
        },
        {
          title: 'Other accounts',
          isFiled: false,
          accounts: [
            {
              id: '444455556666',
              name: 'partner',
              partition: 'aws-us-gov',
              place: 'us-gov-west-1 · through prod/BridgeHub',
              roles: [
                {
                  ...USABLE_ROLE,
                  ...WITHHELD,
                },
              ],
            },
          ],
        },
      ],
    },
  },
  leaving: {
    least: { href: '/step-up' },
    most: { viewer, href: 'https://acme.okta.com/authorize?acr_values=phr' },
  },
  'provider-form': {
    least: {
      action: 'https://login.example.test/sso',
      fields: [{ name: 'SAMLRequest', value: 'PHNhbWw+' }],
    },
    most: {
      viewer,
      action: 'https://login.example.test/sso?tenant=1&app=2',
      fields: [
        { name: 'SAMLRequest', value: 'PHNhbWw+' },
        { name: 'RelayState', value: 'state' },
      ],
    },
  },
  'step-up': {
    least: { viewer, terminal, session: '0123456789abcdef0123' },
    most: {
      viewer,
      terminal: { ...terminal, isApplication: true, lastUsedAt: '2026-11-20T19:00:00.000Z' },
      session: '0123456789abcdef0123',
      account: 'prod',
      role: 'Admin',
      asks: 'a second factor (MFA) and a sign-in of the last 8 h',
      notice: 'Nothing was done.',
    },
  },
  'stepped-up': {
    least: { viewer, terminal: namedTerminal },
    most: {
      viewer,
      terminal: { ...namedTerminal, device: 'Web application', isApplication: true },
    },
  },
  'sign-in-test': {
    least: { label: 'Acme', action: '/sign-in/test/okta' },
    most: { viewer, label: 'Acme', action: '/sign-in/test/okta', notice: 'Nothing was done.' },
  },
  'sign-in-tested': {
    least: { label: 'Acme', action: '/sign-in/test/okta', claims: [], fault: 'it is missing' },
    most: {
      viewer,
      label: 'Acme',
      action: '/sign-in/test/okta',
      claims: [
        { name: 'groups', values: ['group-one', 'group-two'] },
        { name: 'email', values: ['alice@acme.example'] },
      ],
      tested: {
        facts: [{ name: 'User name', value: 'alice' }],
        attributes: [{ name: 'department', value: 'Platform' }],
        groupCount: 2,
        leftOut: ['email has 2 different values'],
        suggestion: 'groupSeparator: ","',
        isBlocked: true,
        rules: [{ rule: 'admins', outcome: 'matches', sentence: 'The group gives prod/Admin.' }],
        unnamedCount: 1,
        unnamed: ['group-two'],
      },
    },
  },
  'no-roles': {
    least: { groups: [], request: 'I need access.' },
    most: { viewer, groups: ['group-one', 'group-two'], help, request: 'Hello,\nI need access.\n' },
  },
  'console-request': {
    least: { account: 'prod', accountName: 'prod', role: 'Admin', notice: 'Nothing was done.' },
    most: {
      viewer,
      account: '111122223333',
      accountId: '111122223333',
      accountName: 'prod',
      mark: { word: 'Production', tone: 'production tone-red' },
      role: 'Admin',
      destination: 'https://console.aws.amazon.com/s3',
      address,
      duration: '45m',
      notice: 'Nothing was done.',
    },
  },
  go: {
    least: { to: '', builder, menus: [] },
    most: {
      viewer,
      to: 'https://example.com',
      problem: 'That leads nowhere.',
      builder: {
        accounts: [
          { value: '111122223333', label: 'prod (111122223333)', isChosen: true },
          { value: '222233334444', label: 'staging (222233334444)', isChosen: false },
        ],
        roles: ['Admin', 'team/ReadOnly'],
        role: 'Admin',
        services: [
          { value: 's3', label: 'S3', isChosen: true },
          { value: 'sns', label: 'SNS', isChosen: false },
        ],
        regions: ['eu-west-1'],
        region: 'eu-west-1',
        path: '/s3/buckets',
        problem: 'The region is malformed.',
        link: 'https://bridge.example.com/go?to=https://console.aws.amazon.com/s3',
        isUsed: true,
      },
      menus: [
        { partition: 'aws', services: [{ name: 'S3', href: '/go?to=https://a/s3' }] },
        { partition: 'aws-cn', services: [{ name: 'SNS', href: '/go?to=https://a/sns' }] },
      ],
    },
  },
  'go-choice': {
    least: {
      ...{ title: 'Choose a role', lede: 'You have several roles in this account.' },
      ...{ address: { whole: 'https://consoles.example.com/x' }, to: 'x', others: [] },
      accounts: [{ id: '111122223333', name: 'prod', roles: [goRole] }],
    },
    most: {
      viewer,
      ...{ title: 'Choose a role', lede: 'You have several roles in this account.' },
      ...{ address, to: address.whole },
      others: [{ value: '222233334444', label: 'staging (222233334444)', isChosen: false }],
      accounts: [
        {
          ...{ id: '111122223333', name: 'prod' },
          mark: { word: 'Production', tone: 'production tone-red' },
          roles: [
            { ...goRole, usedAt: '2026-11-20T18:12:00.000Z', missing: ['It requires a sign-in.'] },
            {
              ...{
                ...goRole,
                role: 'Operator',
                isUsable: false,
                missing: ['It is given for a time.'],
              },
              request: { label: 'Request this role', href: '/elevations/new?account=prod' },
            },
            { ...goRole, role: 'Network', isUsable: false, missing: ['Use the VPN.'] },
          ],
        },
      ],
    },
  },
  'go-none': {
    least: {
      ...{ title: 'You have no role there', lede: 'None of your roles is there.' },
      ...{ address: { whole: 'https://consoles.example.com/x' }, to: 'x', ways: [], others: [] },
    },
    most: {
      viewer,
      ...{ title: 'You have no role there', lede: 'None of your roles is there.', help },
      ...{ address, to: address.whole },
      ways: [{ role: 'Admin', rule: 'admins', how: 'Ask for membership of the group a.' }],
      others: [{ value: '222233334444', label: 'staging (222233334444)', isChosen: false }],
    },
  },
  'credentials-request': {
    least: {
      ...{ account: 'prod', accountId: '111122223333', role: 'Admin' },
      ...{ duration: '4 h', lengths: [] },
    },
    most: {
      viewer,
      account: 'prod',
      accountId: '111122223333',
      role: 'Admin',
      mark: { word: 'Production', tone: 'production tone-red' },
      duration: 'up to 4 h',
      lengths: [
        { value: '900s', label: '15 min', isChosen: false },
        { value: '', label: '4 h', isChosen: true },
      ],
      notice: 'Nothing was done.',
    },
  },
  credentials: {
    least: {
      account: 'prod',
      accountId: '111122223333',
      role: 'Admin',
      assumedRoleArn: 'arn:aws:sts::111122223333:assumed-role/Admin/alice',
      formats: [],
      expiresAt: '2026-11-20T22:30:00Z',
      timeLeft: '4 h',
      secondsLeft: 0,
    },
    most: {
      viewer,
      account: 'prod',
      accountId: '111122223333',
      mark: { word: 'Production', tone: 'production tone-red' },
      role: 'Admin',
      assumedRoleArn: 'arn:aws:sts::111122223333:assumed-role/Admin/alice',
      formats: [
        { id: 'env', label: 'Bash', how: 'Paste it.', text: "export A='<&>\"'\nexport B=2\n" },
        { id: 'process', label: 'JSON', how: 'For programs.', text: '{\n  "Version": 1\n}\n' },
      ],
      expiresAt: '2026-11-20T22:30:00.000Z',
      timeLeft: '3 h 59 min',
      secondsLeft: 14_399,
      reduced: 'AWS allowed 4 h at most.',
      nearlyFull: 'Tags use 80% of the space that AWS allows.',
      lacking: 'This session lacks optional tags: Team.',
    },
  },
  refusal: {
    least: {
      status: 404,
      code: 'not_found',
      title: 'Page not found',
      hint: 'Check the address.',
      correlationId: 'c-1',
    },
    most: {
      viewer,
      status: 403,
      code: 'access_denied',
      title: 'You do not have this role',
      hint: 'Ask for the group.',
      trace: {
        account: 'production',
        role: 'Admin',
        lines: [
          {
            rule: 'rule-one',
            outcome: 'grants',
            label: 'Gives the role',
            sentence: 'It gives the role.',
          },
          {
            rule: 'rule-two',
            outcome: 'proof-missing',
            label: 'Approval missing',
            sentence: 'A second factor is missing.',
          },
          {
            rule: 'rule-three',
            outcome: 'group-missing',
            label: 'Group missing',
            sentence: 'You are not in the group.',
          },
          {
            rule: 'rule-four',
            outcome: 'connector-mismatch',
            label: 'Other sign-in',
            sentence: 'You signed in with another connector.',
          },
        ],
        noRule: 'No rule gives this role to anyone.',
      },
      request: 'Please grant me a role in AWS.',
      facts: [
        { term: 'Asked for', value: 'a second factor (MFA)' },
        { term: 'error_description', value: '<b>AADSTS50076</b>' },
      ],
      correlationId: '6f1c2a9e-7d31-4b65-9d0a-3f7f3a0c55c1',
      action: { label: 'Try again', href: '/step-up' },
      alternative: { label: 'Go to your roles', href: '/' },
      help,
    },
  },
  repost: {
    least: { action: '/saml/adfs/acs', samlResponse: 'PHNhbWw+', relayState: 'state' },
    most: {
      viewer,
      action: '/saml/adfs/acs?again=1',
      samlResponse: 'PHNhbWw+',
      relayState: 'state',
    },
  },
  'signed-out': {
    least: { ended: 'nothing', providerHref: '/sign-out/provider', sessionsHref: '/sessions' },
    most: {
      viewer,
      ended: 'everywhere',
      connectorLabel: 'Acme Okta',
      atProvider: 'led',
      providerHref: '/sign-out/provider',
      terminals: '2 terminals stay signed in.',
      sessionsHref: '/sign-in?return_to=%2Fsessions',
    },
  },
  'device-code': {
    least: { enabled: false },
    most: {
      viewer,
      enabled: true,
      linkCode: 'WDJB-MJHT',
      problem: { title: 'Unknown user code', hint: 'Compare it.' },
      notice: 'Nothing was done.',
    },
  },
  'cli-confirm': {
    least: {
      viewer,
      action: '/oauth/authorize',
      client: named(CLI_CLIENT),
      where: 'this computer, port 4000',
      gets: 'no role now',
      until: '2026-11-21T06:30:00.000Z',
      fields: [],
      freshSignInHref: '/sign-in/okta?reauthenticate=1',
    },
    most: {
      viewer,
      action: '/device',
      code: 'WDJB-MJHT',
      client: {
        id: 'registered-3dd3639df9b84bd0a800',
        name: 'botocore-client-corp',
        selfNamed: true,
      },
      deviceName: 'build-7',
      where: '192.0.2.7, another network than this browser',
      askedAt: '2026-11-20T18:30:00.000Z',
      production: {
        mark: { word: 'Production', tone: 'production tone-red' },
        accounts: 'prod, gov',
      },
      gets: 'your access to AWS: 2 roles in 1 account',
      until: '2026-11-21T06:30:00.000Z',
      warning: { title: 'The terminal is elsewhere.', text: 'Look twice.' },
      fields: [{ name: 'user_code', value: 'WDJB-MJHT' }],
    },
  },
  'cli-decided': {
    least: { viewer, help },
    most: {
      viewer,
      approved: {
        session: '0123456789abcdef0123',
        until: '2026-11-21T06:30:00.000Z',
        application: 'Photos',
      },
    },
  },
  'application-consent': {
    least: {
      viewer,
      action: '/oauth/authorize',
      application: { name: 'Photos' },
      kind: 'Web application',
      accounts: [{ name: 'prod', roles: [{ role: 'PhotoUser' }] }],
      isUseful: true,
      until: '2026-11-21T06:30:00.000Z',
      returnsTo: 'https://photos.example.com',
      fields: [],
      freshSignInHref: '/sign-in/okta?reauthenticate=1',
    },
    most: {
      viewer,
      action: '/oauth/authorize',
      application: { name: 'Photos' },
      kind: 'Mobile application',
      accounts: [
        { name: 'prod', roles: [{ role: 'PhotoUser' }, { role: 'Admin', lacks: 'no MFA' }] },
        { name: 'staging', roles: [{ role: 'PhotoUser', lacks: 'you do not have this role' }] },
      ],
      isUseful: false,
      until: '2026-11-21T06:30:00.000Z',
      returnsTo: 'https://photos.example.com',
      fields: [{ name: 'client_id', value: 'photos' }],
      notice: 'Nothing was done.',
    },
  },
  'aws-config': {
    least: {
      viewer,
      roleCount: 0,
      client: [],
      choices: [],
      dialect: { how: [], traps: [], text: '', downloadHref: '/' },
    },
    most: {
      viewer,
      roleCount: 2,
      help,
      client: [[{ words: 'Install it with ', isTyped: false }]],
      choices: [
        { label: 'AWS CLI', href: '/aws-config?show=sso-session', isShown: true },
        { label: 'Containers', href: '/aws-config?show=container', isShown: false },
      ],
      dialect: {
        how: [{ words: 'Put it there.', isTyped: false }],
        traps: [
          [
            { words: 'It bites: ', isTyped: false },
            { words: 'aws sso', isTyped: true },
          ],
        ],
        text: '[profile x]\n',
        downloadHref: '/aws-config?dialect=sso-session',
      },
    },
  },
  sessions: {
    least: {
      viewer,
      here: browserRow,
      browsers: [],
      terminals: [],
      applications: [],
      aws: [],
      isAwsComplete: true,
    },
    most: {
      viewer,
      notice: 'The session was ended.',
      warning: 'Nothing was done.',
      here: { ...browserRow, steppedUpAt: '2026-11-20T18:40:00.000Z' },
      browsers: [
        {
          ...{ ...browserRow, id: '89abcdef012345670123', name: 'Safari on iOS' },
          steppedUpAt: '2026-11-20T18:40:00.000Z',
        },
      ],
      unlistedBrowsers: '2 earlier sign-ins without details',
      terminals: [
        {
          id: '0123456789abcdef0123',
          device: 'build-7',
          isApplication: false,
          client: named(CLI_CLIENT),
          how: 'confirmed by a code',
          address: '192.0.2.7',
          since: '2026-11-20T18:30:00.000Z',
          lastUsedAt: '2026-11-20T18:31:00.000Z',
          lastUsedAddress: '192.0.2.7',
          steppedUpAt: '2026-11-20T18:40:00.000Z',
          until: '2026-11-21T06:30:00.000Z',
          containerTokens: [
            {
              id: 'fedcba9876543210fedc',
              account: 'prod',
              role: 'Admin',
              address: '192.0.2.7',
              since: '2026-11-20T18:32:00.000Z',
              lastUsedAt: '2026-11-20T18:33:00.000Z',
              lastUsedAddress: '192.0.2.8',
            },
          ],
        },
      ],
      applications: [
        {
          id: '3210fedcba9876543210',
          device: 'Web application',
          isApplication: true,
          client: { id: 'photos', name: 'Photos', kind: 'spa' },
          how: 'allowed in a browser',
          address: '192.0.2.9',
          since: '2026-11-20T18:30:00.000Z',
          lastUsedAt: '2026-11-20T18:31:00.000Z',
          lastUsedAddress: '192.0.2.9',
          until: '2026-11-21T06:30:00.000Z',
          containerTokens: [],
        },
      ],
      aws: [
        {
          account: 'prod',
          role: 'Admin',
          mark: { word: 'Production', tone: 'production tone-red' },
          what: '2 consoles',
          holders: [
            { name: 'Firefox on Linux', address: '192.0.2.7' },
            { name: 'build-7', address: '192.0.2.8' },
          ],
          moreHolders: 3,
          given: 'Last given',
          newestAt: '2026-11-20T18:30:00.000Z',
          ends: 'all end at the latest',
          endsAt: '2026-11-20T20:45:00.000Z',
          elevationHref: '/elevations/e4b0c9d7f2a86513d0be',
        },
      ],
      isAwsComplete: false,
    },
  },
  elevations: {
    least: {
      viewer,
      offerCount: 0,
      toDecide: [],
      toReview: [],
      open: [],
      earlier: [],
      toWatch: [],
    },
    most: {
      viewer: { ...viewer, requestsHref: '/elevations' },
      notice: 'You requested 3 roles.',
      offerCount: 3,
      toDecide: [fullRow, row],
      toReview: [fullRow],
      open: [
        { ...ownRow, ...fullRow, again: { label: 'Extend', href: '/elevations/new' } },
        { ...ownRow, canWithdraw: false, canEnd: true },
      ],
      earlier: [{ ...ownRow, canWithdraw: false }],
      toWatch: [fullRow],
    },
  },
  'elevation-choice': {
    least: { viewer, accounts: [], mostRoles: 10 },
    most: {
      viewer,
      mostRoles: 10,
      problem: 'Choose at most 10 roles at once.',
      accounts: [
        {
          id: '111122223333',
          name: 'prod',
          mark: { word: 'Production', tone: 'production tone-red' },
          offers: [
            {
              field: 'role_0',
              value: '111122223333/Admin',
              role: 'Admin',
              rule: 'prod-on-request',
              longest: '4 h',
              isChosen: true,
              canChoose: true,
            },
            {
              field: 'role_1',
              value: '111122223333/Owner',
              role: 'Owner',
              rule: 'prod-on-request',
              longest: '2 h',
              isChosen: false,
              canChoose: false,
              open: {
                status: { kind: 'waiting', label: 'Waiting for approval' },
                href: '/elevations/e1',
              },
            },
          ],
        },
      ],
    },
  },
  'elevation-request': {
    least: { viewer, roles: [askedRole], canChoose: false },
    most: {
      viewer,
      roles: [
        askedRole,
        {
          ...askedRole,
          mark: { word: 'Production', tone: 'production tone-red' },
          activeUntil: '2026-11-20T20:12:00.000Z',
          field: 'role_1',
        },
      ],
      notice: 'Nothing was done.',
      problem: { text: 'You already have a request.', href: '/elevations/e1' },
      open: { href: '/elevations/e1', sentence: 'It waits.' },
      ticket: { pattern: '(?:OPS)-[1-9][0-9]{0,9}', example: 'OPS-123' },
      request: {
        reason: 'a migration',
        ticket: 'OPS-1',
        start: '2026-11-20T20:12',
        problems: {
          duration: 'Ask for less.',
          reason: 'Say why.',
          ticket: 'Give a ticket.',
          start: 'Choose a start.',
        },
        lengths,
        isReasonRequired: true,
        startMax: '2026-12-20T20:12',
        now: '2026-11-20T20:12',
      },
      tooEarly: 'You can extend it when 3 h 30 min or less is left.',
      breakGlass: {
        reason: 'the database is down',
        ticket: 'OPS-2',
        problems: {
          duration: 'Ask for less.',
          reason: 'Say why.',
          ticket: 'Give a ticket.',
          understood: 'Confirm it.',
        },
        lengths,
        toldBy: 'Slack, e-mail',
        reviewers: 'Another user of aws-approvers',
        reviewWithin: '24 h',
        isOpen: true,
      },
      canChoose: true,
    },
  },
  elevation: {
    least: leastElevation,
    most: {
      ...leastElevation,
      mark: { word: 'Production', tone: 'production tone-red' },
      sort: 'Break-glass',
      left: { timeLeft: '1 h 20 min', secondsLeft: 4800 },
      notice: 'You approved it.',
      warning: 'It has been decided.',
      note: 'only this once',
      noteProblem: 'Say more.',
      durationProblem: 'Ask for less.',
      decision: { lengths, canDeny: true },
      whyNotApprove: 'You have already approved it.',
      signInAgain: 'A decision requires a recent sign-in.',
      canWithdraw: true,
      endLabel: 'End it now',
      extendHref: '/elevations/new?account=prod&role=Admin',
      breakGlassHref: '/elevations/new?account=prod&role=Admin&break_glass=yes',
      review: {
        canReview: true,
        isOverdue: true,
        dueAt: '2026-11-21T20:12:00.000Z',
        done: {
          by: 'Alice Andersson (alice)',
          at: '2026-11-20T22:12:00.000Z',
          note: 'It was needed.',
        },
      },
      request: [
        { term: 'Reason', value: 'a migration', kind: 'text' },
        { term: 'Requested', value: '2026-11-20T18:12:00.000Z', kind: 'time' },
        { term: 'Extends', value: 'e0', kind: 'code', href: '/elevations/e0' },
      ],
      requester: [{ term: 'Address', value: '192.0.2.7', kind: 'code' }],
      rule: {
        facts: [{ term: 'Rule', value: 'prod-on-request', kind: 'code' }],
        policy: '{\n  "Version": "2012-10-17"\n}',
      },
      outstanding: ['1 more from aws-approvers'],
      approvals: [{ who: 'Carol Chen (carol)', at: '2026-11-20T18:20:00.000Z', length: '1 h' }],
      before: [fullRow],
      alive: [
        {
          what: 'Credentials',
          accessKeyId: 'ASIAEXAMPLE',
          sessionName: 'bob-k3jx2q7d5vbn4mza',
          until: '2026-11-20T20:12:00.000Z',
        },
      ],
      story: [
        {
          at: '2026-11-20T18:12:00.000Z',
          who: 'Bob Brandt (bob)',
          what: 'requested the role',
          note: 'soon',
        },
      ],
    },
  },
};

export const VIEW_NAMES = Object.keys(VIEW_MODELS) as (keyof Views)[];

// ---------------------------------------------------------------- texts that are long

/** Longer than any name that users or operators give, and without a place to break. */
const UNBROKEN = 'x'.repeat(512);
/** What users and operators do not write, and numbers in words. */
const OURS: ReadonlySet<string> = new Set([
  ...['kind', 'outcome', 'ended', 'atProvider', 'id', 'label', 'protocol', 'status', 'sort'],
  ...['duration', 'timeLeft', 'length', 'age', 'how', 'device', 'tone', 'word', 'partition'],
  'lastRegion',
]);
const ADDRESSES = /(?:url|href|action)$/i;
const INSTANT = /^\d{4}-\d\d-\d\dT/;

function lengthened(value: unknown, key = ''): unknown {
  if (OURS.has(key)) return value;
  if (Array.isArray(value)) return value.map(item => lengthened(item, key));
  if (typeof value === 'object' && value !== null)
    return Object.fromEntries(
      Object.entries(value).map(([name, inner]) => [name, lengthened(inner, name)]),
    );
  const isOurs = ADDRESSES.test(key) || INSTANT.test(String(value));
  return typeof value === 'string' && !isOurs ? `${value}${UNBROKEN}` : value;
}

/** The most of each model, with names and texts of 512 characters more. */
export const LONG_MODELS = lengthened(
  Object.fromEntries(Object.entries(VIEW_MODELS).map(([view, { most }]) => [view, most])),
) as { readonly [K in keyof Views]: Views[K] };
