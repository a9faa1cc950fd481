/**
 * Signed GetCallerIdentity requests that must lead to nothing, at the front door: each is refused
 * with a sentence, recorded once, and consumed once.
 */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { AuditEvent } from '../../src/core/audit-event.ts';
import {
  type CallerRequest,
  proofOf,
  type RoleCredentials,
  type SigningOptions,
  signedCaller,
} from '../support/caller-forge.ts';
import { createPlatform, GITHUB_CLAIMS } from '../support/workload-platform.ts';
import {
  askOneStep,
  credentialsIn,
  GITHUB,
  githubEntry,
  roleEntry,
  workloadsSection,
} from '../support/workloads.ts';
import { useWorld } from '../support/world.ts';

const AUDIENCE = 'aws.example.com';
const githubAt = await createPlatform({
  ...{ issuer: GITHUB, audience: AUDIENCE, usual: GITHUB_CLAIMS },
});
const WORKLOADS = workloadsSection(githubEntry(AUDIENCE), roleEntry(AUDIENCE));

describe('at the front door, a signed request', () => {
  const world = useWorld({
    configure: yaml => yaml + WORKLOADS,
    files: { 'github.json': githubAt(() => 0).jwks },
  });

  async function ask(proof: string, account = 'staging') {
    const { status, json } = await askOneStep(world, proof, { account });
    return { status, answer: json as Readonly<Record<string, string>> };
  }

  /** A session of the role that the rule names. */
  async function roleCredentials(): Promise<RoleCredentials> {
    const proof = await githubAt(() => world.clock.now()).token();
    return credentialsIn(await askOneStep(world, proof));
  }

  async function signed(changes: Partial<SigningOptions> = {}): Promise<CallerRequest> {
    const credentials = await roleCredentials();
    return signedCaller({ credentials, audience: AUDIENCE, at: world.clock.now(), ...changes });
  }

  const refusals = async (): Promise<readonly AuditEvent[]> =>
    (await world.audit()).filter(({ type }) => type === 'workload.refused');

  const headed = async (headers: Record<string, string>): Promise<CallerRequest> => {
    const request = await signed();
    return { ...request, headers: { ...request.headers, ...headers } };
  };

  const wrong: Readonly<Record<string, () => Promise<CallerRequest>>> = {
    'for another audience': () => signed({ audience: 'aws.evil.example' }),
    'for another host': () => signed({ host: 'sts.evil.example' }),
    'for this machine': () => signed({ host: '127.0.0.1' }),
    'whose URL leads elsewhere': async () => ({
      ...(await signed()),
      url: 'https://sts.eu-west-1.amazonaws.com@evil.example/',
    }),
    'that is presigned': async () => ({
      ...(await signed()),
      url: 'https://sts.eu-west-1.amazonaws.com/?X-Amz-Signature=aa',
    }),
    'with a method': async () => ({ ...(await signed()), method: 'GET' }),
    'of another action': () => signed({ body: 'Action=GetSessionToken&Version=2011-06-15' }),
    'of ten minutes ago': () => signed({ at: world.clock.now() - 600_000 }),
    'with a header that is smuggled': () => headed({ 'user-agent': 'a\r\nX-Amz-Target: b' }),
    'with a forwarded host': () => headed({ 'x-forwarded-host': 'evil.example' }),
    'whose audience was changed': async () => {
      const { headers, ...request } = await signed({ audience: 'aws.evil.example' });
      return { ...request, headers: { ...headers, 'x-rolebridge-audience': AUDIENCE } };
    },
    'with another secret key': async () =>
      signed({ credentials: { ...(await roleCredentials()), secretAccessKey: 'another' } }),
  };
  for (const [title, request] of Object.entries(wrong))
    it(`${title} is refused and recorded`, async () => {
      const made = await request();
      const before = (await refusals()).length;
      const { status, answer } = await ask(proofOf(made));
      assert.equal(status, 401);
      assert.equal(answer.code, 'workload_refused');
      assert.match(answer.detail ?? '', /signed request|AWS rejects/);
      const recorded = await refusals();
      assert.equal(recorded.length, before + 1);
      const texts = JSON.stringify([recorded, world.log, answer]);
      for (const name of ['authorization', 'x-amz-security-token'])
        assert.ok(!texts.includes(String(made.headers[name])), `a text repeats ${name}`);
      assert.ok(!texts.includes(proofOf(made)), 'a text repeats the proof');
    });

  it('of a role that no rule names is denied', async () => {
    const { answer } = await ask(proofOf(await signed()));
    const ofStaging: RoleCredentials = {
      accessKeyId: answer.access_key_id!,
      secretAccessKey: answer.secret_access_key!,
      sessionToken: answer.session_token!,
    };
    const { status } = await ask(proofOf(await signed({ credentials: ofStaging })));
    assert.equal(status, 403);
  });

  it('works once when two callers race', async () => {
    const proof = proofOf(await signed());
    const answers = await Promise.all([ask(proof), ask(proof)]);
    assert.deepEqual(answers.map(({ status }) => status).sort(), [200, 401]);
    assert.equal((await ask(proof)).status, 401);
  });

  it('is refused while STS is down, and is used up', async () => {
    const proof = proofOf(await signed());
    world.aws.faults.arm({ sts: { serverError: 'always' } });
    assert.equal((await ask(proof)).status, 503);
    world.aws.faults.clear();
    assert.equal((await ask(proof)).status, 401);
  });
});
