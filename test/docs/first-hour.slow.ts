/** Every command of docs/first-hour.md, as users run it, up to the first credentials. */
import assert from 'node:assert/strict';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type TestContext, test } from 'node:test';
import { createOidcIdp } from '../../src/dev/oidc-idp/oidc-idp.ts';
import { PEOPLE } from '../../src/dev/people.ts';
import { createSamlIdp } from '../../src/dev/saml-idp/saml-idp.ts';
import {
  assertFirstCredentials,
  assertSound,
  FIVE,
  freeSettings,
  runFirstHour,
} from '../support/first-hour.ts';
import { providerKeyPair } from '../support/keys.ts';
import { answer } from '../support/world.ts';

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

test('the first hour with a SAML identity provider takes five commands and no edit', async t => {
  const chosen = await freeSettings();
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
  const chosen = await freeSettings();
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
