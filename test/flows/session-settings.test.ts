import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { describe, it } from 'node:test';
import type { AuditEvent } from '../../src/core/audit-event.ts';
import { PEOPLE, type Person } from '../../src/dev/people.ts';
import { assumeWith, button, credentialsOn, refusalOn } from '../support/handout.ts';
import { withOwnRoles } from '../support/own-roles.ts';
import type { Page } from '../support/visitor.ts';
import { type AwsRequest, useWorld, type World } from '../support/world.ts';

const PROD = '111122223333';
const PARTNER = '444455556666';
const EXTERNAL_ID = 'acme-partner-7f3c';

/**
 * Every character class that AWS takes in a tag, no-break space and letters of several scripts
 * included, to the last place.
 */
const LONGEST_VALUE = 'Zürich\u00a0Ωmega 漢字 _.:/=+-@ 09٣'.repeat(12).slice(0, 256);
const LONGEST_KEY = 'Kostenstelle größer als: A/B=C+D-E@F_G.'.repeat(4).slice(0, 128);
/** Together larger than the room for tags, since nothing in them repeats. */
const HEAVY_TAGS = Array.from(
  { length: 40 },
  (_, index) => `${index}: "${createHash('sha512').update(String(index)).digest('base64')}"`,
);

const DENY_MOST = {
  Version: '2012-10-17',
  Statement: [{ Effect: 'Allow', Action: 's3:Get*', Resource: '*' }],
};
const ALLOW_PARTNER = {
  Version: '2012-10-17',
  Statement: [
    {
      Effect: 'Allow',
      Action: ['sts:AssumeRole', 'sts:TagSession', 'sts:SetSourceIdentity'],
      Resource: `arn:aws:iam::${PARTNER}:role/*`,
    },
  ],
};

const LIESE: Person = {
  username: 'liese',
  password: 'liese',
  displayName: 'Liese Löwe',
  email: 'liese@acme.example',
  department: LONGEST_VALUE,
  groups: ['developers'],
};

/**
 * One role for each setting. The hub role is given by two rules: narrow to developers, wide to
 * admins.
 */
const RULES = `
  - name: scoped
    groups: [developers]
    connectors: [corp-oidc, corp-saml]
    accounts: [prod]
    roles: [Scoped]
    session:
      policyArns: ["arn:aws:iam::aws:policy/ReadOnlyAccess", "arn:aws:iam::${PROD}:policy/team/Scope"]
      policy: { file: policies/narrow.json }
  - { name: scoped-elsewhere, groups: [developers], connectors: [corp-oidc, corp-saml], accounts: [staging, partner], roles: [Scoped], session: { policyArns: ["arn:aws:iam::aws:policy/ReadOnlyAccess"], policy: { file: policies/narrow.json } } }
  - { name: wide-hub, groups: [aws-admins], connectors: [corp-oidc, corp-saml], accounts: [prod], roles: [BridgeHub], session: { policy: { file: policies/wide.json } } }
  - { name: narrow-hub, groups: [developers], connectors: [corp-oidc, corp-saml], accounts: [prod], roles: [BridgeHub], session: { policy: { file: policies/narrow.json } } }
  - name: tagged
    groups: [developers]
    connectors: [corp-oidc, corp-saml]
    accounts: [prod, staging, partner]
    roles: [Tagged]
    session:
      tags: { "${LONGEST_KEY}": "{attributes.department}", Name: "{displayName}", Empty: "", "Cost center": "{attributes.costCenter|none}" }
      transitiveTags: ["${LONGEST_KEY}", "Cost center"]
  - { name: cost-center-needed, groups: [developers], connectors: [corp-oidc, corp-saml], accounts: [prod], roles: [Billed], session: { tags: { CostCenter: "{attributes.costCenter}" } } }
  - { name: long-story, groups: [developers], connectors: [corp-oidc, corp-saml], accounts: [prod], roles: [Told], session: { tags: { Story: "{displayName}: {attributes.department}" } } }
  - { name: heavy, groups: [developers], connectors: [corp-oidc, corp-saml], accounts: [prod], roles: [Heavy], session: { tags: { ${HEAVY_TAGS.join(', ')} } } }
  - { name: named-by-connector, groups: [developers], connectors: [corp-oidc, corp-saml], accounts: [prod, staging, partner], roles: [Named], session: { sourceIdentity: "{connector}={username},{attributes.costCenter|0}" } }
  - { name: console-behind-a-hub, groups: [developers], connectors: [corp-oidc, corp-saml], accounts: [partner], roles: [Watched], session: { console: 8h } }
  - { name: named-by-department, groups: [developers], connectors: [corp-oidc, corp-saml], accounts: [prod], roles: [Misnamed], session: { sourceIdentity: "{attributes.department}" } }
`;
const OWN_ROLES = ['Scoped', 'Tagged', 'Billed', 'Told', 'Heavy', 'Named', 'Misnamed', 'Watched'];

describe('what a rule sets for a session', () => {
  const world = useWorld({
    people: [...PEOPLE, LIESE],
    files: {
      'policies/narrow.json': JSON.stringify(DENY_MOST, null, 2),
      'policies/wide.json': JSON.stringify(ALLOW_PARTNER),
    },
    configure: yaml => yaml.replace(/^access:$/m, `$&${RULES.trimEnd()}`),
    aws: aws => withOwnRoles(aws, OWN_ROLES),
  });

  const open = async (
    username: string,
    what: 'Console' | 'Credentials',
    account: string,
    role: string,
  ): Promise<Page> => {
    const { visitor, page } = await world.signIn(username, 'saml');
    return visitor.submit(page, button(what, account, role));
  };

  describe('session policies', () => {
    for (const { account, call, arns } of [
      {
        account: 'prod',
        call: 'AssumeRoleWithSAML',
        arns: ['arn:aws:iam::aws:policy/ReadOnlyAccess', `arn:aws:iam::${PROD}:policy/team/Scope`],
      },
      {
        account: 'staging',
        call: 'AssumeRoleWithWebIdentity',
        arns: ['arn:aws:iam::aws:policy/ReadOnlyAccess'],
      },
      { account: 'partner', call: 'AssumeRole', arns: ['arn:aws:iam::aws:policy/ReadOnlyAccess'] },
    ]) {
      it(`reach STS with ${call}`, async () => {
        assert.equal((await open('bob', 'Credentials', account, 'Scoped')).status, 200);

        const form = lastCall(world, call);
        const sent = [...form].flatMap(([name, value]) =>
          /^PolicyArns\.member\.\d+\.arn$/.test(name) ? [value] : [],
        );
        assert.deepEqual(sent, arns);
        assert.deepEqual(JSON.parse(form.get('Policy')!), DENY_MOST);
        // White space counts at AWS.
        assert.ok(!form.get('Policy')!.includes('\n'));
      });
    }

    it('narrow the session down: what they do not allow is refused by AWS, although the role may do it', async () => {
      const onward = { arn: `arn:aws:iam::${PARTNER}:role/Auditor`, externalId: EXTERNAL_ID };
      const wide = credentialsOn(await open('alice', 'Credentials', 'prod', 'BridgeHub'));
      assert.match(
        await assumeWith(world.urls.aws, wide, onward),
        new RegExp(`^arn:aws:sts::${PARTNER}:assumed-role/Auditor/`),
      );
      const narrow = credentialsOn(await open('bob', 'Credentials', 'prod', 'BridgeHub'));
      await assert.rejects(assumeWith(world.urls.aws, narrow, onward), { name: 'AccessDenied' });
    });
  });

  describe('tags', () => {
    for (const account of ['prod', 'staging', 'partner']) {
      it(`at the limits of AWS arrive in ${account} letter by letter`, async () => {
        const console = await open('liese', 'Console', account, 'Tagged');
        assert.deepEqual(tagsOn(console), {
          [LONGEST_KEY]: { value: LONGEST_VALUE, transitive: true },
          Name: { value: 'Liese Löwe', transitive: false },
          Empty: { value: '', transitive: false },
          'Cost center': { value: 'none', transitive: true },
        });
      });
    }

    it('that are transitive go with the hub session, and the others with the second call', async () => {
      assert.equal((await open('liese', 'Console', 'partner', 'Tagged')).status, 200);

      const hub = Buffer.from(
        lastCall(world, 'AssumeRoleWithSAML').get('SAMLAssertion')!,
        'base64',
      ).toString();
      assert.ok(hub.includes('PrincipalTag:Cost center') && !hub.includes('PrincipalTag:Name'));

      const keys = [...lastCall(world, 'AssumeRole')].flatMap(([name, value]) =>
        /^Tags\.member\.\d+\.Key$/.test(name) ? [value] : [],
      );
      assert.deepEqual(keys, ['Name', 'Empty']);
    });

    it('that a person has no value for are refused with the name of the rule, before AWS is asked', async () => {
      const before = world.toAws.length;
      const refused = await open('bob', 'Credentials', 'prod', 'Billed');
      assert.equal(refused.status, 403);
      assert.match(refused.text, /session_settings_invalid/);
      assert.match(
        refused.text,
        /Your identity provider sent no "attributes\.costCenter", which this role needs for its session tag CostCenter\./,
      );
      assert.equal(world.toAws.length, before);

      const { code, why } = await refusalOn(world, refused);
      assert.equal(code, 'session_settings_invalid');
      assert.match(
        why,
        /rule cost-center-needed: session tag CostCenter: the user has no attributes\.costCenter/,
      );
    });

    it('that become too long for AWS are refused, not cut', async () => {
      assert.equal((await open('bob', 'Credentials', 'prod', 'Told')).status, 200);

      const before = world.toAws.length;
      const refused = await open('liese', 'Console', 'prod', 'Told');
      assert.equal(refused.status, 403);
      assert.match(
        refused.text,
        /does not fit AWS's limits for the session tag Story of this role \(at most 256 /,
      );
      assert.equal(world.toAws.length, before);

      const { code, why } = await refusalOn(world, refused);
      assert.equal(code, 'session_settings_invalid');
      assert.match(why, /rule long-story: session tag Story/);
      assert.ok(!why.includes('Zürich'), 'values stay out of the audit trail');
    });

    it('that are larger together than AWS takes are refused by AWS, and the page says by how much', async () => {
      const refused = await open('bob', 'Credentials', 'prod', 'Heavy');
      assert.equal(refused.status, 502);
      const { code, why } = await refusalOn(world, refused);
      assert.equal(code, 'aws_refused');

      const [, percent] =
        /PackedPolicyTooLarge: Packed size of session tags consumes (\d+%) of allotted space/.exec(
          why,
        )!;
      assert.ok(Number.parseInt(percent!, 10) > 100);
      assert.ok(refused.text.includes(`exceed the limit of AWS (${percent} of it)`), refused.text);
    });
  });

  it('policies that AWS cannot pack are refused with the share of the room that they take', async () => {
    world.aws.faults.arm({ sts: { packedSize: 1 } });
    const refused = await open('bob', 'Credentials', 'prod', 'Scoped');

    assert.equal(refused.status, 502);
    assert.match(
      refused.text,
      /exceed the limit of AWS \(112% of it\)\. Use fewer or shorter tags, or a managed policy/,
    );
    assert.match(
      (await refusalOn(world, refused)).why,
      /Packed policy consumes 112% of allotted space/,
    );
    assert.equal((await open('bob', 'Credentials', 'prod', 'Scoped')).status, 200);
  });

  describe('the source identity', () => {
    for (const account of ['prod', 'staging', 'partner']) {
      it(`is filled in for ${account}, with the fallback of what a person lacks`, async () => {
        const console = await open('bob', 'Console', account, 'Named');
        assert.match(console.text, /Source identity\s*corp-saml=bob,0 /i);
      });
    }

    it('is refused where it does not fit, and says for which setting', async () => {
      const refused = await open('liese', 'Credentials', 'prod', 'Misnamed');

      assert.equal(refused.status, 403);
      assert.match(
        refused.text,
        /limits for the source identity of this role \(2 to 64 characters /,
      );
      assert.match(
        (await refusalOn(world, refused)).why,
        /rule named-by-department: source identity/,
      );
      // "Payments" fits.
      assert.match(
        (await open('bob', 'Console', 'prod', 'Misnamed')).text,
        /Source identity\s*Payments/i,
      );
    });
  });

  describe('the length of a console session', () => {
    for (const { account, role, how } of [
      { account: 'prod', role: 'Admin', how: 'SAML trust' },
      { account: 'staging', role: 'Admin', how: 'web identity' },
    ]) {
      it(`is asked for with ${how}, and the console lasts as long`, async () => {
        const console = await open('alice', 'Console', account, role);
        assert.deepEqual(consoleCalls(world).slice(-1), ['28800']);
        assert.equal(secondsOf(world, console), 8 * 3600);
        assert.equal((await lastLink(world)).consoleSeconds, 8 * 3600);
      });
    }

    it('is left out behind a hub, where AWS takes none: the console ends with the credentials', async () => {
      const before = consoleCalls(world).length;
      const console = await open('bob', 'Console', 'partner', 'Watched');
      assert.deepEqual(consoleCalls(world).slice(before), [null]);
      assert.equal(secondsOf(world, console), 3600);
      assert.equal((await lastLink(world)).consoleSeconds, undefined);
    });

    it('is left out where the rule says none', async () => {
      const console = await open('bob', 'Console', 'prod', 'Scoped');
      assert.deepEqual(consoleCalls(world).slice(-1), [null]);
      assert.equal(secondsOf(world, console), 3600);
    });

    it('is left out in a second try when AWS refuses it', async () => {
      const before = consoleCalls(world).length;
      world.aws.faults.arm({ federation: { refuseDuration: 1 } });
      const console = await open('alice', 'Console', 'prod', 'Admin');
      assert.equal(console.status, 200);
      assert.deepEqual(consoleCalls(world).slice(before), ['28800', null]);
      assert.equal(secondsOf(world, console), 4 * 3600);
      assert.equal((await lastLink(world)).consoleSeconds, undefined);
    });
  });
});

// ---------------------------------------------------------------- the world

function lastCall({ toAws }: World, action: string): URLSearchParams {
  return toAws.findLast(({ form }) => form.get('Action') === action)!.form;
}

/** SessionDuration of each request for a sign-in token, null where it was left out. */
function consoleCalls({ toAws }: World): (string | null)[] {
  const isForToken = ({ path, form }: AwsRequest): boolean =>
    path === '/federation' && form.get('Action') === 'getSigninToken';
  return toAws.filter(isForToken).map(({ form }) => form.get('SessionDuration'));
}

function tagsOn(console: Page): Record<string, { value: string; transitive: boolean }> {
  const rows = console.$('tbody tr').toArray();
  return Object.fromEntries(
    rows.map(row => {
      const [key, value] = console
        .$(row)
        .find('td')
        .toArray()
        .map(cell => console.$(cell));
      const transitive = key!.find('.chip').length > 0;
      key!.find('.chip').remove();
      return [key!.text(), { value: value!.text(), transitive }];
    }),
  );
}

/** How long the console session lasts, to the minute. */
function secondsOf(world: World, console: Page): number {
  const until = Date.parse(console.$('time').attr('datetime')!);
  return Math.round((until - world.clock.now()) / 60_000) * 60;
}

async function lastLink(
  world: World,
): Promise<Extract<AuditEvent, { type: 'console-link.issued' }>> {
  const event = (await world.audit()).find(({ type }) => type === 'console-link.issued');
  assert.ok(event?.type === 'console-link.issued');
  return event;
}
