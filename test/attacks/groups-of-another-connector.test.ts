/**
 * A second identity provider, less trusted than the first, asserts the group names of the first
 * (threats R42).
 */
import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import { GetRoleCredentialsCommand, ListAccountsCommand } from '@aws-sdk/client-sso';
import type { Person } from '../../src/dev/people.ts';
import { useAwsTools } from '../support/aws-tools.ts';
import { beginDevice, callApi, confirmDevice, pollDevice } from '../support/cli-login.ts';
import { button, refusalOn } from '../support/handout.ts';
import { type Page, Visitor } from '../support/visitor.ts';
import { CONNECTOR, enterPassword, type Protocol, useWorld } from '../support/world.ts';

const VENDOR: Readonly<Record<Protocol, string>> = { oidc: 'vendor-oidc', saml: 'vendor-saml' };
const ROLES = [
  'prod/Admin',
  'staging/Admin',
  'gov/Admin',
  'partner/Auditor',
  'prod/Developer',
  'prod/ReadOnly',
  'staging/ReadOnly',
];

/**
 * Everything that a rule of the demo could ask for: its groups, and names that its pattern would
 * read.
 */
const MALLORY: Person = {
  username: 'mallory',
  password: 'mallory',
  displayName: 'Mallory',
  email: 'mallory@vendor.example',
  department: 'Platform',
  groups: [
    'aws-admins',
    'developers',
    'aws-prod-ReadOnly',
    'aws-staging-ReadOnly',
    'aws-111122223333-ReadOnly',
    'aws-prod-Admin',
  ],
};

/** The same identity providers a second time, as connectors that no rule names. */
function withVendors(yaml: string): string {
  return yaml.replaceAll(
    /^ {2}- id: corp-(oidc|saml)\n(?: {4}.*\n)+/gm,
    (block, protocol: Protocol) => {
      return `${block}${block.replace(CONNECTOR[protocol], VENDOR[protocol]).replace(/label: .*/, `label: Vendor ${protocol}`)}`;
    },
  );
}

describe('groups of a connector that no rule names', () => {
  const world = useWorld({
    people: [MALLORY],
    connectors: { oidc: [VENDOR.oidc], saml: [VENDOR.saml] },
    configure: withVendors,
  });
  const tools = useAwsTools(world);

  const signIn = async (connector: string) => {
    const visitor = new Visitor();
    const login = await visitor.get(`${world.urls.bridge}/sign-in/${connector}`);
    return { visitor, page: await enterPassword(visitor, login, { username: 'mallory' }) };
  };

  for (const protocol of ['oidc', 'saml'] as const) {
    it(`grant roles when the connector of the rules asserts them by ${protocol}`, async () => {
      const { visitor, page } = await signIn(CONNECTOR[protocol]);
      for (const role of ROLES)
        assert.equal(page.$(button('Credentials', ...named(role))).length, 1, role);
      assert.equal(
        (await visitor.submit(page, button('Credentials', 'prod', 'Admin'))).status,
        200,
      );
    });

    describe(`asserted by the other connector by ${protocol}`, () => {
      let visitor: Visitor;
      let page: Page;
      before(async () => {
        ({ visitor, page } = await signIn(VENDOR[protocol]));
      });

      it('grant no role in the portal', () => {
        assert.equal(page.status, 200);
        assert.deepEqual(
          page
            .$('button[aria-label]')
            .toArray()
            .map(element => page.$(element).attr('aria-label'))
            .filter(label => /^(?:Credentials|Console): /.test(label!)),
          [],
        );
      });

      for (const role of ROLES) {
        it(`grant neither credentials nor a console session of ${role}, and send nothing to AWS`, async () => {
          const before = world.toAws.length;
          const [account, name] = named(role);

          for (const door of ['credentials', 'console']) {
            const refused = await visitor.get(
              `${world.urls.bridge}/${door}?account=${account}&role=${name}`,
            );
            assert.equal(refused.status, 403, door);
            assert.match(refused.text, /access_denied/);
            assert.match(
              refused.text,
              new RegExp(
                `Takes groups of corp-oidc, corp-saml only, and you signed in with ${VENDOR[protocol]}\\.`,
              ),
            );
            assert.ok(
              !refused.text.includes('aws-admins'),
              "the groups of a rule are no business of the vendor's users",
            );
            const { why } = await refusalOn(world, refused);
            assert.match(
              why,
              new RegExp(`takes groups of corp-oidc, corp-saml, not of ${VENDOR[protocol]}`),
            );
          }
          assert.equal(world.toAws.length, before);
        });
      }

      it('grant nothing to a terminal', async () => {
        const { json: begun } = await beginDevice(world);
        await confirmDevice(world, visitor, begun.user_code);
        const { access_token: token } = (await pollDevice(world, begun.device_code)).json;
        assert.deepEqual((await callApi(world, token, { path: '/roles' })).json.roles, []);

        for (const [account, role] of ROLES.map(named)) {
          for (const path of ['/credentials', '/console-link', '/container-tokens']) {
            const refused = await callApi(world, token, {
              method: 'POST',
              path,
              body: { account, role },
            });
            assert.deepEqual(
              [refused.status, refused.json.code],
              [403, 'access_denied'],
              `${path} ${account}/${role}`,
            );
          }
        }

        const { json } = await callApi(world, token, { path: '/explain?account=prod&role=Admin' });
        assert.equal(json.outcome, 'refused');
        assert.deepEqual(
          new Set(json.steps.map(({ outcome }: { outcome: string }) => outcome)),
          new Set(['connector-mismatch']),
        );
        assert.match(json.next_step, /Only groups of corp-oidc, corp-saml give this role/);
        assert.ok(!JSON.stringify(json).includes('aws-admins'));
      });

      it('grant nothing to an AWS tool', async () => {
        const { accessToken } = (await tools.logIn(visitor)).tokens;
        assert.deepEqual(
          (await tools.portal.send(new ListAccountsCommand({ accessToken }))).accountList,
          [],
        );

        const asked = { accessToken, accountId: '111122223333', roleName: 'Admin' };
        await assert.rejects(tools.portal.send(new GetRoleCredentialsCommand(asked)), {
          name: 'ForbiddenException',
        });
      });
    });
  }
});

function named(role: string): [account: string, role: string] {
  return role.split('/') as [string, string];
}
