/** Accounts, roles, credentials and logout of AWS clients that are logged in. */
import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import {
  GetRoleCredentialsCommand,
  ListAccountRolesCommand,
  ListAccountsCommand,
  LogoutCommand,
  paginateListAccountRoles,
  paginateListAccounts,
} from '@aws-sdk/client-sso';
import { awsToolsFor, useAwsTools } from '../../support/aws-tools.ts';
import type { Visitor } from '../../support/visitor.ts';
import { useWorld } from '../../support/world.ts';

const PROD = '111122223333';
const STAGING = '222233334444';
const error = (name: string, more: object = {}) => ({ name, ...more });

describe('AWS SDK clients of IAM Identity Center', () => {
  const world = useWorld();
  const tools = useAwsTools(world);
  let alice: Visitor;
  before(async () => {
    ({ visitor: alice } = await world.signIn('alice', 'saml'));
  });

  it('list accounts and roles, page by page', async () => {
    const { accessToken } = (await tools.logIn(alice)).tokens;
    let pages = 0;
    const accounts: (string | undefined)[] = [];

    for await (const page of paginateListAccounts(
      { client: tools.portal, pageSize: 3 },
      { accessToken },
    )) {
      accounts.push(...page.accountList!.map(({ accountName }) => accountName));
      pages += 1;
    }
    assert.deepEqual(accounts, ['gov', 'partner', 'prod', 'staging']);

    const roles: (string | undefined)[] = [];
    for await (const page of paginateListAccountRoles(
      { client: tools.portal, pageSize: 2 },
      { accessToken, accountId: PROD },
    )) {
      roles.push(...page.roleList!.map(({ roleName }) => roleName));
      pages += 1;
    }
    assert.deepEqual(roles, ['Admin', 'Developer', 'ReadOnly']);
    assert.equal(pages, 4);

    const nowhere = await tools.portal.send(
      new ListAccountRolesCommand({ accessToken, accountId: '999999999999' }),
    );
    assert.deepEqual(
      nowhere.roleList,
      [],
      'an account without a role of theirs is like an unknown one',
    );
  });

  it('get credentials, in milliseconds, shared by those who ask at once', async t => {
    const own = await awsToolsFor(t);
    const { visitor } = await own.world.signIn('alice', 'saml');
    const { tokens } = await own.tools.logIn(visitor);
    const ask = async (accessToken = tokens.accessToken) =>
      (
        await own.tools.portal.send(
          new GetRoleCredentialsCommand({ accessToken, accountId: PROD, roleName: 'Admin' }),
        )
      ).roleCredentials!;
    const answers = await Promise.all(Array.from({ length: 50 }, () => ask()));
    assert.equal(own.world.toAws.length, 1);
    const [first] = answers;
    assert.equal(new Set(answers.map(({ accessKeyId }) => accessKeyId)).size, 1);
    assert.ok(Math.abs(first!.expiration! - (own.world.clock.now() + 4 * 3600_000)) < 5000);
    const issued = (await own.world.audit()).filter(({ type }) => type === 'credentials.issued');
    assert.equal(issued.length, 50, 'every hand-out is recorded');

    own.world.clock.turn(299);
    assert.equal((await ask()).accessKeyId, first!.accessKeyId, 'for five minutes');
    own.world.clock.turn(2);
    assert.notEqual((await ask()).accessKeyId, first!.accessKeyId, 'then they are fetched again');
    assert.equal(own.world.toAws.length, 2);
  });

  it('get credentials of their own when another person, or the same one by another sign-in, has some', async t => {
    const own = await awsToolsFor(t);
    const keyOf = async (username: string): Promise<string> => {
      // The SAML IdP says when by the clock of this world; the OpenID provider by its own, in whole
      // seconds.
      const { visitor } = await own.world.signIn(username, 'saml');
      const { accessToken } = (await own.tools.logIn(visitor)).tokens;
      const asked = { accessToken, accountId: STAGING, roleName: 'Developer' };
      return (await own.tools.portal.send(new GetRoleCredentialsCommand(asked))).roleCredentials!
        .accessKeyId!;
    };
    const keys = [await keyOf('bob'), await keyOf('alice')];
    own.world.clock.turn(60);

    keys.push(await keyOf('bob'));

    assert.equal(new Set(keys).size, 3);
  });

  it('are told when AWS refuses, and do not ask again and again', async t => {
    const own = await awsToolsFor(t, { aws: world => ({ ...world, roles: [] }) });
    const { visitor } = await own.world.signIn('alice', 'saml');
    const { accessToken } = (await own.tools.logIn(visitor)).tokens;

    await assert.rejects(
      own.tools.portal.send(
        new GetRoleCredentialsCommand({ accessToken, accountId: PROD, roleName: 'Admin' }),
      ),
      error('ForbiddenException', { message: /AWS rejected the request/ }),
    );
  });

  it('report that AWS does not respond, and the next request asks AWS again', async t => {
    let isDown = true;
    const own = await awsToolsFor(t, {
      through: {
        aws: good => (request, response) =>
          isDown ? void response.writeHead(503).end() : good(request, response),
      },
    });
    const { visitor } = await own.world.signIn('alice', 'saml');
    const { accessToken } = (await own.tools.logIn(visitor)).tokens;

    const ask = () =>
      own.tools.portal.send(
        new GetRoleCredentialsCommand({ accessToken, accountId: PROD, roleName: 'Admin' }),
      );
    await assert.rejects(ask(), error('InternalServerException'));

    isDown = false;
    assert.match((await ask()).roleCredentials!.accessKeyId!, /^ASIA/);
  });

  it('are told which group is missing and where to ask, word for word', async t => {
    const own = await awsToolsFor(t);
    const { visitor } = await own.world.signIn('bob', 'oidc');
    const { accessToken } = (await own.tools.logIn(visitor)).tokens;
    await assert.rejects(
      own.tools.portal.send(
        new GetRoleCredentialsCommand({ accessToken, accountId: PROD, roleName: 'Admin' }),
      ),
      (fault: Error) => {
        assert.equal(fault.name, 'ForbiddenException');
        assert.match(
          fault.message,
          /^You do not have this role\. admins: Gives the role to the group aws-admins, and you are not in it\. .*Ask the platform team in #aws-access\. Reference [0-9a-f-]{36}\.$/,
        );
        return true;
      },
    );

    const refused = (await own.world.audit()).find(({ type }) => type === 'access.refused');
    assert.ok(
      refused?.type === 'access.refused' &&
        refused.code === 'access_denied' &&
        refused.actor.username === 'bob',
    );
  });

  it('are told which proof is missing, and that a new sign-in helps', async t => {
    const own = await awsToolsFor(t);
    const { visitor } = await own.world.signIn('alice', 'saml', { secondFactor: false });
    const { accessToken } = (await own.tools.logIn(visitor)).tokens;
    await assert.rejects(
      own.tools.portal.send(
        new GetRoleCredentialsCommand({ accessToken, accountId: PROD, roleName: 'Admin' }),
      ),
      error('ForbiddenException', {
        message:
          /with a second factor, and your sign-in had none\. .* In a terminal: sign out at the portal of this bridge, then aws sso login --profile/,
      }),
    );

    const { roleList } = await own.tools.portal.send(
      new ListAccountRolesCommand({ accessToken, accountId: PROD }),
    );
    assert.ok(
      roleList!.some(({ roleName }) => roleName === 'Admin'),
      'and the role is in the list, so that they ask',
    );
  });

  it('log out: the token is revoked, and an unknown one is no error', async t => {
    const own = await awsToolsFor(t);
    const { visitor } = await own.world.signIn('alice', 'saml');
    const { accessToken } = (await own.tools.logIn(visitor)).tokens;
    await own.tools.portal.send(new LogoutCommand({ accessToken: 'a-token-of-AWS-itself' }));

    await own.tools.portal.send(new LogoutCommand({ accessToken }));
    await assert.rejects(
      own.tools.portal.send(new ListAccountsCommand({ accessToken })),
      error('UnauthorizedException'),
    );

    const ended = (await own.world.audit()).find(({ type }) => type === 'cli-session.ended');
    assert.ok(ended?.type === 'cli-session.ended' && ended.by === 'client');
  });

  it('log out also when the access token has expired meanwhile: its refresh token is dead, too', async t => {
    const own = await awsToolsFor(t);
    const { visitor } = await own.world.signIn('alice', 'saml');
    const { client, tokens } = await own.tools.logIn(visitor);
    own.world.clock.turn(3661);
    await assert.rejects(
      own.tools.portal.send(new ListAccountsCommand({ accessToken: tokens.accessToken })),
      error('UnauthorizedException'),
    );

    await own.tools.portal.send(new LogoutCommand({ accessToken: tokens.accessToken }));
    await assert.rejects(
      own.tools.createToken(client, {
        grantType: 'refresh_token',
        refreshToken: tokens.refreshToken,
      }),
      error('InvalidGrantException'),
    );
  });
});

describe('bad input on that wire', () => {
  it('a role with the longest name there is leads to the next page', async t => {
    const long = 'x'.repeat(60);
    const own = await awsToolsFor(t, {
      configure: yaml =>
        yaml.replaceAll(
          /(roles?: \[?)Developer/g,
          `$1a/${`${'p'.repeat(100)}/`.repeat(4)}${long}, Developer`,
        ),
    });
    const { visitor } = await own.world.signIn('alice', 'saml');
    const { accessToken } = (await own.tools.logIn(visitor)).tokens;
    const names: (string | undefined)[] = [];

    for await (const page of paginateListAccountRoles(
      { client: own.tools.portal, pageSize: 1 },
      { accessToken, accountId: PROD },
    ))
      names.push(...page.roleList!.map(({ roleName }) => roleName));

    assert.ok(
      names.some(name => name!.endsWith(long)) &&
        names.length === new Set(names).size &&
        names.length >= 4,
      names.join(),
    );
  });
});
