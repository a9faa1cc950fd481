/**
 * A token that works once, in the hands of a thief: no lapse of time, no other rule and no token of
 * the bridge gives it a second use.
 */
import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import {
  createPlatform,
  GITHUB_CLAIMS,
  type Platform,
  type PlatformClaims,
} from '../support/workload-platform.ts';
import { askOneStep, GITHUB } from '../support/workloads.ts';
import { useWorld } from '../support/world.ts';

const AUDIENCE = 'https://aws.example.com';
const SPIFFE_ID = 'spiffe://prod.example.com/ns/payments/sa/api';
const [githubAt, spireAt] = await Promise.all([
  createPlatform({ issuer: GITHUB, audience: AUDIENCE, usual: GITHUB_CLAIMS }),
  createPlatform({ issuer: '', audience: AUDIENCE, usual: { sub: SPIFFE_ID, iss: undefined } }),
]);
const zero = () => 0;
const HOUR = 3600;
const INSIDE = '203.0.113.7';
const OUTSIDE = '198.51.100.7';

const WORKLOADS = `
workloads:
  - id: github
    issuer: ${GITHUB}
    jwks: { file: github.json }
    audience: ${AUDIENCE}
    access:
      - claims: { repository_owner_id: "1234", repository_id: "5678", environment: production }
        accounts: [prod]
        roles: [Developer]
        require: { networks: [203.0.113.0/24] }
      - claims: { repository_owner_id: "1234", repository_id: "5678", environment: production }
        accounts: [prod]
        roles: [Developer]
        once: true
  - id: spire
    spiffe: { trustDomain: prod.example.com }
    jwks: { file: spire.json }
    audience: ${AUDIENCE}
    access:
      - { claims: { sub: "${SPIFFE_ID}" }, accounts: [prod], roles: [Developer], once: true }
`;

describe('a token of a platform that works once', () => {
  const world = useWorld({
    configure: yaml =>
      yaml.replace(/^baseUrl:.*$/m, '$&\nproxy: { trusted: [127.0.0.1/32] }') + WORKLOADS,
    files: { 'github.json': githubAt(zero).jwks, 'spire.json': spireAt(zero).jwks },
  });
  let github: Platform;
  let spire: Platform;
  before(() => {
    const now = () => world.clock.now();
    [github, spire] = [githubAt(now), spireAt(now)];
  });

  const ask = async (proof: string, from: string): Promise<readonly [number, string]> => {
    const headers = { 'x-forwarded-for': from };
    const { status, json } = await askOneStep(world, proof, { headers });
    return [status, json.code ?? ''];
  };

  it('is used up until it ends, also if it does not say when it was issued', async () => {
    const seconds = Math.floor(world.clock.now() / 1000);
    const undated: PlatformClaims = { iat: undefined, nbf: undefined, exp: seconds + 72 * 3600 };
    const svid = await spire.token(undated);
    assert.deepEqual(await ask(svid, OUTSIDE), [200, '']);
    assert.deepEqual(await ask(svid, OUTSIDE), [401, 'proof_used']);
    world.clock.turn(26 * HOUR);
    await world.bridge.storage.store.prune(world.clock.now());
    assert.deepEqual(await ask(svid, OUTSIDE), [401, 'proof_used']);
  });

  it('is not spared by an exchange where another rule gives the role', async () => {
    const proof = await github.token();
    const response = await fetch(`${world.urls.bridge}/oauth/token`, {
      method: 'POST',
      headers: { 'x-forwarded-for': INSIDE },
      body: new URLSearchParams({
        grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
        subject_token_type: 'urn:ietf:params:oauth:token-type:jwt',
        subject_token: proof,
      }),
    });
    assert.equal(response.status, 200);
    const { access_token: token } = (await response.json()) as { readonly access_token: string };
    assert.deepEqual(await ask(token, INSIDE), [200, '']);
    assert.deepEqual(await ask(token, OUTSIDE), [403, 'role_not_for_token']);
    assert.deepEqual(await ask(proof, OUTSIDE), [200, '']);
    assert.deepEqual(await ask(proof, OUTSIDE), [401, 'proof_used']);
  });
});
