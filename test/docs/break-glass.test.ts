import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { it } from 'node:test';
import { callerOf, iamUserFor } from '../support/iam-user.ts';
import { blocksOf, readPage } from './pages.ts';

const blocks = blocksOf(readPage('break-glass.md'));
const block = (info: string): string => blocks.find(found => found.info === info)!.text;
const USER = [...JSON.parse(block('json user-policy')).Statement];
const TRUST = JSON.parse(block('json trust-policy'));
const WORLD = { permissions: USER, trustPolicy: TRUST };

it('docs/break-glass.md has policies and profiles that give the role for an MFA code', async t => {
  const user = await iamUserFor(t, WORLD);
  writeFileSync(user.computer.file('.aws/config'), block('ini config'));
  const env = { AWS_ENDPOINT_URL_STS: user.url };
  const program = user.script('code', `echo ${user.code()}`);
  const args = ['credential-process', '--profile', 'break-glass', '--mfa-process', program];
  const { stdout, stderr } = await user.mfa(args, { env });
  assert.equal(
    await callerOf(user.url, stdout),
    'arn:aws:sts::111122223333:assumed-role/BreakGlass/ops',
    stderr,
  );
});

it('docs/break-glass.md has policies that give the role to no access key alone', async t => {
  const user = await iamUserFor(t, WORLD);
  await assert.rejects(user.assumeRoleWithoutMfa(), { name: 'AccessDenied' });
});
