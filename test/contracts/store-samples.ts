/** What the store contracts put into a store, and how they reach the database under it. */
import { randomBytes } from 'node:crypto';
import type { TestContext } from 'node:test';
import type { AuditEvent } from '../../src/core/audit-event.ts';
import type { Session } from '../../src/core/browser-session.ts';
import type { CliSession, CliStepUp } from '../../src/core/cli-session.ts';
import type { DeviceGrant } from '../../src/core/device-grant.ts';
import type { ConnectorId, Identity, PersonId } from '../../src/core/identity.ts';
import type { Store } from '../../src/core/ports.ts';
import type { AccountId, RoleName, RoleSessionName } from '../../src/core/role.ts';
import type { SignInAttempt } from '../../src/core/sign-in.ts';
import type { Instant } from '../../src/core/time.ts';
import type { AuditReader } from '../../src/store/audit-reader.ts';
import type { Row, Value } from '../../src/store/database.ts';

export type OpenStore = Store & AuditReader;

/** A database of one test, which removes it at its end. */
export interface TestDatabase {
  /**
   * Opens a store on it, under `SECRET` unless another is given: another connection each time, and
   * in a lasting database the same content.
   */
  open(secret?: Uint8Array): Promise<OpenStore>;
}

/** A database that outlives the store, seen from behind as someone who has stolen it would. */
export interface LastingDatabase extends TestDatabase {
  rows(sql: string, values?: readonly Value[]): Promise<readonly Row[]>;
  /** Every byte of it. */
  bytes(): Promise<Buffer>;
}

export const NOW = Date.UTC(2026, 10, 20, 9, 0, 0);
export const HOUR = 3_600_000;

/** The sealing secret of the bridge whose stores these are. */
export const SECRET: Uint8Array = randomBytes(32);

export const token = (): string => randomBytes(32).toString('base64url');

export const IDENTITY: Identity = {
  person: 'k3jx2q7d5vbn4mza' as PersonId,
  connector: 'okta' as ConnectorId,
  source: { issuer: 'https://acme.okta.com', trustedBy: 'https://acme.okta.com' },
  assertedAt: NOW - 500,
  subject: '00u-subject-of-alice',
  username: 'alice.liddell',
  email: 'alice@wonderland.example',
  groups: ['developers', 'aws-admins', ' padded ', 'Große Gruppe'],
  attributes: { department: 'R&D', ['__proto__']: 'plain', zero: '\0' },
  authentication: { at: NOW - 1000, methods: ['pwd', 'otp'], multiFactor: true },
};

let publicIds = 0;
const newPublicId = (): string => (++publicIds).toString(16).padStart(20, '0');

export const sessionOf = (over: Partial<Session> = {}): Session => ({
  id: token(),
  publicId: newPublicId(),
  openedFrom: { address: '192.0.2.33', userAgent: 'Mozilla/5.0 (X11; Linux x86_64) Firefox/140.0' },
  identity: IDENTITY,
  corporateProof: {
    kind: 'id-token',
    token: 'eyJhbGciOiJub25lIn0.corporate-proof.sig',
    expiresAt: NOW + HOUR,
  },
  confirmedAt: NOW,
  generation: 0,
  csrfToken: token(),
  createdAt: NOW,
  lastUsedAt: NOW,
  expiresAt: NOW + 12 * HOUR,
  ...over,
});

export const attemptOf = (over: Partial<SignInAttempt> = {}): SignInAttempt => ({
  id: token(),
  connector: 'okta' as ConnectorId,
  source: IDENTITY.source,
  browser: token(),
  returnTo: '/console?account=prod&role=Admin',
  expectation: { protocol: 'oidc', nonce: token(), codeVerifier: token() },
  createdAt: NOW,
  expiresAt: NOW + 600_000,
  ...over,
});

export const cliSessionOf = (
  over: Partial<CliSession['summary']> = {},
  identity: Identity = IDENTITY,
): CliSession => ({
  id: token(),
  identity,
  corporateProof: {
    kind: 'id-token',
    token: 'eyJhbGciOiJub25lIn0.corporate-proof.sig',
    expiresAt: NOW + HOUR,
  },
  confirmedAt: NOW,
  generation: 0,
  notAfter: NOW + 12 * HOUR,
  summary: {
    publicId: newPublicId(),
    person: identity.person,
    connector: identity.connector,
    source: identity.source,
    username: identity.username,
    client: { id: 'rolebridge-cli', name: 'rolebridge command line' },
    deviceName: 'laptop-of-alice',
    grant: 'device_code',
    address: '192.0.2.99',
    createdAt: NOW,
    expiresAt: NOW + 600_000,
    ...over,
  },
});

export const MFA = 'https://refeds.org/profile/mfa';

export const stepUpOf = (at: Instant): CliStepUp => ({
  steppedUp: {
    at,
    wish: { multiFactor: true, withinSeconds: 3600 },
    authentication: { at, methods: [MFA], multiFactor: true },
  },
  assertedAt: at,
});

export const deviceGrantOf = (over: Partial<DeviceGrant> = {}): DeviceGrant => ({
  request: {
    client: { id: 'c', name: 'C' },
    deviceName: 'laptop-of-alice',
    address: '192.0.2.99',
    requestedAt: NOW,
    reauthenticate: false,
  },
  deviceCodeDigest: token(),
  decideBy: NOW + 600_000,
  expiresAt: NOW + 1_200_000,
  state: 'pending',
  ...over,
});

export const ORIGIN = { correlationId: 'c-1', address: '192.0.2.7', userAgent: 'curl/8' };
export const ALICE = {
  person: IDENTITY.person,
  connector: IDENTITY.connector,
  username: IDENTITY.username,
};
export const BOB = { ...ALICE, person: 'b3jx2q7d5vbn4mzb' as PersonId, username: 'bob' };
const HANDOUT = {
  origin: ORIGIN,
  actor: ALICE,
  account: '111122223333' as AccountId,
  accountName: 'prod',
  role: 'team/Admin' as RoleName,
  rule: 'access[0]',
  group: 'aws-admins',
  sessionName: 'alice-k3jx2q7d5vbn4mza' as RoleSessionName,
  accessKeyId: 'ASIAEXAMPLE',
  stsRequestId: 'r-1',
  expiresAt: NOW + HOUR,
} as const;

/** One of every type, a minute apart, the oldest first. */
export const EVENTS: readonly AuditEvent[] = [
  {
    type: 'sign-in.refused',
    at: NOW,
    origin: ORIGIN,
    connector: 'okta',
    code: 'saml_response_refused',
    why: 'Issuer',
  },
  {
    type: 'sign-in.succeeded',
    at: NOW + 60_000,
    origin: ORIGIN,
    actor: ALICE,
    groupCount: 2,
    methods: ['pwd'],
    multiFactor: false,
  },
  { type: 'credentials.issued', at: NOW + 120_000, ...HANDOUT, durationSeconds: 3600 },
  {
    type: 'console-link.issued',
    at: NOW + 180_000,
    ...HANDOUT,
    destination: 'https://console.aws.amazon.com/',
  },
  {
    type: 'access.refused',
    at: NOW + 240_000,
    origin: ORIGIN,
    actor: BOB,
    purpose: 'credentials',
    account: "prod'); DROP TABLE audit_events; --\0\u0085",
    role: 'Ad\nmin"\u{1F511}',
    code: 'access_denied',
    why: 'no rule gives this role',
  },
  { type: 'sign-out', at: NOW + 300_000, origin: ORIGIN, actor: ALICE },
];

/** Another person. */
export const BOBS_IDENTITY: Identity = {
  ...IDENTITY,
  person: BOB.person,
  subject: '00u-subject-of-bob',
  username: 'bob',
};

/** A store in which both people have signed in, until the test ends. */
export async function openWithPeople(
  t: TestContext,
  database: TestDatabase,
  secret?: Uint8Array,
): Promise<OpenStore> {
  const store = await database.open(secret);
  t.after(() => store.close());
  for (const identity of [IDENTITY, BOBS_IDENTITY]) await store.people.know(identity, NOW);
  return store;
}

/** Fifty callers at once, shared out over the stores. */
export async function race<T>(
  stores: readonly OpenStore[],
  call: (store: OpenStore) => Promise<T>,
): Promise<T[]> {
  return Promise.all(
    Array.from({ length: 50 }, (_, index) => call(stores[index % stores.length]!)),
  );
}
