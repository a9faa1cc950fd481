import assert from 'node:assert/strict';
import { Writable } from 'node:stream';
import { it } from 'node:test';
import { createAuditTrail } from '../../src/audit/audit-trail.ts';
import { type AuditEvent, type AuditEventType, KEPT } from '../../src/core/audit-event.ts';
import { createLog } from '../../src/log.ts';
import { blocksOf, readPage } from './pages.ts';

/**
 * Every field of an event is there, those that may be absent too: a new field or type does not
 * compile until it stands here.
 */
type Whole<T> = T extends object ? { readonly [K in keyof T]-?: Exclude<T[K], undefined> } : never;
type WholeEvent<T extends AuditEventType> = Omit<
  Whole<Extract<AuditEvent, { type: T }>>,
  'origin'
> & {
  readonly origin: Whole<AuditEvent['origin']>;
};

const at = Date.UTC(2026, 2, 1, 9);
const recorded = { at, origin: { correlationId: 'c', address: '10.1.2.3', userAgent: 'u' } };
type Actor = Extract<AuditEvent, { type: 'sign-out' }>['actor'];
const actor = { person: 'p', connector: 'okta', username: 'alice' } as Actor;
type Handout = Pick<
  WholeEvent<'credentials.issued'>,
  Extract<keyof WholeEvent<'credentials.issued'>, keyof WholeEvent<'console-link.issued'>>
>;
const login = {
  ...recorded,
  actor,
  grant: 'device_code',
  client: 'rolebridge-cli',
  clientName: 'rolebridge command line',
  clientKind: 'spa',
  deviceName: 'd',
  requestedFrom: 'a',
} as const;
type ContainerToken = Pick<
  WholeEvent<'container-token.issued'>,
  'actor' | 'at' | 'origin' | 'cliSession' | 'containerToken' | 'account' | 'role'
>;
const containerToken = {
  ...recorded,
  actor,
  cliSession: 's',
  containerToken: 't',
  account: '1',
  role: 'Admin',
} as ContainerToken;
const elevation = {
  ...recorded,
  actor,
  ...{ elevation: 'e', number: 1, requester: actor },
  ...{ account: '1', accountName: 'prod', role: 'Admin', rule: 'r' },
} as Pick<
  WholeEvent<'elevation.withdrawn'>,
  | ('at' | 'origin' | 'actor' | 'elevation' | 'number' | 'requester')
  | ('account' | 'accountName' | 'role' | 'rule')
>;
const workload = {
  ...{ workload: 'github-k3jx2q7d5vbn4mza@workload', entry: 'github', subject: 'repo:acme/api' },
} as WholeEvent<'workload.blocked'>['workload'];
const credentials = {
  ...recorded,
  ...{ account: '1', accountName: 'prod', role: 'Admin', rule: 'r', sessionName: 's' },
  ...{ sourceIdentity: 'i', accessKeyId: 'k', stsRequestId: 'q', expiresAt: at },
  ...{ packedPolicyPercent: 42, tagsLeftOut: ['Team'] as readonly string[] },
} as Omit<
  Pick<Handout, keyof Handout & keyof WholeEvent<'workload-credentials.issued'>>,
  'type' | 'durationSeconds'
>;
const handout = {
  ...credentials,
  actor,
  ...{ cliSession: 's', containerToken: 't', application: 'photos', group: 'g', elevation: 'e' },
  browserSession: 'b',
};

const EVENTS: { readonly [T in AuditEventType]: WholeEvent<T> } = {
  'sign-in.succeeded': {
    type: 'sign-in.succeeded',
    ...recorded,
    actor,
    browserSession: 'b',
    groupCount: 2,
    methods: ['pwd'],
    multiFactor: false,
  },
  'sign-in.refused': {
    type: 'sign-in.refused',
    ...recorded,
    actor,
    connector: 'okta',
    code: 'attempt_invalid',
    why: 'w',
  },
  'sign-in.stepped-up': {
    type: 'sign-in.stepped-up',
    ...recorded,
    actor,
    cliSession: 's',
    browserSession: 'b',
    asked: { multiFactor: true, withinSeconds: 3600 },
    methods: ['mfa'],
    multiFactor: true,
    authenticatedAt: at,
  },
  'sign-in.step-up-refused': {
    type: 'sign-in.step-up-refused',
    ...recorded,
    actor,
    cliSession: 's',
    code: 'step_up_failed',
    why: 'w',
  },
  'sign-in.tested': {
    type: 'sign-in.tested',
    ...recorded,
    actor,
    testedConnector: actor.connector,
    testedPerson: actor.person,
    testedUsername: 'bob',
    code: 'identity_incomplete',
    why: 'w',
  },
  'sign-in.claims-missing': {
    type: 'sign-in.claims-missing',
    ...recorded,
    actor,
    missing: ['groups'],
  },
  'identity.changed': {
    type: 'identity.changed',
    ...recorded,
    actor,
    lostCount: 1,
    lost: ['a'],
    gainedCount: 1,
    gained: ['b'],
  },
  'identity.refresh-refused': {
    type: 'identity.refresh-refused',
    ...recorded,
    actor,
    code: 'oidc_response_refused',
    why: 'w',
  },
  'person.blocked': { type: 'person.blocked', ...recorded, actor, reason: 'r' },
  'person.unblocked': { type: 'person.unblocked', ...recorded, actor, reason: 'r' },
  'sign-out': { type: 'sign-out', ...recorded, actor, browserSession: 'b' },
  'browser-session.ended': {
    type: 'browser-session.ended',
    ...recorded,
    actor,
    ...{ browserSession: 'b', by: 'person', why: 'w' },
  },
  'browser-session.disowned': {
    type: 'browser-session.disowned',
    ...recorded,
    actor,
    ...{ browserSession: 'b', signedInAt: at, signedInFrom: 'a', signedInWith: 'u' },
  },
  'sign-out.everywhere': {
    type: 'sign-out.everywhere',
    ...recorded,
    actor,
    by: 'person',
    browserSessions: 1,
    cliSessions: ['s'],
  },
  'sessions.ended-by-provider': {
    type: 'sessions.ended-by-provider',
    ...recorded,
    actor,
    why: 'back-channel-logout',
    browserSessions: 1,
    cliSessions: ['s'],
  },
  'logout.refused': {
    type: 'logout.refused',
    ...recorded,
    connector: 'okta',
    code: 'logout_token_refused',
    why: 'w',
  },
  'cli-login.approved': {
    type: 'cli-login.approved',
    ...login,
    ...{ cliSession: 's', browserSession: 'b' },
  },
  'cli-session.opened': { type: 'cli-session.opened', ...login, cliSession: 's' },
  'cli-login.denied': { type: 'cli-login.denied', ...login, cliSession: 's' },
  'cli-login.disowned': { type: 'cli-login.disowned', ...login, cliSession: 's' },
  'cli-login.refused': {
    type: 'cli-login.refused',
    ...recorded,
    actor,
    cliSession: 's',
    code: 'user_code_unknown',
    why: 'w',
  },
  'cli-session.ended': {
    type: 'cli-session.ended',
    ...recorded,
    actor,
    cliSession: 's',
    by: 'misuse',
    why: 'w',
  },
  'cli-session.refreshed': {
    type: 'cli-session.refreshed',
    ...recorded,
    actor,
    cliSession: 's',
    client: 'rolebridge-cli',
  },
  'container-token.issued': { type: 'container-token.issued', ...containerToken, expiresAt: at },
  'container-token.revoked': { type: 'container-token.revoked', ...containerToken, by: 'person' },
  'elevation.requested': {
    type: 'elevation.requested',
    ...elevation,
    ...{ requestedSeconds: 3600, startsAt: at, reason: 'r', ticket: 'OPS-1', extends: 'e' },
    ...{ batch: 'b', cliSession: 's' },
  },
  'elevation.approved': {
    type: 'elevation.approved',
    ...elevation,
    ...{ approvedSeconds: 3600, outstanding: 0, note: 'n', startsAt: at, endsAt: at },
  },
  'elevation.glass-broken': {
    type: 'elevation.glass-broken',
    ...elevation,
    ...{ startsAt: at, endsAt: at, reason: 'r', ticket: 'OPS-1', reviewBy: at },
  },
  'elevation.denied': { type: 'elevation.denied', ...elevation, note: 'n' },
  'elevation.withdrawn': { type: 'elevation.withdrawn', ...elevation },
  'elevation.revoked': { type: 'elevation.revoked', ...elevation, as: 'approver', note: 'n' },
  'elevation.rule-changed': { type: 'elevation.rule-changed', ...elevation, change: 'changed' },
  'elevation.reviewed': { type: 'elevation.reviewed', ...elevation, note: 'n' },
  'elevation.review-overdue': {
    type: 'elevation.review-overdue',
    ...elevation,
    ...{ dueAt: at, reminder: 1 },
  },
  'elevation.refused': {
    type: 'elevation.refused',
    ...recorded,
    actor,
    ...{ cliSession: 's', action: 'approve', elevation: 'e', account: '1', role: 'Admin' },
    ...{ code: 'elevation_closed', why: 'w' },
  },
  'credentials.issued': {
    type: 'credentials.issued',
    ...handout,
    ...{ durationSeconds: 3600, requestedSeconds: 3600 },
  },
  'console-link.issued': {
    type: 'console-link.issued',
    ...handout,
    ...{ durationSeconds: 3600, consoleSeconds: 3600, requestedSeconds: 3600 },
    destination: 'd',
  },
  'access.refused': {
    ...{
      type: 'access.refused',
      ...recorded,
      actor,
      cliSession: 's',
      containerToken: 't',
      application: 'photos',
      browserSession: 'b',
      purpose: 'credentials',
      account: 'prod',
      role: 'Admin',
      rule: 'r',
    },
    ...{ code: 'proof_missing', why: 'w' },
  },
  'workload-credentials.issued': {
    type: 'workload-credentials.issued',
    ...recorded,
    workload,
    ...{ workloadToken: 't', tokenId: 'j', claims: { repository: 'acme/api' } },
    ...credentials,
    durationSeconds: 3600,
  },
  'workload-token.issued': {
    type: 'workload-token.issued',
    ...recorded,
    workload,
    ...{ workloadToken: 't', tokenId: 'j', roles: ['prod/Deploy'], roleCount: 1, expiresAt: at },
  },
  'workload-token.revoked': {
    type: 'workload-token.revoked',
    ...recorded,
    ...{ workload, workloadToken: 't', by: 'client' },
  },
  'workload.refused': {
    type: 'workload.refused',
    ...recorded,
    ...{ workload, stranger: workload, workloadToken: 't', account: 'prod', role: 'Deploy' },
    ...{ code: 'workload_role_denied', why: 'w' },
  },
  'workload.blocked': {
    type: 'workload.blocked',
    ...recorded,
    ...{ workload, reason: 'r', workloadTokens: ['t'] },
  },
  'workload.unblocked': { type: 'workload.unblocked', ...recorded, workload, reason: 'r' },
  'events.left-out': {
    ...{ type: 'events.left-out', ...recorded, actor, workload, from: at, to: at, count: 7 },
    ...{ byType: { 'request.refused': 7 }, byAddress: [{ address: 'a', count: 7 }] },
  },
  'events.archived': {
    ...{ type: 'events.archived', ...recorded, from: at, to: at, count: 7 },
    ...{ file: 'audit_1-7_2025-01-25.jsonl.gz', sha256: 'ab' },
  },
  'role.probed': {
    type: 'role.probed',
    ...recorded,
    ...{ account: '1', accountName: 'prod', role: 'Admin', rule: 'r', sessionName: 's' },
    ...{ sourceIdentity: 's', accessKeyId: 'ASIA', stsRequestId: 'q', expiresAt: at },
    ...{ packedPolicyPercent: 1, tagsLeftOut: ['t'], durationSeconds: 900 },
  } as unknown as WholeEvent<'role.probed'>,
  'role.probe-refused': {
    type: 'role.probe-refused',
    ...recorded,
    ...{ account: '1', accountName: 'prod', role: 'Admin', rule: 'r', sessionName: 's' },
    ...{ code: 'aws_refused', why: 'w' },
  } as unknown as WholeEvent<'role.probe-refused'>,
  'request.refused': {
    type: 'request.refused',
    ...recorded,
    actor,
    method: 'POST',
    path: '/console',
    code: 'cross_site_request',
    why: 'w',
  },
};

/** The log lines of all events, by type. */
async function logLines(): Promise<Map<string, Record<string, unknown>>> {
  const lines: string[] = [];
  const destination = new Writable({
    write: (chunk: Buffer, _, done) => done(void lines.push(chunk.toString())),
  });
  const trail = createAuditTrail({ sinks: [], log: createLog({ level: 'info', destination }) });
  for (const event of Object.values(EVENTS)) await trail.record(event as AuditEvent);
  const parsed = lines.map(line => JSON.parse(line) as Record<string, unknown>);
  return new Map(parsed.map(({ level: _, time: __, ...line }) => [String(line.msg), line]));
}

const page = readPage('audit-events.md');

it('the page shows an example of every audit event, with the fields that the log has', async () => {
  const shown = blocksOf(page)
    .filter(({ info }) => info === 'json audit')
    .map(({ text }) => JSON.parse(text) as Record<string, unknown>);
  const fields = (line: Record<string, unknown>): [unknown, string[]] => [
    line.msg,
    Object.keys(line).sort(),
  ];
  assert.deepEqual(shown.map(fields).sort(), [...(await logLines()).values()].map(fields).sort());
});

it('the log writes every time of an event in ISO 8601, as the examples show', async () => {
  for (const [type, line] of await logLines()) {
    const raw = Object.keys(line).filter(field => line[field] === at);
    assert.deepEqual(raw, [], type);
  }
});

it('the page lists every field with its meaning, and the events that have it', async () => {
  const logged = [...(await logLines()).values()];
  const rows = [...page.matchAll(/^\| `(\w+)` \| [^|]+ \| ([^|]+) \|$/gm)].map(
    ([, name, where]) => [name!, where!] as const,
  );
  const names = new Set(logged.flatMap(line => Object.keys(line)));
  names.delete('msg');
  assert.deepEqual(rows.map(([name]) => name).sort(), [...names].sort());

  const types = Object.keys(EVENTS);
  const ofElevations = types.filter(
    type => type.startsWith('elevation.') && type !== 'elevation.refused',
  );
  for (const [field, cell] of rows) {
    const where = cell.replace('elevation.\\*', ofElevations.join(', '));
    // What stands after a semicolon is there sometimes.
    const namedIn = (text: string) =>
      types.filter(type => new RegExp(`(?<![\\w.-])${type}(?![\\w-]|\\.\\w)`).test(text));
    const excepted = namedIn(/^all but ([\w., -]+)/.exec(where)?.[1] ?? '');
    const expected = where.startsWith('all')
      ? types.filter(type => !excepted.includes(type))
      : namedIn(where);
    const found = types.filter(type => field in logged.find(({ msg }) => msg === type)!);
    assert.deepEqual(found, expected, field);
  }
});

it('the page lists every event type, links its example, and says whether it is always stored', () => {
  const listed = [
    ...page.matchAll(/^\| \[`([\w.-]+)`\]\(#([\w-]+)\) \| .+ \| ([a-z ]+) \|$/gm),
  ].map(([, type, anchor, stored]) => [type, anchor, stored]);
  const expected = Object.entries(KEPT).map(([type, kept]) => [
    type,
    type.replaceAll('.', ''),
    kept === 'always' ? 'always' : 'within budget',
  ]);

  assert.deepEqual(listed.sort(), expected.sort());
});
