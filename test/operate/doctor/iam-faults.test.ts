/** One fault at a time in IAM: AWS refuses what it must, and doctor names the fault and only it. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Configuration } from '../../../src/config/configuration.ts';
import { type Finding, levelOf } from '../../../src/core/finding.ts';
import { partitionTable } from '../../../src/core/partitions.ts';
import type { RoleName } from '../../../src/core/role.ts';
import { DEMO_EXTERNAL_ID } from '../../../src/dev/demo-world.ts';
import type { WorldInput } from '../../../src/dev/local-aws/world.ts';
import { createIssuer } from '../../../src/issuer/issuer.ts';
import { ephemeralKeys } from '../../issuer/ephemeral-keys.ts';
import { useFixture } from '../../support/fixture.ts';
import { type Breaking, FAULTS, onlyIf } from './iam-fault-table.ts';
import { ACCOUNTS, type IamWorld, ROLES, startIamWorld } from './iam-world.ts';

const iam = useFixture(startIamWorld, ({ close }) => close());

/** Errors and warnings. */
function faultsIn(findings: readonly Finding[]): string[] {
  return findings
    .filter(finding => ['error', 'warning'].includes(levelOf(finding)))
    .map(({ id, subject }) => `${id} ${subject}`);
}

let olderMetadata: string | undefined;

async function breakingOf({ world, healthy }: IamWorld): Promise<Breaking> {
  const { clock, urls } = world;
  const { configuration } = world.bridge;
  olderMetadata ??= createIssuer({
    baseUrl: urls.bridge,
    samlEntityId: configuration.issuer.saml.entityId,
    audience: 'any',
    keys: await ephemeralKeys(clock),
    partitions: partitionTable(),
    clock,
  }).samlMetadata();
  const hostOf = (url: string): string => new URL(url).host;
  return {
    iam: structuredClone(healthy),
    olderMetadata,
    ours: hostOf(urls.bridge),
    corporate: hostOf(urls.oidc),
  };
}

describe('an IAM in which everything works', () => {
  for (const role of ROLES)
    it(`gives ${role} for the whole time`, async () => {
      iam.install(iam.healthy);
      const given = await iam.handOut(role);
      assert.ok('seconds' in given, JSON.stringify(given));
      const isLong = !['prod/Limited', 'partner/Auditor', 'direct/Developer'].includes(role);
      assert.ok(Math.abs(given.seconds - (isLong ? 4 : 1) * 3600) < 10, String(given.seconds));
    });

  it('has no finding but that each account is in order', async () => {
    const findings = await iam.findings(iam.healthy);
    assert.deepEqual(
      findings.map(({ id, subject }) => `${id} ${subject}`),
      ['iam.ok prod', 'iam.ok staging', 'iam.ok gov', 'iam.ok partner', 'iam.ok direct'],
    );
  });
});

/** What AWS says of IAM; every other refusal would be a mistake of this test. */
const REFUSALS = /^(?:AccessDenied|InvalidIdentityToken)$/;

describe('one fault in IAM', () => {
  for (const { title, breaks, role, outcome, finds, about } of FAULTS)
    it(`is named, and only it: ${title}`, async () => {
      const breaking = await breakingOf(iam);
      const broken = breaks(breaking);

      iam.install(broken);
      const given = await iam.handOut(role);
      assert.equal(outcomeOf(given, role), outcome, JSON.stringify(given));
      if (outcome === 'refused') assert.match(iam.lastRefusal() ?? '', REFUSALS);

      const findings = await iam.findings(broken);
      const subject = about
        .replace('{ours}', breaking.ours)
        .replace('{corporate}', breaking.corporate);
      assert.deepEqual(faultsIn(findings), [`${finds} ${subject}`]);
      const text = JSON.stringify(findings);
      assert.ok(!text.includes(DEMO_EXTERNAL_ID) && !text.includes('another-id'), text);
    });
});

function outcomeOf(given: Awaited<ReturnType<IamWorld['handOut']>>, role: string): string {
  if ('refused' in given) return 'refused';
  return role === 'staging/Admin' && given.seconds < 4 * 3600 - 60 ? 'shortened' : 'given';
}

describe('a configuration that does not fit IAM', () => {
  const withRule = (
    name: string,
    change: (rule: Configuration['access'][number]) => Configuration['access'][number],
  ) => ({
    configure: (configuration: Configuration): Configuration => ({
      ...configuration,
      access: configuration.access.map(rule => (rule.name === name ? change(rule) : rule)),
    }),
  });

  it('is named if it lacks the external id', async () => {
    const configure = (configuration: Configuration): Configuration => ({
      ...configuration,
      accounts: configuration.accounts.map(account =>
        account.trust.by === 'hub'
          ? { ...account, trust: { ...account.trust, ...WITHOUT_EXTERNAL_ID } }
          : account,
      ),
    });
    const findings = await iam.findings(iam.healthy, { configure });
    assert.deepEqual(faultsIn(findings), ['iam.external-id-missing partner/Auditor']);
  });

  it('is named if it gives a role of IAM Identity Center', async () => {
    const reserved = 'AWSReservedSSO_Admin_0123456789abcdef' as RoleName;
    const change = withRule('limited', rule => ({ ...rule, roles: [...rule.roles, reserved] }));
    const findings = await iam.findings(iam.healthy, change);
    assert.deepEqual(faultsIn(findings), [`iam.role-reserved prod/${reserved}`]);
  });

  it('is named if a session policy is of another account', async () => {
    const policyArns = [`arn:aws:iam::${ACCOUNTS.prod}:policy/OwnObjects`];
    const change = withRule('direct', rule => ({
      ...rule,
      session: { ...rule.session, policyArns },
    }));
    const findings = await iam.findings(iam.healthy, change);
    assert.deepEqual(faultsIn(findings), ['iam.session-policy-account direct/Developer']);
  });
});

const WITHOUT_EXTERNAL_ID = { externalId: undefined, externalIdByReference: undefined };

describe('a condition that some users meet', () => {
  it('is a note, and no fault', async () => {
    const breaking = await breakingOf(iam);
    const alice = { StringLike: { 'sts:RoleSessionName': 'alice-*' } };
    const limited = onlyIf('prod/Admin', alice)(breaking);
    iam.install(limited);
    assert.ok('seconds' in (await iam.handOut('prod/Admin')));
    const findings = await iam.findings(limited);
    assert.deepEqual(faultsIn(findings), []);
    const notes = findings.filter(({ id }) => id === 'iam.trust-depends');
    assert.deepEqual(
      notes.map(({ subject, found }) => [subject, found]),
      [['prod/Admin', 'StringLike alice-*']],
    );
  });
});

describe('several faults in IAM', () => {
  const broken = async (titles: readonly string[]): Promise<WorldInput> => {
    let all = await breakingOf(iam);
    for (const title of titles) {
      const fault = FAULTS.find(each => each.title === title);
      assert.ok(fault !== undefined, title);
      all = { ...all, iam: fault.breaks(all) };
    }
    return all.iam;
  };

  it('are all named', async () => {
    const findings = await iam.findings(
      await broken([
        'the metadata is older than the signing key',
        'sts:TagSession is missing',
        'MFA is required of a SAML sign-in',
        'a role is missing',
        'the audience of a token is another',
        'the external id is another',
        'the hub role has no policy',
      ]),
    );
    assert.deepEqual(
      faultsIn(findings).sort(),
      [
        'iam.saml-metadata-key prod saml-provider/rolebridge',
        'iam.trust-tag-session prod/Admin',
        'iam.trust-condition prod/Admin',
        'iam.role-missing prod/Limited',
        'iam.trust-audience staging/Admin',
        'iam.external-id-different partner/Auditor',
        'iam.hub-permission prod/hub/BridgeHub',
      ].sort(),
    );
  });

  it('are named for the account and the role that were asked for', async () => {
    const iamWithTwo = await broken(['sts:TagSession is missing', 'the external id is another']);
    const named = async (accounts: string[], roles: string[]): Promise<string[]> =>
      faultsIn(await iam.findings(iamWithTwo, { accounts, roles }));
    assert.deepEqual(await named(['prod'], ['Admin']), ['iam.trust-tag-session prod/Admin']);
    assert.deepEqual(await named(['prod'], ['Limited']), []);
    assert.deepEqual(await named(['partner'], []), ['iam.external-id-different partner/Auditor']);
    assert.deepEqual(await named([], ['Auditor']), ['iam.external-id-different partner/Auditor']);
  });
});
