/** IAM read by profiles of the AWS CLI, from the local AWS. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { type Finding, levelOf } from '../../../src/core/finding.ts';
import type { WorldInput } from '../../../src/dev/local-aws/world.ts';
import { useFixture } from '../../support/fixture.ts';
import { FAULTS } from './iam-fault-table.ts';
import { ACCOUNTS, type AccountName, examineIam, startIamWorld } from './iam-world.ts';

const READS = ['iam:GetAccountAuthorizationDetails', 'iam:List*', 'iam:Get*'];
const SECRET = 'only-for-this-test-secret';
const keyOf = (account: AccountName): string => `AKIA${ACCOUNTS[account]}0000`;

/** A user in each account, whose profile is the name of the account. */
function withReaders(iam: WorldInput, actions: readonly string[] = READS): WorldInput {
  return {
    ...iam,
    iamUsers: Object.entries(ACCOUNTS).map(([name, account]) => ({
      account,
      name: 'doctor',
      accessKeys: [{ accessKeyId: keyOf(name as AccountName), secretAccessKey: SECRET }],
      permissions: [{ Effect: 'Allow', Action: [...actions], Resource: '*' } as never],
    })),
  };
}

async function startProfiles() {
  const iam = await startIamWorld();
  const { directory, urls } = iam.world;
  const profiles = Object.keys(ACCOUNTS).map(name => {
    const region = name === 'gov' ? 'us-gov-west-1' : 'eu-west-1';
    return `[profile ${name}]\nregion = ${region}\naws_access_key_id = ${keyOf(name as AccountName)}\naws_secret_access_key = ${SECRET}\n`;
  });
  const file = join(directory, 'aws-config');
  writeFileSync(file, [...profiles, '[profile empty]\nregion = eu-west-1\n'].join('\n'));
  Object.assign(process.env, {
    AWS_CONFIG_FILE: file,
    AWS_SHARED_CREDENTIALS_FILE: join(directory, 'none'),
    AWS_ENDPOINT_URL_IAM: urls.aws,
    AWS_ENDPOINT_URL_STS: urls.aws,
    AWS_EC2_METADATA_DISABLED: 'true',
    // The profile that was asked for counts, and not what the shell is signed in to.
    AWS_ACCESS_KEY_ID: 'AKIASHELLSHELLSHELL1',
    AWS_SECRET_ACCESS_KEY: 'a-secret-of-the-shell',
  });
  return iam;
}

describe('the IAM of profiles', () => {
  const iam = useFixture(startProfiles, ({ close }) => close());
  const examine = (
    profiles: readonly string[],
    accounts: readonly string[] = [],
  ): Promise<readonly Finding[]> =>
    examineIam(iam.world, { 'aws-profile': profiles }, { accounts, roles: [] });
  const told = (findings: readonly Finding[]): string[] =>
    findings
      .filter(finding => ['error', 'warning'].includes(levelOf(finding)))
      .map(({ id, subject }) => `${id} ${subject}`);

  it('is in order where everything works', async () => {
    iam.install(withReaders(iam.healthy));
    const findings = await examine(Object.keys(ACCOUNTS));
    assert.deepEqual(
      findings.map(({ id, subject }) => `${id} ${subject}`),
      ['iam.ok prod', 'iam.ok staging', 'iam.ok gov', 'iam.ok partner', 'iam.ok direct'],
    );
  });

  const TITLES = [
    'the SAML provider is missing',
    'a role has a path that the rule does not name',
    'the issuer has a slash at its end',
    'MaxSessionDuration is below the rule',
    'sts:TagSession is missing',
    'a session tag has another value',
    'the external id is another',
    'the hub role has no policy',
    'an attached policy of the hub role denies the call',
    'the permissions boundary of the hub role lacks the call',
  ];
  for (const title of TITLES)
    it(`shows one fault, and only it: ${title}`, async () => {
      const { breaks, finds, about } = FAULTS.find(fault => fault.title === title)!;
      const { host } = new URL(iam.world.urls.bridge);
      const breaking = { iam: iam.healthy, olderMetadata: '', ours: host, corporate: '' };
      iam.install(withReaders(breaks(breaking)));
      const findings = await examine(Object.keys(ACCOUNTS));
      assert.deepEqual(told(findings), [`${finds} ${about.replace('{ours}', host)}`]);
    });

  it('names the action that is denied, and does not take what is unknown for missing', async () => {
    const actions = READS.filter(action => action !== 'iam:List*').concat('iam:ListRoles');
    iam.install(withReaders(iam.healthy, actions));
    const findings = await examine(['prod'], ['prod']);
    assert.deepEqual(told(findings), Array(2).fill('iam.permission profile prod'));
    const messages = findings.map(({ message }) => message).join('\n');
    assert.match(messages, /iam:ListSAMLProviders gave no answer \(AccessDenied\w*\)/);
    assert.match(messages, /iam:ListOpenIDConnectProviders/);
    assert.ok(findings.some(({ id }) => id === 'iam.unknown'));
  });

  it('repeats a call that is throttled', async () => {
    iam.install({
      ...withReaders(iam.healthy),
      faults: { iam: { throttling: 2 } },
    });
    assert.deepEqual(told(await examine(['prod'], ['prod'])), []);
  });

  it('cannot be read by a profile without credentials, or by none', async () => {
    iam.install(withReaders(iam.healthy));
    for (const profile of ['empty', 'unknown-profile']) {
      const findings = await examine([profile], ['prod']);
      assert.deepEqual(told(findings), [`iam.input-unreadable profile ${profile}`]);
    }
  });

  it('is never told with a key of the profile', async () => {
    iam.install(withReaders(iam.healthy, ['s3:GetObject']));
    const text = JSON.stringify(await examine(Object.keys(ACCOUNTS)));
    assert.ok(!text.includes(SECRET) && !text.includes('AKIA'), text);
  });
});
