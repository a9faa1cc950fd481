/** DPoP proofs that do not fit, at the token endpoint and at the API (RFC 9449 section 4.3). */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  type ApplicationLogin,
  applicationLogin,
  callAs,
  callWith,
  codeFields,
  consented,
  digestOf,
  type Key,
  newKey,
  nonceOf,
  postToken,
  proofOf,
  refreshFields,
  thumbprintOf,
  tokenProof,
  WITH_APPLICATIONS,
} from '../support/application.ts';
import { useFixture } from '../support/fixture.ts';
import { exchange } from '../support/raw-http.ts';
import { useWorld, type World } from '../support/world.ts';
import { type Fitting, FORGED, secondsNow, withClaims } from './forged-proofs.ts';

describe('a DPoP proof', () => {
  const world = useWorld(WITH_APPLICATIONS);
  const login = useFixture(async () =>
    applicationLogin(world, (await world.signIn('bob', 'oidc')).visitor),
  );
  const ROLES = { method: 'GET', path: '/api/v1/roles' } as const;
  const fittingCall = (): Fitting => ({ world, ...ROLES, ...keyAndToken(login) });
  const call = (proof: string, scheme = 'DPoP', token = login.accessToken) =>
    callWith(world, {
      path: '/roles',
      headers: { authorization: `${scheme} ${token}`, dpop: proof },
    });

  for (const [title, forge, why] of FORGED)
    it(`is rejected at the API ${title}`, async () => {
      const { status, headers, json } = await call(await forge(fittingCall()));
      assert.deepEqual([status, json.code], [401, 'dpop_proof_invalid']);
      assert.equal(
        headers.get('www-authenticate'),
        'DPoP error="invalid_dpop_proof", algs="ES256"',
      );
      await assertRecorded(world, { code: 'dpop_proof_invalid', why, isOfSession: true });
    });

  for (const [title, forge, why] of FORGED)
    it(`is rejected at the token endpoint ${title}`, async () => {
      const nonce = await nonceOf(world);
      const { key } = login;
      const fitting = { world, key, nonce, method: 'POST', path: '/oauth/token' };
      const fields = refreshFields(login.refreshToken);
      const { status, json } = await postToken(world, { fields, proof: await forge(fitting) });
      assert.deepEqual([status, json.error], [400, 'invalid_dpop_proof']);
      await assertRecorded(world, { code: 'dpop_proof_invalid', why, isOfSession: false });
    });

  const RESOURCE_ONLY: typeof FORGED = [
    ['without ath', withClaims(() => ({ ath: undefined })), /ath is not the digest/],
    [
      'with the ath of another token',
      withClaims(() => ({ ath: digestOf('rba_x') })),
      /ath is not the digest/,
    ],
  ];
  for (const [title, forge, why] of RESOURCE_ONLY)
    it(`is rejected at the API ${title}`, async () => {
      const { status, json } = await call(await forge(fittingCall()));
      assert.deepEqual([status, json.code], [401, 'dpop_proof_invalid']);
      await assertRecorded(world, { code: 'dpop_proof_invalid', why, isOfSession: true });
    });

  it('works once at the API, also when both requests come at the same time', async () => {
    const proof = await proofOf(world, login.key, fittingCall());
    const answers = await Promise.all([call(proof), call(proof), call(proof)]);
    assert.deepEqual(answers.map(({ status }) => status).sort(), [200, 401, 401]);
    await assertRecorded(world, {
      code: 'dpop_proof_invalid',
      why: /a proof with this jti was used before/,
      isOfSession: true,
    });
  });

  it('works once on all instances', async () => {
    const other = await world.compose();
    const proof = await proofOf(world, login.key, fittingCall());
    const shown = {
      token: login.accessToken,
      proof: { values: [proof], method: 'GET', url: `${world.urls.bridge}${ROLES.path}` },
    };
    const origin = { correlationId: 'c', address: '127.0.0.1' };
    await world.bridge.tokens.callerOf(shown, origin);
    await assert.rejects(other.tokens.callerOf(shown, origin), { code: 'dpop_proof_invalid' });
  });

  it('works once at the token endpoint, whatever the rest of the request is', async () => {
    const proof = await tokenProof(world, login.key);
    const fields = refreshFields('rbr_unknown');
    const first = await postToken(world, { fields, proof });
    assert.deepEqual([first.status, first.json.error], [400, 'invalid_grant']);
    const second = await postToken(world, { fields, proof });
    assert.deepEqual([second.status, second.json.error], [400, 'invalid_dpop_proof']);
  });

  it('is accepted with a clock that is four minutes off, either way, and in any spelling of the URL', async () => {
    const spelt = world.urls.bridge.replace('http://', 'HTTP://');
    for (const claims of [
      { iat: secondsNow(fittingCall()) - 240 },
      { iat: secondsNow(fittingCall()) + 240 },
      { htu: `${spelt}${ROLES.path}?account=prod#x` },
    ]) {
      const proof = await proofOf(world, login.key, fittingCall(), { claims });
      assert.equal((await call(proof)).status, 200, JSON.stringify(claims));
    }
  });

  it('is rejected if two headers are sent', async () => {
    const proofs = [
      await proofOf(world, login.key, fittingCall()),
      await proofOf(world, login.key, fittingCall()),
    ];
    const { status, body } = await exchange(world.urls.bridge, {
      target: ROLES.path,
      headers: [
        ['Authorization', `DPoP ${login.accessToken}`],
        ...proofs.map(proof => ['DPoP', proof] as const),
      ],
    });
    assert.equal(status, 401);
    assert.equal(JSON.parse(body).code, 'dpop_proof_invalid');
    await assertRecorded(world, {
      code: 'dpop_proof_invalid',
      why: /several headers/,
      isOfSession: true,
    });
  });
});

describe('a token that is bound to a key', () => {
  const world = useWorld(WITH_APPLICATIONS);
  const login = useFixture(async () =>
    applicationLogin(world, (await world.signIn('bob', 'oidc')).visitor),
  );
  const fitting = (key: Key): Fitting => ({
    ...{ world, key, method: 'GET', path: '/api/v1/roles' },
    accessToken: login.accessToken,
  });
  const INVALID_TOKEN = 'DPoP error="invalid_token", algs="ES256"';

  const MISUSES: readonly (readonly [
    title: string,
    headers: () => Promise<Readonly<Record<string, string>>>,
    why: RegExp,
  ])[] = [
    [
      'as a bearer token',
      async () => ({ authorization: `Bearer ${login.accessToken}` }),
      /without a proof/,
    ],
    [
      'as a bearer token with a good proof',
      async () => ({
        authorization: `Bearer ${login.accessToken}`,
        dpop: await proofOf(world, login.key, fitting(login.key)),
      }),
      /without a proof/,
    ],
    [
      'with a good proof of another key',
      async () => {
        const thief = await newKey();
        return {
          authorization: `DPoP ${login.accessToken}`,
          dpop: await proofOf(world, thief, fitting(thief)),
        };
      },
      /by another key/,
    ],
  ];
  for (const [title, headers, why] of MISUSES)
    it(`is refused ${title}`, async () => {
      const answer = await callWith(world, { path: '/roles', headers: await headers() });
      assert.deepEqual([answer.status, answer.json.code], [401, 'token_binding_invalid']);
      assert.equal(answer.headers.get('www-authenticate'), INVALID_TOKEN);
      await assertRecorded(world, { code: 'token_binding_invalid', why, isOfSession: true });
    });

  it('is refused by every operation and by the protocol of AWS tools as a bearer token', async () => {
    const headers = { authorization: `Bearer ${login.accessToken}` };
    for (const path of ['/whoami', '/container-tokens', '/elevations', '/explain?account=a&role=b'])
      assert.equal((await callWith(world, { path, headers })).status, 401, path);
    const portal = await fetch(`${world.urls.bridge}/assignment/accounts`, {
      headers: { 'x-amz-sso_bearer_token': login.accessToken },
    });
    assert.equal(portal.status, 401);
    await portal.body?.cancel();
  });

  it('is refused at the refresh with another key, and the session goes on', async () => {
    const thief = await newKey();
    const stolen = await postToken(world, {
      fields: refreshFields(login.refreshToken),
      proof: await tokenProof(world, thief),
    });
    assert.deepEqual([stolen.status, stolen.json.error], [400, 'invalid_grant']);
    await assertRecorded(world, {
      code: 'grant_invalid',
      why: /bound to another key/,
      isOfSession: true,
    });
    assert.equal((await callAs(world, login, { path: '/roles' })).status, 200);
  });

  it('is refused at the refresh without a proof', async () => {
    const fields = refreshFields(login.refreshToken);
    const { status, json } = await postToken(world, { fields });
    assert.deepEqual([status, json.error], [400, 'invalid_dpop_proof']);
  });
});

describe('a nonce', () => {
  const world = useWorld(WITH_APPLICATIONS);
  const login = useFixture(async () =>
    applicationLogin(world, (await world.signIn('bob', 'oidc')).visitor),
  );
  type Refresher = Pick<ApplicationLogin, 'key' | 'refreshToken'>;
  const refreshWith = async (nonce: string | undefined, { key, refreshToken }: Refresher = login) =>
    postToken(world, {
      fields: refreshFields(refreshToken),
      proof: await proofOf(world, key, { method: 'POST', path: '/oauth/token', nonce }),
    });

  for (const [title, nonce] of [
    ['missing', undefined],
    ['empty', ''],
    ['made up', 'x'.repeat(43)],
  ] as const)
    it(`that is ${title} is answered with the current one, and the refresh token stays good`, async () => {
      const { status, headers, json } = await refreshWith(nonce);
      assert.deepEqual([status, json.error], [400, 'use_dpop_nonce']);
      assert.equal(headers.get('dpop-nonce'), await nonceOf(world));
    });

  it('is good for five minutes at least, and for ten at most', async () => {
    const nonce = await nonceOf(world);
    world.clock.turn(5 * 60);
    const { status, json } = await refreshWith(nonce);
    assert.equal(status, 200, JSON.stringify(json));
    world.clock.turn(5 * 60);
    const next = { ...keyAndToken(login), refreshToken: json.refresh_token };
    assert.equal((await refreshWith(nonce, next)).json.error, 'use_dpop_nonce');
    assert.equal((await refreshWith(await nonceOf(world), next)).status, 200);
  });
});

describe('a code of an application', () => {
  const world = useWorld(WITH_APPLICATIONS);
  const bob = useFixture(async () => (await world.signIn('bob', 'oidc')).visitor);

  it('is not used up by a request whose proof is refused', async () => {
    const key = await newKey();
    const { answer, verifier } = await consented(world, bob);
    const fields = codeFields(answer.get('code')!, verifier);
    const without = await postToken(world, { fields });
    assert.deepEqual([without.status, without.json.error], [400, 'invalid_dpop_proof']);
    const { status, json } = await postToken(world, {
      fields,
      proof: await tokenProof(world, key),
    });
    assert.equal(status, 200, JSON.stringify(json));
  });

  it('that names a key is redeemed by that key alone, and another one ends it', async () => {
    const [key, thief] = [await newKey(), await newKey()];
    const dpop_jkt = await thumbprintOf(key);
    const consent = { query: { dpop_jkt } };
    const good = await consented(world, bob, consent);
    const redeem = async (by: Key, { answer, verifier }: typeof good) =>
      postToken(world, {
        fields: codeFields(answer.get('code')!, verifier),
        proof: await tokenProof(world, by),
      });
    assert.equal((await redeem(key, good)).status, 200);

    const stolen = await consented(world, bob, consent);
    assert.equal((await redeem(thief, stolen)).json.error, 'invalid_grant');
    assert.equal((await redeem(key, stolen)).json.error, 'invalid_grant', 'it was used up');
  });

  it('is not redeemed on the wire of AWS tools, which has no proofs', async () => {
    const { answer, verifier } = await consented(world, bob);
    const {
      client_id: clientId,
      redirect_uri: redirectUri,
      code,
    } = codeFields(answer.get('code')!, verifier);
    const body = { clientId, redirectUri, code, codeVerifier: verifier };
    const response = await fetch(`${world.urls.bridge}/token`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ ...body, grantType: 'authorization_code' }),
    });
    assert.equal(response.status, 400);
    assert.match(await response.text(), /DPoP proof/);
  });
});

// ---------------------------------------------------------------- what is recorded

const keyAndToken = ({ key, accessToken }: ApplicationLogin) => ({ key, accessToken });

async function assertRecorded(
  world: World,
  expected: { readonly code: string; readonly why: RegExp; readonly isOfSession: boolean },
): Promise<void> {
  const refusals = (await world.audit()).flatMap(event =>
    event.type === 'cli-login.refused' ? [event] : [],
  );
  assert.ok(
    refusals.some(
      ({ code, why, cliSession, actor }) =>
        code === expected.code &&
        expected.why.test(why) &&
        (cliSession !== undefined) === expected.isOfSession &&
        (actor !== undefined) === expected.isOfSession,
    ),
    `recorded: ${expected.why}`,
  );
}
