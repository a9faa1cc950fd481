/**
 * Runs aws-sso.ts in a network namespace of its own, where "every address" is
 * loopback alone.
 */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { chromiumMissing } from '../support/browser.ts';
import { missingPackage } from '../support/missing-package.ts';

const CACHE = join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'rolebridge');
/** From 2.35.13 on the AWS CLI judges the start URL before it logs in. */
const AWS_CLIS = [
  { suite: 'trixie', program: process.env.AWS_CLI ?? join(CACHE, 'aws-cli/aws') },
  { suite: 'sid', program: process.env.AWS_CLI_SID ?? join(CACHE, 'aws-cli-sid/aws') },
];
const SUITE = fileURLToPath(new URL('aws-sso.ts', import.meta.url));

function missing(program: string, suite: string): string | false {
  const isRoot = process.getuid?.() === 0;
  if (!isRoot && process.env.CI !== 'true') return 'a network namespace needs root';
  return (
    missingPackage(program, `awscli of ${suite}: test/wire/install-aws-cli.sh`) ||
    missingPackage('/usr/sbin/ip', 'iproute2') ||
    chromiumMissing()
  );
}

for (const { suite, program } of AWS_CLIS) {
  const title = `the AWS CLI of Debian ${suite} logs in, lists, gets credentials, renews and logs out`;
  it(title, { skip: missing(program, suite) }, () => logsIn(program));
}

function logsIn(AWS_CLI: string): void {
  const { NODE_TEST_CONTEXT: _, ...env } = process.env;
  const script = `ip link set lo up && exec "$0" --test --test-reporter=tap "$1"`;
  const { status, stdout, stderr } = spawnSync(
    'unshare',
    ['--net', '--', '/bin/bash', '-c', script, process.execPath, SUITE],
    {
      env: { ...env, AWS_CLI },
      encoding: 'utf8',
      timeout: 280_000,
    },
  );
  assert.equal(status, 0, `${stdout}\n${stderr}`);
  assert.match(stdout, /^# pass [1-9]\d*$/m);
  assert.match(stdout, /^# fail 0$/m);
  assert.match(stdout, /^# skipped 0$/m);
}
