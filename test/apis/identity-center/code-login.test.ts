/** Logins of the AWS CLI by an authorization code with PKCE. */
import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { before, describe, it } from 'node:test';
import { ListAccountsCommand } from '@aws-sdk/client-sso';
import { type Registered, useAwsTools } from '../../support/aws-tools.ts';
import type { Visitor } from '../../support/visitor.ts';
import { useWorld } from '../../support/world.ts';

const error = (name: string, more: object = {}) => ({ name, ...more });

describe('the AWS CLI’s own way: authorization code with PKCE', () => {
  const world = useWorld();
  const tools = useAwsTools(world);
  let bob: Visitor;
  let client: Registered;
  before(async () => {
    ({ visitor: bob } = await world.signIn('bob', 'oidc'));
    client = await tools.register({
      clientName: 'botocore-client-corp',
      redirectUris: ['http://127.0.0.1/oauth/callback'],
      grantTypes: ['authorization_code', 'refresh_token'],
      issuerUrl: tools.startUrl,
      scopes: ['sso:account:access'],
    });
  });
  const redirectUri = 'http://127.0.0.1:49152/oauth/callback';
  const newVerifier = (): string => randomBytes(48).toString('base64url');

  const ask = (codeVerifier: string, over: Readonly<Record<string, string>> = {}) =>
    bob.get(
      `${world.urls.bridge}/authorize?${new URLSearchParams({
        response_type: 'code',
        client_id: client.clientId!,
        redirect_uri: redirectUri,
        state: 'a-uuid',
        code_challenge_method: 'S256',
        scopes: 'sso:account:access',
        code_challenge: createHash('sha256').update(codeVerifier).digest('base64url'),
        ...over,
      })}`,
      { stopAt: url => !url.startsWith(world.urls.bridge) },
    );
  const codeFor = async (codeVerifier: string): Promise<string> => {
    const page = await ask(codeVerifier);
    assert.match(page.text, /botocore-client-corp/);
    const done = await bob.submit(
      page,
      'button[value=approve]',
      {},
      { stopAt: url => url.startsWith(redirectUri) },
    );
    const { searchParams } = new URL(done.path.at(-1)!);
    assert.equal(searchParams.get('state'), 'a-uuid');
    return searchParams.get('code')!;
  };
  const exchange = (by: Registered, fields: object) =>
    tools.createToken(by, { grantType: 'authorization_code', redirectUri, ...fields });

  it('begins at /authorize with scopes, ends at any loopback port, and is renewed by the refresh token', async () => {
    const codeVerifier = newVerifier();
    const tokens = await exchange(client, { code: await codeFor(codeVerifier), codeVerifier });

    const refreshed = await tools.createToken(client, {
      grantType: 'refresh_token',
      refreshToken: tokens.refreshToken,
    });
    assert.ok(
      refreshed.refreshToken !== undefined && refreshed.refreshToken !== tokens.refreshToken,
    );
    await tools.portal.send(new ListAccountsCommand({ accessToken: refreshed.accessToken }));
  });

  it('the person and the trail are told the name that the program claims, and that it is a claim', async () => {
    const named = await tools.register({
      clientName: 'rolebridge" (verified)\u202e',
      redirectUris: ['http://127.0.0.1/oauth/callback'],
    });
    const page = await ask(newVerifier(), { client_id: named.clientId! });
    assert.match(page.text, /rolebridge" \(verified\)\? as it calls itself/);

    await bob.submit(
      page,
      'button[value=approve]',
      {},
      { stopAt: url => url.startsWith(redirectUri) },
    );
    const approved = (await world.audit()).find(({ type }) => type === 'cli-login.approved');
    assert.ok(approved?.type === 'cli-login.approved');
    assert.match(approved.client, /^registered-[\da-f]{20}$/);
    assert.equal(approved.clientName, 'rolebridge" (verified)?');
  });

  it('a redirect URI that was registered with a port is good for every port', async () => {
    const withPort = await tools.register({
      redirectUris: ['http://127.0.0.1:8400/oauth/callback'],
    });
    const page = await ask(newVerifier(), { client_id: withPort.clientId! });
    assert.match(page.text, /botocore-client-test/);
  });

  it('a code that comes twice is refused, and what came of it ends', async () => {
    const codeVerifier = newVerifier();
    const code = await codeFor(codeVerifier);
    const { accessToken } = await exchange(client, { code, codeVerifier });
    await assert.rejects(exchange(client, { code, codeVerifier }), error('InvalidGrantException'));
    await assert.rejects(
      tools.portal.send(new ListAccountsCommand({ accessToken })),
      error('UnauthorizedException'),
    );
  });

  it('a wrong verifier, another redirect URI and another client get nothing, and are recorded', async () => {
    const refusals = async (): Promise<number> =>
      (await world.audit()).filter(({ type }) => type === 'cli-login.refused').length;
    const another = await tools.register({ redirectUris: ['http://127.0.0.1/oauth/callback'] });
    const wrong: readonly (readonly [string, Registered, object])[] = [
      ['a wrong verifier', client, { codeVerifier: newVerifier() }],
      ['another redirect URI', client, { redirectUri: 'http://127.0.0.1:49153/oauth/callback' }],
      ['a code of another client', another, {}],
    ];

    for (const [what, by, over] of wrong) {
      const codeVerifier = newVerifier();
      const code = await codeFor(codeVerifier);
      const before = await refusals();
      await assert.rejects(
        exchange(by, { code, codeVerifier, ...over }),
        error('InvalidGrantException'),
        what,
      );
      assert.equal(await refusals(), before + 1, what);
    }
  });

  it('redirects neither to a foreign address nor for an unknown client', async () => {
    assert.equal(
      (await ask(newVerifier(), { redirect_uri: 'https://evil.example/oauth/callback' })).status,
      400,
    );
    assert.equal(
      (await ask(newVerifier(), { redirect_uri: 'http://127.0.0.1:49152/elsewhere' })).status,
      400,
    );
    assert.equal((await ask(newVerifier(), { client_id: `${client.clientId}x` })).status, 401);

    const codes = (await world.audit()).flatMap(event =>
      event.type === 'request.refused' ? [event.code] : [],
    );
    assert.deepEqual(
      codes.filter(code => code !== 'token_invalid'),
      ['client_unknown', 'redirect_refused', 'redirect_refused'],
    );
  });

  it('another scope goes back to the program, which says so, and is recorded', async () => {
    const page = await ask(newVerifier(), {
      scopes: 'sso:account:access codewhisperer:completions',
    });
    assert.match(
      page.path.at(-1)!,
      /^http:\/\/127\.0\.0\.1:49152\/oauth\/callback\?.*error=invalid_scope/,
    );

    const [recorded] = await world.audit();
    assert.ok(
      recorded?.type === 'cli-login.refused' &&
        recorded.code === 'scope_invalid' &&
        recorded.actor?.username === 'bob',
    );
  });
});
