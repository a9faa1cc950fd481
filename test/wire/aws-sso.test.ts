/** Runs aws-sso.ts in a network namespace of its own, where "every address" is loopback alone. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { chromiumMissing } from '../support/browser.ts';
import { missingPackage } from '../support/missing-package.ts';

const AWS_CLI = process.env.AWS_CLI ?? join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'rolebridge/aws-cli/aws');
const SUITE = fileURLToPath(new URL('aws-sso.ts', import.meta.url));

function missing(): string | false {
  const isRoot = process.getuid?.() === 0;
  if (!isRoot && process.env.CI !== 'true') return 'a network namespace needs root';
  return (
    missingPackage(AWS_CLI, 'awscli of trixie: test/wire/install-aws-cli.sh') ||
    missingPackage('/usr/sbin/ip', 'iproute2') ||
    chromiumMissing()
  );
}

it('the AWS CLI of Debian trixie logs in, lists, gets credentials, renews and logs out', { skip: missing() }, () => {
  const { NODE_TEST_CONTEXT: _, ...env } = process.env;
  const script = `ip link set lo up && exec "$0" --test --test-reporter=tap "$1"`;
  const { status, stdout, stderr } = spawnSync('unshare', ['--net', '--', '/bin/bash', '-c', script, process.execPath, SUITE], {
    env: { ...env, AWS_CLI },
    encoding: 'utf8',
    timeout: 110_000,
  });
  assert.equal(status, 0, `${stdout}\n${stderr}`);
  assert.match(stdout, /^# pass [1-9]\d*$/m);
  assert.match(stdout, /^# fail 0$/m);
  assert.match(stdout, /^# skipped 0$/m);
});
