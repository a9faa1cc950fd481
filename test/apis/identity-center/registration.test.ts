/** Registration of AWS clients, and the start URL by which they find the bridge. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { awsToolsFor, useAwsTools } from '../../support/aws-tools.ts';
import { useWorld } from '../../support/world.ts';

const error = (name: string, more: object = {}) => ({ name, ...more });

describe('AWS SDK clients of IAM Identity Center', () => {
  const world = useWorld();
  const tools = useAwsTools(world);

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
});

describe('bad input on that wire', () => {
  const world = useWorld();
  const tools = useAwsTools(world);

  it('a registration ends, and with it what it may ask for', async t => {
    const own = await awsToolsFor(t);
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
