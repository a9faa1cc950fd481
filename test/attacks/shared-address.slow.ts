/**
 * Strangers and users behind one address (an office, a proxy that is not trusted): what strangers
 * do never stops a user who shows something that strangers do not have (threats R43).
 */
import assert from 'node:assert/strict';
import { Agent, type RequestOptions, request } from 'node:http';
import { before, describe, it } from 'node:test';
import {
  beginDevice,
  callApi,
  confirmDevice,
  loginByDevice,
  pollDevice,
  postForm,
} from '../support/cli-login.ts';
import { fieldsOf, type Page, Visitor } from '../support/visitor.ts';
import {
  CONNECTOR,
  enterPassword,
  type Protocol,
  useWorld,
  type World,
  worldFor,
} from '../support/world.ts';

const WAIT = /Wait \d+ seconds?, then try again\./;
const PROTOCOLS: readonly Protocol[] = ['saml', 'oidc'];
const signedIn = (page: Page): boolean => page.$('form[action="/sign-out"]').length === 1;
const signInUrl = (world: World, protocol: Protocol): string =>
  `${world.urls.bridge}/sign-in/${CONNECTOR[protocol]}`;

interface Junk {
  readonly path: string;
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

/** Sends what `junk` makes, so many times; gives how often each status came. */
async function flood(
  world: World,
  times: number,
  junk: (index: number) => Junk,
): Promise<Map<number, number>> {
  const agent = new Agent({ keepAlive: true, maxSockets: 8 });
  const { hostname, port } = new URL(world.urls.bridge);
  const one = ({ path, method = 'GET', headers = {}, body }: Junk): Promise<number> =>
    new Promise((resolve, reject) => {
      const options: RequestOptions = { agent, hostname, port, path, method, headers };
      const sent = request(options, response =>
        response.resume().once('end', () => resolve(response.statusCode!)),
      );
      sent.once('error', reject).end(body);
    });
  const statuses = await Promise.all(Array.from({ length: times }, (_, index) => one(junk(index))));
  agent.destroy();
  return new Map(
    [...Map.groupBy(statuses, status => status)].map(([status, all]) => [status, all.length]),
  );
}

const FORM = { 'content-type': 'application/x-www-form-urlencoded' };
const token = (index: number): string => String(index).padStart(43, 'A');
const junkAnswer = (index: number): Junk => ({
  path: `/saml/${CONNECTOR.saml}/acs`,
  method: 'POST',
  headers: { ...FORM, ...(index % 2 === 0 && { cookie: `rolebridge-attempt=${token(index)}` }) },
  body: `SAMLResponse=${'A'.repeat(4000)}&RelayState=${token(index)}`,
});
const junkCallback = (index: number): Junk => ({
  path: `/oidc/${CONNECTOR.oidc}/callback?code=x&state=${token(index)}`,
  headers: { cookie: `rolebridge-attempt=${token(index)}` },
});

describe('responses from identity providers', () => {
  for (const protocol of PROTOCOLS) {
    it(`by ${protocol} are accepted while strangers send junk from the same address`, async t => {
      const world = await worldFor(t);
      const visitor = new Visitor();
      const login = await visitor.get(signInUrl(world, protocol));
      const statuses = await flood(world, 200, protocol === 'saml' ? junkAnswer : junkCallback);
      assert.deepEqual([...statuses].sort(), [
        [400, 60],
        [429, 140],
      ]);

      const page = await enterPassword(visitor, login, { username: 'alice' });
      assert.ok(signedIn(page), page.text);

      // One event stands for all that was turned away.
      const events = await world.audit();
      assert.equal(
        events.filter(
          event => event.type === 'request.refused' && event.code === 'too_many_requests',
        ).length,
        1,
      );
      assert.equal(events.filter(({ type }) => type === 'sign-in.refused').length, 60);
    });
  }

  it('are accepted through our own page from a browser that did not send its cookie', async t => {
    const world = await worldFor(t);
    const visitor = new Visitor();
    const login = await visitor.get(signInUrl(world, 'saml'));
    const answer = await visitor.submit(login, 'form', { username: 'alice', password: 'alice' });
    await flood(world, 100, junkAnswer);
    const fields = fieldsOf(answer.$('form'));

    const withoutCookie = await new Visitor().post(
      answer.$('form').attr('action')!,
      new URLSearchParams(fields),
    );

    assert.equal(withoutCookie.status, 200);
    assert.ok(signedIn(await visitor.submit({ ...withoutCookie, url: world.urls.bridge }, 'form')));
  });

  it('without an attempt do not get the page that posts them again', async t => {
    const world = await worldFor(t);
    const page = await new Visitor().post(
      `${world.urls.bridge}/saml/${CONNECTOR.saml}/acs`,
      'SAMLResponse=AAAA&RelayState=unknown',
    );
    assert.equal(page.status, 400);
    assert.equal(page.$('.status-line code').text(), 'attempt_invalid');
  });

  it('that begin at the identity provider are accepted while strangers send junk from the same address', async t => {
    const world = await worldFor(t, {
      configure: yaml => yaml.replace(/^ {4}saml:$/m, '$&\n      allowUnsolicited: true'),
    });
    const statuses = await flood(world, 200, index => {
      const { body, ...junk } = junkAnswer(index);
      return { ...junk, body: `${body}&reposted=1` };
    });
    assert.deepEqual([...statuses.keys()], [403]);

    const visitor = new Visitor();
    const query = new URLSearchParams({
      sp: `${world.urls.bridge}/saml/${CONNECTOR.saml}/metadata`,
    });
    const answer = await visitor.submit(
      await visitor.get(`${world.urls.saml}/sso/unsolicited?${query}`),
      'form',
      {
        username: 'alice',
        password: 'alice',
      },
    );
    const page = await visitor.submit(answer, 'form');
    assert.ok(signedIn(await visitor.submit({ ...page, url: world.urls.bridge }, 'form')));
  });

  it('rejected for one address do not affect another, behind a trusted proxy', async t => {
    const world = await worldFor(t, {
      configure: yaml => yaml.replace(/^baseUrl:.*$/m, '$&\nproxy: { trusted: [127.0.0.1/32] }'),
    });
    const from = (address: string) => (index: number) => {
      const junk = junkAnswer(index);
      return { ...junk, headers: { ...junk.headers, 'x-forwarded-for': address } };
    };
    assert.equal((await flood(world, 61, from('203.0.113.7'))).get(429), 1);
    assert.equal((await flood(world, 60, from('203.0.113.8'))).get(429), undefined);

    // One IPv6 household has many addresses.
    const household = (index: number): Junk => from(`2001:db8:0:10${index % 10}::1`)(index);
    assert.equal((await flood(world, 61, household)).get(429), 1);
  });
});

describe('a stranger who exhausts the rate limit of an address', () => {
  const world = useWorld();
  let known: Visitor;
  let begun: { readonly visitor: Visitor; readonly login: Page };
  before(async () => {
    known = (await world.signIn('bob', 'saml')).visitor;
    const visitor = new Visitor();
    begun = { visitor, login: await visitor.get(signInUrl(world, 'saml')) };
    const pages = await flood(world, 3010, () => ({
      path: '/',
      headers: { cookie: `rolebridge-attempt=${token(1)}.${token(2)}` },
    }));
    assert.ok((pages.get(429) ?? 0) > 0);
    assert.equal(
      (await new Visitor().get(signInUrl(world, 'saml'))).status,
      429,
      'an unknown browser',
    );
  });

  it('does not stop a sign-in that has begun', async () => {
    const page = await begun.visitor.submit(begun.login, 'form', {
      username: 'alice',
      password: 'alice',
    });
    const back = await begun.visitor.submit(page, 'form', {}, { stopAt: () => true });
    assert.equal(back.status, 303);
    assert.ok(signedIn(await begun.visitor.get(world.urls.bridge)), 'and the session works');
  });

  it('does not stop a user who is signed in', async () => {
    assert.ok(signedIn(await known.get(world.urls.bridge)));

    // Also without the mark of the browser.
    const session = new Visitor();
    session.setCookie(
      world.urls.bridge,
      'rolebridge',
      known.cookie(world.urls.bridge, 'rolebridge')!,
    );
    assert.ok(signedIn(await session.get(world.urls.bridge)));
  });

  it('does not stop a new sign-in in a browser that signed in before', async () => {
    const out = await known.submit(await known.get(world.urls.bridge), 'form[action="/sign-out"]');
    assert.equal(out.status, 200);
    const { page } = await world.signIn('bob', 'oidc', { visitor: known });
    assert.ok(signedIn(page), page.text);
  });
});

it('requests that another site triggers in a browser do not stop its sign-in', async t => {
  const world = await worldFor(t);
  const { visitor } = await world.signIn('bob', 'saml');
  await visitor.submit(await visitor.get(world.urls.bridge), 'form[action="/sign-out"]');
  // Over https this cookie is sent from other sites, too, for an identity provider answers from
  // there.
  const cookie = `rolebridge-attempt=${visitor.cookie(world.urls.bridge, 'rolebridge-attempt')}`;

  const headers = {
    cookie,
    'sec-fetch-mode': 'no-cors',
    'sec-fetch-dest': 'image',
    'sec-fetch-site': 'cross-site',
  };
  assert.deepEqual(
    [...(await flood(world, 3010, () => ({ path: '/sign-in', headers }))).keys()],
    [403],
  );

  const { page } = await world.signIn('bob', 'oidc', { visitor });
  assert.ok(signedIn(page), page.text);
});

describe('new sign-ins', () => {
  it('are limited to 300 a minute from one address at once, and 600 in total', async t => {
    const world = await worldFor(t);
    const begin = (): Junk => ({ path: `/sign-in/${CONNECTOR.saml}` });
    assert.deepEqual([...(await flood(world, 300, begin))], [[303, 300]]);
    assert.ok(signedIn((await world.signIn('alice', 'saml')).page));
    const rest = await flood(world, 400, begin);
    assert.equal((rest.get(303) ?? 0) + 301 <= 600, true);
    assert.ok((rest.get(429) ?? 0) >= 100);
  });
});

describe('wrong user codes', () => {
  const typed = async (world: World, visitor: Visitor, code: string): Promise<Page> =>
    visitor.submit(await visitor.get(`${world.urls.bridge}/device`), 'form[action="/device"]', {
      user_code: code,
    });

  it('from others at the same address do not stop a right one', async t => {
    const world = await worldFor(t);
    for (const [username, protocol] of [
      ['alice', 'saml'],
      ['alice', 'oidc'],
      ['bob', 'saml'],
      ['bob', 'oidc'],
    ] as const) {
      const { visitor } = await world.signIn(username, protocol);
      for (let count = 0; count < 9; count++) await typed(world, visitor, 'BBBB-BBBB');
    }
    const { visitor: dave } = await world.signIn('dave', 'saml');

    const { json } = await beginDevice(world);
    for (let slip = 0; slip < 2; slip++)
      assert.equal((await typed(world, dave, 'CCCC-CCCC')).status, 404);
    await confirmDevice(world, dave, json.user_code);
    // In such a flood no browser has more than three.
    assert.equal((await typed(world, dave, 'CCCC-CCCC')).status, 404);
    assert.equal((await typed(world, dave, 'CCCC-CCCC')).status, 429);

    world.clock.turn(600);
    assert.equal((await typed(world, dave, 'CCCC-CCCC')).status, 404);
  });

  it('are each counted when they are tried at the same time', async t => {
    const world = await worldFor(t);
    const { visitor } = await world.signIn('bob', 'oidc');
    const page = await visitor.get(`${world.urls.bridge}/device`);
    const tries = Array.from({ length: 30 }, () =>
      visitor.submit(page, 'form[action="/device"]', { user_code: 'BBBB-BBBB' }),
    );

    const statuses = (await Promise.all(tries)).map(({ status }) => status);

    assert.equal(statuses.filter(status => status === 404).length, 10);
    assert.equal(statuses.filter(status => status === 429).length, 20);
  });

  it('do not include what other sites or invalid forms send', async t => {
    const world = await worldFor(t);
    const { visitor } = await world.signIn('bob', 'oidc');
    for (let count = 0; count < 15; count++) {
      const fields = new URLSearchParams({ user_code: 'BBBB-BBBB', csrf_token: 'x'.repeat(43) });
      const refused = await visitor.post(`${world.urls.bridge}/device`, fields, {
        'sec-fetch-site': 'same-site',
      });
      assert.equal(refused.status, 403);
    }

    const { json } = await beginDevice(world);
    await confirmDevice(world, visitor, json.user_code);
  });
});

describe('terminals behind an address whose rate limit strangers exhausted', () => {
  const world = useWorld();

  it('log in, poll, refresh and log out', async () => {
    const { json } = await beginDevice(world);
    const { visitor, refreshToken, accessToken } = await loginByDevice(world, 'alice');
    const statuses = await flood(world, 3010, index => ({
      path: '/oauth/token',
      method: 'POST',
      headers: FORM,
      body: new URLSearchParams({
        ...{
          grant_type: 'refresh_token',
          client_id: 'rolebridge-cli',
          refresh_token: `rbr_${token(index)}`,
        },
      }).toString(),
    }));
    assert.ok((statuses.get(429) ?? 0) > 0);
    const junk = await postForm(world, '/oauth/token', {
      grant_type: 'refresh_token',
      client_id: 'rolebridge-cli',
      refresh_token: 'x',
    });
    assert.equal(junk.status, 429);
    assert.match(String(junk.json.error_description), WAIT);

    assert.equal((await pollDevice(world, json.device_code)).json.error, 'authorization_pending');
    await confirmDevice(world, visitor, json.user_code);
    assert.ok((await pollDevice(world, json.device_code)).json.access_token);
    const refreshed = await postForm(world, '/oauth/token', {
      ...{ grant_type: 'refresh_token', client_id: 'rolebridge-cli', refresh_token: refreshToken },
    });
    assert.equal(refreshed.status, 200);
    assert.equal(
      (await postForm(world, '/oauth/revoke', { token: accessToken, client_id: 'rolebridge-cli' }))
        .status,
      200,
    );
    assert.equal((await callApi(world, accessToken, { path: '/whoami' })).status, 401);
  });

  it('use the bearer API', async () => {
    const { accessToken } = await loginByDevice(world, 'bob');
    const statuses = await flood(world, 3010, index => ({
      path: '/api/v1/whoami',
      headers: { authorization: `Bearer rba_${token(index)}` },
    }));
    assert.ok((statuses.get(429) ?? 0) > 0);

    const limited = await callApi(world, undefined, { path: '/whoami' });
    assert.equal(limited.status, 429);
    assert.match(String(limited.json.detail), WAIT);
    assert.equal((await callApi(world, accessToken, { path: '/whoami' })).status, 200);
  });
});
