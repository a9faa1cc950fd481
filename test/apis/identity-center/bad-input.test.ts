/** What the wire of IAM Identity Center answers to input that no AWS client sends. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { before, describe, it } from 'node:test';
import { type Registered, useAwsTools } from '../../support/aws-tools.ts';
import { DEVICE_CODE, viewerOf } from '../../support/cli-login.ts';
import { useWorld } from '../../support/world.ts';

const PROD = '111122223333';
const STAGING = '222233334444';

describe('bad input on that wire', () => {
  const world = useWorld();
  const tools = useAwsTools(world);
  let client: Registered;
  before(async () => {
    client = await tools.register();
  });
  const JSON_TYPE = { 'content-type': 'application/json' };

  /**
   * Status and exception; the type must be in header and body, and no internal detail may show
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
        'an unknown grant type',
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
        () => post('/device_authorization', { ...begin, clientId: 'unknown' }),
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

  it('of a signed-in user gets the exception as well', async () => {
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
        'an unknown account',
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
        'a token of a user who has signed out everywhere',
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

  it('bodies that never arrive delay no other request', async () => {
    const { hostname, port } = new URL(world.urls.bridge);
    const silent = Array.from({ length: 5 }, () => connect(Number(port), hostname));

    try {
      for (const socket of silent) {
        await once(socket, 'connect');
        socket.write(
          `POST /token HTTP/1.1\r\nHost: ${hostname}\r\nContent-Type: application/json\r\nContent-Length: 200\r\n\r\n{`,
        );
      }
      assert.deepEqual(await post('/token', { clientId: 'unknown', grantType: DEVICE_CODE }), [
        401,
        'InvalidClientException',
      ]);
    } finally {
      for (const socket of silent) socket.destroy();
    }
  });
});
