/**
 * Identity providers that are down, slow, huge or wrong: at the start of the bridge and in the
 * middle of a sign-in.
 */
import assert from 'node:assert/strict';
import { type AddressInfo, createServer } from 'node:net';
import { before, describe, it } from 'node:test';
import { type Page, Visitor } from '../support/visitor.ts';
import { CONNECTOR, enterPassword, type Urls, useWorld } from '../support/world.ts';
import { BREAKS, BreakableParty, type BreakName } from './broken-party.ts';
import { assertLogIsClean, assertNextSignInWorks } from './front-door.ts';

const NAMES = Object.keys(BREAKS) as BreakName[];
const idOf = (protocol: string, name: string): string =>
  `${protocol}-${name.replaceAll(' ', '-').toLowerCase()}`;
const codeOn = (page: Page): string => page.$('.status-line code').text();

describe('identity providers that are broken when the bridge starts', () => {
  const [oidc, saml] = [new BreakableParty(), new BreakableParty()];
  const discovery = (name: string): string =>
    `/${idOf('oidc', name)}/.well-known/openid-configuration`;
  const metadata = (name: string): string => `/${idOf('saml', name)}/metadata`;
  /** A port without a listener. */
  let closedPort: number;

  /** For every way to break one connector more of each protocol, beside the two that work. */
  const withBroken = (yaml: string, urls: Urls): string => {
    const connectors = NAMES.flatMap(name => [
      `  - { id: ${idOf('oidc', name)}, label: OIDC ${name}, oidc: { issuer: "${urls.oidc}/${idOf('oidc', name)}", clientId: a, clientSecret: { file: secrets/oidc-client-secret } } }`,
      `  - { id: ${idOf('saml', name)}, label: SAML ${name}, saml: { metadata: { url: "${urls.saml}${metadata(name)}" }, attributes: { username: uid, email: mail, groups: memberOf } } }`,
    ]);
    const refused = `  - { id: oidc-refused, label: OIDC refused, oidc: { issuer: "http://127.0.0.1:${closedPort}", clientId: a, clientSecret: { file: secrets/oidc-client-secret } } }`;
    return yaml.replace('connectors:\n', `connectors:\n${[...connectors, refused].join('\n')}\n`);
  };

  before(async () => {
    const closed = createServer();
    await new Promise<void>(resolve => closed.listen(0, '127.0.0.1', resolve));
    closedPort = (closed.address() as AddressInfo).port;
    await new Promise(resolve => closed.close(resolve));
    for (const name of NAMES) {
      oidc.break(discovery(name), name);
      saml.break(metadata(name), name);
    }
  });
  const world = useWorld({
    configure: withBroken,
    through: {
      oidc: good =>
        oidc.inFrontOf((request, response) => {
          // A repaired provider has its own name and the endpoints of the good one.
          const [, id] =
            /^\/(oidc-[\w-]+)\/\.well-known\/openid-configuration$/.exec(request.url!) ?? [];
          if (id === undefined) return good(request, response);
          const at = `http://${request.headers.host}`;
          response.writeHead(200, { 'content-type': 'application/json' }).end(
            JSON.stringify({
              issuer: `${at}/${id}`,
              authorization_endpoint: `${at}/auth`,
              token_endpoint: `${at}/token`,
              jwks_uri: `${at}/jwks`,
            }),
          );
        }),
      saml: good =>
        saml.inFrontOf((request, response) => {
          request.url = request.url!.replace(/^\/saml-[\w-]+\/metadata/, '/metadata');
          good(request, response);
        }),
    },
  });

  it('are shown on the sign-in page with the reason, and cannot be selected', async () => {
    const page = await new Visitor().get(world.urls.bridge);
    assert.equal(page.status, 200);

    for (const id of [
      ...NAMES.flatMap(name => [idOf('oidc', name), idOf('saml', name)]),
      'oidc-refused',
    ]) {
      assert.equal(page.$(`a[href^="/sign-in/${id}"]`).length, 0, id);
    }

    const reasons = page.text.match(/Not available since/g) ?? [];
    assert.equal(reasons.length, 2 * NAMES.length + 1);

    for (const reason of [
      /OIDC hang.{1,200}no complete answer within 5 s/,
      /OIDC huge.{1,200}larger than 4194304 bytes/,
      /OIDC redirect.{1,200}redirect \(302\), which is not followed/,
      /OIDC refused.{1,200}ECONNREFUSED/,
      /OIDC status 500.{1,200}status 500/,
      /SAML hang.{1,200}the metadata of the identity provider cannot be read/,
    ]) {
      assert.match(page.text, reason);
    }
    assert.doesNotMatch(page.html, /169\.254|wifi|svg\/onload/);
  });

  it('are logged with the cause', () => {
    const of = (id: string): string =>
      world.log.find(line => line.includes('connector unavailable') && line.includes(`"${id}"`))!;
    assert.match(of(idOf('saml', 'hang')), /no complete answer within 5 s/);
    assert.match(of(idOf('saml', 'huge')), /larger than 4194304 bytes/);
    assert.match(of(idOf('oidc', 'hang-up')), /cannot be reached|other side closed/);
  });

  it('do not affect the other connectors', () => assertNextSignInWorks(world));

  it('answer a sign-in with a page that links to the other connectors', async () => {
    // The bridge asks again, so this takes as long as the provider takes: the one that hangs is
    // left out.
    for (const id of [idOf('oidc', 'garbage'), idOf('saml', 'garbage'), 'oidc-refused']) {
      const page = await new Visitor().get(`${world.urls.bridge}/sign-in/${id}`);
      assert.equal(page.status, 503);
      assert.equal(codeOn(page), 'connector_unavailable');
      assert.equal(page.$('main a.button').attr('href'), '/sign-in');
      const event = (await world.audit()).find(
        ({ origin }) => origin.correlationId === page.headers.get('x-correlation-id'),
      );
      assert.ok(event?.type === 'sign-in.refused' && event.connector === id);
    }
  });

  it('work again at the first sign-in after they recover', async () => {
    for (const name of NAMES) {
      oidc.repair(discovery(name));
      saml.repair(metadata(name));
    }
    world.clock.turn(3);
    for (const id of NAMES.flatMap(name => [idOf('oidc', name), idOf('saml', name)])) {
      const page = await new Visitor().get(`${world.urls.bridge}/sign-in/${id}`, {
        stopAt: url => !url.startsWith(world.urls.bridge),
      });
      assert.equal(page.status, 303, `${id}: ${page.text}`);
    }

    const page = await new Visitor().get(world.urls.bridge);
    assert.equal(page.text.match(/Not available since/g)?.length, 1);
    assertLogIsClean(world);
  });
});

describe('an OpenID provider that breaks in the middle of a sign-in', () => {
  const provider = new BreakableParty();
  const world = useWorld({ through: { oidc: provider.inFrontOf } });

  /** carol has no groups in her id_token, so the userinfo endpoint is asked about her. */
  const ENDPOINTS = { '/token': 'alice', '/jwks': 'alice', '/me': 'carol' } as const;

  const signIn = async (visitor: Visitor, username: string): Promise<Page> => {
    const begin = await visitor.get(
      `${world.urls.bridge}/sign-in/${CONNECTOR.oidc}?reauthenticate=1`,
    );
    return enterPassword(visitor, begin, { username });
  };

  const assertUnreachable = async (page: Page, path: string): Promise<void> => {
    assert.equal(page.status, 502, page.text);
    assert.equal(codeOn(page), 'idp_unreachable');
    assert.doesNotMatch(page.html, /169\.254|wifi|svg\/onload/);
    const event = (await world.audit()).find(
      ({ origin }) => origin.correlationId === page.headers.get('x-correlation-id'),
    );
    assert.ok(event?.type === 'sign-in.refused');
    assert.equal(event.code, 'idp_unreachable');
    assert.ok(event.why.includes(path), event.why);
  };

  for (const [path, username] of Object.entries(ENDPOINTS)) {
    for (const how of NAMES.filter(name => name !== 'hang')) {
      it(`${how} at ${path} fails the sign-in and keeps the earlier session`, async () => {
        const { visitor } = await world.signIn('bob', 'saml');
        provider.break(path, how);
        await assertUnreachable(await signIn(visitor, username), path);
        provider.repair(path);
        assert.match((await visitor.get(world.urls.bridge)).$('header').text(), /Bob Brandt/);
      });
    }
  }

  it('an endpoint that hangs delays its own sign-in for five seconds, and no other', async () => {
    const started = Date.now();
    const held: { readonly path: string; readonly page: Promise<Page> }[] = [];

    // userinfo is asked last: a sign-in that hangs there must have passed the others before they
    // break.
    for (const [path, username] of Object.entries(ENDPOINTS).reverse()) {
      const struck = provider.break(path, 'hang');
      held.push({ path, page: signIn(new Visitor(), username) });
      await struck;
    }
    assert.equal((await world.signIn('bob', 'saml')).page.status, 200);
    assert.equal((await new Visitor().get(world.urls.bridge)).status, 200);

    for (const { path, page } of held) await assertUnreachable(await page, path);
    const seconds = (Date.now() - started) / 1000;
    assert.ok(seconds < 9, `${seconds} s`);
    for (const path of Object.keys(ENDPOINTS)) provider.repair(path);
  });

  it('a provider that refuses connections is reported as unavailable, and works again when it is back', async () => {
    const { port } = world.servers.oidc.address() as AddressInfo;
    const visitor = new Visitor();
    const login = await visitor.get(`${world.urls.bridge}/sign-in/${CONNECTOR.oidc}`);
    const callback = await visitor.submit(
      login,
      'form',
      { username: 'alice', password: 'alice' },
      { stopAt: url => url.startsWith(`${world.urls.bridge}/oidc/`) },
    );

    await new Promise(resolve => {
      world.servers.oidc.close(resolve);
      world.servers.oidc.closeAllConnections();
    });
    await assertUnreachable(await visitor.get(callback.path.at(-1)!), '/token');

    await new Promise<void>(resolve => world.servers.oidc.listen(port, '127.0.0.1', resolve));
    await assertNextSignInWorks(world);
    assertLogIsClean(world);
  });
});
