/** The clients that AWS publishes, unmodified, against the wire of IAM Identity Center. */
import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { connect } from 'node:net';
import { before, describe, it, type TestContext } from 'node:test';
import {
  GetRoleCredentialsCommand,
  ListAccountRolesCommand,
  ListAccountsCommand,
  LogoutCommand,
  paginateListAccountRoles,
  paginateListAccounts,
} from '@aws-sdk/client-sso';
import { type AwsTools, awsTools, type Registered, useAwsTools } from '../support/aws-tools.ts';
import { beginDevice, DEVICE_CODE, viewerOf } from '../support/cli-login.ts';
import type { Visitor } from '../support/visitor.ts';
import { startWorld, useWorld, type World, type WorldOptions } from '../support/world.ts';

const PROD = '111122223333';
const STAGING = '222233334444';
const error = (name: string, more: object = {}) => ({ name, ...more });

/** A world of the test's own, gone with it. */
async function ownWorld(
  t: TestContext,
  options?: WorldOptions,
): Promise<{ world: World; tools: AwsTools }> {
  const world = await startWorld(options);
  const tools = awsTools(world);
  t.after(async () => {
    tools.close();
    await world.close();
  });
  return { world, tools };
}

describe('AWS SDK clients of IAM Identity Center', () => {
  const world = useWorld();
  const tools = useAwsTools(world);
  let alice: Visitor;
  before(async () => {
    ({ visitor: alice } = await world.signIn('alice', 'saml'));
  });

  it('register, in seconds, for as long as AWS does', async () => {
    const client = await tools.register({
      redirectUris: ['http://127.0.0.1/oauth/callback'],
      grantTypes: ['authorization_code', 'refresh_token'],
      issuerUrl: tools.startUrl,
    });
    assert.equal(client.clientSecretExpiresAt! - client.clientIdIssuedAt!, 90 * 24 * 3600);
    assert.ok(Math.abs(client.clientIdIssuedAt! - world.clock.now() / 1000) < 2);
    assert.ok(client.clientId!.length < 1024);
    assert.deepEqual(
      [client.authorizationEndpoint, client.tokenEndpoint],
      [`${world.urls.bridge}/authorize`, `${world.urls.bridge}/token`],
    );
  });

  it('log in by a device code, and poll as the AWS CLI does', async () => {
    const client = await tools.register();
    const { deviceCode, ...begun } = await tools.begin({ ...client, clientSecret: 'anything' });
    assert.deepEqual(
      [begun.expiresIn, begun.interval, begun.verificationUri],
      [600, 5, `${world.urls.bridge}/device`],
    );
    const poll = () => tools.createToken(client, { deviceCode });
    for (const _ of ['before the code is shown', 'and after'])
      await assert.rejects(
        poll(),
        error('AuthorizationPendingException', { error: 'authorization_pending' }),
      );
    await assert.rejects(poll(), error('SlowDownException', { error: 'slow_down' }));
    const form = await alice.get(`${world.urls.bridge}/device`);
    const question = await alice.submit(form, 'form[action="/device"]', {
      user_code: begun.userCode!,
    });
    assert.match(question.text, /botocore-client-test as it calls itself/);
    await alice.submit(question, 'button[value=approve]');
    world.clock.turn(11);
    const tokens = await poll();
    assert.deepEqual([tokens.tokenType, tokens.expiresIn], ['Bearer', 3600]);
    world.clock.turn(11);
    await assert.rejects(poll(), error('InvalidGrantException'));
  });

  it('list accounts and roles, page by page', async () => {
    const { accessToken } = (await tools.logIn(alice)).tokens;
    let pages = 0;
    const accounts: (string | undefined)[] = [];
    for await (const page of paginateListAccounts(
      { client: tools.portal, pageSize: 3 },
      { accessToken },
    )) {
      accounts.push(...page.accountList!.map(({ accountName }) => accountName));
      pages += 1;
    }
    assert.deepEqual(accounts, ['gov', 'partner', 'prod', 'staging']);
    const roles: (string | undefined)[] = [];
    for await (const page of paginateListAccountRoles(
      { client: tools.portal, pageSize: 2 },
      { accessToken, accountId: PROD },
    )) {
      roles.push(...page.roleList!.map(({ roleName }) => roleName));
      pages += 1;
    }
    assert.deepEqual(roles, ['Admin', 'Developer', 'ReadOnly']);
    assert.equal(pages, 4);
    const nowhere = await tools.portal.send(
      new ListAccountRolesCommand({ accessToken, accountId: '999999999999' }),
    );
    assert.deepEqual(
      nowhere.roleList,
      [],
      'an account without a role of theirs is like one that there is not',
    );
  });

  it('get credentials, in milliseconds, shared by those who ask at once', async t => {
    const own = await ownWorld(t);
    const { visitor } = await own.world.signIn('alice', 'saml');
    const { tokens } = await own.tools.logIn(visitor);
    const ask = async (accessToken = tokens.accessToken) =>
      (
        await own.tools.portal.send(
          new GetRoleCredentialsCommand({ accessToken, accountId: PROD, roleName: 'Admin' }),
        )
      ).roleCredentials!;
    const answers = await Promise.all(Array.from({ length: 50 }, () => ask()));
    assert.equal(own.world.toAws.length, 1);
    const [first] = answers;
    assert.equal(new Set(answers.map(({ accessKeyId }) => accessKeyId)).size, 1);
    assert.ok(Math.abs(first!.expiration! - (own.world.clock.now() + 4 * 3600_000)) < 5000);
    const issued = (await own.world.audit()).filter(({ type }) => type === 'credentials.issued');
    assert.equal(issued.length, 50, 'every hand-out is recorded');

    own.world.clock.turn(299);
    assert.equal((await ask()).accessKeyId, first!.accessKeyId, 'for five minutes');
    own.world.clock.turn(2);
    assert.notEqual((await ask()).accessKeyId, first!.accessKeyId, 'then they are fetched anew');
    assert.equal(own.world.toAws.length, 2);
  });

  it('get credentials of their own when another person, or the same one by another sign-in, has some', async t => {
    const own = await ownWorld(t);
    const keyOf = async (username: string): Promise<string> => {
      // The SAML IdP says when by the clock of this world; the OpenID provider by its own, in whole
      // seconds.
      const { visitor } = await own.world.signIn(username, 'saml');
      const { accessToken } = (await own.tools.logIn(visitor)).tokens;
      const asked = { accessToken, accountId: STAGING, roleName: 'Developer' };
      return (await own.tools.portal.send(new GetRoleCredentialsCommand(asked))).roleCredentials!
        .accessKeyId!;
    };
    const keys = [await keyOf('bob'), await keyOf('alice')];
    own.world.clock.turn(60);
    keys.push(await keyOf('bob'));
    assert.equal(new Set(keys).size, 3);
  });

  it('reach by a device code what the configuration allows such logins, and no more', async t => {
    const own = await ownWorld(t, {
      configure: yaml => `${yaml}\ncli: { deviceGrant: { roles: ["prod/ReadOnly"] } }\n`,
    });
    const { visitor } = await own.world.signIn('alice', 'saml');
    const { accessToken } = (await own.tools.logIn(visitor)).tokens;
    const { portal } = own.tools;
    const { accountList } = await portal.send(new ListAccountsCommand({ accessToken }));
    assert.deepEqual(
      accountList!.map(({ accountName }) => accountName),
      ['prod'],
    );
    const { roleList } = await portal.send(
      new ListAccountRolesCommand({ accessToken, accountId: PROD }),
    );
    assert.deepEqual(
      roleList!.map(({ roleName }) => roleName),
      ['ReadOnly'],
    );
    await portal.send(
      new GetRoleCredentialsCommand({ accessToken, accountId: PROD, roleName: 'ReadOnly' }),
    );
    await assert.rejects(
      portal.send(
        new GetRoleCredentialsCommand({ accessToken, accountId: PROD, roleName: 'Admin' }),
      ),
      error('ForbiddenException', { message: /aws sso login, without --use-device-code/ }),
    );
    const [refusal, handout] = (await own.world.audit()).filter(
      ({ type }) => type === 'access.refused' || type === 'credentials.issued',
    );
    assert.ok(refusal?.type === 'access.refused' && handout?.type === 'credentials.issued');
    assert.ok(
      handout.cliSession !== undefined && handout.cliSession === refusal.cliSession,
      'both name the session in the terminal',
    );
  });

  it('are told when AWS refuses, and do not ask again and again', async t => {
    const own = await ownWorld(t, { aws: world => ({ ...world, roles: [] }) });
    const { visitor } = await own.world.signIn('alice', 'saml');
    const { accessToken } = (await own.tools.logIn(visitor)).tokens;
    await assert.rejects(
      own.tools.portal.send(
        new GetRoleCredentialsCommand({ accessToken, accountId: PROD, roleName: 'Admin' }),
      ),
      error('ForbiddenException', { message: /AWS rejected the request/ }),
    );
  });

  it('are told when AWS does not answer, and whoever asks next asks AWS again', async t => {
    let isDown = true;
    const own = await ownWorld(t, {
      through: {
        aws: good => (request, response) =>
          isDown ? void response.writeHead(503).end() : good(request, response),
      },
    });
    const { visitor } = await own.world.signIn('alice', 'saml');
    const { accessToken } = (await own.tools.logIn(visitor)).tokens;
    const ask = () =>
      own.tools.portal.send(
        new GetRoleCredentialsCommand({ accessToken, accountId: PROD, roleName: 'Admin' }),
      );
    await assert.rejects(ask(), error('InternalServerException'));
    isDown = false;
    assert.match((await ask()).roleCredentials!.accessKeyId!, /^ASIA/);
  });

  it('are told which group is missing and where to ask, word for word', async t => {
    const own = await ownWorld(t);
    const { visitor } = await own.world.signIn('bob', 'oidc');
    const { accessToken } = (await own.tools.logIn(visitor)).tokens;
    await assert.rejects(
      own.tools.portal.send(
        new GetRoleCredentialsCommand({ accessToken, accountId: PROD, roleName: 'Admin' }),
      ),
      (fault: Error) => {
        assert.equal(fault.name, 'ForbiddenException');
        assert.match(
          fault.message,
          /^You do not have this role\. admins: Gives the role to the group aws-admins, and you are not in it\. .*Ask the platform team in #aws-access\. Reference [0-9a-f-]{36}\.$/,
        );
        return true;
      },
    );
    const refused = (await own.world.audit()).find(({ type }) => type === 'access.refused');
    assert.ok(
      refused?.type === 'access.refused' &&
        refused.code === 'access_denied' &&
        refused.actor.username === 'bob',
    );
  });

  it('are told which proof is missing, and that a new sign-in helps', async t => {
    const own = await ownWorld(t);
    const { visitor } = await own.world.signIn('alice', 'saml', { secondFactor: false });
    const { accessToken } = (await own.tools.logIn(visitor)).tokens;
    await assert.rejects(
      own.tools.portal.send(
        new GetRoleCredentialsCommand({ accessToken, accountId: PROD, roleName: 'Admin' }),
      ),
      error('ForbiddenException', {
        message:
          /with a second factor, and your sign-in had none\. .* In a terminal: sign out at the portal of this bridge, then aws sso login --profile/,
      }),
    );
    const { roleList } = await own.tools.portal.send(
      new ListAccountRolesCommand({ accessToken, accountId: PROD }),
    );
    assert.ok(
      roleList!.some(({ roleName }) => roleName === 'Admin'),
      'and the role is in the list, so that they ask',
    );
  });

  it('log out: the token is dead, and one of somebody else is no error', async t => {
    const own = await ownWorld(t);
    const { visitor } = await own.world.signIn('alice', 'saml');
    const { accessToken } = (await own.tools.logIn(visitor)).tokens;
    await own.tools.portal.send(new LogoutCommand({ accessToken: 'a-token-of-AWS-itself' }));
    await own.tools.portal.send(new LogoutCommand({ accessToken }));
    await assert.rejects(
      own.tools.portal.send(new ListAccountsCommand({ accessToken })),
      error('UnauthorizedException'),
    );
    const ended = (await own.world.audit()).find(({ type }) => type === 'cli-session.ended');
    assert.ok(ended?.type === 'cli-session.ended' && ended.by === 'client');
  });

  it('log out also when the access token has expired meanwhile: its refresh token is dead, too', async t => {
    const own = await ownWorld(t);
    const { visitor } = await own.world.signIn('alice', 'saml');
    const { client, tokens } = await own.tools.logIn(visitor);
    own.world.clock.turn(3661);
    await assert.rejects(
      own.tools.portal.send(new ListAccountsCommand({ accessToken: tokens.accessToken })),
      error('UnauthorizedException'),
    );
    await own.tools.portal.send(new LogoutCommand({ accessToken: tokens.accessToken }));
    await assert.rejects(
      own.tools.createToken(client, {
        grantType: 'refresh_token',
        refreshToken: tokens.refreshToken,
      }),
      error('InvalidGrantException'),
    );
  });
});

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

  it('nobody is sent to a foreign address, nor for a client that there is not', async () => {
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

describe('bad input on that wire', () => {
  const world = useWorld();
  const tools = useAwsTools(world);
  let client: Registered;
  before(async () => {
    client = await tools.register();
  });
  const JSON_TYPE = { 'content-type': 'application/json' };

  /**
   * Status and exception; the type must be in header and body, and nothing of ours may shine
   * through.
   */
  const answerOf = async (path: string, init: RequestInit): Promise<readonly [number, unknown]> => {
    const response = await fetch(world.urls.bridge + path, init);
    const text = await response.text();
    const json = JSON.parse(text) as Record<string, unknown>;
    assert.equal(
      response.headers.get('x-amzn-errortype'),
      json.__type,
      'the type is in header and body',
    );
    assert.doesNotMatch(text, /\bat .*\.ts:|node_modules|s3cret/);
    if ('error' in json)
      assert.ok(
        json.message === json.error_description && json.message !== '',
        'botocore and JavaScript show the message',
      );
    assert.doesNotMatch(
      text,
      /rolebridge login|scope aws/,
      'who has an AWS tool is told what to do with it',
    );
    return [response.status, json.__type];
  };
  const post = (
    path: string,
    body: unknown,
    headers: Readonly<Record<string, string>> = JSON_TYPE,
  ) =>
    answerOf(path, {
      method: 'POST',
      headers,
      body: typeof body === 'string' ? body : JSON.stringify(body),
    });
  const get = (path: string, token?: string) =>
    answerOf(path, { headers: token === undefined ? {} : { 'x-amz-sso_bearer_token': token } });

  it('gets the exception of the model and nothing else, and is recorded', async () => {
    const known = { clientName: 'c', clientType: 'public' };
    const begin = { clientId: client.clientId, clientSecret: 'x', startUrl: tools.startUrl };
    const token = {
      clientId: client.clientId,
      clientSecret: 'x',
      grantType: DEVICE_CODE,
      deviceCode: 'BBBB-BBBB.s3cret',
    };
    const altered = client.clientId!.replace(
      /\.([^.])/,
      (_, first) => `.${first === 'A' ? 'B' : 'A'}`,
    );
    const signed = client.clientId!.replace(/\.[^.]*$/, '.');
    type Row = readonly [
      what: string,
      ask: () => Promise<readonly [number, unknown]>,
      status: number,
      type: string,
    ];
    const rows: readonly Row[] = [
      [
        'no name',
        () => post('/client/register', { clientType: 'public' }),
        400,
        'InvalidRequestException',
      ],
      [
        'a confidential client',
        () => post('/client/register', { ...known, clientType: 'confidential' }),
        400,
        'InvalidClientMetadataException',
      ],
      [
        'a grant type that there is not',
        () => post('/client/register', { ...known, grantTypes: ['password'] }),
        400,
        'UnsupportedGrantTypeException',
      ],
      [
        'a code without a place to go',
        () => post('/client/register', { ...known, grantTypes: ['authorization_code'] }),
        400,
        'InvalidClientMetadataException',
      ],
      [
        'a host that a file may turn elsewhere',
        () => post('/client/register', { ...known, redirectUris: ['http://localhost/cb'] }),
        400,
        'InvalidRedirectUriException',
      ],
      [
        'a foreign redirect URI',
        () => post('/client/register', { ...known, redirectUris: ['https://evil.example/cb'] }),
        400,
        'InvalidRedirectUriException',
      ],
      [
        'a redirect URI that only begins well',
        () =>
          post('/client/register', {
            ...known,
            redirectUris: ['http://127.0.0.1@evil.example/cb'],
          }),
        400,
        'InvalidRedirectUriException',
      ],
      [
        'another scope',
        () => post('/client/register', { ...known, scopes: ['openid'] }),
        400,
        'InvalidScopeException',
      ],
      [
        'another issuer',
        () => post('/client/register', { ...known, issuerUrl: 'https://other.awsapps.com/start' }),
        400,
        'InvalidRequestException',
      ],
      [
        'more redirect URIs than anybody needs',
        () =>
          post('/client/register', {
            ...known,
            redirectUris: Array(11).fill('http://127.0.0.1/cb'),
          }),
        400,
        'InvalidRequestException',
      ],
      [
        'redirect URIs that no client id holds',
        () =>
          post('/client/register', {
            ...known,
            redirectUris: ['a', 'b', 'c'].map(end => `http://127.0.0.1/${'x'.repeat(400)}${end}`),
          }),
        400,
        'InvalidRequestException',
      ],
      [
        'an unknown client that begins',
        () => post('/device_authorization', { ...begin, clientId: 'nobody' }),
        401,
        'InvalidClientException',
      ],
      [
        'another start URL',
        () => post('/device_authorization', { ...begin, startUrl: 'https://evil.example/start' }),
        400,
        'InvalidRequestException',
      ],
      ['a device code that is none', () => post('/token', token), 400, 'InvalidGrantException'],
      [
        'an unknown grant type',
        () => post('/token', { ...token, grantType: 'password' }),
        400,
        'UnsupportedGrantTypeException',
      ],
      [
        'a grant type of every object',
        () => post('/token', { ...token, grantType: 'constructor' }),
        400,
        'UnsupportedGrantTypeException',
      ],
      [
        'a refresh token that is none',
        () => post('/token', { ...token, grantType: 'refresh_token', refreshToken: 's3cret' }),
        400,
        'InvalidGrantException',
      ],
      [
        'a code that is none',
        () =>
          post('/token', {
            ...token,
            grantType: 'authorization_code',
            code: 's3cret',
            redirectUri: 'http://127.0.0.1:1/cb',
            codeVerifier: 'v'.repeat(43),
          }),
        400,
        'InvalidGrantException',
      ],
      [
        'an altered client',
        () => post('/token', { ...token, clientId: altered }),
        401,
        'InvalidClientException',
      ],
      [
        'a client without a signature',
        () => post('/token', { ...token, clientId: signed }),
        401,
        'InvalidClientException',
      ],
      [
        'a field of another type',
        () => post('/token', { ...token, deviceCode: 7 }),
        400,
        'InvalidRequestException',
      ],
      ['half a JSON', () => post('/token', '{'), 400, 'InvalidRequestException'],
      ['a list', () => post('/token', '[]'), 400, 'InvalidRequestException'],
      [
        'a form',
        () => post('/token', 'a=b', { 'content-type': 'application/x-www-form-urlencoded' }),
        400,
        'InvalidRequestException',
      ],
      [
        'a body too large',
        () => post('/token', { ...token, deviceCode: 'x'.repeat(20_000) }),
        400,
        'InvalidRequestException',
      ],
      ['no token', () => get('/assignment/accounts'), 401, 'UnauthorizedException'],
      [
        'a token that is none',
        () => get(`/assignment/roles?account_id=${PROD}`, 's3cret'),
        401,
        'UnauthorizedException',
      ],
      [
        'a token of another form',
        () => get(`/federation/credentials?account_id=${PROD}&role_name=Admin`, 's3cret; rm'),
        401,
        'UnauthorizedException',
      ],
      ['a logout without a token', () => post('/logout', ''), 401, 'UnauthorizedException'],
      ['no account', () => get('/assignment/roles', 's3cret'), 400, 'InvalidRequestException'],
      [
        'an account twice',
        () =>
          get(
            `/federation/credentials?account_id=${PROD}&account_id=${STAGING}&role_name=Admin`,
            's3cret',
          ),
        400,
        'InvalidRequestException',
      ],
      [
        'a page size beyond the model',
        () => get('/assignment/accounts?max_result=101', 's3cret'),
        400,
        'InvalidRequestException',
      ],
    ];
    for (const [what, ask, status, type] of rows) {
      const before = (await world.audit()).length;
      assert.deepEqual(await ask(), [status, type], what);
      assert.equal((await world.audit()).length, before + 1, `${what} is recorded`);
    }
    assert.equal(
      world.log.some(line => line.includes('s3cret')),
      false,
      'no token is in the log',
    );
  });

  it('of somebody who is signed in gets the exception, too', async () => {
    const { visitor } = await world.signIn('alice', 'saml');
    const { accessToken } = (await tools.logIn(visitor)).tokens;
    for (const [what, path, status, type] of [
      [
        'a next_token that is none',
        '/assignment/accounts?next_token=nonsense',
        400,
        'InvalidRequestException',
      ],
      ['no role', `/federation/credentials?account_id=${PROD}`, 400, 'InvalidRequestException'],
      [
        'an account that there is not',
        '/federation/credentials?account_id=999999999999&role_name=Admin',
        403,
        'ForbiddenException',
      ],
      [
        'a role that cannot be',
        `/federation/credentials?account_id=${PROD}&role_name=${encodeURIComponent('../Admin')}`,
        403,
        'ForbiddenException',
      ],
    ] as const)
      assert.deepEqual(await get(path, accessToken), [status, type], what);
    await world.bridge.mySessions.endAll(await viewerOf(world, visitor));
    for (const path of [
      '/assignment/accounts',
      `/assignment/roles?account_id=${PROD}`,
      `/federation/credentials?account_id=${PROD}&role_name=Admin`,
    ])
      assert.deepEqual(
        await get(path, accessToken),
        [401, 'UnauthorizedException'],
        'a token of somebody who has signed out everywhere',
      );
  });

  it('credentials are not handed out by HEAD', async () => {
    const { visitor } = await world.signIn('alice', 'saml');
    const { accessToken } = (await tools.logIn(visitor)).tokens;
    const path = `${world.urls.bridge}/federation/credentials?account_id=${PROD}&role_name=Admin`;
    const asked = world.toAws.length;
    const { status, headers } = await fetch(path, {
      method: 'HEAD',
      headers: { 'x-amz-sso_bearer_token': accessToken! },
    });
    assert.deepEqual(
      [status, headers.get('allow'), headers.get('x-amzn-errortype')],
      [405, 'GET', 'InvalidRequestException'],
    );
    assert.equal(world.toAws.length, asked);
  });

  it('every error has the reference of the trail as its request id', async () => {
    const response = await fetch(`${world.urls.bridge}/assignment/accounts`);
    const [recorded] = await world.audit();
    assert.equal(response.headers.get('x-amzn-requestid'), recorded!.origin.correlationId);
    assert.ok((await response.text()).includes(`Reference ${recorded!.origin.correlationId}.`));
  });

  it('a path in other letters is answered by the same door', async () => {
    assert.deepEqual(await get('/Federation/Credentials'), [400, 'InvalidRequestException']);
    assert.deepEqual(await get('/Assignment/Accounts'), [401, 'UnauthorizedException']);
  });

  it('a role with the longest name there is leads to the next page', async t => {
    const long = 'x'.repeat(60);
    const own = await ownWorld(t, {
      configure: yaml =>
        yaml.replaceAll(
          /(roles?: \[?)Developer/g,
          `$1a/${`${'p'.repeat(100)}/`.repeat(4)}${long}, Developer`,
        ),
    });
    const { visitor } = await own.world.signIn('alice', 'saml');
    const { accessToken } = (await own.tools.logIn(visitor)).tokens;
    const names: (string | undefined)[] = [];
    for await (const page of paginateListAccountRoles(
      { client: own.tools.portal, pageSize: 1 },
      { accessToken, accountId: PROD },
    ))
      names.push(...page.roleList!.map(({ roleName }) => roleName));
    assert.ok(
      names.some(name => name!.endsWith(long)) &&
        names.length === new Set(names).size &&
        names.length >= 4,
      names.join(),
    );
  });

  it('a registration ends, and with it what it may ask for', async t => {
    const own = await ownWorld(t);
    const old = await own.tools.register();
    assert.ok((await own.tools.begin(old)).deviceCode);
    own.world.clock.turn(90 * 24 * 3600 + 1);
    await assert.rejects(own.tools.begin(old), error('InvalidClientException'));
  });

  it('the start URL leads AWS tools to a place of AWS’s form, and people to what they can do with it', async () => {
    for (const [method, status, location] of [
      ['HEAD', 302, 'https://rolebridge.portal.us-east-1.app.aws'],
      ['GET', 303, '/aws-config'],
    ] as const) {
      const response = await fetch(`${world.urls.bridge}/start`, { method, redirect: 'manual' });
      assert.deepEqual([response.status, response.headers.get('location')], [status, location]);
    }
  });

  it('bodies that do not come hold nobody up', async () => {
    const { hostname, port } = new URL(world.urls.bridge);
    const silent = Array.from({ length: 5 }, () => connect(Number(port), hostname));
    try {
      for (const socket of silent) {
        await once(socket, 'connect');
        socket.write(
          `POST /token HTTP/1.1\r\nHost: ${hostname}\r\nContent-Type: application/json\r\nContent-Length: 200\r\n\r\n{`,
        );
      }
      assert.deepEqual(await post('/token', { clientId: 'nobody', grantType: DEVICE_CODE }), [
        401,
        'InvalidClientException',
      ]);
    } finally {
      for (const socket of silent) socket.destroy();
    }
  });

  it('rejects logins by a code beyond 600 a minute from one address, whichever door they take', async t => {
    const own = await ownWorld(t);
    const asking = await own.tools.register();
    const body = JSON.stringify({
      clientId: asking.clientId,
      startUrl: `${own.world.urls.bridge}/start`,
    });
    const begin = async (): Promise<number> => {
      const headers = { 'content-type': 'application/json' };
      const response = await fetch(`${own.world.urls.bridge}/device_authorization`, {
        method: 'POST',
        headers,
        body,
      });
      await response.text();
      return response.status;
    };
    const statuses = await Promise.all(Array.from({ length: 580 }, begin));
    assert.ok(statuses.every(status => status === 200));
    const others = await Promise.all(Array.from({ length: 21 }, () => beginDevice(own.world)));
    assert.equal(others.filter(({ status }) => status === 429).length, 1, 'by both doors together');
    // At 429 the AWS CLI would give up.
    await assert.rejects(own.tools.begin(asking), error('SlowDownException'));
  });

  it('every start URL that means this bridge is taken', async () => {
    const { bridge } = world.urls;
    for (const startUrl of [
      `${bridge}/start`,
      `${bridge}/start/`,
      `${bridge}/start/#/`,
      `${bridge}/start#`,
      bridge,
      'https://rolebridge.portal.us-east-1.app.aws',
    ])
      assert.ok((await tools.register({ issuerUrl: startUrl })).clientId, startUrl);
  });
});
