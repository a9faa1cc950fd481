import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { createApp } from '../../src/app.ts';
import { loadConfiguration } from '../../src/config/load.ts';
import { DEMO_ACCOUNTS } from '../../src/dev/demo-world.ts';
import { callApi, loginByDevice } from '../support/cli-login.ts';
import { button, callerOf, credentialsOn } from '../support/handout.ts';
import type { Page } from '../support/visitor.ts';
import { answer, useWorld } from '../support/world.ts';

const { prod, staging, gov, partner } = DEMO_ACCOUNTS;

interface Listed {
  readonly id: string;
  readonly name: string;
  readonly more?: object;
}

/** As `aws organizations list-accounts` writes it. */
function organization(...accounts: readonly Listed[]): string {
  return JSON.stringify({
    Accounts: accounts.map(({ id, name, more }) => ({
      ...{ Id: id, Name: name, State: 'ACTIVE', Status: 'ACTIVE' },
      Arn: `arn:aws:organizations::${prod.id}:account/o-example1234/${id}`,
      ...more,
    })),
  });
}

const PROD = { id: prod.id, name: 'Prod (EU)', more: { Path: 'Workloads/Production' } };
const STAGING = {
  id: staging.id,
  name: 'staging',
  more: { Tags: [{ Key: 'env', Value: 'test' }] },
};
const GOV = {
  id: gov.id,
  name: 'gov',
  more: { Arn: `arn:aws-us-gov:organizations::${gov.id}:account/o-example1234/${gov.id}` },
};

const ACCOUNTS = `accounts:
  file: accounts.json
  entries: [{ name: staging, trust: web-identity, region: eu-west-1 }]
`;

const RULES = `access:
  - { name: by-path, groups: [developers], connectors: [corp-oidc], accounts: [{ path: Workloads }], roles: [Developer], session: { sourceIdentity: "{sessionName}", tags: { Department: "{attributes.department|none}", Email: "{email|none}" } } }
  - { name: by-label, groups: [developers], connectors: [corp-oidc], accounts: [{ label: { env: test } }], roles: [Developer], session: { sourceIdentity: "{sessionName}", tags: { Department: "{attributes.department|none}", Email: "{email|none}" } } }
  - { name: by-pattern, groups: [developers], connectors: [corp-oidc], accounts: ["go*"], roles: [Auditor] }

`;

describe('an account of the file of an organization', () => {
  const world = useWorld({
    files: { 'accounts.json': organization(PROD, STAGING) },
    configure: yaml =>
      yaml
        .replace(/^accounts:\n(?: {2}.*\n)+/m, () => ACCOUNTS)
        .replace(/^access:\n[\s\S]*?(?=^administration:)/m, () => RULES),
  });

  /** The accounts of the page, with the folder of each. */
  const rolesOn = (page: Page): readonly string[] =>
    page
      .$('button[aria-label^="Console: "]')
      .toArray()
      .map(element => page.$(element).attr('aria-label')!.replace('Console: ', ''))
      .toSorted();

  for (const [account, trust] of [
    ['Prod-EU', 'SAML'],
    ['staging', 'web identity'],
  ] as const)
    it(`gives credentials by ${trust}`, async () => {
      const { visitor, page } = await world.signIn('bob', 'oidc');
      assert.deepEqual(rolesOn(page), ['Prod-EU as Developer', 'staging as Developer']);
      const shown = await visitor.submit(page, button('Credentials', account, 'Developer'));
      const { id } = account === 'staging' ? staging : prod;
      assert.match(
        await callerOf(world.urls.aws, credentialsOn(shown)),
        new RegExp(`^arn:aws:sts::${id}:assumed-role/Developer/bob-`),
      );
    });

  it('is in its folder on the portal', async () => {
    const { page } = await world.signIn('bob', 'oidc');
    assert.match(page.text, /Workloads/);
    assert.match(page.text, /Production/);
  });

  it('is listed for terminals by its name', async () => {
    const { accessToken } = await loginByDevice(world, 'bob', 'oidc');
    const { json } = await callApi(world, accessToken, { path: '/roles' });
    assert.match(JSON.stringify(json), /"Prod-EU"/);
  });

  it('is seen after a reload, with no new sign-in', async () => {
    const { visitor } = await world.signIn('bob', 'oidc');
    writeFileSync(join(world.directory, 'accounts.json'), organization(PROD, STAGING, GOV));
    const configuration = await loadConfiguration(join(world.directory, 'rolebridge.yaml'));
    const next = await world.compose(() => configuration);
    answer(world.servers.bridge, createApp(next));
    assert.deepEqual(rolesOn(await visitor.get(world.urls.bridge)), [
      'Prod-EU as Developer',
      'gov as Auditor',
      'staging as Developer',
    ]);

    writeFileSync(
      join(world.directory, 'accounts.json'),
      organization(PROD, { ...STAGING, more: { Tags: [], State: 'SUSPENDED' } }, GOV, {
        id: partner.id,
        name: 'partner',
      }),
    );
    const last = await loadConfiguration(join(world.directory, 'rolebridge.yaml'));
    const without = await world.compose(() => last);
    answer(world.servers.bridge, createApp(without));
    assert.deepEqual(rolesOn(await visitor.get(world.urls.bridge)), [
      'Prod-EU as Developer',
      'gov as Auditor',
    ]);
    await Promise.all([next.close(), without.close()]);
  });
});
