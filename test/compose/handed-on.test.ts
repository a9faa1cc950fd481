/** What a reload hands on: a snapshot begins with what the one before it knows of its providers. */
import assert from 'node:assert/strict';
import type { RequestListener } from 'node:http';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { createApp } from '../../src/app.ts';
import type { Snapshot } from '../../src/compose/compose.ts';
import type { Configuration, OidcConnectorConfiguration } from '../../src/config/configuration.ts';
import type { ConnectorId } from '../../src/core/identity.ts';
import { DEMO_CLIENT_ID } from '../../src/dev/demo-config.ts';
import { Visitor } from '../support/visitor.ts';
import { answer, CONNECTOR, enterPassword, startWorld, type World } from '../support/world.ts';

const down: RequestListener = (_request, response) => void response.destroy();
const WRONG = 'a-secret-that-the-provider-does-not-know';

/** The configuration with another OpenID connector. */
const withOidc =
  (changes: Partial<OidcConnectorConfiguration>) =>
  (configuration: Configuration): Configuration => ({
    ...configuration,
    connectors: configuration.connectors.map(connector =>
      connector.protocol === 'oidc' ? { ...connector, ...changes } : connector,
    ),
  });

describe('a reload', () => {
  let world: World;
  beforeEach(async () => {
    world = await startWorld();
  });
  afterEach(() => world.close());

  const statesIn = ({ signIn }: Snapshot): readonly string[] =>
    signIn.connectors.map(connector => connector.availability().state);
  const serve = (snapshot: Snapshot): void => answer(world.servers.bridge, createApp(snapshot));
  /** Signs bob in at the OpenID provider while a snapshot takes the place of another one. */
  const signInAcross = async (before: Snapshot, change: (c: Configuration) => Configuration) => {
    serve(before);
    const visitor = new Visitor();
    const login = await visitor.get(`${world.urls.bridge}/sign-in/${CONNECTOR.oidc}`);
    const next = await world.compose(change, before);
    serve(next);
    return { next, page: await enterPassword(visitor, login, { username: 'bob' }) };
  };

  describe('while both identity providers are down', () => {
    beforeEach(() => {
      answer(world.servers.oidc, down);
      answer(world.servers.saml, down);
    });

    it('keeps their sign-ins available', async () => {
      assert.deepEqual(statesIn(await world.compose(same => same, world.bridge)), [
        ...['ready', 'ready'],
      ]);
      // A start has the copy of the SAML metadata in the store, and no discovery document.
      assert.deepEqual(statesIn(await world.compose()), ['unavailable', 'ready']);
    });

    it('hands on what was handed on, and since when a provider is down', async () => {
      const first = await world.compose();
      world.clock.turn(60);
      const second = await world.compose(same => same, first);
      assert.deepEqual(
        second.signIn.connectors.map(connector => connector.availability()),
        first.signIn.connectors.map(connector => connector.availability()),
      );
      const kept = await world.compose(same => same, world.bridge);
      assert.deepEqual(statesIn(await world.compose(same => same, kept)), ['ready', 'ready']);
    });

    it('hands nothing on to a connector of another provider or another id', async () => {
      const issuer = 'http://127.0.0.1:9';
      const elsewhere = await world.compose(withOidc({ issuer }), world.bridge);
      assert.deepEqual(statesIn(elsewhere), ['unavailable', 'ready']);
      const renamed = await world.compose(withOidc({ id: 'other' as ConnectorId }), world.bridge);
      assert.deepEqual(statesIn(renamed), ['unavailable', 'ready']);
    });

    it('reads what has changed when they answer again', async () => {
      const next = await world.compose(same => same, world.bridge);
      answer(world.servers.saml, world.samlIdp.handler);
      answer(world.servers.oidc, world.oidcIdp.handler);
      serve(await world.compose(same => same, next));
      for (const protocol of ['oidc', 'saml'] as const) {
        const { page } = await world.signIn('bob', protocol);
        assert.match(page.$('header').text(), /Bob Brandt/);
      }
    });
  });

  describe('between the redirect to the provider and its answer', () => {
    for (const [title, first, next] of [
      ['a client secret that the provider does not know yet', {}, { clientSecret: WRONG }],
      ['the client secret that the provider knows now', { clientSecret: WRONG }, {}],
      ['another client id', {}, { clientId: 'other', clientSecret: WRONG }],
      ['another way to send the secret', {}, { clientAuthentication: 'client_secret_post' }],
    ] as const)
      it(`with ${title} finishes the sign-in`, async () => {
        const before = await world.compose(withOidc(first));
        const { page } = await signInAcross(before, withOidc(next));
        assert.match(page.$('header').text(), /Bob Brandt/);
      });

    it('finishes it after a second reload, too', async () => {
      const before = await world.compose(withOidc({ clientSecret: `${WRONG}-yet` }));
      const between = await world.compose(withOidc({}), before);
      const after = await world.compose(withOidc({ clientSecret: WRONG }), between);
      const { page } = await signInAcross(after, withOidc({ clientSecret: `${WRONG}-again` }));
      assert.match(page.$('header').text(), /Bob Brandt/);
    });

    it('rejects a sign-in if no client that began it is known', async () => {
      const before = await world.compose(withOidc({ clientId: DEMO_CLIENT_ID }));
      serve(before);
      const visitor = new Visitor();
      const login = await visitor.get(`${world.urls.bridge}/sign-in/${CONNECTOR.oidc}`);
      serve(await world.compose(withOidc({ clientId: 'other' })));
      const page = await enterPassword(visitor, login, { username: 'bob' });
      assert.equal(page.$('header').text().includes('Bob Brandt'), false);
      assert.equal((await world.audit()).at(-1)?.type, 'sign-in.refused');
    });

    it('judges the answer by the new configuration alone', async () => {
      const claims = { username: 'preferred_username', email: 'email', groups: 'none' };
      const { page } = await signInAcross(world.bridge, withOidc({ claims }));
      assert.match(page.text, /You have no roles yet.*I am bob .*Your groups 0/);
    });

    it('without the connector rejects the answer', async () => {
      const { page } = await signInAcross(world.bridge, configuration => ({
        ...configuration,
        connectors: configuration.connectors.filter(({ protocol }) => protocol === 'saml'),
      }));
      assert.ok(!page.text.includes('Bob Brandt'));
      assert.ok(page.status >= 400, String(page.status));
    });
  });
});
