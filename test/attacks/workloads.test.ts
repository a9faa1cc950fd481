/**
 * Proofs of workloads that must lead to nothing, at the front door: each is refused with a
 * sentence, recorded once, and tells its sender nothing that a rule expects.
 */
import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import type { AuditEvent } from '../../src/core/audit-event.ts';
import {
  CLUSTER_CLAIMS,
  createPlatform,
  GITHUB_CLAIMS,
  type Platform,
  type PlatformClaims,
} from '../support/workload-platform.ts';
import { askOneStep, CLUSTER, GITHUB } from '../support/workloads.ts';
import { useWorld } from '../support/world.ts';

const AUDIENCE = 'https://aws.example.com';
const [githubAt, oneAt, otherAt] = await Promise.all([
  createPlatform({ issuer: GITHUB, audience: AUDIENCE, usual: GITHUB_CLAIMS }),
  createPlatform({ issuer: CLUSTER, audience: AUDIENCE, usual: CLUSTER_CLAIMS }),
  createPlatform({ issuer: CLUSTER, audience: AUDIENCE, usual: CLUSTER_CLAIMS }),
]);
const zero = () => 0;

const WORKLOADS = `
workloads:
  - id: github
    issuer: ${GITHUB}
    jwks: { file: github.json }
    audience: ${AUDIENCE}
    access:
      - claims:
          repository_owner_id: "1234"
          repository: { pattern: "acme/*" }
          ref: { pattern: "refs/heads/release-*" }
        accounts: [prod]
        roles: [Developer]
  - id: one
    issuer: ${CLUSTER}
    jwks: { file: one.json }
    audience: ${AUDIENCE}
    access:
      - { claims: { sub: "system:serviceaccount:demo:uploader" }, accounts: [prod], roles: [Developer] }
  - id: other
    issuer: ${CLUSTER}
    jwks: { file: other.json }
    audience: ${AUDIENCE}
    access:
      - { claims: { sub: "system:serviceaccount:demo:uploader" }, accounts: [staging], roles: [Developer] }
`;
const RELEASE = { ref: 'refs/heads/release-1' };

describe('at the front door, a workload', () => {
  const world = useWorld({
    configure: yaml => yaml + WORKLOADS,
    files: {
      'github.json': githubAt(zero).jwks,
      'one.json': oneAt(zero).jwks,
      'other.json': otherAt(zero).jwks,
    },
  });
  let github: Platform;
  let one: Platform;
  let other: Platform;
  before(() => {
    const now = () => world.clock.now();
    [github, one, other] = [githubAt(now), oneAt(now), otherAt(now)];
  });

  interface Answer {
    readonly status: number;
    readonly code: string;
    readonly detail: string;
    readonly workload?: { readonly id: string };
  }
  const ask = async (proof: string, account = 'prod', role = 'Developer'): Promise<Answer> => {
    const { status, json } = await askOneStep(world, proof, { account, role });
    return { ...(json as Answer), status };
  };
  const refusals = async (): Promise<Extract<AuditEvent, { type: 'workload.refused' }>[]> =>
    (await world.audit()).filter(
      (event): event is Extract<AuditEvent, { type: 'workload.refused' }> =>
        event.type === 'workload.refused',
    );

  it('of the right repository gets what the rule gives', async () => {
    assert.equal((await ask(await github.token(RELEASE))).status, 200);
  });

  const PATTERNS: readonly (readonly [string, PlatformClaims])[] = [
    ['an owner whose name begins alike', { repository: 'acme-evil/x' }],
    ['a further part of a path', { repository: 'acme/x/y' }],
    ['a name that contains the pattern', { repository: 'evil/acme/x' }],
    ['nothing after the separator', { repository: 'acme/' }],
    ['another case', { repository: 'Acme/x' }],
    ['a look-alike letter', { repository: 'аcme/x' }],
    ['a line break', { repository: 'acme/x\n' }],
    ['a list without a fitting value', { repository: ['evil/x'] }],
    ['an object', { repository: { name: 'acme/x' } }],
    ['the right name of another owner', { repository_owner_id: '9999' }],
    ['the id of the owner as a number that lost digits', { repository_owner_id: 1234e20 }],
    ['no repository', { repository: undefined }],
    ['a branch below the pattern', { ref: 'refs/heads/release-1/evil' }],
    ['a tag', { ref: 'refs/tags/release-1' }],
    ['a colon in the branch', { ref: 'refs/heads/release-1:x' }],
  ];
  for (const [what, claims] of PATTERNS)
    it(`gets nothing by a pattern with ${what}`, async () => {
      const known = (await refusals()).length;
      const answer = await ask(await github.token({ ...RELEASE, ...claims }));
      assert.deepEqual([answer.status, answer.code], [403, 'workload_role_denied']);
      assert.match(answer.detail, /^The proof is genuine, and no rule applies/);
      const events = await refusals();
      assert.equal(events.length, known + 1, 'recorded once');
      const [event] = events;
      assert.equal(event!.workload, undefined);
      assert.equal(event!.stranger!.entry, 'github');
      assert.match(event!.why, /^workloads\[0\]\.access\[0\]: /);
      assert.doesNotMatch(event!.why, /\n/);
    });

  const altered = async (change: (parts: readonly string[]) => readonly string[]) =>
    change((await github.token(RELEASE)).split('.')).join('.');
  const encoded = (value: object): string =>
    Buffer.from(JSON.stringify(value)).toString('base64url');
  const PROOFS: readonly (readonly [string, () => Promise<string>, RegExp])[] = [
    ['another audience', () => github.token({ aud: 'https://evil.example' }), /aud is/],
    ['a second audience', () => github.token({ aud: [AUDIENCE, 'https://x.example'] }), /aud is/],
    ['no audience', () => github.token({ aud: undefined }), /aud is/],
    [
      'a foreign issuer with the same claims',
      () => github.token({ iss: 'https://evil.example' }),
      /no entry has the issuer/,
    ],
    [
      'an issuer with a slash',
      () => github.token({ iss: `${GITHUB}/` }),
      /no entry has the issuer/,
    ],
    [
      'an issuer with its port',
      () => github.token({ iss: `${GITHUB}:443` }),
      /no entry has the issuer/,
    ],
    [
      'an issuer in capitals',
      () => github.token({ iss: GITHUB.toUpperCase() }),
      /no entry has the issuer/,
    ],
    [
      'the issuer of GitHub, signed by a cluster',
      () => one.token({ ...GITHUB_CLAIMS, ...RELEASE, iss: GITHUB }),
      /publishes no key|signature/,
    ],
    ['no expiry', () => github.token({ exp: undefined }), /exp is missing/],
    [
      'an end in the past',
      () => github.token({ exp: Math.floor(world.clock.now() / 1000) - 600 }),
      /expired/,
    ],
    [
      'a beginning in the future',
      () => github.token({ nbf: Math.floor(world.clock.now() / 1000) + 600 }),
      /future/,
    ],
    ['no subject', () => github.token({ sub: undefined }), /sub is not/],
    [
      'no signature',
      () => altered(([, payload]) => [encoded({ alg: 'none' }), payload!, '']),
      /alg is not|not a signed JWT/,
    ],
    [
      'HS256',
      () => altered(([, payload, end]) => [encoded({ alg: 'HS256' }), payload!, end!]),
      /alg is not/,
    ],
    [
      'a key of its own',
      () => altered(([, payload, end]) => [encoded({ alg: 'RS256', jwk: {} }), payload!, end!]),
      /has jwk/,
    ],
    [
      'other claims under the same signature',
      () =>
        altered(([head, , end]) => [
          head!,
          encoded({
            ...GITHUB_CLAIMS,
            ...RELEASE,
            iss: GITHUB,
            aud: AUDIENCE,
            iat: world.clock.now() / 1000,
            exp: world.clock.now() / 1000 + 60,
          }),
          end!,
        ]),
      /signature does not verify/,
    ],
    ['half a token', async () => (await github.token()).slice(0, 200), /not a signed JWT/],
  ];
  for (const [what, proof, why] of PROOFS)
    it(`is refused with ${what}`, async () => {
      const known = (await refusals()).length;
      const sent = await proof();
      const answer = await ask(sent);
      assert.deepEqual([answer.status, answer.code], [401, 'workload_refused']);
      assert.match(answer.detail, /^[A-Z].*\.$/);
      assert.ok(!answer.detail.includes('1234') && !answer.detail.includes('release-'));
      const events = await refusals();
      assert.equal(events.length, known + 1, 'recorded once');
      assert.match(events[0]!.why, why);
      const trail = JSON.stringify(events[0]) + world.log.join('');
      assert.ok(!trail.includes(sent.split('.').at(-1)!.slice(0, 60) || sent));
    });

  it('of one cluster is none of another that has the same issuer and subject', async () => {
    const [mine, theirs] = [
      await ask(await one.token()),
      await ask(await other.token(), 'staging'),
    ];
    assert.deepEqual([mine.status, theirs.status], [200, 200]);
    assert.notEqual(mine.workload!.id.slice(-25), theirs.workload!.id.slice(-25));
    const crossed = [await ask(await one.token(), 'staging'), await ask(await other.token())];
    assert.deepEqual(
      crossed.map(({ status, code }) => [status, code]),
      [
        [403, 'workload_role_denied'],
        [403, 'workload_role_denied'],
      ],
    );
  });

  it('gets no role that only rules for users give, and cannot find out which exist', async () => {
    const known = await one.token();
    const [admin, nothing] = [await ask(known, 'prod', 'Admin'), await ask(known, 'prod', 'None')];
    for (const { status, code } of [admin, nothing])
      assert.deepEqual([status, code], [403, 'workload_role_denied']);
    assert.equal(admin.detail, nothing.detail);
    const stranger = await github.token({ ...RELEASE, repository_owner_id: '1' });
    const [real, unreal] = [await ask(stranger), await ask(stranger, 'nowhere', 'None')];
    assert.equal(real.detail, unreal.detail);
  });

  const HEADERS: readonly (readonly [string, (proof: string) => string])[] = [
    ['the scheme Basic', proof => `Basic ${proof}`],
    ['the scheme DPoP', proof => `DPoP ${proof}`],
    ['two proofs', proof => `Bearer ${proof}, Bearer ${proof}`],
    ['a proof of 13,000 characters', proof => `Bearer ${proof}${'a'.repeat(13_000)}`],
    ['nothing', () => ''],
  ];
  for (const [what, header] of HEADERS)
    it(`is refused with ${what} in the header`, async () => {
      const authorization = header(await github.token(RELEASE));
      const response = await fetch(`${world.urls.bridge}/api/v1/workload/roles`, {
        headers: { authorization },
      });
      assert.equal(response.status, 401);
      assert.match(response.headers.get('www-authenticate') ?? '', /^(?:Bearer|DPoP)/);
    });
});
