/**
 * Machines at the front door: a token of their platform leads to credentials by the exchange, in
 * one step, and by the container address, and everything else is refused and recorded.
 */
import assert from 'node:assert/strict';
import type { RequestListener } from 'node:http';
import { before, describe, it } from 'node:test';
import type { AuditEvent } from '../../src/core/audit-event.ts';
import type { WorkloadId } from '../../src/core/workload.ts';
import { type Answer, callApi, postForm } from '../support/cli-login.ts';
import { callerOf } from '../support/handout.ts';
import {
  CLUSTER_CLAIMS,
  createPlatform,
  GITHUB_CLAIMS,
  type Platform,
} from '../support/workload-platform.ts';
import { askOneStep, CLUSTER, credentialsIn, GITHUB } from '../support/workloads.ts';
import { useWorld } from '../support/world.ts';

const AUDIENCE = 'https://aws.example.com';
const [githubAt, clusterAt] = await Promise.all([
  createPlatform({ issuer: GITHUB, audience: AUDIENCE, usual: GITHUB_CLAIMS }),
  createPlatform({ issuer: CLUSTER, audience: AUDIENCE, usual: CLUSTER_CLAIMS }),
]);

const WORKLOADS = `
workloads:
  - id: github
    issuer: ${GITHUB}
    jwks: { file: github.json }
    audience: ${AUDIENCE}
    access:
      - name: deploy
        claims: { repository_owner_id: "1234", repository_id: "5678", environment: production }
        accounts: [prod, staging]
        roles: [Developer]
        session: { duration: 1h, tags: { Repository: "{claims.repository}" }, sourceIdentity: "{sessionName}" }
      - name: release
        claims: { repository_owner_id: "1234", repository_id: "5678", environment: release }
        accounts: [prod]
        roles: [Developer]
        once: true
  - id: cluster
    issuer: ${CLUSTER}
    jwks: { file: cluster.json }
    audience: ${AUDIENCE}
    access:
      - claims: { sub: "system:serviceaccount:demo:uploader" }
        accounts: [staging]
        roles: [Developer]
        session: { tags: { Namespace: "{claims.kubernetes.io.namespace}" } }
`;
const ROLE = { account: 'prod', role: 'Developer' };
const zero = () => 0;
const EXCHANGE = 'urn:ietf:params:oauth:grant-type:token-exchange';
const JWT = 'urn:ietf:params:oauth:token-type:jwt';
const ACCESS_TOKEN = 'urn:ietf:params:oauth:token-type:access_token';

describe('a workload', () => {
  const world = useWorld({
    configure: yaml => yaml + WORKLOADS,
    files: { 'github.json': githubAt(zero).jwks, 'cluster.json': clusterAt(zero).jwks },
  });
  let github: Platform;
  let cluster: Platform;
  before(() => {
    github = githubAt(() => world.clock.now());
    cluster = clusterAt(() => world.clock.now());
  });

  /** With the header as it is given: with or without a scheme. */
  const ask = (path: string, authorization: string): Promise<Answer> =>
    callApi(world, undefined, { path, headers: { authorization } });
  const oneStep = (
    proof: string,
    asked: { readonly account: string; readonly role: string } = ROLE,
  ): Promise<Answer> => askOneStep(world, proof, asked);
  const exchange = async (fields: Record<string, string>): Promise<Answer> =>
    postForm(world, '/oauth/token', {
      grant_type: EXCHANGE,
      subject_token_type: JWT,
      ...fields,
    });
  const newest = async <T extends AuditEvent['type']>(
    type: T,
  ): Promise<Extract<AuditEvent, { type: T }>> =>
    (await world.audit()).find(
      (event): event is Extract<AuditEvent, { type: T }> => event.type === type,
    )!;

  it('gets credentials in one step, under a name that no user can have', async () => {
    const answer = await oneStep(await github.token());
    const { status, json } = answer;
    assert.equal(status, 200, JSON.stringify(json));
    assert.match(json.workload.id, /^github-[a-z2-7]{16}@workload$/);
    assert.equal(json.workload.subject, GITHUB_CLAIMS.sub);
    assert.equal(
      await callerOf(world.urls.aws, credentialsIn(answer)),
      `arn:aws:sts::111122223333:assumed-role/Developer/${json.workload.id as string}`,
    );
    assert.equal(json.duration_seconds, 3600);
  });

  it('leaves an event that leads from CloudTrail to the job', async () => {
    const token = await github.token({ jti: 'job-1' });
    const { json } = await oneStep(token);
    const { workload, ...event } = await newest('workload-credentials.issued');
    assert.deepEqual(workload, {
      ...{ workload: json.workload.id, entry: 'github', subject: GITHUB_CLAIMS.sub },
    });
    assert.deepEqual(
      [event.rule, event.account, event.role, event.accessKeyId, event.tokenId, event.claims],
      [
        ...['deploy', '111122223333', 'Developer', json.access_key_id, 'job-1'],
        { repository_owner_id: '1234', repository_id: '5678', environment: 'production' },
      ],
    );
    assert.equal(event.sessionName, json.workload.id);
    assert.equal(event.sourceIdentity, json.workload.id);
    for (const text of [JSON.stringify(await world.audit()), world.log.join('')])
      assert.ok(!text.includes(token) && !text.includes(token.split('.')[2]!));
  });

  it('passes its claims on as session tags', async () => {
    await oneStep(await cluster.token(), { account: 'staging', role: 'Developer' });
    const token = world.toAws.at(-1)!.form.get('WebIdentityToken')!;
    const { 'https://aws.amazon.com/tags': tags, sub } = JSON.parse(
      Buffer.from(token.split('.')[1]!, 'base64url').toString(),
    );
    assert.deepEqual(tags.principal_tags, { Namespace: ['demo'] });
    assert.match(sub, /^cluster-[a-z2-7]{16}@workload$/);
  });

  it('exchanges a token of its platform for one of the bridge, which is good for its roles', async () => {
    const { status, json } = await exchange({ subject_token: await github.token() });
    assert.equal(status, 200, JSON.stringify(json));
    const { access_token, ...rest } = json;
    assert.match(access_token, /^rbw_[\w-]{43}$/);
    assert.deepEqual(rest, {
      issued_token_type: ACCESS_TOKEN,
      ...{ token_type: 'Bearer', expires_in: 900, scope: 'aws' },
    });
    const roles = await ask('/workload/roles', `Bearer ${access_token}`);
    assert.deepEqual(
      roles.json.roles.map((of: Answer['json']) => `${of.account.name}/${of.role}`),
      ['prod/Developer', 'staging/Developer'],
    );
    const issued = await oneStep(access_token);
    assert.equal(issued.status, 200, JSON.stringify(issued.json));
    const event = await newest('workload-token.issued');
    const used = await newest('workload-credentials.issued');
    assert.equal(used.workloadToken, event.workloadToken);
    assert.deepEqual(event.roles, ['prod/Developer', 'staging/Developer']);
  });

  it('narrows the token to one role by the resource', async () => {
    const resource = 'arn:aws:iam::222233334444:role/Developer';
    const { json } = await exchange({ subject_token: await github.token(), resource });
    const denied = await oneStep(json.access_token);
    assert.deepEqual([denied.status, denied.json.code], [403, 'role_not_for_token']);
    const staging = { account: 'staging', role: 'Developer' };
    assert.equal((await oneStep(json.access_token, staging)).status, 200);
  });

  it('is answered at the container address with the token as it is in its file', async () => {
    const token = await cluster.token();
    const path = '/container-credentials/staging/Developer';
    for (const authorization of [token, `Bearer ${token}`]) {
      const { status, json } = await ask(path, authorization);
      assert.equal(status, 200, JSON.stringify(json));
      assert.equal(json.AccountId, '222233334444');
    }
    const denied = await ask('/container-credentials/prod/Developer', token);
    assert.deepEqual([denied.status, denied.json.Code], [403, 'workload_role_denied']);
    assert.match(denied.json.Message, /No rule for its platform gives this role/);
  });

  it('shares credentials with requests of the same proof alone', async () => {
    const [token, other] = [await github.token(), await github.token()];
    const keyOf = async (proof: string): Promise<string> =>
      (await oneStep(proof)).json.access_key_id;
    const key = await keyOf(token);
    assert.equal(await keyOf(token), key);
    assert.notEqual(await keyOf(other), key);
  });

  it('is told which of its own claims do not fit, and never what the rule expects', async () => {
    const { status, json } = await oneStep(
      await cluster.token({ sub: 'system:serviceaccount:demo:uploader' }),
    );
    assert.deepEqual([status, json.code], [403, 'workload_role_denied']);
    const stranger = await oneStep(await github.token({ repository_id: '999' }));
    assert.deepEqual([stranger.status, stranger.json.code], [403, 'workload_role_denied']);
    assert.match(stranger.json.detail, /^The proof is genuine, and no rule applies/);
    assert.ok(!JSON.stringify(stranger.json).includes('5678'));
    const event = await newest('workload.refused');
    assert.equal(event.workload, undefined);
    assert.equal(event.stranger!.entry, 'github');
    assert.match(event.why, /^deploy: repository_id is 999; release: /);
  });

  describe('with a rule that accepts each token once', () => {
    const release = { environment: 'release' };

    it('gets credentials once, also when two requests race', async () => {
      const token = await github.token(release);
      const answers = await Promise.all([oneStep(token), oneStep(token), oneStep(token)]);
      assert.deepEqual(answers.map(({ status }) => status).sort(), [200, 401, 401]);
      const refused = answers.find(({ status }) => status === 401)!;
      assert.equal(refused.json.code, 'proof_used');
      assert.equal((await newest('workload.refused')).code, 'proof_used');
    });

    it('can exchange the token once, and use what it got as often as it wants', async () => {
      const token = await github.token(release);
      const { json } = await exchange({ subject_token: token });
      for (let times = 0; times < 2; times += 1)
        assert.equal((await oneStep(json.access_token)).status, 200);
      const again = await exchange({ subject_token: token });
      assert.deepEqual([again.status, again.json.error], [400, 'invalid_request']);
      assert.equal((await oneStep(token)).status, 401);
    });

    it('gets nothing for a token without jti', async () => {
      const { status, json } = await oneStep(await github.token({ ...release, jti: undefined }));
      assert.deepEqual([status, json.code], [401, 'proof_used']);
      assert.match(json.detail, /without a jti/);
    });
  });

  describe('that is blocked', () => {
    it('gets nothing by proof or by token, and its tokens end', async () => {
      const claims = { sub: 'repo:acme@1234/api@5678:ref:refs/heads/stolen' };
      const { json } = await oneStep(await github.token(claims));
      const id = json.workload.id as WorkloadId;
      const token = (await exchange({ subject_token: await github.token(claims) })).json;
      const { workloadBlocks } = world.bridge.storage.store;
      const workload = { workload: id, entry: 'github', subject: claims.sub } as never;
      await workloadBlocks.block(workload, { at: world.clock.now(), by: 'operator' });
      const denied = await oneStep(await github.token(claims));
      assert.deepEqual([denied.status, denied.json.code], [403, 'workload_blocked']);
      assert.equal((await oneStep(token.access_token)).status, 401);
      assert.equal((await newest('workload.refused')).workload!.workload, id);
      assert.equal((await oneStep(await github.token())).status, 200, 'others go on');
    });
  });

  describe('at the token endpoint', () => {
    const WRONG: readonly (readonly [
      what: string,
      fields: Record<string, string>,
      answer: readonly [number, string],
    ])[] = [
      [
        'another type of subject token',
        { subject_token_type: ACCESS_TOKEN },
        [400, 'invalid_request'],
      ],
      ['another type of answer', { requested_token_type: JWT }, [400, 'invalid_request']],
      ['an actor token', { actor_token: 'x', actor_token_type: JWT }, [400, 'invalid_request']],
      ['another audience', { audience: 'https://elsewhere.example' }, [400, 'invalid_target']],
      [
        'a role that it does not have',
        { resource: 'arn:aws:iam::111122223333:role/Admin' },
        [400, 'invalid_target'],
      ],
      ['an unknown scope', { scope: 'admin' }, [400, 'invalid_scope']],
      ['no subject token', { subject_token: '' }, [400, 'invalid_request']],
    ];
    for (const [what, fields, answer] of WRONG)
      it(`is refused with ${what}`, async () => {
        const { status, json } = await exchange({ subject_token: await github.token(), ...fields });
        assert.deepEqual([status, json.error], answer, JSON.stringify(json));
      });

    it('cannot exchange a token of the bridge again', async () => {
      const { json } = await exchange({ subject_token: await github.token() });
      const again = await exchange({ subject_token: json.access_token });
      assert.equal(again.status, 400);
    });

    it('revokes its own token, without a client id', async () => {
      const { json } = await exchange({ subject_token: await github.token() });
      const token = json.access_token;
      assert.equal((await postForm(world, '/oauth/revoke', { token })).status, 200);
      assert.equal((await oneStep(token)).status, 401);
      assert.equal((await newest('workload-token.revoked')).by, 'client');
    });

    it('gets a token for fifteen minutes', async () => {
      const { json } = await exchange({ subject_token: await github.token() });
      world.clock.turn(15 * 60 - 1);
      assert.equal((await ask('/workload/roles', json.access_token)).status, 200);
      world.clock.turn(1);
      assert.equal((await ask('/workload/roles', json.access_token)).status, 401);
    });

    it('finds the grant in the metadata', async () => {
      const metadata = await fetch(`${world.urls.bridge}/.well-known/oauth-authorization-server`);
      const { grant_types_supported: grants } = (await metadata.json()) as {
        grant_types_supported: readonly string[];
      };
      assert.ok(grants.includes(EXCHANGE));
    });
  });

  it('cannot use what belongs to users', async () => {
    const { json } = await exchange({ subject_token: await github.token() });
    const paths = ['/whoami', '/roles', '/elevations', '/container-tokens'];
    for (const proof of [json.access_token, await github.token()])
      for (const path of paths) {
        const answer = await ask(path, `Bearer ${proof}`);
        assert.equal(answer.status, 401, path);
      }
  });

  const STRANGE: readonly (readonly [what: string, proof: () => string | Promise<string>])[] = [
    ['a token of a user', () => 'rba_0123456789012345678901234567890123456789012'],
    ['no JWT at all', () => 'hello'],
    ['an unknown workload token', () => `rbw_${'0'.repeat(43)}`],
    ['a token of another audience', () => github.token({ aud: 'https://elsewhere.example' })],
    ['an expired token', () => github.token({ exp: Math.floor(world.clock.now() / 1000) - 3600 })],
    [
      'the claims of GitHub with the key of the cluster',
      () => cluster.token({ ...GITHUB_CLAIMS, iss: GITHUB }),
    ],
    ['an issuer spelled otherwise', () => github.token({ iss: `${GITHUB}/` })],
  ];
  for (const [what, proof] of STRANGE)
    it(`is refused with ${what}`, async () => {
      const { status, json } = await oneStep(await proof());
      assert.equal(status, 401, JSON.stringify(json));
      assert.match(json.detail, /\.$/);
      assert.ok(['workload_refused', 'token_invalid'].includes(json.code));
    });
});

describe('a workload of an OpenID provider', () => {
  /** What oidc-provider has issued, the newest last. */
  const idTokens: string[] = [];
  // An audience of users is none of machines, so the provider belongs to another bridge.
  const elsewhere = useWorld({ through: { oidc: good => watchingTokens(good, idTokens) } });
  const world = useWorld(() => ({
    configure: (yaml: string) => `${yaml}
workloads:
  - id: openid
    issuer: ${elsewhere.urls.oidc}
    audience: rolebridge
    access:
      - { claims: { preferred_username: alice }, accounts: [prod], roles: [Developer] }
`,
  }));

  it('gets credentials by a token of oidc-provider, whose keys the bridge discovers', async () => {
    await elsewhere.signIn('alice', 'oidc');
    const { status, json } = await askOneStep(world, idTokens.at(-1)!);
    assert.equal(status, 200, JSON.stringify(json));
    assert.match(json.workload.id, /^openid-[a-z2-7]{16}@workload$/);
  });
});

function watchingTokens(good: RequestListener, idTokens: string[]): RequestListener {
  return (request, response) => {
    const end = response.end.bind(response);
    response.end = ((...said: Parameters<typeof end>) => {
      const [, idToken] = /"id_token":"([^"]+)"/.exec(String(said[0] ?? '')) ?? [];
      if (idToken !== undefined) idTokens.push(idToken);
      return end(...said);
    }) as typeof response.end;
    good(request, response);
  };
}
