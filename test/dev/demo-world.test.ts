import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  DeleteSAMLProviderCommand,
  GetAccountAuthorizationDetailsCommand,
  GetSAMLProviderCommand,
} from '@aws-sdk/client-iam';
import {
  AssumeRoleCommand,
  AssumeRoleWithSAMLCommand,
  type Credentials,
  GetCallerIdentityCommand,
  GetSessionTokenCommand,
} from '@aws-sdk/client-sts';
import {
  DEMO_ACCOUNTS,
  DEMO_BREAK_GLASS,
  DEMO_BUCKET,
  DEMO_OPERATOR,
  DEMO_SAML_PROVIDER,
  demoWorld,
} from '../../src/dev/demo-world.ts';
import { totpCode } from '../../src/dev/local-aws/totp.ts';
import { PEOPLE } from '../../src/dev/people.ts';
import { sendS3 } from './local-aws/s3-client.ts';
import { idpKey, metadataXml, samlResponse } from './local-aws/saml.ts';
import { useLocalAws } from './local-aws/support.ts';

const BRIDGE_URL = 'http://127.0.0.1:3000';
const PAGE = 'http://127.0.0.1:3004';

describe('the AWS of the demo', () => {
  const running = useLocalAws(photosWorld());

  it('gives the break-glass role to its IAM user with an MFA code only', async () => {
    const { prod } = DEMO_ACCOUNTS;
    const { accessKeyId, secretAccessKey, seed, serial, role, user } = DEMO_BREAK_GLASS;
    const sts = running.sts({ accessKeyId, secretAccessKey });
    const input = { RoleArn: `arn:aws:iam::${prod.id}:role/${role}`, RoleSessionName: user };
    await assert.rejects(sts.send(new AssumeRoleCommand(input)), { name: 'AccessDenied' });
    const keys = { accessKeyId, secretAccessKey };
    assert.equal((await sendS3(running, keys, `/${DEMO_BUCKET}?list-type=2`)).status, 403);

    const TokenCode = totpCode(seed, running.clock.now());
    const { Credentials } = await sts.send(
      new AssumeRoleCommand({ ...input, SerialNumber: serial, TokenCode }),
    );
    const assumed = running.sts(keysOf(Credentials));
    const { Arn } = await assumed.send(new GetCallerIdentityCommand({}));
    assert.equal(Arn, `arn:aws:sts::${prod.id}:assumed-role/${role}/${user}`);

    running.clock.turn(30);
    const session = await sts.send(
      new GetSessionTokenCommand({
        SerialNumber: serial,
        TokenCode: totpCode(seed, running.clock.now()),
      }),
    );
    const list = await sendS3(running, keysOf(session.Credentials), `/${DEMO_BUCKET}?list-type=2`);
    assert.equal(list.status, 200);
  });

  it('lets its operator read IAM of prod, and change nothing', async () => {
    const { user, ...keys } = DEMO_OPERATOR;
    const iam = running.iam(keys);
    const { RoleDetailList, UserDetailList } = await iam.send(
      new GetAccountAuthorizationDetailsCommand({}),
    );
    assert.ok(RoleDetailList!.some(({ RoleName }) => RoleName === 'Admin'));
    assert.ok(UserDetailList!.some(({ UserName }) => UserName === user));
    const arn = `arn:aws:iam::${DEMO_ACCOUNTS.prod.id}:saml-provider/${DEMO_SAML_PROVIDER}`;
    await iam.send(new GetSAMLProviderCommand({ SAMLProviderArn: arn }));
    await assert.rejects(iam.send(new DeleteSAMLProviderCommand({ SAMLProviderArn: arn })), {
      name: 'AccessDenied',
    });
  });

  it('gives each user their own photos, for the page of the application', async () => {
    for (const { username } of PEOPLE) {
      const credentials = await photoSession(username);
      const other = username === 'alice' ? 'bob' : 'alice';
      const list = await sendS3(
        running,
        credentials,
        `/${DEMO_BUCKET}?list-type=2&prefix=${username}/`,
        { headers: { Origin: PAGE } },
      );
      assert.equal(list.headers.get('access-control-allow-origin'), PAGE);
      const keys = [...(await list.text()).matchAll(/<Key>(.*?)<\/Key>/g)].map(match => match[1]);
      assert.deepEqual(keys, [`${username}/harbour.svg`, `${username}/mountain.svg`]);
      const picture = await sendS3(running, credentials, `/${DEMO_BUCKET}/${keys[0]}`);
      assert.equal(picture.headers.get('content-type'), 'image/svg+xml');
      for (const target of [
        `?list-type=2&prefix=${other}/`,
        '?list-type=2',
        `/${other}/harbour.svg`,
      ])
        assert.equal((await sendS3(running, credentials, `/${DEMO_BUCKET}${target}`)).status, 403);
    }
  });

  /** A session of PhotoUser with the tag that the template {username} gives. */
  async function photoSession(username: string) {
    const provider = `arn:aws:iam::${DEMO_ACCOUNTS.prod.id}:saml-provider/${DEMO_SAML_PROVIDER}`;
    const role = `arn:aws:iam::${DEMO_ACCOUNTS.prod.id}:role/PhotoUser`;
    const { Credentials } = await running.sts().send(
      new AssumeRoleWithSAMLCommand({
        RoleArn: role,
        PrincipalArn: provider,
        SAMLAssertion: samlResponse({
          issuer: `${BRIDGE_URL}/saml/idp`,
          roles: [`${role},${provider}`],
          now: running.clock.now(),
          tags: { User: [username] },
        }),
      }),
    );
    return keysOf(Credentials);
  }
});

/** The bridge does not run here: its metadata are those of the test's identity provider. */
function photosWorld() {
  const world = demoWorld({ bridgeUrl: BRIDGE_URL, photosUrl: PAGE });
  const metadata = {
    xml: metadataXml([idpKey().certificate], { entityId: `${BRIDGE_URL}/saml/idp` }),
  };
  return { ...world, samlProviders: world.samlProviders!.map(one => ({ ...one, metadata })) };
}

function keysOf(credentials: Credentials | undefined) {
  return {
    accessKeyId: credentials!.AccessKeyId!,
    secretAccessKey: credentials!.SecretAccessKey!,
    sessionToken: credentials!.SessionToken!,
  };
}
