/**
 * Users sign in to the whole bridge through Keycloak, an identity provider that is not ours, in a
 * real browser; and what its administrators change reaches them.
 */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Page } from 'playwright-core';
import { chromiumMissing, useBrowser } from '../support/browser.ts';
import { callApi } from '../support/cli-login.ts';
import { useRow } from '../support/compatibility.ts';
import { useFixture } from '../support/fixture.ts';
import { Visitor } from '../support/visitor.ts';
import { enterPassword as passwordEntered, type World } from '../support/world.ts';
import { keycloakMissing, keycloakVersion, startKeycloak } from './keycloak.ts';
import { enterCode, enterPassword, logTerminalIn, signIn } from './keycloak-browser.ts';
import { keycloakProvider, realmForTests, startFederation } from './keycloak-federation.ts';
import { showsUsers } from './provider-suite.ts';

const CONNECTORS = [
  ['OpenID Connect', 'keycloak-oidc'],
  ['SAML', 'keycloak-saml'],
] as const;

/** A hand-out to a terminal. */
const credentials = (role: string) => ({
  method: 'POST',
  path: '/credentials',
  body: { account: 'prod', role },
});

describe('a bridge in front of Keycloak', { skip: keycloakMissing() || chromiumMissing() }, () => {
  const keycloak = useFixture(
    () => startKeycloak(realmForTests()),
    server => server.stop(),
  );
  const browser = useBrowser();
  const rows = {
    'keycloak-oidc': useRow('keycloak-oidc', keycloakVersion),
    'keycloak-saml': useRow('keycloak-saml', keycloakVersion),
  };
  const useFederation = (configure?: (yaml: string) => string): World =>
    useFixture(
      () => startFederation(keycloak, configure),
      world => world.close(),
    );

  describe('with the documented configuration', () => {
    const world = useFederation();
    const role = (name: string): string => `${world.urls.bridge}/console?account=prod&role=${name}`;
    const lastSignIn = async () => {
      const event = (await world.audit()).find(({ type }) => type === 'sign-in.succeeded');
      assert.ok(event?.type === 'sign-in.succeeded');
      return event;
    };

    for (const [protocol, connector] of CONNECTORS) {
      describe(`by ${protocol}`, () => {
        showsUsers(rows[connector], keycloakProvider(world, keycloak, connector));
      });

      it(`signs alice in by ${protocol} and opens prod/Developer in the console`, () =>
        browser.visit(async page => {
          await signIn(page, world, { username: 'alice', connector });
          const { actor, groupCount, multiFactor } = await lastSignIn();
          assert.deepEqual([actor.username, groupCount, multiFactor], ['alice', 2, false]);
          await page.goto(role('Developer'));
          await page.getByRole('heading', { name: 'Developer in prod' }).waitFor();
          assert.match(await page.locator('body').innerText(), /assumed-role\/Developer\/alice-/);
        }));
    }

    rows['keycloak-oidc'].it(
      'step-up',
      'asks alice, signed in by OpenID Connect, for her one-time code alone, and opens prod/Admin',
      () =>
        browser.visit(async page => {
          await signIn(page, world, { username: 'alice' });
          await page.goto(role('Admin'));
          await enterCode(page);
          await page.getByRole('heading', { name: 'Admin in prod' }).waitFor();
          const event = (await world.audit()).find(({ type }) => type === 'sign-in.stepped-up');
          assert.ok(event?.type === 'sign-in.stepped-up');
          assert.deepEqual([event.actor.username, event.methods], ['alice', ['gold']]);
        }),
    );

    rows['keycloak-saml'].it(
      'step-up',
      'asks alice, signed in by SAML, for her password and one-time code, and opens prod/Admin',
      () =>
        browser.visit(async page => {
          await signIn(page, world, { username: 'alice', connector: 'keycloak-saml' });
          await page.goto(role('Admin'));
          await enterPassword(page, 'alice');
          await enterCode(page);
          await page.getByRole('heading', { name: 'Admin in prod' }).waitFor();
        }),
    );
  });

  describe('whose terminals can be stepped up', () => {
    const world = useFederation(yaml => `${yaml}cli: { deviceGrant: { stepUp: true } }\n`);

    it("asks for alice's one-time code by the address of the refusal, and the same request succeeds", () =>
      browser.visit(async page => {
        await signIn(page, world, { username: 'alice' });
        const token = await logTerminalIn(page, world);
        const request = credentials('Admin');
        const refused = await callApi(world, token, request);
        assert.deepEqual([refused.status, refused.json.code], [403, 'proof_missing']);
        await page.goto(refused.json.step_up_url);
        await page.getByRole('button', { name: 'Continue' }).click();
        await enterCode(page);
        await page.getByRole('heading', { name: 'Your terminal is verified' }).waitFor();
        assert.equal((await callApi(world, token, request)).status, 200);
      }));
  });

  describe('that does not reach what is asked for', () => {
    const world = useFederation(yaml =>
      yaml
        .replace('acrValues: [gold]', 'acrValues: [platinum]')
        .replace('https://refeds.org/profile/mfa', 'https://acme.example/platinum'),
    );

    const answers = {
      'keycloak-oidc': { login: '/protocol/openid-connect/auth', shown: /silver/ },
      'keycloak-saml': { login: '/protocol/saml', shown: /NoAuthnContext/ },
    };
    for (const [protocol, connector] of CONNECTORS) {
      it(`shows what Keycloak answered instead by ${protocol}, and asks once`, () =>
        browser.visit(async page => {
          const { login, shown } = answers[connector];
          await signIn(page, world, { username: 'alice', connector });
          const asked: string[] = [];
          page.on('request', request => asked.push(new URL(request.url()).pathname));
          await page.goto(`${world.urls.bridge}/console?account=prod&role=Admin`);
          await page.getByText('step_up_failed').waitFor();
          assert.match(await page.locator('main').innerText(), shown);
          assert.equal(asked.filter(path => path.endsWith(login)).length, 1, asked.join('\n'));
        }));
    }
  });

  describe('that asks Keycloak about its users again', () => {
    const world = useFederation(yaml => yaml.replace('every: 15m', 'every: 1m'));
    const askAgain = (token: string) => {
      world.clock.turn(61);
      return callApi(world, token, credentials('Developer'));
    };
    const rolesOf = async (token: string): Promise<string[]> => {
      const { json } = await callApi(world, token, { path: '/roles' });
      return json.roles.map(
        ({ account, role }: { account: { name: string }; role: string }) =>
          `${account.name}/${role}`,
      );
    };

    rows['keycloak-oidc'].it(
      'refresh of groups',
      'uses each refresh token once, and refuses a role whose group was removed between two hand-outs',
      () =>
        browser.visit(async page => {
          await keycloak.admin.addUser('frank', ['developers', 'aws-staging-ReadOnly']);
          await signIn(page, world, { username: 'frank' });
          const token = await logTerminalIn(page, world);
          for (const _ of ['first', 'second']) assert.equal((await askAgain(token)).status, 200);

          await keycloak.admin.leaveGroup('frank', 'developers');
          const refused = await askAgain(token);
          assert.deepEqual([refused.status, refused.json.code], [403, 'access_denied']);
          assert.match(
            refused.json.trace.steps[0].sentence,
            /the group developers, .* has not sent this group since 20/,
          );
          assert.deepEqual(await rolesOf(token), ['staging/ReadOnly']);

          // Keycloak has no claim for no groups.
          await keycloak.admin.leaveGroup('frank', 'aws-staging-ReadOnly');
          await askAgain(token);
          assert.deepEqual(await rolesOf(token), []);
        }),
    );

    it('ends the sessions of a user who was disabled between two hand-outs', () =>
      browser.visit(async page => {
        await keycloak.admin.addUser('gina', ['developers']);
        await signIn(page, world, { username: 'gina' });
        const token = await logTerminalIn(page, world);
        assert.equal((await askAgain(token)).status, 200);

        await keycloak.admin.disable('gina');
        assert.equal((await askAgain(token)).status, 401);
        await page.goto(world.urls.bridge);
        await page.getByRole('heading', { name: 'Sign in' }).waitFor();
      }));
  });

  describe('that a user signs out of', () => {
    const world = useFederation(yaml => yaml.replace('every: 15m', 'every: 1m'));
    const signOut = async (page: Page, where: '' | ' everywhere' = '') => {
      await page.goto(`${world.urls.bridge}/sessions`);
      // The head of the page and the row of this browser have the same button.
      await page
        .getByRole('button', { name: `Sign out${where}`, exact: true })
        .first()
        .click();
    };
    const isAskedForPassword = async (page: Page) => {
      await page.waitForURL(`${world.urls.bridge}/signed-out`);
      await page.getByRole('heading', { name: 'You are signed out' }).waitFor();
      await page.goto(`${world.urls.bridge}/sign-in/keycloak-oidc`);
      await page.getByRole('textbox', { name: 'Password' }).waitFor();
    };

    rows['keycloak-oidc'].it(
      'sign-out there',
      'ends the session at Keycloak when the user follows the link',
      () =>
        browser.visit(async page => {
          await signIn(page, world, { username: 'bob' });
          await signOut(page);
          await page.getByRole('link', { name: 'Sign out at Keycloak (OpenID Connect)' }).click();
          await isAskedForPassword(page);
        }),
    );

    it('ends the session at Keycloak by itself after a sign-out everywhere', () =>
      browser.visit(async page => {
        await signIn(page, world, { username: 'bob' });
        await signOut(page, ' everywhere');
        await isAskedForPassword(page);
      }));

    it('keeps the refresh token of a terminal whose session at Keycloak another sign-in shares', () =>
      browser.visit(async page => {
        await keycloak.admin.addUser('hank', ['developers']);
        await signIn(page, world, { username: 'hank' });
        const token = await logTerminalIn(page, world);
        await signOut(page);
        await page.goto(`${world.urls.bridge}/sign-in/keycloak-oidc`);
        await page.getByRole('heading', { name: 'Your roles' }).waitFor();
        await signOut(page);
        await page.getByRole('heading', { name: 'You are signed out here' }).waitFor();
        for (const _ of ['at once', 'later']) {
          world.clock.turn(61);
          assert.equal((await callApi(world, token, credentials('Developer'))).status, 200);
        }
      }));
  });

  for (const endsTerminals of [false, true]) {
    describe(`that hears of sign-outs with endsTerminals: ${endsTerminals}`, () => {
      const world = useFederation(yaml =>
        yaml.replace('backchannel: true', `backchannel: true, endsTerminals: ${endsTerminals}`),
      );

      rows['keycloak-oidc'].it(
        'back-channel sign-out',
        `ends browser sessions ${endsTerminals ? 'and terminals' : 'alone'} when an administrator signs the user out`,
        () =>
          browser.visit(async page => {
            await signIn(page, world, { username: 'bob' });
            const token = await logTerminalIn(page, world);
            await keycloak.admin.endSessions('bob');
            await page.goto(world.urls.bridge);
            await page.getByRole('heading', { name: 'Sign in' }).waitFor();
            const { status } = await callApi(world, token, { path: '/roles' });
            assert.equal(status, endsTerminals ? 401 : 200);
          }),
      );
    });
  }

  describe('while Keycloak encrypts assertions', () => {
    const world = useFederation(yaml =>
      yaml.replace(
        '      stepUp: { authnContext',
        '      allowCbc: true\n      stepUp: { authnContext',
      ),
    );
    const XMLENC11 = 'http://www.w3.org/2009/xmlenc11#';
    const arrival = async (attributes: Readonly<Record<string, string>>): Promise<string> => {
      const { bridge } = world.urls;
      const metadata = await (await fetch(`${bridge}/saml/keycloak-saml/metadata`)).text();
      const [, certificate] = /use="encryption">.*?<ds:X509Certificate>([^<]*)/s.exec(metadata)!;
      await keycloak.admin.setSamlClient({
        'saml.encrypt': 'true',
        'saml.encryption.certificate': certificate!,
        ...attributes,
      });
      const visitor = new Visitor();
      const login = await visitor.get(`${bridge}/sign-in/keycloak-saml`);
      const { text } = await passwordEntered(visitor, login, { username: 'bob' });
      await keycloak.admin.setSamlClient({ 'saml.encrypt': 'false' });
      return text;
    };

    const cases: Readonly<Record<string, Readonly<Record<string, string>>>> = {
      'by its defaults': {},
      'by AES-256-GCM': { 'saml.encryption.algorithm': `${XMLENC11}aes256-gcm` },
      'by AES-192-GCM': { 'saml.encryption.algorithm': `${XMLENC11}aes192-gcm` },
      'by OAEP of SHA-256': {
        'saml.encryption.algorithm': `${XMLENC11}aes128-gcm`,
        'saml.encryption.keyAlgorithm': `${XMLENC11}rsa-oaep`,
        'saml.encryption.digestMethod': 'http://www.w3.org/2001/04/xmlenc#sha256',
        'saml.encryption.maskGenerationFunction': `${XMLENC11}mgf1sha256`,
      },
      'by OAEP of two digests': {
        'saml.encryption.algorithm': `${XMLENC11}aes128-gcm`,
        'saml.encryption.keyAlgorithm': 'http://www.w3.org/2001/04/xmlenc#rsa-oaep-mgf1p',
        'saml.encryption.digestMethod': 'http://www.w3.org/2001/04/xmlenc#sha256',
      },
      'by AES-256-CBC, in a signed Response': {
        'saml.encryption.algorithm': 'http://www.w3.org/2001/04/xmlenc#aes256-cbc',
      },
    };
    for (const [how, attributes] of Object.entries(cases))
      it(`signs bob in ${how}`, async () => {
        assert.match(await arrival(attributes), /Your roles/);
      });
  });

  describe('while Keycloak changes its key', () => {
    const world = useFederation();

    const arrival = async (connector: string): Promise<string> => {
      const visitor = new Visitor();
      const login = await visitor.get(`${world.urls.bridge}/sign-in/${connector}`);
      return (await passwordEntered(visitor, login, { username: 'bob' })).text;
    };

    it('accepts a new key in id_tokens at once, and in assertions after the first one', async () => {
      for (const [, connector] of CONNECTORS) assert.match(await arrival(connector), /Your roles/);
      await keycloak.admin.addSigningKey();
      world.clock.turn(61);

      assert.match(await arrival('keycloak-oidc'), /Your roles/);
      assert.match(await arrival('keycloak-saml'), /saml_response_refused/);
      assert.match(await arrival('keycloak-saml'), /Your roles/);
    });
  });
});
