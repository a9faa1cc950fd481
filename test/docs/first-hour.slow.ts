/** Every command of docs/first-hour.md, as users run it, up to the first credentials. */
import assert from 'node:assert/strict';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type TestContext, test } from 'node:test';
import { createOidcIdp } from '../../src/dev/oidc-idp/oidc-idp.ts';
import { PEOPLE } from '../../src/dev/people.ts';
import { createSamlIdp } from '../../src/dev/saml-idp/saml-idp.ts';
import { type FirstHour, runFirstHour } from '../support/first-hour.ts';
import { freePort } from '../support/free-port.ts';
import { button, callerOf, credentialsOn } from '../support/handout.ts';
import { providerKeyPair } from '../support/keys.ts';
import { Visitor } from '../support/visitor.ts';
import { answer, enterPassword } from '../support/world.ts';

const FIVE = ['init', 'trust', 'check', 'doctor', 'serve'];
const CLIENT_SECRET = 'a-client-secret-that-a-user-pastes';

async function listening(
  t: TestContext,
): Promise<{ readonly server: Server; readonly url: string }> {
  const server = createServer();
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return { server, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
}

async function settings() {
  const [port, awsPort] = [await freePort(), await freePort()];
  const BASE_URL = `http://127.0.0.1:${port}`;
  return { BASE_URL, LISTEN: `127.0.0.1:${port}`, LOCAL_AWS_PORT: String(awsPort) };
}

/** alice signs in, opens the console, and gets credentials that AWS accepts. */
async function assertFirstCredentials(chosen: Awaited<ReturnType<typeof settings>>): Promise<void> {
  const visitor = new Visitor();
  const login = await visitor.get(`${chosen.BASE_URL}/sign-in/sso`);
  const portal = await enterPassword(visitor, login, { username: 'alice' });
  const shown = await visitor.submit(portal, button('Credentials', 'prod', 'Admin'));
  const aws = `http://127.0.0.1:${chosen.LOCAL_AWS_PORT}`;
  assert.match(
    await callerOf(aws, credentialsOn(shown)),
    /^arn:aws:sts::111122223333:assumed-role\/Admin\/alice-[a-z2-7]{16}$/,
  );
  const console = await visitor.submit(portal, button('Console', 'prod', 'Admin'));
  assert.ok(console.url.startsWith(`${aws}/console`), console.url);
}

function assertSound({ outputs }: FirstHour): void {
  assert.match(outputs.check!, /is in order: 1 connectors, 1 accounts, 1 access rules/);
  assert.match(outputs.doctor!, /^0 errors, 0 warnings/m);
  assert.match(outputs.trust!, /aws cloudformation deploy /);
}

test('the first hour with a SAML identity provider takes five commands and no edit', async t => {
  const chosen = await settings();
  const { server, url } = await listening(t);
  const { handler } = await createSamlIdp({
    ...{ baseUrl: url, people: PEOPLE, keyPair: await providerKeyPair('saml') },
    serviceProviders: [{ metadataUrl: `${chosen.BASE_URL}/saml/sso/metadata` }],
  });
  answer(server, handler as RequestListener);

  const hour = await runFirstHour({
    protocol: 'saml',
    settings: { ...chosen, METADATA: `${url}/metadata`, GROUPS_NAME: 'memberOf' },
  });
  t.after(() => hour.close());

  assert.deepEqual([hour.commands, hour.edits], [FIVE, []]);
  assertSound(hour);
  await assertFirstCredentials(chosen);
});

test('the first hour with an OpenID provider takes five commands and the secret', async t => {
  const chosen = await settings();
  const { server, url } = await listening(t);
  const { handler } = await createOidcIdp({
    ...{ baseUrl: url, people: PEOPLE, keyPair: await providerKeyPair('oidc') },
    clients: [
      {
        clientId: 'the-bridge',
        clientSecret: CLIENT_SECRET,
        redirectUris: [`${chosen.BASE_URL}/oidc/sso/callback`],
        postLogoutRedirectUris: [`${chosen.BASE_URL}/`],
        backchannelLogoutUri: `${chosen.BASE_URL}/oidc/sso/backchannel-logout`,
      },
    ],
  });
  answer(server, handler as RequestListener);

  const hour = await runFirstHour({
    protocol: 'oidc',
    settings: { ...chosen, ISSUER: url, CLIENT_ID: 'the-bridge' },
    clientSecret: CLIENT_SECRET,
  });
  t.after(() => hour.close());

  assert.deepEqual([hour.commands, hour.edits], [FIVE, ['client-secret']]);
  assertSound(hour);
  await assertFirstCredentials(chosen);
});
