/**
 * The example of docs/vendor-access.md: a vendor as second connector, with one role and a session
 * policy.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { checkConfiguration } from '../../src/config/load.ts';
import type { AuditEvent } from '../../src/core/audit-event.ts';
import { DEMO_EXTERNAL_ID } from '../../src/dev/demo-world.ts';
import type { WorldInput } from '../../src/dev/local-aws/world.ts';
import type { Person } from '../../src/dev/people.ts';
import { beginDevice, callApi, confirmDevice, pollDevice } from '../support/cli-login.ts';
import { assumeWith, button, callerOf, credentialsOn } from '../support/handout.ts';
import { type Page, Visitor } from '../support/visitor.ts';
import {
  enterPassword,
  type Urls,
  useWorld,
  type World,
  type WorldOptions,
  worldFor,
} from '../support/world.ts';

const EXAMPLE = new URL('../../examples/vendor.yaml', import.meta.url);
const POLICY = readFileSync(
  new URL('../../examples/policies/vendor-support.json', import.meta.url),
  'utf8',
);
const VENDOR_NETWORK = { 'x-forwarded-for': '198.51.100.7' };
const ONWARD = { arn: 'arn:aws:iam::444455556666:role/Auditor', externalId: DEMO_EXTERNAL_ID };

const person = (username: string, groups: readonly string[]): Person => ({
  username,
  password: username,
  displayName: username,
  email: `${username}@example.com`,
  department: 'Support',
  groups,
});
/** Both identity providers know both; what counts is who asserts the groups. */
const PEOPLE = [
  person('vera', ['acme-support', 'aws-admins', 'aws-prod-Admin', 'developers']),
  person('alice', ['aws-admins', 'acme-support']),
];

/** The example, with the addresses, keys and connectors of this world in place of its own. */
function example(demo: string, urls: Urls): string {
  const section = (yaml: string, key: string): string =>
    new RegExp(`^${key}:.*\\n(?:(?:[ #].*)?\\n)*`, 'm').exec(yaml)![0];
  const connectors = section(demo, 'connectors')
    .replace('id: corp-oidc', 'id: okta')
    .replace('id: corp-saml', 'id: vendor');
  const written = readFileSync(EXAMPLE, 'utf8');
  return written
    .replace(section(written, 'connectors'), () => connectors)
    .replace(
      /^baseUrl: .*$/m,
      () => `baseUrl: ${urls.bridge}\n${section(demo, 'issuer')}${section(demo, 'aws')}`,
    )
    .replace(/^store: .*$/m, () => section(demo, 'store').trimEnd());
}

/**
 * The role of the example; alone it may go on to a partner, which the session policy does not
 * allow.
 */
function withVendorRole(aws: WorldInput): WorldInput {
  const hub = aws.roles!.find(({ name }) => name === 'BridgeHub')!;
  const partner = aws.roles!.find(({ name }) => name === 'Auditor')!;
  const trusting = JSON.parse(
    JSON.stringify(partner).replaceAll('role/BridgeHub', 'role/VendorSupport'),
  ) as typeof partner;
  return {
    ...aws,
    roles: [
      ...aws.roles!.filter(role => role !== partner),
      { ...hub, name: 'VendorSupport' },
      trusting,
    ],
  };
}

const exampleWorld = (change = (yaml: string): string => yaml): WorldOptions => ({
  people: PEOPLE,
  connectors: { oidc: ['okta'], saml: ['vendor'] },
  configure: (demo, urls) => change(example(demo, urls)),
  files: { 'policies/vendor-support.json': POLICY },
  aws: withVendorRole,
});

async function signIn(
  world: World,
  connector: string,
  username: string,
): Promise<{ visitor: Visitor; portal: Page }> {
  const visitor = new Visitor();
  await enterPassword(visitor, await visitor.get(`${world.urls.bridge}/sign-in/${connector}`), {
    username,
  });
  return { visitor, portal: await visitor.get(world.urls.bridge, { headers: VENDOR_NETWORK }) };
}

function rolesOn(portal: Page): string[] {
  return portal
    .$('button[aria-label^="Credentials: "]')
    .toArray()
    .map(element => portal.$(element).attr('aria-label')!.replace('Credentials: ', ''));
}

describe('the example of a vendor', () => {
  const world = useWorld(exampleWorld());

  it('is a configuration without a mistake or a warning', async () => {
    const { problems, warnings } = await checkConfiguration(EXAMPLE.pathname, {
      secrets: 'all',
      env: { OKTA_SECRET: 'correct-horse-battery' },
    });
    // Whether a checkout is writable for a group is a matter of its umask.
    assert.deepEqual(
      [problems, warnings.filter(({ message }) => !message.includes('can be changed by everyone'))],
      [[], []],
    );
  });

  it('gives the vendor one role, with the session policy, tag and source identity of the rule', async () => {
    const { visitor, portal } = await signIn(world, 'vendor', 'vera');
    assert.deepEqual(rolesOn(portal), ['prod as VendorSupport']);

    const shown = await visitor.submit(
      portal,
      button('Credentials', 'prod', 'VendorSupport'),
      {},
      { headers: VENDOR_NETWORK },
    );
    assert.equal(shown.status, 200, shown.text);

    const arn = await callerOf(world.urls.aws, credentialsOn(shown));
    assert.match(arn, /^arn:aws:sts::111122223333:assumed-role\/VendorSupport\/vera-[a-z2-7]{16}$/);

    const { form } = world.toAws.findLast(
      ({ form }) => form.get('Action') === 'AssumeRoleWithSAML',
    )!;
    assert.deepEqual(JSON.parse(form.get('Policy')!), JSON.parse(POLICY));
    assert.equal(form.get('DurationSeconds'), '3600');

    const issued = (await world.audit()).find(
      (event): event is Issued => event.type === 'credentials.issued',
    )!;
    assert.deepEqual(
      [issued.actor.connector, issued.rule, issued.sourceIdentity],
      ['vendor', 'vendor-support', issued.sessionName],
    );

    const console = await visitor.submit(
      portal,
      button('Console', 'prod', 'VendorSupport'),
      {},
      { headers: VENDOR_NETWORK },
    );
    assert.match(console.$('tbody tr').text().replaceAll(/\s+/g, ' '), /Connector ?vendor/);
  });

  it('holds the session to its policy: AWS refuses what the role alone may do', async t => {
    const onward = async (at: World): Promise<string> => {
      const { visitor, portal } = await signIn(at, 'vendor', 'vera');
      const shown = await visitor.submit(
        portal,
        button('Credentials', 'prod', 'VendorSupport'),
        {},
        { headers: VENDOR_NETWORK },
      );
      return assumeWith(at.urls.aws, credentialsOn(shown), ONWARD);
    };
    await assert.rejects(onward(world), { name: 'AccessDenied' });

    const unbounded = await worldFor(
      t,
      exampleWorld(yaml => yaml.replace(/^ +policy: .*\n/m, '')),
    );
    assert.match(await onward(unbounded), /assumed-role\/Auditor\//);
  });

  it('gives the vendor nothing else, although it asserts the groups of the company', async () => {
    const { visitor } = await signIn(world, 'vendor', 'vera');
    const before = world.toAws.length;
    for (const door of ['credentials', 'console']) {
      const refused = await visitor.get(`${world.urls.bridge}/${door}?account=prod&role=Admin`, {
        headers: VENDOR_NETWORK,
      });
      assert.equal(refused.status, 403);
      assert.match(refused.text, /Takes groups of okta only, and you signed in with vendor\./);
      assert.ok(!refused.text.includes('aws-admins'));
    }

    const { json: begun } = await beginDevice(world);
    await confirmDevice(world, visitor, begun.user_code);
    const { access_token: token } = (await pollDevice(world, begun.device_code)).json;
    const refused = await callApi(world, token, {
      method: 'POST',
      path: '/credentials',
      body: { account: 'prod', role: 'Admin' },
    });
    assert.deepEqual([refused.status, refused.json.code], [403, 'access_denied']);
    assert.equal(world.toAws.length, before);
  });

  it('gives the role from the network of the vendor only', async () => {
    const { visitor } = await signIn(world, 'vendor', 'vera');
    const refused = await visitor.get(
      `${world.urls.bridge}/credentials?account=prod&role=VendorSupport`,
      {
        headers: { 'x-forwarded-for': '203.0.113.9' },
      },
    );
    assert.deepEqual([refused.status, /proof_missing/.test(refused.text)], [403, true]);
  });

  it("gives the company's users their role and not the vendor's, whatever their groups are called", async () => {
    const { visitor, portal } = await signIn(world, 'okta', 'alice');
    assert.deepEqual(rolesOn(portal), ['prod as Admin']);
    const refused = await visitor.get(
      `${world.urls.bridge}/credentials?account=prod&role=VendorSupport`,
      { headers: VENDOR_NETWORK },
    );
    assert.equal(refused.status, 403);
    assert.match(refused.text, /Takes groups of vendor only, and you signed in with okta\./);
  });
});

type Issued = Extract<AuditEvent, { type: 'credentials.issued' }>;
