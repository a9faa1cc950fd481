/** Answers of a hostile server: valid in form, with control characters in every text. */

/**
 * Sequences of C0 and C1, a title, a clipboard, a forged line, DEL, marks of direction, a tag
 * character, separators.
 */
export const HOSTILE =
  '\u001b[2J\u001b]0;owned\u0007\u001b]52;c;aGk=\u0007\u009b31m\u0090x\u009c\r\nrolebridge: forged line\u0000\u0008\u007f\u202eevil\u2066\u200f\u{e0041}\u2028\u2029\u00ad';

export type Answers = Readonly<
  Record<string, (path: string) => { readonly status?: number; readonly body: unknown }>
>;

export const instant = (seconds: number): string =>
  new Date(Date.now() + seconds * 1000).toISOString();
export const role = (name: string, account: string) => ({
  account: {
    id: '111122223333',
    name: account,
    partition: 'aws',
    region: 'eu-west-1',
    via: `x${HOSTILE}`,
    environment: `production${HOSTILE}`,
    owner: `owner${HOSTILE}`,
  },
  role: name,
  arn: `arn${HOSTILE}`,
  duration_seconds: 3600,
  console_seconds: null,
  rule: `rule${HOSTILE}`,
  group: `group${HOSTILE}`,
  usable: !name.includes('withheld'),
  missing: [`missing${HOSTILE}`],
});
export const session = {
  id: `id${HOSTILE}`,
  current: true,
  client: { id: 'c', name: `program${HOSTILE}` },
  device_name: `device${HOSTILE}`,
  grant: 'device_code',
  address: `address${HOSTILE}`,
  created_at: instant(-60),
  last_used_at: instant(-30),
  last_used_address: `used${HOSTILE}`,
  expires_at: instant(3600),
};
export const credentials = {
  account: { id: '111122223333', name: 'prod', region: 'eu-west-1' },
  role: 'Admin',
  assumed_role_arn: 'arn:aws:sts::111122223333:assumed-role/Admin/alice',
  access_key_id: 'ASIAEXAMPLE',
  secret_access_key: 'secret',
  session_token: 'token',
  expires_at: instant(3600),
  duration_seconds: 3600,
  reduced_from_seconds: null,
  packed_policy_percent: `percent${HOSTILE}`,
  tags_left_out: [`tag${HOSTILE}`, null, { key: 'Team' }],
};
export const refusal = {
  status: 403,
  body: {
    title: `title${HOSTILE}`,
    code: 'access_denied',
    detail: `detail${HOSTILE}`,
    correlation_id: `reference${HOSTILE}`,
    trace: { steps: [{ rule: `rule${HOSTILE}`, sentence: `sentence${HOSTILE}` }] },
  },
};
export const token = {
  access_token: 'rba_x',
  expires_in: 3600,
  refresh_token: 'rbr_x',
  session_expires_in: 36_000,
};

export const ELEVATION_ID = '0123456789abcdef0123';
const party = {
  username: `user${HOSTILE}`,
  display_name: `display${HOSTILE}`,
  connector: `connector${HOSTILE}`,
};
/** Roles whose names are commands of a shell. */
const account = { id: '111122223333', name: 'prod' };
export function elevation(status: string) {
  const common = {
    id: ELEVATION_ID,
    status,
    requester: party,
    account,
    role: `Admin;reboot${HOSTILE}`,
    requested_seconds: 3600,
    reason: `reason${HOSTILE}`,
    ticket: `ticket${HOSTILE}`,
    extends: null,
    break_glass: true,
    requested_at: instant(-60),
    decide_by: instant(3600),
    starts_at: instant(-30),
    ends_at: instant(3600),
    approvals: [{ by: party, at: instant(-30), duration_seconds: 3600, note: `note${HOSTILE}` }],
    ended: { at: instant(-10), why: 'denied', by: party, note: `note${HOSTILE}` },
    review: { due_at: instant(3600), done_at: null },
    url: `{origin}/elevations/${ELEVATION_ID}`,
  };
  return {
    ...common,
    outstanding: [`1 more from${HOSTILE}`],
    rights: ['approve'],
    why_not_approve: `why${HOSTILE}`,
    longest_seconds: 3600,
    requested_from: `address${HOSTILE}`,
    before: [common],
    alive: [
      {
        ...{ kind: `kind${HOSTILE}`, access_key_id: `ASIA${HOSTILE}` },
        ...{ issued_at: instant(-30), expires_at: instant(3600) },
      },
    ],
  };
}
const lists = {
  mine: [elevation('denied'), elevation('waiting')],
  to_decide: [elevation('waiting')],
  to_review: [elevation('active')],
  to_watch: [elevation('active')],
  offers: [
    {
      ...{ account, role: 'Admin', longest_seconds: 3600, reason: 'optional', open: null },
      ticket: { projects: [`OPS${HOSTILE}`] },
      break_glass: { review_seconds: 3600 },
    },
  ],
};
const ONE = `/api/v1/elevations/${ELEVATION_ID}`;

export const LIES: Answers = {
  'GET /api/v1/elevations': () => ({ body: lists }),
  'POST /api/v1/elevations': () => ({
    body: { elevations: [elevation('denied'), elevation('active')] },
  }),
  [`GET ${ONE}`]: () => ({ body: elevation('waiting') }),
  [`POST ${ONE}/approve`]: () => ({ body: elevation('waiting') }),
  [`POST ${ONE}/deny`]: () => ({ body: elevation('denied') }),
  [`POST ${ONE}/withdraw`]: () => ({ body: elevation('withdrawn') }),
  [`POST ${ONE}/revoke`]: () => ({ body: elevation('revoked') }),
  [`POST ${ONE}/review`]: () => ({ body: elevation('active') }),
  'GET /.well-known/oauth-authorization-server': () => ({
    body: {
      issuer: '{origin}',
      device_authorization_endpoint: '{origin}/d',
      identity_center_region: `eu-west-1${HOSTILE}`,
    },
  }),
  'POST /oauth/device_authorization': () => ({
    body: {
      device_code: 'd',
      user_code: 'ABCD-EFGH',
      verification_uri: '{origin}/device',
      verification_uri_complete: '{origin}/device?user_code=ABCD-EFGH',
      expires_in: 600,
      interval: 0,
    },
  }),
  'POST /oauth/token': () => ({ body: token }),
  'POST /oauth/revoke': () => ({
    status: 400,
    body: { error: `error${HOSTILE}`, error_description: `description${HOSTILE}` },
  }),
  'GET /api/v1/whoami': () => ({
    body: {
      person: {
        id: `id${HOSTILE}`,
        username: `name${HOSTILE}`,
        display_name: `display${HOSTILE}`,
        email: `mail${HOSTILE}`,
        connector: 'c',
        connector_label: `label${HOSTILE}`,
      },
      authentication: { at: instant(-60), methods: [`pwd${HOSTILE}`], multi_factor: true },
      session,
      sessions: [session],
    },
  }),
  'GET /api/v1/roles': () => ({
    body: {
      roles: [
        role('Admin', 'prod'),
        role(`Odd${HOSTILE}`, `acc${HOSTILE}`),
        role(`withheld${HOSTILE}`, 'prod'),
      ],
    },
  }),
};
