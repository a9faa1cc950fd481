/** Session tags on which no access depends: when they are left out, and who is told. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { before, describe, it } from 'node:test';
import type { AuditEvent } from '../../src/core/audit-event.ts';
import { type ApiDocument, checkedCaller } from '../support/api-document.ts';
import { computerFor, QUICK_POLLS } from '../support/cli.ts';
import { callApi, loginByDevice } from '../support/cli-login.ts';
import { button, credentialsOn, refusalOn } from '../support/handout.ts';
import { withOwnRoles } from '../support/own-roles.ts';
import type { Page } from '../support/visitor.ts';
import { useWorld, type World } from '../support/world.ts';

const ACCOUNTS = ['prod', 'staging', 'partner'] as const;
/** The call that AWS finds too large, for the roles of each account. */
const CALLS = {
  prod: 'AssumeRoleWithSAML',
  staging: 'AssumeRoleWithWebIdentity',
  partner: 'AssumeRole',
} as const;
const OWN_ROLES = ['Trimmed', 'Filled', 'Billed', 'Stuck', 'Plain'];

/** Nothing in them repeats, so that each takes its length. */
const heavyTags = (count: number, optional: boolean): string =>
  Array.from({ length: count }, (_, index) => {
    const value = createHash('sha512').update(String(index)).digest('base64');
    return optional ? `H${index}: { value: "${value}", optional: true }` : `H${index}: "${value}"`;
  }).join(', ');

const POLICY = {
  Version: '2012-10-17',
  Statement: [{ Effect: 'Allow', Action: 's3:Get*', Resource: '*' }],
};
const WHO = 'groups: [developers], connectors: [corp-oidc, corp-saml]';
const RULES = `
  - { name: trimmed, ${WHO}, accounts: [prod, staging, partner], roles: [Trimmed], session: { policy: { file: policies/narrow.json }, policyArns: ["arn:aws:iam::aws:policy/ReadOnlyAccess"], tags: { ${heavyTags(40, true)}, Name: "{username}" }, transitiveTags: [Name] } }
  - { name: filled, ${WHO}, accounts: [prod], roles: [Filled], session: { tags: { ${heavyTags(24, false)} } } }
  - { name: billed, ${WHO}, accounts: [prod], roles: [Billed], session: { tags: { CostCenter: { value: "{attributes.costCenter}", optional: true }, Name: "{username}" }, transitiveTags: [CostCenter] } }
  - { name: plain, ${WHO}, accounts: [prod], roles: [Plain] }
  - { name: stuck, ${WHO}, accounts: [prod], roles: [Stuck], session: { tags: { ${heavyTags(40, false)}, CostCenter: { value: x, optional: true } } } }
`;

describe('optional session tags', () => {
  const world = useWorld({
    ...QUICK_POLLS,
    files: { 'policies/narrow.json': JSON.stringify(POLICY) },
    configure: yaml => yaml.replace(/^access:$/m, `$&${RULES.trimEnd()}`),
    aws: aws => withOwnRoles(aws, OWN_ROLES),
  });

  const open = async (
    what: 'Console' | 'Credentials',
    account: string,
    role: string,
  ): Promise<Page> => {
    const { visitor, page } = await world.signIn('bob', 'saml');
    return visitor.submit(page, button(what, account, role));
  };

  describe('with which a session is too large for AWS', () => {
    for (const account of ACCOUNTS) {
      it(`are left out in ${account}, and policies and all other tags stay`, async () => {
        const from = world.toAws.length;
        const page = await open('Console', account, 'Trimmed');
        assert.deepEqual(tagsOn(page), ['Name']);

        const calls = world.toAws
          .slice(from)
          .map(({ form }) => form)
          .filter(form => form.get('Action') === CALLS[account]);
        assert.equal(calls.length, 2);
        for (const form of calls) {
          assert.deepEqual(JSON.parse(form.get('Policy')!), POLICY);
          assert.equal(
            form.get('PolicyArns.member.1.arn'),
            'arn:aws:iam::aws:policy/ReadOnlyAccess',
          );
        }
      });
    }

    it('are named on the page and in the audit trail', async () => {
      const page = await open('Credentials', 'prod', 'Trimmed');
      assert.equal(page.status, 200);
      assert.match(
        page.text,
        /This session lacks optional tags: H0, H1, H2, H3, H4 and 35 more\. .* you may have less access\./,
      );
      assert.ok(!page.text.includes('of the space'), 'the session has space now');

      const { tagsLeftOut, packedPolicyPercent, accessKeyId } = await newest(
        world,
        'credentials.issued',
      );
      assert.equal(accessKeyId, credentialsOn(page).accessKeyId);
      assert.equal(tagsLeftOut?.length, 40);
      assert.ok(packedPolicyPercent! > 0 && packedPolicyPercent! <= 75);
    });

    it('are in the audit trail of a console link', async () => {
      await open('Console', 'prod', 'Trimmed');
      const { tagsLeftOut, packedPolicyPercent } = await newest(world, 'console-link.issued');
      assert.equal(tagsLeftOut?.length, 40);
      assert.ok(packedPolicyPercent! > 0);
    });

    it('leave a session rejected that is too large without them', async () => {
      const from = world.toAws.length;
      const page = await open('Credentials', 'prod', 'Stuck');
      assert.equal(page.status, 502);
      assert.match(
        page.text,
        /exceed the limit of AWS \(\d+% of it\), even without the optional tags CostCenter\./,
      );
      assert.equal((await refusalOn(world, page)).code, 'aws_refused');
      assert.equal(world.toAws.length, from + 2);
    });
  });

  describe('without a value', () => {
    it('are left out, and one call to AWS is enough', async () => {
      const from = world.toAws.length;
      const page = await open('Credentials', 'prod', 'Billed');
      assert.match(page.text, /This session lacks optional tags: CostCenter\./);
      assert.equal(world.toAws.length, from + 1);
      assert.deepEqual((await newest(world, 'credentials.issued')).tagsLeftOut, ['CostCenter']);
    });
  });

  it('are not mentioned where a session has all of them', async () => {
    const page = await open('Credentials', 'prod', 'Developer');
    assert.ok(!page.text.includes('lacks optional tags'));
    assert.equal((await newest(world, 'credentials.issued')).tagsLeftOut, undefined);
  });

  it('a session that nearly fills the space for tags is reported on the page', async () => {
    const page = await open('Credentials', 'prod', 'Filled');
    const { packedPolicyPercent } = await newest(world, 'credentials.issued');
    assert.ok(packedPolicyPercent! > 75 && packedPolicyPercent! <= 100);
    assert.ok(
      page.text.includes(
        `Session policies and tags use ${packedPolicyPercent}% of the space that AWS allows. Above 100%, AWS rejects the session.`,
      ),
      page.text,
    );
  });

  describe('for programs', () => {
    let call: ReturnType<typeof checkedCaller>;
    let token: string;
    before(async () => {
      const document = (await (
        await fetch(`${world.urls.bridge}/api/v1/openapi.json`)
      ).json()) as ApiDocument;
      call = checkedCaller(world, document);
      token = (await loginByDevice(world, 'bob')).accessToken;
    });

    it('are named by the API', async () => {
      const { json } = await call(token, {
        method: 'POST',
        path: '/credentials',
        body: { account: 'prod', role: 'Billed' },
      });
      assert.deepEqual(json.tags_left_out, ['CostCenter']);
      assert.ok(json.packed_policy_percent > 0);
    });

    it('are an empty list of the API, and the size null, where AWS says nothing', async () => {
      const { json } = await call(token, {
        method: 'POST',
        path: '/credentials',
        body: { account: 'prod', role: 'Plain' },
      });
      assert.deepEqual([json.tags_left_out, json.packed_policy_percent], [[], null]);
    });

    it('are in the audit trail of a container token', async () => {
      const { json } = await callApi(world, token, {
        method: 'POST',
        path: '/container-tokens',
        body: { account: 'prod', role: 'Billed' },
      });
      await callApi(world, json.token, { path: '/container-credentials/prod/Billed' });
      const event = await newest(world, 'credentials.issued');
      assert.deepEqual([event.containerToken, event.tagsLeftOut], [json.id, ['CostCenter']]);
    });
  });

  it('are named on stderr by the client, also from its cache', async t => {
    const laptop = computerFor(t);
    await laptop.logIn(world, 'bob');
    const sentence =
      /^rolebridge: the session of prod\/Billed lacks optional tags: CostCenter\. If policies in AWS use them, you may have less access\.$/m;
    let printed = '';
    for (const args of [
      ['credential-process', 'prod/Billed'],
      ['exec', 'prod/Billed', '--', process.execPath, '--version'],
      ['credentials', 'prod/Billed', '--json'],
    ]) {
      const { code, stdout, stderr } = await laptop.run(args);
      assert.equal(code, 0, stderr);
      assert.match(stderr, sentence, args[0]);
      printed = stdout;
    }
    const json = JSON.parse(printed);
    assert.deepEqual(json.tags_left_out, ['CostCenter']);
    assert.ok(json.packed_policy_percent > 0);
  });
});

// ---------------------------------------------------------------- the world

/** The keys of the tags that the console shows. */
function tagsOn(console: Page): string[] {
  return console
    .$('tbody tr')
    .toArray()
    .map(row => {
      const key = console.$(row).find('td').first();
      key.find('.chip').remove();
      return key.text();
    });
}

async function newest<T extends 'credentials.issued' | 'console-link.issued'>(
  world: World,
  type: T,
): Promise<Extract<AuditEvent, { type: T }>> {
  const event = (await world.audit()).find(recorded => recorded.type === type);
  assert.ok(event?.type === type);
  return event as Extract<AuditEvent, { type: T }>;
}
