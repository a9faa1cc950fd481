/**
 * The SSO credential providers of the AWS SDK for JavaScript, with what the page "Use it in your
 * terminal" gives, and a login of the AWS kind.
 */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { fromSSO } from '@aws-sdk/credential-providers';
import { startUrlOf } from '../../src/core/aws-config.ts';
import { awsTools } from '../support/aws-tools.ts';
import { useDirectory } from '../support/directory.ts';
import { useWorld } from '../support/world.ts';

const CALLER_IDENTITY = fileURLToPath(new URL('../support/caller-identity.ts', import.meta.url));
const run = promisify(execFile);

describe('the SSO credential providers of the SDK', () => {
  const world = useWorld();
  const home = useDirectory();
  before(async () => {
    mkdirSync(home.file('.aws/sso/cache'), { recursive: true });
    const { visitor } = await world.signIn('alice', 'saml');
    const page = await visitor.get(`${world.urls.bridge}/aws-config?dialect=sso-session`);
    assert.equal(page.headers.get('content-type')?.split(';')[0], 'text/plain');
    writeFileSync(home.file('.aws/config'), page.html);
    // What `aws sso login` leaves behind.
    const tools = awsTools(world);
    const { client, tokens } = await tools.logIn(visitor);
    const { startUrl } = tools;
    tools.close();
    const iso = (seconds: number): string =>
      new Date(seconds * 1000).toISOString().replace(/\.\d+Z$/, 'Z');
    writeFileSync(
      tokenFile(),
      JSON.stringify({
        startUrl,
        region: 'us-east-1',
        accessToken: tokens.accessToken,
        // As if it were about to end: the SDK must renew it.
        expiresAt: iso(Date.now() / 1000 + 60),
        clientId: client.clientId,
        clientSecret: client.clientSecret,
        registrationExpiresAt: iso(client.clientSecretExpiresAt!),
        refreshToken: tokens.refreshToken,
      }),
    );
  });
  const session = (): string => new URL(world.urls.bridge).host.replace(':', '-');
  const tokenFile = (): string =>
    home.file('.aws/sso/cache', `${createHash('sha1').update(session()).digest('hex')}.json`);
  const token = (): string =>
    (JSON.parse(readFileSync(tokenFile(), 'utf8')) as { accessToken: string }).accessToken;

  it('the default chain uses the profile of AWS_PROFILE with its endpoint, and renews the token', async () => {
    const before = token();
    const { stdout } = await run(process.execPath, [CALLER_IDENTITY], {
      env: {
        PATH: process.env.PATH,
        HOME: home.path,
        AWS_PROFILE: 'staging-Developer',
        AWS_ENDPOINT_URL_STS: world.urls.aws,
      },
    });

    assert.match(stdout, /^arn:aws:sts::222233334444:assumed-role\/Developer\/alice-/);
    assert.notEqual(token(), before);
  });

  it('fromSSO gives credentials in code', async () => {
    const provider = fromSSO({
      ssoStartUrl: startUrlOf({ baseUrl: world.urls.bridge, ssoRegion: 'us-east-1' }),
      ssoAccountId: '111122223333',
      ssoRegion: 'us-east-1',
      ssoRoleName: 'ReadOnly',
      ssoSession: session(),
      filepath: home.file('.aws/config'),
      configFilepath: home.file('.aws/config'),
      profile: 'prod-ReadOnly',
      clientConfig: { endpoint: world.urls.bridge },
    });
    const before = process.env.HOME;
    process.env.HOME = home.path;

    try {
      const { accessKeyId, expiration } = await provider();
      assert.match(accessKeyId, /^ASIA/);
      assert.ok(expiration! > new Date());
    } finally {
      process.env.HOME = before;
    }
  });
});
