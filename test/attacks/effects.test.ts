/**
 * No effect by HEAD, prefetch, frame or embedding: every route that the app has, found by walking
 * its router, so that none is forgotten.
 */
import assert from 'node:assert/strict';
import { hash } from 'node:crypto';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { before, describe, it } from 'node:test';
import { createApp } from '../../src/app.ts';
import { callApi, loginByDevice } from '../support/cli-login.ts';
import { type ExpressRoute, expressRoutes } from '../support/express-routes.ts';
import { exchange, type RawAnswer } from '../support/raw-http.ts';
import type { Visitor } from '../support/visitor.ts';
import { CONNECTOR, useWorld } from '../support/world.ts';

/** Documents that say the same to everybody, and what AWS tools ask the start URL by HEAD. */
const ANSWER_HEAD: ReadonlySet<string> = new Set([
  '/healthz',
  '/readyz',
  '/saml/idp/metadata',
  '/saml/:connector/metadata',
  '/.well-known/openid-configuration',
  '/.well-known/jwks.json',
  '/.well-known/oauth-authorization-server',
  '/api/v1/openapi.json',
  '/start',
  '/assets/:any',
]);
/** Not the row by which the store knows that it can write, which `/readyz` may change. */
const isOfRequests = ({ name }: Readonly<Record<string, unknown>>): boolean =>
  !['write_probe', 'sqlite_sequence'].includes(String(name));
/** Endpoints for programs. */
const MACHINES =
  /^\/(?:assets|healthz|readyz|saml\/.*metadata|\.well-known|api|oauth\/(?!authorize)|client|device_authorization|token|assignment|federation|logout)/;

const AHEAD: readonly (readonly [name: string, value: string])[] = [
  ['Sec-Purpose', 'prefetch'],
  ['Sec-Purpose', 'prefetch;prerender'],
  ['Purpose', 'prefetch'],
  ['X-Purpose', 'preview'],
  ['X-Moz', 'prefetch'],
];
const EMBEDDED: readonly (readonly [mode: string, destination: string])[] = [
  ['navigate', 'iframe'],
  ['navigate', 'frame'],
  ['navigate', 'embed'],
  ['navigate', 'object'],
  ['no-cors', 'image'],
  ['no-cors', 'script'],
  ['no-cors', 'style'],
  ['no-cors', 'empty'],
  ['cors', 'empty'],
];

describe('every route of the app', () => {
  const world = useWorld();
  let routes: readonly ExpressRoute[];
  let visitor: Visitor;
  let accessToken: string;
  let containerToken: string;
  let callback: URL;
  let asset: string;

  before(async () => {
    routes = expressRoutes(createApp(world.bridge));
    ({ visitor, accessToken } = await loginByDevice(world, 'alice'));
    const made = await callApi(world, accessToken, {
      method: 'POST',
      path: '/container-tokens',
      body: { account: 'prod', role: 'Admin' },
    });
    containerToken = made.json.token;
    // A sign-in that waits for its answer, which lies in this address.
    const login = await visitor.get(`${world.urls.bridge}/sign-in/${CONNECTOR.oidc}`);
    const toBridge = (url: string): boolean => url.startsWith(`${world.urls.bridge}/oidc/`);
    const answered = await visitor.submit(
      login,
      'form',
      { username: 'alice', password: 'alice' },
      { stopAt: toBridge },
    );
    callback = new URL(answered.path.at(-1)!);
    asset = (await visitor.get(world.urls.bridge)).$('link[rel=stylesheet]').attr('href')!;
    // Long enough for every time of last use to be written again.
    world.clock.turn(60);
  });

  /** A request with a valid value of every cookie and token. */
  const ask = (
    method: string,
    path: string,
    headers: readonly (readonly [string, string])[],
  ): Promise<RawAnswer> => {
    const cookies = ['rolebridge', 'rolebridge-attempt'].map(
      name => `${name}=${visitor.cookie(world.urls.bridge, name)}`,
    );
    const query: Readonly<Record<string, string>> = {
      '/oidc/:connector/callback': callback.search,
      '/console': '?account=prod&role=Admin',
      '/credentials': '?account=prod&role=Admin',
      '/assignment/roles': '?account_id=111122223333',
      '/federation/credentials': '?account_id=111122223333&role_name=Admin',
      '/oauth/authorize': `?${new URLSearchParams({ client_id: 'rolebridge-cli', redirect_uri: 'http://127.0.0.1:9/callback', response_type: 'token' })}`,
      '/sign-in': '?return_to=/console',
      '/api/v1/explain': '?account=prod&role=Admin',
    };
    const connector = path.startsWith('/oidc') ? CONNECTOR.oidc : CONNECTOR.saml;
    const target = path
      .replace('/assets/:any', asset)
      .replace(':connector', connector)
      .replace(':account', 'prod')
      .replace(':role', 'Admin')
      .replace(':id', 'x');
    const isContainer = path.includes('container-credentials');
    return exchange(world.urls.bridge, {
      method,
      target: target + (query[path] ?? ''),
      headers: [
        ['Cookie', cookies.join('; ')],
        ['Authorization', isContainer ? containerToken : `Bearer ${accessToken}`],
        ['x-amz-sso_bearer_token', accessToken],
        ...headers,
      ],
    });
  };

  /**
   * Everything that the bridge remembers, the trail included: a digest for each table, fit for a
   * message.
   */
  const everything = (): Readonly<Record<string, string>> => {
    const database = new DatabaseSync(join(world.directory, 'rolebridge.db'), { readOnly: true });
    try {
      const tables = database
        .prepare("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name")
        .all()
        .filter(isOfRequests);
      return Object.fromEntries(
        tables.map(({ name }) => {
          const rows = database.prepare(`SELECT * FROM ${String(name)}`).all();
          return [
            String(name),
            `${rows.length} rows, ${hash('sha256', JSON.stringify(rows), 'hex').slice(0, 12)}`,
          ];
        }),
      );
    } finally {
      database.close();
    }
  };

  const assertNoEffect = async (
    title: string,
    request: () => Promise<RawAnswer>,
  ): Promise<RawAnswer> => {
    const [before, calls] = [everything(), world.toAws.length];
    const answer = await request();
    assert.deepEqual(everything(), before, `${title} wrote something`);
    assert.equal(world.toAws.length, calls, `${title} called AWS`);
    assert.equal(answer.header('set-cookie'), undefined, `${title} set a cookie`);
    return answer;
  };

  it('is found by the walk, known routes among them', () => {
    const paths = new Set(routes.map(({ path }) => path));

    for (const path of [
      '/',
      '/console',
      '/oidc/:connector/callback',
      '/api/v1/container-credentials/:account/:role',
      '/federation/credentials',
    ])
      assert.ok(paths.has(path), path);
    assert.ok(paths.size > 30, String(paths.size));
  });

  it('rejects HEAD with 405 and Allow, without effect, unless it is a document', async () => {
    for (const { path } of routes.filter(({ methods }) => methods.has('get'))) {
      const answer = await assertNoEffect(`HEAD ${path}`, () => ask('HEAD', path, []));
      if (ANSWER_HEAD.has(path)) {
        assert.ok(answer.status < 400, `HEAD ${path}: ${answer.status}`);
        continue;
      }
      assert.equal(answer.status, 405, `HEAD ${path}`);
      assert.match(answer.header('allow') ?? '', /^GET\b/, `HEAD ${path}`);
    }
  });

  it('rejects HEAD without effect where there is no GET or no route', async () => {
    for (const path of [...routes.map(({ path }) => path), '/nowhere', '/api/v1/nowhere']) {
      const { status } = await assertNoEffect(`HEAD ${path}`, () => ask('HEAD', path, []));
      if (!ANSWER_HEAD.has(path)) assert.ok(status >= 400, `HEAD ${path}: ${status}`);
    }
  });

  for (const header of AHEAD)
    it(`has no effect with the header ${header.join(': ')}`, async () => {
      for (const { path } of routes.filter(({ methods }) => methods.has('get'))) {
        const { status } = await assertNoEffect(`${header.join(' ')} ${path}`, () =>
          ask('GET', path, [header]),
        );
        assert.equal(status, 403, path);
      }
    });

  for (const [mode, destination] of EMBEDDED)
    it(`of a page rejects ${mode} into ${destination}`, async () => {
      const headers = (site: string) =>
        [
          ['Sec-Fetch-Mode', mode],
          ['Sec-Fetch-Dest', destination],
          ['Sec-Fetch-Site', site],
        ] as const;
      for (const { path } of routes.filter(
        ({ path, methods }) => methods.has('get') && !MACHINES.test(path),
      )) {
        const title = `${mode} ${destination} ${path}`;
        const own = await assertNoEffect(title, () => ask('GET', path, headers('same-origin')));
        assert.equal(own.status, 403, title);
      }

      // From another site it is written down, and nothing else happens.
      for (const path of ['/oidc/:connector/callback', '/console', '/sign-in']) {
        const events = (await world.audit()).length;
        const foreign = await ask('GET', path, headers('cross-site'));
        assert.deepEqual([foreign.status, foreign.header('set-cookie')], [403, undefined], path);
        const [newest, ...others] = await world.audit();
        assert.deepEqual([others.length, newest!.type], [events, 'request.refused']);
      }

      const posted = await exchange(world.urls.bridge, {
        method: 'POST',
        target: `/saml/${CONNECTOR.saml}/acs`,
        body: 'SAMLResponse=x&RelayState=x&reposted=1',
        headers: headers('cross-site'),
      });
      assert.equal(posted.status, 403);
    });

  it('still has its effect when the user opens it: the pending sign-in completes', async () => {
    const page = await visitor.get(callback.href);
    assert.equal(page.$('form[action="/sign-out"]').length, 1, page.text);
  });
});
