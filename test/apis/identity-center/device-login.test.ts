/** Logins of AWS clients by a device code. */
import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import {
  GetRoleCredentialsCommand,
  ListAccountRolesCommand,
  ListAccountsCommand,
} from '@aws-sdk/client-sso';
import { awsToolsFor, useAwsTools } from '../../support/aws-tools.ts';
import { beginDevice } from '../../support/cli-login.ts';
import type { Visitor } from '../../support/visitor.ts';
import { useWorld } from '../../support/world.ts';

const PROD = '111122223333';
const error = (name: string, more: object = {}) => ({ name, ...more });

describe('AWS SDK clients of IAM Identity Center', () => {
  const world = useWorld();
  const tools = useAwsTools(world);
  let alice: Visitor;
  before(async () => {
    ({ visitor: alice } = await world.signIn('alice', 'saml'));
  });

  it('log in by a device code, and poll as the AWS CLI does', async () => {
    const client = await tools.register();
    const { deviceCode, ...begun } = await tools.begin({ ...client, clientSecret: 'anything' });
    assert.deepEqual(
      [begun.expiresIn, begun.interval, begun.verificationUri],
      [600, 5, `${world.urls.bridge}/device`],
    );

    const poll = () => tools.createToken(client, { deviceCode });
    for (const _ of ['before the code is shown', 'and after'])
      await assert.rejects(
        poll(),
        error('AuthorizationPendingException', { error: 'authorization_pending' }),
      );
    await assert.rejects(poll(), error('SlowDownException', { error: 'slow_down' }));

    const form = await alice.get(`${world.urls.bridge}/device`);
    const question = await alice.submit(form, 'form[action="/device"]', {
      user_code: begun.userCode!,
    });
    assert.match(question.text, /botocore-client-test as it calls itself/);

    await alice.submit(question, 'button[value=approve]');
    world.clock.turn(11);
    const tokens = await poll();
    assert.deepEqual([tokens.tokenType, tokens.expiresIn], ['Bearer', 3600]);
    world.clock.turn(11);
    assert.equal((await poll()).accessToken, tokens.accessToken);
    world.clock.turn(60);
    await assert.rejects(poll(), error('InvalidGrantException'));
  });

  it('reach by a device code what the configuration allows such logins, and no more', async t => {
    const own = await awsToolsFor(t, {
      configure: yaml => `${yaml}\ncli: { deviceGrant: { roles: ["prod/ReadOnly"] } }\n`,
    });
    const { visitor } = await own.world.signIn('alice', 'saml');
    const { accessToken } = (await own.tools.logIn(visitor)).tokens;
    const { portal } = own.tools;

    const { accountList } = await portal.send(new ListAccountsCommand({ accessToken }));
    assert.deepEqual(
      accountList!.map(({ accountName }) => accountName),
      ['prod'],
    );

    const { roleList } = await portal.send(
      new ListAccountRolesCommand({ accessToken, accountId: PROD }),
    );
    assert.deepEqual(
      roleList!.map(({ roleName }) => roleName),
      ['ReadOnly'],
    );

    await portal.send(
      new GetRoleCredentialsCommand({ accessToken, accountId: PROD, roleName: 'ReadOnly' }),
    );
    await assert.rejects(
      portal.send(
        new GetRoleCredentialsCommand({ accessToken, accountId: PROD, roleName: 'Admin' }),
      ),
      error('ForbiddenException', { message: /aws sso login, without --use-device-code/ }),
    );

    const [refusal, handout] = (await own.world.audit()).filter(
      ({ type }) => type === 'access.refused' || type === 'credentials.issued',
    );
    assert.ok(refusal?.type === 'access.refused' && handout?.type === 'credentials.issued');
    assert.ok(
      handout.cliSession !== undefined && handout.cliSession === refusal.cliSession,
      'both name the session in the terminal',
    );
  });
});

describe('bad input on that wire', () => {
  it('rejects logins by a code beyond 600 a minute from one address, whichever door they take', async t => {
    const own = await awsToolsFor(t);
    const asking = await own.tools.register();
    const body = JSON.stringify({
      clientId: asking.clientId,
      startUrl: `${own.world.urls.bridge}/start`,
    });
    const begin = async (): Promise<number> => {
      const headers = { 'content-type': 'application/json' };
      const response = await fetch(`${own.world.urls.bridge}/device_authorization`, {
        method: 'POST',
        headers,
        body,
      });
      await response.text();
      return response.status;
    };

    const statuses = await Promise.all(Array.from({ length: 580 }, begin));
    assert.ok(statuses.every(status => status === 200));

    const others = await Promise.all(Array.from({ length: 21 }, () => beginDevice(own.world)));
    assert.equal(
      others.filter(({ status }) => status === 429).length,
      1,
      'at both endpoints together',
    );

    // At 429 the AWS CLI would give up.
    const slowDown = { error_description: /Wait \d+ seconds?, then try again\./ };
    await assert.rejects(own.tools.begin(asking), error('SlowDownException', slowDown));
  });
});
