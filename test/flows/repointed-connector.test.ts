import assert from 'node:assert/strict';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, describe, it } from 'node:test';
import { createApp } from '../../src/app.ts';
import type { Configuration } from '../../src/config/configuration.ts';
import { DEMO_CLIENT_ID } from '../../src/dev/demo-config.ts';
import { createOidcIdp } from '../../src/dev/oidc-idp/oidc-idp.ts';
import { PEOPLE } from '../../src/dev/people.ts';
import { createSamlIdp } from '../../src/dev/saml-idp/saml-idp.ts';
import {
  beginDevice,
  callApi,
  confirmDevice,
  loginByDevice,
  makeContainerToken,
  pollDevice,
  refreshLogin,
} from '../support/cli-login.ts';
import { Visitor } from '../support/visitor.ts';
import { answer, CONNECTOR, enterPassword, type Protocol, useWorld } from '../support/world.ts';

type Change = (configuration: Configuration) => Configuration;

describe('a connector whose id was pointed at another identity provider by a reload', () => {
  /** Another provider of each protocol, with the same people. */
  const elsewhere: Record<
    Protocol,
    { url: string; posts: number; isDown: boolean; close(): void }
  > = {} as never;
  const world = useWorld({
    configure: yaml => yaml.replace(/^( +)attributes: \{ username: uid/m, '$1subject: uid\n$&'),
  });
  before(async () => {
    // The user name as the subject: the people of both SAML providers have the same ids then.
    const redirectUris = [`${world.urls.bridge}/oidc/${CONNECTOR.oidc}/callback`];
    const clients = [
      {
        clientId: DEMO_CLIENT_ID,
        clientSecret: 'the-demo-client-secret-of-this-run',
        redirectUris,
      },
    ];
    elsewhere.oidc = await listen(
      async baseUrl => (await createOidcIdp({ baseUrl, people: PEOPLE, clients })).handler,
    );
    const serviceProviders = [
      { metadataUrl: `${world.urls.bridge}/saml/${CONNECTOR.saml}/metadata` },
    ];
    elsewhere.saml = await listen(
      async baseUrl =>
        (await createSamlIdp({ baseUrl, people: PEOPLE, serviceProviders, now: world.clock.now }))
          .handler,
    );
  });
  after(async () => {
    elsewhere.oidc.close();
    elsewhere.saml.close();
  });

  const reload = async (change: Change = same => same): Promise<void> => {
    const bridge = await world.compose(change);
    answer(world.servers.bridge, createApp(bridge));
  };
  const pointed = (protocol: Protocol, url = elsewhere[protocol].url): Change => {
    return configuration => ({
      ...configuration,
      connectors: configuration.connectors.map(connector => {
        if (connector.protocol !== protocol) return connector;
        return connector.protocol === 'oidc'
          ? { ...connector, issuer: url }
          : { ...connector, metadata: { url: `${url}/metadata` } };
      }),
    });
  };
  const isSignedIn = async (visitor: Visitor): Promise<boolean> =>
    (await visitor.get(world.urls.bridge)).$('form[action="/sign-out"]').length === 1;
  for (const protocol of ['oidc', 'saml'] as const) {
    it(`keeps no session, no token and no login that waits (${protocol})`, async () => {
      await reload();
      const login = await loginByDevice(world, 'bob', protocol);
      const container = await makeContainerToken(world, login);
      const waiting = await beginDevice(world);
      await confirmDevice(world, login.visitor, waiting.json.user_code);
      assert.ok(await isSignedIn(login.visitor));
      assert.equal((await callApi(world, container.token, { path: container.path })).status, 200);

      await reload(pointed(protocol));
      assert.ok(!(await isSignedIn(login.visitor)), 'the browser');
      assert.equal(
        (await callApi(world, login.accessToken, { path: '/roles' })).status,
        401,
        'the access token',
      );
      assert.equal(
        (await callApi(world, container.token, { path: container.path })).status,
        401,
        'the container token',
      );
      const renewed = await refreshLogin(world, login);
      assert.deepEqual(
        [renewed.status, renewed.json.error],
        [400, 'invalid_grant'],
        'the refresh token',
      );
      const picked = await pollDevice(world, waiting.json.device_code);
      assert.deepEqual(
        [picked.status, picked.json.error],
        [400, 'invalid_grant'],
        'the login that waits',
      );
    });

    it(`refuses an answer to a sign-in that was begun at the provider before, and tells the new one nothing (${protocol})`, async () => {
      await reload();
      const visitor = new Visitor();
      const login = await visitor.get(`${world.urls.bridge}/sign-in/${CONNECTOR[protocol]}`);
      await reload(pointed(protocol));
      const posts = elsewhere[protocol].posts;

      const page = await enterPassword(visitor, login, { username: 'bob' });
      assert.equal(page.status, 400);
      assert.match(page.text, /attempt_invalid/);
      assert.equal(
        elsewhere[protocol].posts,
        posts,
        'no code and no client secret went to the new provider',
      );

      const refusal = (await world.audit()).find(({ type }) => type === 'sign-in.refused');
      assert.ok(refusal?.type === 'sign-in.refused');
      assert.match(refusal.why, /started at another identity provider/);
    });
  }

  it('signs in through the new provider, and shows neither terminals nor container tokens of the person of the same id at the old one', async () => {
    await reload();
    const before = await loginByDevice(world, 'bob', 'saml');
    const { visitor } = before;
    await makeContainerToken(world, before);
    assert.match((await visitor.get(`${world.urls.bridge}/sessions`)).text, /terminal-of-a-test/);

    await reload(pointed('saml'));
    const fresh = new Visitor();
    const page = await enterPassword(
      fresh,
      await fresh.get(`${world.urls.bridge}/sign-in/${CONNECTOR.saml}`),
      { username: 'bob' },
    );
    assert.equal(page.status, 200);
    assert.doesNotMatch(
      (await fresh.get(`${world.urls.bridge}/sessions`)).text,
      /terminal-of-a-test/,
    );

    const waiting = await beginDevice(world);
    await confirmDevice(world, fresh, waiting.json.user_code);
    const { access_token: token } = (await pollDevice(world, waiting.json.device_code)).json;
    assert.deepEqual((await callApi(world, token, { path: '/container-tokens' })).json, {
      container_tokens: [],
    });
  });

  it('keeps sessions through an outage of the provider at a restart, and only at the same place', async () => {
    await reload();
    const { visitor } = await world.signIn('bob', 'saml');
    const other = (await world.signIn('alice', 'saml')).visitor;
    const good = world.servers.saml.listeners('request')[0] as RequestListener;
    answer(world.servers.saml, (_request, response) => response.writeHead(503).end());

    await reload();
    assert.ok(await isSignedIn(visitor), 'the metadata could not be read, from the same place');

    elsewhere.saml.isDown = true;
    await reload(pointed('saml'));
    assert.ok(!(await isSignedIn(other)), 'the metadata could not be read, from another place');

    elsewhere.saml.isDown = false;
    answer(world.servers.saml, good);
    await reload();
    assert.ok(await isSignedIn(visitor));
  });
});

async function listen(handlerFor: (baseUrl: string) => Promise<RequestListener>) {
  const server = createServer();
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const handler = await handlerFor(url);
  const place = { url, posts: 0, isDown: false, close: () => server.close().closeAllConnections() };
  server.on('request', (request, response) => {
    if (request.method === 'POST') place.posts += 1;
    if (place.isDown) response.writeHead(503).end();
    else handler(request, response);
  });
  return place;
}
