/** The clients that AWS publishes, unmodified, against the wire of IAM Identity Center. */
import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { after, before, describe, it } from 'node:test';
import { GetRoleCredentialsCommand, ListAccountRolesCommand, ListAccountsCommand, LogoutCommand, SSOClient } from '@aws-sdk/client-sso';
import { CreateTokenCommand, RegisterClientCommand, SSOOIDCClient, StartDeviceAuthorizationCommand } from '@aws-sdk/client-sso-oidc';
import { confirmDevice, viewerOf } from '../support/cli-login.ts';
import type { Visitor } from '../support/visitor.ts';
import { startWorld, type World } from '../support/world.ts';

const DEVICE_CODE = 'urn:ietf:params:oauth:grant-type:device_code';
const ORIGIN = { correlationId: 'test', address: '127.0.0.1' };

describe('AWS SDK clients of IAM Identity Center', () => {
  let world: World;
  let oidc: SSOOIDCClient;
  let portal: SSOClient;
  let alice: Visitor;
  before(async () => {
    world = await startWorld();
    const options = { region: 'us-east-1', endpoint: world.urls.bridge, maxAttempts: 1 };
    oidc = new SSOOIDCClient(options);
    portal = new SSOClient(options);
    ({ visitor: alice } = await world.signIn('alice', 'saml'));
  });
  after(async () => {
    oidc.destroy();
    portal.destroy();
    await world.close();
  });

  const startUrl = (): string => `${world.urls.bridge}/start`;
  const register = (over: object = {}) =>
    oidc.send(new RegisterClientCommand({ clientName: 'botocore-client-test', clientType: 'public', ...over }));
  const createToken = (client: { clientId?: string | undefined; clientSecret?: string | undefined }, fields: object) =>
    oidc.send(
      new CreateTokenCommand({ clientId: client.clientId!, clientSecret: client.clientSecret!, grantType: DEVICE_CODE, ...fields }),
    );
  const loginAs = async (visitor: Visitor) => {
    const client = await register({ scopes: ['sso:account:access'] });
    const begun = await oidc.send(
      new StartDeviceAuthorizationCommand({ clientId: client.clientId!, clientSecret: client.clientSecret!, startUrl: startUrl() }),
    );
    await confirmDevice(world, visitor, begun.userCode!);
    return { client, tokens: await createToken(client, { deviceCode: begun.deviceCode }) };
  };
  const error = (name: string, more: object = {}) => ({ name, ...more });

  it('register, in seconds, for as long as AWS does', async () => {
    const client = await register({
      redirectUris: ['http://127.0.0.1/oauth/callback'],
      grantTypes: ['authorization_code', 'refresh_token'],
      issuerUrl: startUrl(),
    });
    assert.equal(client.clientSecretExpiresAt! - client.clientIdIssuedAt!, 90 * 24 * 3600);
    assert.ok(Math.abs(client.clientIdIssuedAt! - world.clock.now() / 1000) < 2);
    assert.ok(client.clientId!.length < 1024);
  });

  it('log in by a device code, and poll as the SDK does', async () => {
    const client = await register();
    const begun = await oidc.send(
      new StartDeviceAuthorizationCommand({ clientId: client.clientId!, clientSecret: 'anything', startUrl: startUrl() }),
    );
    assert.deepEqual([begun.expiresIn, begun.interval, begun.verificationUri], [600, 5, `${world.urls.bridge}/device`]);
    for (const _ of ['before the code is shown', 'and after']) {
      await assert.rejects(
        createToken(client, { deviceCode: begun.deviceCode }),
        error('AuthorizationPendingException', { error: 'authorization_pending' }),
      );
    }
    await assert.rejects(createToken(client, { deviceCode: begun.deviceCode }), error('SlowDownException', { error: 'slow_down' }));
    const form = await alice.get(`${world.urls.bridge}/device`);
    const question = await alice.submit(form, 'form[action="/device"]', { user_code: begun.userCode! });
    assert.match(question.text, /botocore-client-test/);
    await alice.submit(question, 'button[value=approve]');
    world.clock.turn(11);
    const tokens = await createToken(client, { deviceCode: begun.deviceCode });
    assert.deepEqual([tokens.tokenType, tokens.expiresIn], ['Bearer', 3600]);
    await assert.rejects(createToken(client, { deviceCode: begun.deviceCode }), { name: /InvalidGrantException|SlowDownException/ });
  });

  it('list accounts and roles, page by page', async () => {
    const { tokens } = await loginAs(alice);
    const { accessToken } = tokens;
    const accounts: (string | undefined)[] = [];
    let nextToken: string | undefined;
    do {
      const page = await portal.send(new ListAccountsCommand({ accessToken, maxResults: 3, nextToken }));
      accounts.push(...page.accountList!.map(({ accountName }) => accountName));
      nextToken = page.nextToken;
    } while (nextToken !== undefined);
    assert.deepEqual(accounts, ['gov', 'partner', 'prod', 'staging']);
    const { roleList } = await portal.send(new ListAccountRolesCommand({ accessToken, accountId: '111122223333' }));
    assert.deepEqual(
      roleList?.map(({ roleName }) => roleName),
      ['Admin', 'Developer', 'ReadOnly'],
    );
    await assert.rejects(portal.send(new ListAccountsCommand({ accessToken, nextToken: 'nonsense' })), error('InvalidRequestException'));
  });

  it('get credentials, in milliseconds, shared by those who ask at once', async () => {
    const { tokens } = await loginAs(alice);
    const before = world.toAws.length;
    const ask = () =>
      portal.send(new GetRoleCredentialsCommand({ accessToken: tokens.accessToken, accountId: '111122223333', roleName: 'Admin' }));
    const answers = await Promise.all(Array.from({ length: 50 }, ask));
    assert.equal(world.toAws.length, before + 1);
    assert.equal(new Set(answers.map(({ roleCredentials }) => roleCredentials!.accessKeyId)).size, 1);
    const { expiration } = answers[0]!.roleCredentials!;
    assert.ok(Math.abs(expiration! - (world.clock.now() + 4 * 3600_000)) < 5000);
    const issued = (await world.audit()).filter(({ type }) => type === 'credentials.issued');
    assert.equal(issued.length, 50, 'every hand-out is recorded');
    // Under half an hour of life they are fetched anew.
    world.clock.turn(3 * 3600 + 31 * 60);
    const client = await register();
    const refreshed = await createToken(client, { grantType: 'refresh_token', refreshToken: tokens.refreshToken }).catch(
      (fault: unknown) => fault,
    );
    assert.equal((refreshed as Error).name, 'InvalidGrantException', 'a refresh token of another client');
  });

  it('are told which group is missing and where to ask, word for word', async () => {
    const own = await startWorld();
    try {
      const { visitor } = await own.signIn('bob', 'oidc');
      const options = { region: 'us-east-1', endpoint: own.urls.bridge, maxAttempts: 1 };
      const [theirOidc, theirPortal] = [new SSOOIDCClient(options), new SSOClient(options)];
      const client = await theirOidc.send(new RegisterClientCommand({ clientName: 'c', clientType: 'public' }));
      const begun = await theirOidc.send(
        new StartDeviceAuthorizationCommand({
          clientId: client.clientId!,
          clientSecret: client.clientSecret!,
          startUrl: `${own.urls.bridge}/start`,
        }),
      );
      await confirmDevice(own, visitor, begun.userCode!);
      const { accessToken } = await theirOidc.send(
        new CreateTokenCommand({
          clientId: client.clientId!,
          clientSecret: client.clientSecret!,
          grantType: DEVICE_CODE,
          deviceCode: begun.deviceCode!,
        }),
      );
      await assert.rejects(
        theirPortal.send(new GetRoleCredentialsCommand({ accessToken, accountId: '111122223333', roleName: 'Admin' })),
        (fault: Error) => {
          assert.equal(fault.name, 'ForbiddenException');
          assert.match(
            fault.message,
            /^You do not have this role\. admins: Gives the role to the group aws-admins, and you are not in it\. .*Ask the platform team in #aws-access\. Reference [0-9a-f-]{36}\.$/,
          );
          return true;
        },
      );
      await own.bridge.mySessions.endAll((await viewerOf(own, visitor)).identity, ORIGIN);
      await assert.rejects(theirPortal.send(new ListAccountsCommand({ accessToken })), error('UnauthorizedException'));
      theirOidc.destroy();
      theirPortal.destroy();
    } finally {
      await own.close();
    }
  });

  it('log out: the token is dead, and one of somebody else is no error', async () => {
    const own = await startWorld();
    try {
      const { visitor } = await own.signIn('alice', 'saml');
      const options = { region: 'us-east-1', endpoint: own.urls.bridge, maxAttempts: 1 };
      const [theirOidc, theirPortal] = [new SSOOIDCClient(options), new SSOClient(options)];
      const client = await theirOidc.send(new RegisterClientCommand({ clientName: 'c', clientType: 'public' }));
      const begun = await theirOidc.send(
        new StartDeviceAuthorizationCommand({
          clientId: client.clientId!,
          clientSecret: client.clientSecret!,
          startUrl: `${own.urls.bridge}/start`,
        }),
      );
      await confirmDevice(own, visitor, begun.userCode!);
      const { accessToken } = await theirOidc.send(
        new CreateTokenCommand({
          clientId: client.clientId!,
          clientSecret: client.clientSecret!,
          grantType: DEVICE_CODE,
          deviceCode: begun.deviceCode!,
        }),
      );
      await theirPortal.send(new LogoutCommand({ accessToken: 'a-token-of-AWS-itself' }));
      await theirPortal.send(new LogoutCommand({ accessToken }));
      await assert.rejects(theirPortal.send(new ListAccountsCommand({ accessToken })), error('UnauthorizedException'));
      theirOidc.destroy();
      theirPortal.destroy();
    } finally {
      await own.close();
    }
  });
});

describe('the AWS CLI’s own way: authorization code with PKCE', () => {
  it('begins at /authorize with scopes, and ends at any loopback port', async () => {
    const world = await startWorld();
    try {
      const { visitor } = await world.signIn('bob', 'oidc');
      const client = new SSOOIDCClient({ region: 'us-east-1', endpoint: world.urls.bridge, maxAttempts: 1 });
      const registered = await client.send(
        new RegisterClientCommand({
          clientName: 'botocore-client-corp',
          clientType: 'public',
          redirectUris: ['http://127.0.0.1/oauth/callback'],
          grantTypes: ['authorization_code', 'refresh_token'],
          issuerUrl: `${world.urls.bridge}/start`,
          scopes: ['sso:account:access'],
        }),
      );
      const codeVerifier = randomBytes(48).toString('base64url');
      const redirectUri = 'http://127.0.0.1:49152/oauth/callback';
      const ask = (over: Readonly<Record<string, string>> = {}) =>
        visitor.get(
          `${world.urls.bridge}/authorize?${new URLSearchParams({
            response_type: 'code',
            client_id: registered.clientId!,
            redirect_uri: redirectUri,
            state: 'a-uuid',
            code_challenge_method: 'S256',
            scopes: 'sso:account:access',
            code_challenge: createHash('sha256').update(codeVerifier).digest('base64url'),
            ...over,
          })}`,
          { stopAt: url => !url.startsWith(world.urls.bridge) },
        );
      const page = await ask();
      assert.match(page.text, /botocore-client-corp/);
      const done = await visitor.submit(page, 'button[value=approve]', {}, { stopAt: url => url.startsWith(redirectUri) });
      const code = new URL(done.path.at(-1)!).searchParams.get('code')!;
      const exchange = (over: object = {}) =>
        client.send(
          new CreateTokenCommand({
            clientId: registered.clientId!,
            clientSecret: registered.clientSecret!,
            grantType: 'authorization_code',
            code,
            redirectUri,
            codeVerifier,
            ...over,
          }),
        );
      const tokens = await exchange();
      const refreshed = await client.send(
        new CreateTokenCommand({
          clientId: registered.clientId!,
          clientSecret: 'x',
          grantType: 'refresh_token',
          refreshToken: tokens.refreshToken!,
        }),
      );
      assert.ok(refreshed.refreshToken !== undefined && refreshed.refreshToken !== tokens.refreshToken);
      await assert.rejects(exchange(), { name: 'InvalidGrantException' });
      assert.equal((await ask({ redirect_uri: 'https://evil.example/oauth/callback' })).status, 400);
      assert.equal((await ask({ client_id: `${registered.clientId}x` })).status, 401);
      assert.match((await ask({ scopes: 'sso:account:access codewhisperer:completions' })).path.at(-1)!, /error=invalid_scope/);
      client.destroy();
    } finally {
      await world.close();
    }
  });
});

describe('bad input on that wire', () => {
  let world: World;
  before(async () => {
    world = await startWorld();
  });
  after(() => world.close());
  const send = async (path: string, body: unknown, headers: Readonly<Record<string, string>> = { 'content-type': 'application/json' }) => {
    const response = await fetch(world.urls.bridge + path, {
      method: 'POST',
      headers,
      body: typeof body === 'string' ? body : JSON.stringify(body),
    });
    const json = (await response.json().catch(() => ({}))) as Record<string, unknown>;
    assert.equal(response.headers.get('x-amzn-errortype'), json.__type, 'the type is in header and body');
    return [response.status, json.__type];
  };

  it('gets the exception of the model, and nothing else', async () => {
    const good = { clientName: 'c', clientType: 'public' };
    const client = (await (
      await fetch(`${world.urls.bridge}/client/register`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(good),
      })
    ).json()) as { clientId: string };
    const token = { clientId: client.clientId, clientSecret: 'x', grantType: DEVICE_CODE, deviceCode: 'y' };
    for (const [what, got, status, type] of [
      ['no name', await send('/client/register', { clientType: 'public' }), 400, 'InvalidRequestException'],
      ['a confidential client', await send('/client/register', { ...good, clientType: 'confidential' }), 400, 'InvalidRequestException'],
      [
        'a foreign redirect URI',
        await send('/client/register', { ...good, redirectUris: ['https://evil.example/cb'] }),
        400,
        'InvalidRedirectUriException',
      ],
      ['another scope', await send('/client/register', { ...good, scopes: ['openid'] }), 400, 'InvalidScopeException'],
      [
        'another issuer',
        await send('/client/register', { ...good, issuerUrl: 'https://other.awsapps.com/start' }),
        400,
        'InvalidRequestException',
      ],
      [
        'an unknown client',
        await send('/device_authorization', { clientId: 'nobody', clientSecret: 'x', startUrl: `${world.urls.bridge}/start` }),
        401,
        'InvalidClientException',
      ],
      [
        'another start URL',
        await send('/device_authorization', { clientId: client.clientId, startUrl: 'https://evil.example/start' }),
        400,
        'InvalidRequestException',
      ],
      ['a device code that is none', await send('/token', token), 400, 'InvalidGrantException'],
      ['an unknown grant type', await send('/token', { ...token, grantType: 'password' }), 400, 'UnsupportedGrantTypeException'],
      [
        'a refresh token that is none',
        await send('/token', { ...token, grantType: 'refresh_token', refreshToken: 'z' }),
        400,
        'InvalidGrantException',
      ],
      [
        'a client that was altered',
        await send('/token', { ...token, clientId: client.clientId.replace(/\.([^.])/, (_, first) => `.${first === 'A' ? 'B' : 'A'}`) }),
        401,
        'InvalidClientException',
      ],
      ['a field of another type', await send('/token', { ...token, deviceCode: 7 }), 400, 'InvalidRequestException'],
      ['no JSON', await send('/token', '{'), 400, 'InvalidRequestException'],
      ['a form', await send('/token', 'a=b', { 'content-type': 'application/x-www-form-urlencoded' }), 400, 'InvalidRequestException'],
      ['a body too large', await send('/token', { ...token, deviceCode: 'x'.repeat(20_000) }), 400, 'InvalidRequestException'],
    ] as const)
      assert.deepEqual(got, [status, type], what);
  });

  it('a registration ends, and with it what it may ask for', async () => {
    const own = await startWorld();
    try {
      const post = (path: string, body: object) =>
        fetch(own.urls.bridge + path, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) });
      const { clientId } = (await (await post('/client/register', { clientName: 'c', clientType: 'public' })).json()) as {
        clientId: string;
      };
      const begin = () => post('/device_authorization', { clientId, startUrl: `${own.urls.bridge}/start` });
      assert.equal((await begin()).status, 200);
      own.clock.turn(90 * 24 * 3600 + 1);
      assert.equal((await begin()).status, 401);
    } finally {
      await own.close();
    }
  });

  it('the start URL leads to a place of AWS’s form, by HEAD and by GET', async () => {
    for (const method of ['HEAD', 'GET']) {
      const response = await fetch(`${world.urls.bridge}/start`, { method, redirect: 'manual' });
      assert.deepEqual([response.status, response.headers.get('location')], [302, 'https://rolebridge.portal.us-east-1.app.aws']);
    }
  });
});
