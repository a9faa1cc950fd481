import assert from 'node:assert/strict';
import { hash } from 'node:crypto';
import { copyFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { openProbesSection } from '../../../src/compose/doctor-probes.ts';
import type { Configuration } from '../../../src/config/configuration.ts';
import type { AuditEvent } from '../../../src/core/audit-event.ts';
import { type Finding, levelOf } from '../../../src/core/finding.ts';
import type { Clock } from '../../../src/core/ports.ts';
import type { Account, RoleName } from '../../../src/core/role.ts';
import { openSigningKeys } from '../../../src/issuer/signing-keys.ts';
import type { Options } from '../../../src/operate/command.ts';
import { sendS3 } from '../../dev/local-aws/s3-client.ts';
import { useWorld, type World } from '../../support/world.ts';

const PHOTOS = 'https://photos.example.com';

interface Asked {
  readonly accounts?: readonly string[];
  readonly roles?: readonly string[];
  readonly options?: Options;
  readonly clock?: Clock;
  readonly change?: (configuration: Configuration) => Configuration;
}

async function probed(world: World, asked: Asked = {}): Promise<readonly Finding[]> {
  const { accounts = [], roles = [], options = {}, clock = world.clock, change } = asked;
  const configuration = change?.(world.bridge.configuration) ?? world.bridge.configuration;
  const scope = { connectors: [], accounts, roles };
  const examination = { configuration, configFile: 'x.yaml', scope, clock, progress: () => {} };
  const found: Finding[] = [];
  for await (const finding of openProbesSection(configuration, options, clock).examine(examination))
    found.push(finding);
  return found;
}

function idsOf(found: readonly Finding[]): string[] {
  return found.map(({ id, subject }) => `${id} ${subject}`);
}

/** The configuration with another value of one account. */
function withAccount(
  name: string,
  over: (account: Account) => Partial<Account>,
): (configuration: Configuration) => Configuration {
  return configuration => ({
    ...configuration,
    accounts: configuration.accounts.map(account =>
      account.name === name ? { ...account, ...over(account) } : account,
    ),
  });
}

function withSession(
  rule: string,
  over: Partial<Configuration['access'][number]['session']>,
): (configuration: Configuration) => Configuration {
  return configuration => ({
    ...configuration,
    access: configuration.access.map(of =>
      of.name === rule ? { ...of, session: { ...of.session, ...over } } : of,
    ),
  });
}

describe('the probes of doctor', () => {
  const world = useWorld({ photosUrl: PHOTOS });

  it('open each role that a rule gives, once for each thing that rules send', async () => {
    const found = await probed(world);
    const opened = found.filter(({ id }) => id === 'probes.ok').map(({ subject }) => subject);
    assert.deepEqual(opened, [
      'prod/Admin (admins)',
      'prod/Developer (developers)',
      'prod/Developer (by-group-name)',
      'prod/Operator (operate-on-request)',
      'prod/PhotoUser (photo-users)',
      'prod/ReadOnly (developers-look, by-group-name)',
      'staging/Admin (admins)',
      'staging/Developer (developers)',
      'staging/Developer (by-group-name)',
      'staging/ReadOnly (by-group-name)',
      'gov/Admin (admins)',
      'partner/Auditor (partner-audit)',
    ]);
    const rest = found.filter(({ id }) => id !== 'probes.ok');
    assert.deepEqual(
      [...new Set(rest.map(({ id }) => id))],
      ['probes.denied-by-pattern'],
      'roles that a group could name, and that do not exist',
    );
    assert.ok(rest.every(finding => levelOf(finding) === 'warning'));
  });

  it('ask for the shortest session by the name of doctor, with a policy that denies everything', async () => {
    const before = world.toAws.length;
    await probed(world, { accounts: ['staging'], roles: ['Admin'] });
    const [call, ...others] = world.toAws.slice(before).map(({ form }) => form);
    assert.equal(others.length, 0);
    assert.deepEqual(
      ['Action', 'RoleSessionName', 'DurationSeconds', 'Policy'].map(name => call!.get(name)),
      [
        'AssumeRoleWithWebIdentity',
        'rolebridge-doctor',
        '900',
        '{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"*","Resource":"*"}]}',
      ],
    );
    const token = JSON.parse(
      Buffer.from(call!.get('WebIdentityToken')!.split('.')[1]!, 'base64url').toString(),
    ) as Record<string, unknown>;
    assert.equal(token.sub, 'rolebridgedoctor');
    const tags = token['https://aws.amazon.com/tags'] as { principal_tags: object };
    assert.deepEqual(tags.principal_tags, {
      Department: ['rolebridge-doctor'],
      Email: ['rolebridge-doctor@example.com'],
    });
  });

  it('obtain credentials that can do nothing which the role allows', async () => {
    await probed(world, { accounts: ['prod'], roles: ['PhotoUser'] });
    const form = world.toAws.at(-1)!.form;
    const listed = async (sent: URLSearchParams): Promise<number> => {
      const answer = await fetch(world.urls.aws, { method: 'POST', body: sent });
      const text = await answer.text();
      const [accessKeyId, secretAccessKey, sessionToken] = [
        'AccessKeyId',
        'SecretAccessKey',
        'SessionToken',
      ].map(name => new RegExp(`<${name}>([^<]+)<`).exec(text)?.[1] ?? assert.fail(text));
      const aws = { url: world.urls.aws, clock: world.clock } as Parameters<typeof sendS3>[0];
      const credentials = {
        accessKeyId: accessKeyId!,
        secretAccessKey: secretAccessKey!,
        sessionToken: sessionToken!,
      };
      const response = await sendS3(
        aws,
        credentials,
        '/photos-demo?list-type=2&prefix=rolebridge-doctor%2F',
      );
      return response.status;
    };
    assert.equal(await listed(form), 403);
    const without = new URLSearchParams(form);
    without.delete('Policy');
    assert.equal(await listed(without), 200, 'the role itself allows it');
  });

  it('are in the audit trail as probes, and never as credentials of a user', async () => {
    const before = (await world.audit()).length;
    await probed(world, { accounts: ['prod'], roles: ['Admin', 'Owner'] });
    const events = (await world.audit()).slice(0, -before);
    const of = <T extends AuditEvent['type']>(type: T) =>
      events.filter((event): event is Extract<AuditEvent, { type: T }> => event.type === type);
    const [opened] = of('role.probed');
    assert.ok(opened);
    assert.deepEqual(
      [opened.accountName, opened.role, opened.rule, opened.sessionName, opened.durationSeconds],
      ['prod', 'Admin', 'admins', 'rolebridge-doctor', 900],
    );
    assert.equal(opened.sourceIdentity, 'rolebridge-doctor-rolebridgedoctor');
    assert.match(opened.origin.userAgent ?? '', /^rolebridge-server, /);
    assert.match(opened.accessKeyId, /^ASIA/);
    const [refused] = of('role.probe-refused');
    assert.deepEqual([refused?.role, refused?.code], ['Owner', 'aws_refused']);
    assert.equal(events.length, 2);
    assert.ok(events.every(event => !('actor' in event)));
  });

  it('are limited by --account and --role, and skipped by --no-probe', async () => {
    const one = await probed(world, { accounts: ['222233334444'], roles: ['Admin'] });
    assert.deepEqual(idsOf(one), ['probes.ok staging/Admin (admins)']);
    assert.deepEqual(idsOf(await probed(world, { roles: ['Nothing'] })), [
      'probes.no-role Nothing',
    ]);
    const before = world.toAws.length;
    const skipped = await probed(world, { options: { 'no-probe': true } });
    assert.deepEqual([idsOf(skipped), world.toAws.length], [['probes.skipped AWS'], before]);
  });

  it('need --role for roles that only groups name, unless an application names them', async () => {
    const change = (configuration: Configuration): Configuration => ({
      ...configuration,
      access: configuration.access
        .filter(({ name }) => name === 'by-group-name')
        .map(rule => ({ ...rule, roles: [] })),
    });
    assert.deepEqual(idsOf(await probed(world, { change })), [
      'probes.role-unnamed by-group-name',
      'probes.ok prod/PhotoUser (by-group-name)',
    ]);
    const named = await probed(world, { change, accounts: ['staging'], roles: ['ReadOnly'] });
    assert.deepEqual(idsOf(named), ['probes.ok staging/ReadOnly (by-group-name)']);
  });

  it('say of an account that accepts only the proof of a user that it cannot be probed', async () => {
    const change = withAccount('prod', () => ({
      trust: { by: 'corporate-saml', provider: 'corp' },
    }));
    const clean = (configuration: Configuration) =>
      withSession('developers-look', { tags: {}, sourceIdentity: undefined })(
        change(configuration),
      );
    const found = await probed(world, { accounts: ['prod'], change: clean });
    assert.deepEqual(idsOf(found), ['probes.cannot-be-probed prod']);
    assert.equal(levelOf(found[0]!), 'note');
  });

  it('are not made where a key or the store is missing', async () => {
    const change = (configuration: Configuration): Configuration => ({
      ...configuration,
      issuer: {
        ...configuration.issuer,
        keys: { directory: join(world.directory, 'none'), create: true },
      },
    });
    const found = await probed(world, { change });
    assert.deepEqual(idsOf(found), ['probes.not-opened AWS']);
  });
});

interface Refusal extends Asked {
  readonly title: string;
  readonly id: Finding['id'];
  readonly account: string;
  readonly role: string;
  readonly says: RegExp;
}

describe('a refused probe', () => {
  const world = useWorld();
  const refusals: readonly Refusal[] = [
    {
      title: 'of a missing SAML provider',
      ...{ id: 'probes.provider-missing', account: 'prod', role: 'Admin' },
      change: withAccount('prod', () => ({ trust: { by: 'saml', provider: 'other' } })),
      says: /no IAM SAML provider other/,
    },
    {
      title: 'of another entity id',
      ...{ id: 'probes.issuer', account: 'prod', role: 'Admin' },
      change: configuration => ({
        ...configuration,
        issuer: { ...configuration.issuer, saml: { entityId: 'https://other.example.com' } },
      }),
      says: /another entity id/,
    },
    {
      title: 'of another audience',
      ...{ id: 'probes.audience', account: 'staging', role: 'Admin' },
      change: configuration => ({
        ...configuration,
        issuer: {
          ...configuration.issuer,
          webIdentity: { ...configuration.issuer.webIdentity, audience: 'sts.example.com' },
        },
      }),
      says: /another audience/,
    },
    {
      title: 'of a role that does not exist',
      ...{ id: 'probes.denied', account: 'prod', role: 'admin' },
      change: configuration => ({
        ...configuration,
        access: configuration.access.map(rule =>
          rule.name === 'admins' ? { ...rule, roles: ['admin'] as string[] as RoleName[] } : rule,
        ),
      }),
      says: /Possible causes: the role does not exist.+sts:TagSession.+sts:SetSourceIdentity/,
    },
    {
      title: 'of another external id',
      ...{ id: 'probes.denied', account: 'partner', role: 'Auditor' },
      change: withAccount('partner', ({ trust }) => ({
        trust: { ...(trust as Extract<typeof trust, { by: 'hub' }>), externalId: 'other' },
      })),
      says: /role\/BridgeHub, or expects another external id/,
    },
    {
      title: 'of the role of the hub',
      ...{ id: 'probes.hub-denied', account: 'partner', role: 'Auditor' },
      change: withAccount('partner', ({ trust }) => ({
        trust: {
          ...(trust as Extract<typeof trust, { by: 'hub' }>),
          role: 'OtherHub' as Extract<typeof trust, { by: 'hub' }>['role'],
        },
      })),
      says: /denies the hub role arn:aws:iam::111122223333:role\/OtherHub/,
    },
    {
      title: 'of a session that is too large',
      ...{ id: 'probes.too-large', account: 'prod', role: 'Admin' },
      change: withSession('admins', {
        transitiveTags: [],
        tags: Object.fromEntries(
          Array.from({ length: 50 }, (_, index) => [
            `Tag${index}`,
            [hash('sha512', String(index), 'base64')],
          ]),
        ),
      }),
      says: /exceed the limit of AWS/,
    },
    {
      title: 'by a clock that is behind',
      ...{ id: 'probes.clock', account: 'prod', role: 'Admin' },
      clock: { now: () => Date.now() - 3_600_000 },
      says: /expired or too old/,
    },
    {
      title: 'of STS that does not answer',
      ...{ id: 'probes.no-answer', account: 'prod', role: 'Admin' },
      change: configuration => ({
        ...configuration,
        aws: { ...configuration.aws, endpoints: { sts: 'http://127.0.0.1:9' } },
      }),
      says: /STS of region eu-west-1 does not answer/,
    },
  ];
  for (const { title, id, account, role, says, ...asked } of refusals)
    it(`${title} is told apart`, async () => {
      const found = await probed(world, { accounts: [account], roles: [role], ...asked });
      assert.deepEqual(
        found.map(finding => finding.id),
        [id],
        JSON.stringify(found),
      );
      assert.match(found[0]!.message, says);
      assert.ok(found[0]!.fix !== undefined);
    });

  it('of an older key names the metadata', async t => {
    const directory = mkdtempSync(join(tmpdir(), 'rolebridge-other-keys-'));
    t.after(() => rmSync(directory, { recursive: true }));
    await openSigningKeys({ directory, create: true, clock: world.clock });
    copyFileSync(join(world.directory, 'keys', 'sealing.key'), join(directory, 'sealing.key'));
    const change = (configuration: Configuration): Configuration => ({
      ...configuration,
      issuer: { ...configuration.issuer, keys: { directory, create: false } },
    });
    const found = await probed(world, { accounts: ['prod'], roles: ['Admin'], change });
    assert.deepEqual(
      found.map(({ id }) => id),
      ['probes.signature'],
    );
    assert.match(found[0]!.message, /metadata is of an older key/);
  });

  it('of a region in which STS is off names the region', async () => {
    world.aws.faults.arm({ sts: { regionDisabled: 1 } });
    const found = await probed(world, { accounts: ['prod'], roles: ['Admin'] });
    assert.deepEqual(
      found.map(({ id }) => id),
      ['probes.region-disabled'],
    );
  });
});
