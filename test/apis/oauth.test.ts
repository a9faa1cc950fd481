import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import {
  beginDevice,
  CLIENT,
  DEVICE_CODE,
  loginByDevice,
  pollDevice,
  postForm,
  viewerOf,
} from '../support/cli-login.ts';
import type { Visitor } from '../support/visitor.ts';
import { useWorld } from '../support/world.ts';
import { authorized, confirmed, errorOf, exchange, isLive, refresh } from './oauth-requests.ts';

describe('the OAuth endpoints', () => {
  const world = useWorld({
    configure: yaml =>
      `${yaml}\ncli: { clients: [{ id: other-tool, name: Other tool, redirectUris: ["http://127.0.0.1/callback"] }] }\n`,
  });
  let visitor: Visitor;
  before(async () => {
    ({ visitor } = await world.signIn('alice', 'saml'));
  });

  it('say what there is (RFC 8414)', async () => {
    const response = await fetch(`${world.urls.bridge}/.well-known/oauth-authorization-server`);
    const metadata = (await response.json()) as Record<string, unknown>;
    assert.equal(metadata.issuer, world.urls.bridge);

    for (const name of [
      'authorization_endpoint',
      'token_endpoint',
      'device_authorization_endpoint',
      'revocation_endpoint',
    ])
      assert.ok(String(metadata[name]).startsWith(`${world.urls.bridge}/oauth/`), name);
    assert.deepEqual(metadata.grant_types_supported, [
      'authorization_code',
      'refresh_token',
      DEVICE_CODE,
    ]);
    assert.deepEqual(metadata.code_challenge_methods_supported, ['S256']);
  });

  it('a device code: pending, too soon, confirmed, used up', async () => {
    const { json } = await beginDevice(world);
    assert.deepEqual(
      [json.expires_in, json.interval, json.verification_uri],
      [600, 5, `${world.urls.bridge}/device`],
    );
    assert.match(json.user_code, /^[BCDFGHJKLMNPQRSTVWXZ]{4}-[BCDFGHJKLMNPQRSTVWXZ]{4}$/);

    for (const _ of ['before the code is shown', 'and after'])
      assert.deepEqual(errorOf(await pollDevice(world, json.device_code)), [
        400,
        'authorization_pending',
      ]);
    assert.deepEqual(errorOf(await pollDevice(world, json.device_code)), [400, 'slow_down']);

    world.clock.turn(6);
    assert.deepEqual(
      errorOf(await pollDevice(world, json.device_code)),
      [400, 'slow_down'],
      'the longer interval stays',
    );

    await world.bridge.deviceAuthorization.approve(await viewerOf(world, visitor), {
      userCode: json.user_code,
    });
    world.clock.turn(16);
    const got = await pollDevice(world, json.device_code);
    assert.equal(got.status, 200);
    assert.equal(got.headers.get('cache-control'), 'no-store, no-transform');
    assert.deepEqual(
      [got.json.token_type, got.json.scope, got.json.expires_in],
      ['Bearer', 'aws', 3600],
    );

    world.clock.turn(60);
    assert.deepEqual(errorOf(await pollDevice(world, json.device_code)), [400, 'invalid_grant']);
    assert.ok(await isLive(world, got.json.access_token), 'the first one keeps what it got');
  });

  it('a device code that is guessed, cut, of another client, or of another code', async () => {
    const { json } = await beginDevice(world);
    const other = await beginDevice(world);
    const [code] = json.device_code.split('.');
    for (const wrong of [
      '',
      'x',
      code,
      `${code}.`,
      `${code}.${'A'.repeat(43)}`,
      `.${json.device_code.split('.')[1]}`,
      `${code}.${other.json.device_code.split('.')[1]}`,
      `BBBBBBBB.${'B'.repeat(43)}`,
    ])
      assert.deepEqual(errorOf(await pollDevice(world, wrong)), [400, 'invalid_grant'], wrong);

    world.clock.turn(60);
    assert.deepEqual(errorOf(await pollDevice(world, json.device_code, 'other-tool')), [
      400,
      'invalid_grant',
    ]);

    world.clock.turn(60);
    assert.deepEqual(
      errorOf(await pollDevice(world, json.device_code)),
      [400, 'authorization_pending'],
      'it is still the terminal’s',
    );
  });

  it('twenty who pick up one device code get one pair of tokens, or are too fast', async () => {
    const deviceCode = await confirmed(world, visitor);
    const answers = await Promise.all(
      Array.from({ length: 20 }, () => pollDevice(world, deviceCode)),
    );
    const given = answers.filter(({ status }) => status === 200);
    assert.ok(given.length >= 1);
    assert.equal(new Set(given.map(({ json }) => json.access_token)).size, 1);
    for (const other of answers)
      if (other.status !== 200) assert.equal(other.json.error, 'slow_down');
  });

  it('an authorization code with PKCE', async () => {
    const authorization = await authorized(world, visitor);
    const got = await exchange(world, authorization);
    assert.equal(got.status, 200, JSON.stringify(got.json));
    assert.ok(await isLive(world, got.json.access_token));
    assert.deepEqual(errorOf(await exchange(world, authorization)), [400, 'invalid_grant']);
    assert.ok(
      !(await isLive(world, got.json.access_token)),
      'a code that is used twice was stolen: its session ends (RFC 6749 section 4.1.2)',
    );

    const ended = (await world.audit()).find(({ type }) => type === 'cli-session.ended');
    assert.ok(ended?.type === 'cli-session.ended' && ended.by === 'misuse');
  });

  for (const [what, over] of [
    ['another verifier', { code_verifier: 'v'.repeat(43) }],
    ['a verifier that is too short', { code_verifier: 'short' }],
    ['another redirect URI', { redirect_uri: 'http://127.0.0.1:10/callback' }],
    ['another client', { client_id: 'other-tool' }],
  ] as const) {
    it(`an authorization code with ${what} is refused, and spent`, async () => {
      const authorization = await authorized(world, visitor);
      assert.deepEqual(errorOf(await exchange(world, authorization, over)), [400, 'invalid_grant']);
      assert.deepEqual(errorOf(await exchange(world, authorization)), [400, 'invalid_grant']);
    });
  }

  it('of twenty who exchange one authorization code, at most one gets tokens, and then it is noticed', async () => {
    const authorization = await authorized(world, visitor);
    const answers = await Promise.all(
      Array.from({ length: 20 }, () => exchange(world, authorization)),
    );
    assert.ok(answers.filter(({ status }) => status === 200).length <= 1);
  });

  it('a refresh token rotates; the one before gives the same answer for a minute, then its use ends the session', async () => {
    const { refreshToken, accessToken } = await loginByDevice(world, 'alice');
    const first = await refresh(world, refreshToken);
    assert.equal(first.status, 200);
    assert.notEqual(first.json.refresh_token, refreshToken);
    assert.ok((await isLive(world, accessToken)) && (await isLive(world, first.json.access_token)));

    world.clock.turn(59);
    const repeated = await refresh(world, refreshToken);
    assert.deepEqual(
      [repeated.json.access_token, repeated.json.refresh_token],
      [first.json.access_token, first.json.refresh_token],
    );

    world.clock.turn(2);
    assert.deepEqual(errorOf(await refresh(world, refreshToken)), [400, 'invalid_grant']);
    assert.ok(!(await isLive(world, first.json.access_token)));
    assert.deepEqual(errorOf(await refresh(world, first.json.refresh_token)), [
      400,
      'invalid_grant',
    ]);
  });

  it('twenty processes that refresh one token at once all get the same pair', async () => {
    const { refreshToken } = await loginByDevice(world, 'alice');
    const answers = await Promise.all(
      Array.from({ length: 20 }, () => refresh(world, refreshToken)),
    );
    assert.deepEqual(new Set(answers.map(({ status }) => status)), new Set([200]));
    assert.equal(new Set(answers.map(({ json }) => json.refresh_token)).size, 1);
    assert.ok(await isLive(world, answers[0]!.json.access_token));
  });

  it('a refresh token of another client, an access token as one, and nonsense', async () => {
    const { refreshToken, accessToken } = await loginByDevice(world, 'alice');
    for (const [token, client] of [
      [refreshToken, 'other-tool'],
      [accessToken, CLIENT],
      ['rbr_nonsense', CLIENT],
    ] as const)
      assert.deepEqual(errorOf(await refresh(world, token, client)), [400, 'invalid_grant']);
    assert.ok(await isLive(world, accessToken));
  });

  it('revoking an access or a refresh token ends the session; what is no token is no error (RFC 7009)', async () => {
    const revoke = (token: string, client = CLIENT) =>
      postForm(world, '/oauth/revoke', { token, client_id: client });

    for (const kind of ['accessToken', 'refreshToken'] as const) {
      const login = await loginByDevice(world, 'alice');
      assert.deepEqual(errorOf(await revoke(login[kind], 'other-tool')), [
        400,
        'unauthorized_client',
      ]);
      assert.ok(await isLive(world, login.accessToken));
      for (const _ of ['first', 'again']) assert.equal((await revoke(login[kind])).status, 200);
      assert.ok(!(await isLive(world, login.accessToken)));
      assert.deepEqual(errorOf(await refresh(world, login.refreshToken)), [400, 'invalid_grant']);
    }
    assert.equal((await revoke('nonsense')).status, 200);
  });

  it('bad input gets the error of the protocol, whatever it is', async () => {
    const token = (fields: Record<string, string>) => postForm(world, '/oauth/token', fields);
    const poll = { grant_type: DEVICE_CODE, client_id: CLIENT, device_code: 'x' };
    const twice = new URLSearchParams(poll);
    twice.append('client_id', CLIENT);
    for (const [what, answered, status, error] of [
      ['no fields', await token({}), 400, 'invalid_request'],
      [
        'no client',
        await token({ grant_type: DEVICE_CODE, device_code: 'x' }),
        400,
        'invalid_request',
      ],
      [
        'no code',
        await token({ grant_type: DEVICE_CODE, client_id: CLIENT }),
        400,
        'invalid_request',
      ],
      ['an unknown client', await token({ ...poll, client_id: 'unknown' }), 401, 'invalid_client'],
      [
        'an unknown grant type',
        await token({ ...poll, grant_type: 'password' }),
        400,
        'unsupported_grant_type',
      ],
      [
        'a grant type of the prototype',
        await token({ ...poll, grant_type: 'constructor' }),
        400,
        'unsupported_grant_type',
      ],
      ['an unknown scope', await token({ ...poll, scope: 'aws admin' }), 400, 'invalid_scope'],
      ['a field twice', await postForm(world, '/oauth/token', twice), 400, 'invalid_request'],
      [
        'a field too long',
        await token({ ...poll, device_code: 'x'.repeat(300) }),
        400,
        'invalid_request',
      ],
      [
        'a body too large',
        await token({ ...poll, device_code: 'x'.repeat(70_000) }),
        413,
        'invalid_request',
      ],
      ['an unknown prompt', await beginDevice(world, { prompt: 'none' }), 400, 'invalid_request'],
      [
        'an unknown client at the device',
        await beginDevice(world, { client_id: 'unknown' }),
        401,
        'invalid_client',
      ],
    ] as const)
      assert.deepEqual(errorOf(answered), [status, error], what);

    const json = await fetch(`${world.urls.bridge}/oauth/token`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(poll),
    });
    assert.equal(((await json.json()) as { error: string }).error, 'invalid_request');
  });

  it('an authorization request that names no client, or an address that is not the client’s, leads nowhere', async () => {
    const ask = (over: Readonly<Record<string, string>>) =>
      visitor.get(
        `${world.urls.bridge}/oauth/authorize?${new URLSearchParams({ response_type: 'code', client_id: CLIENT, redirect_uri: 'http://127.0.0.1:9/callback', state: 's', code_challenge: 'c'.repeat(43), code_challenge_method: 'S256', ...over })}`,
        { stopAt: url => !url.startsWith(world.urls.bridge) },
      );
    for (const over of [
      { client_id: 'unknown' },
      { redirect_uri: 'https://evil.example/callback' },
      { redirect_uri: 'http://localhost:9/callback' },
      { redirect_uri: '' },
    ] as Record<string, string>[]) {
      const page = await ask(over);
      assert.equal(page.path.length, 1, JSON.stringify(over));
      assert.ok(page.status >= 400);
    }

    for (const [over, error] of [
      [{ response_type: 'token' }, 'unsupported_response_type'],
      [{ code_challenge: '' }, 'invalid_request'],
      [{ code_challenge_method: 'plain' }, 'invalid_request'],
      [{ scope: 'openid' }, 'invalid_scope'],
      [{ prompt: 'none' }, 'interaction_required'],
    ] as const) {
      const answered = new URL((await ask(over)).path.at(-1)!);
      assert.deepEqual(
        [answered.searchParams.get('error'), answered.searchParams.get('state')],
        [error, 's'],
      );
      const [recorded] = await world.audit();
      assert.ok(
        recorded?.type === 'cli-login.refused' &&
          recorded.why.startsWith(`the client ${CLIENT} was told: `),
        error,
      );
    }
  });

  it('no code and no token is in the log', () => {
    assert.doesNotMatch(
      world.log.join(''),
      /rb[arc]_[\w-]{20}|[BCDFGHJKLMNPQRSTVWXZ]{8}\.[\w-]{43}/,
    );
  });
});
