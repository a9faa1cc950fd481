/** What profiles and the environment say about a call with an MFA code, in tables. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { type MfaProfile, readMfaProfile } from '../../../src/cli/mfa/profile.ts';
import type { StsSettings } from '../../../src/cli/mfa/sts-settings.ts';

const directory = mkdtempSync(join(tmpdir(), 'rolebridge-profiles-'));
after(() => rmSync(directory, { recursive: true }));

const SERIAL = 'arn:aws:iam::111122223333:mfa/ops';
const KEYS =
  'aws_access_key_id = AKIAOPSOPSOPSOPSOPS1\naws_secret_access_key = secret/secret+secret\n';

interface Files {
  readonly config?: string;
  readonly credentials?: string;
}

function read(
  { config = '', credentials = '' }: Files,
  env: Readonly<Record<string, string>> = {},
  name = 'ops',
): MfaProfile {
  writeFileSync(join(directory, 'config'), config);
  writeFileSync(join(directory, 'credentials'), credentials);
  const files = {
    AWS_CONFIG_FILE: join(directory, 'config'),
    AWS_SHARED_CREDENTIALS_FILE: join(directory, 'credentials'),
  };
  return readMfaProfile({ ...files, ...env }, name, {});
}

describe('the STS of a profile', () => {
  const cases: readonly (readonly [
    title: string,
    settings: string,
    env: Readonly<Record<string, string>>,
    sts: Partial<StsSettings>,
  ])[] = [
    ['is that of us-east-1 without a region', '', {}, { region: 'us-east-1', partition: 'aws' }],
    ['is that of its region', 'region = eu-west-1', {}, { region: 'eu-west-1' }],
    [
      'is that of AWS_REGION before AWS_DEFAULT_REGION and its region',
      'region = eu-west-1',
      { AWS_REGION: 'eu-west-2', AWS_DEFAULT_REGION: 'eu-west-3' },
      { region: 'eu-west-2' },
    ],
    [
      'is in the partition of the role, also when the region is in another one',
      'role_arn = arn:aws-cn:iam::111122223333:role/Admin\nregion = eu-west-1',
      {},
      { region: 'cn-north-1', partition: 'aws-cn' },
    ],
    [
      'is in the region of the partition that the profile names',
      'role_arn = arn:aws-us-gov:iam::111122223333:role/Admin\nregion = us-gov-east-1',
      {},
      { region: 'us-gov-east-1', partition: 'aws-us-gov' },
    ],
    [
      'is the global one for legacy profiles',
      'sts_regional_endpoints = legacy',
      {},
      { usesGlobalEndpoint: true },
    ],
    [
      'is regional where the environment says so',
      'sts_regional_endpoints = legacy',
      { AWS_STS_REGIONAL_ENDPOINTS: 'regional' },
      { usesGlobalEndpoint: false },
    ],
    ['is the FIPS one', 'use_fips_endpoint = true', {}, { usesFips: true, usesDualStack: false }],
    ['is the dual-stack one', '', { AWS_USE_DUALSTACK_ENDPOINT: 'true' }, { usesDualStack: true }],
    [
      'has the certificate authorities of the profile',
      'ca_bundle = /ca.pem',
      {},
      { caFile: '/ca.pem' },
    ],
    [
      'has those of AWS_CA_BUNDLE first',
      'ca_bundle = /ca.pem',
      { AWS_CA_BUNDLE: '/other.pem' },
      { caFile: '/other.pem' },
    ],
    [
      'is at endpoint_url',
      'endpoint_url = https://any.example',
      {},
      { endpoint: 'https://any.example' },
    ],
    [
      'is at that of its services section first',
      'endpoint_url = https://any.example\nservices = lab',
      {},
      { endpoint: 'https://sts.example' },
    ],
    [
      'is at AWS_ENDPOINT_URL before those',
      'services = lab',
      { AWS_ENDPOINT_URL: 'https://all.example' },
      { endpoint: 'https://all.example' },
    ],
    [
      'is at AWS_ENDPOINT_URL_STS before all others',
      'services = lab',
      { AWS_ENDPOINT_URL: 'https://all.example', AWS_ENDPOINT_URL_STS: 'https://sts2.example/x' },
      { endpoint: 'https://sts2.example/x' },
    ],
    [
      'is that of AWS where endpoints are to be ignored',
      'services = lab',
      { AWS_IGNORE_CONFIGURED_ENDPOINT_URLS: 'true', AWS_ENDPOINT_URL_STS: 'https://sts2.example' },
      { endpoint: undefined },
    ],
    [
      'is that of AWS where the profile ignores them',
      'endpoint_url = https://any.example\nignore_configured_endpoint_urls = true',
      {},
      { endpoint: undefined },
    ],
  ];
  const SERVICES =
    '[services lab]\ns3 =\n  endpoint_url = https://s3.example\nsts =\n  endpoint_url = https://sts.example\n';
  for (const [title, settings, env, expected] of cases) {
    it(title, () => {
      const config = `${SERVICES}[profile ops]\nmfa_serial = ${SERIAL}\n${settings}\n`;
      const { sts } = read({ config }, env);
      const found = Object.keys(expected).map(name => [name, sts[name as keyof StsSettings]]);
      assert.deepEqual(Object.fromEntries(found), expected);
    });
  }

  it('excludes FIPS and dual-stack with a custom endpoint, as for AWS tools', () => {
    const config = `[profile ops]\nmfa_serial = ${SERIAL}\nendpoint_url = https://any.example\n`;
    assert.throws(() => read({ config }, { AWS_USE_FIPS_ENDPOINT: 'true' }), /excludes FIPS/);
  });
});

describe('a profile', () => {
  it('has settings of both files, of which those of the credentials file count', () => {
    const profile = read({
      config: `[profile ops]\nmfa_serial = ${SERIAL}-config\nmfa_process = one two\n${KEYS.replaceAll('OPS1', 'OPS2')}`,
      credentials: `[ops]\nmfa_serial = ${SERIAL}\n${KEYS}`,
    });
    assert.equal(profile.serial, SERIAL);
    assert.equal(profile.process, 'one two');
    assert.equal(profile.keys?.accessKeyId, 'AKIAOPSOPSOPSOPSOPS1');
    assert.equal(profile.durationSeconds, 43_200);
  });

  it('has the settings of [DEFAULT], and the default profile its own name', () => {
    const profile = read(
      { config: `[DEFAULT]\nmfa_serial = ${SERIAL}\n[default]\n${KEYS}` },
      {},
      'default',
    );
    assert.deepEqual([profile.serial, profile.keysOf], [SERIAL, 'default']);
  });

  it('with a role has the keys and the device of its source profile, and its own settings', () => {
    const { role, keysOf, keys, serial, durationSeconds } = read({
      config: `[profile ops]
role_arn = arn:aws:iam::111122223333:role/Admin
source_profile = keys
external_id = x:1/2
role_session_name = me@example.com
duration_seconds = 7200
[profile keys]
mfa_serial = ${SERIAL}
role_session_name = other
`,
      credentials: `[keys]\n${KEYS}`,
    });
    assert.deepEqual(role, {
      arn: 'arn:aws:iam::111122223333:role/Admin',
      externalId: 'x:1/2',
      sessionName: 'me@example.com',
    });
    assert.deepEqual([keysOf, keys?.accessKeyId], ['keys', 'AKIAOPSOPSOPSOPSOPS1']);
    assert.deepEqual([serial, durationSeconds], [SERIAL, 7200]);
  });

  it('without a role ignores duration_seconds and source_profile, as AWS tools do', () => {
    const config = `[profile ops]\nmfa_serial = ${SERIAL}\nduration_seconds = 900\nsource_profile = keys\n`;
    const { durationSeconds, keysOf } = read({ config });
    assert.deepEqual([durationSeconds, keysOf], [43_200, 'ops']);
  });
});
