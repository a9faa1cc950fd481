/**
 * Unmodified AWS clients with a profile whose `credential_process` is `rolebridge mfa`. The code is
 * typed at the terminal at which the client runs.
 */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { describe, it, type TestContext } from 'node:test';
import { promisify } from 'node:util';
import { type AwsClient, awsCli, awsClients } from '../support/aws-clients.ts';
import { BREAK_GLASS, type IamUser, iamUserFor, SCRIPT, SERIAL } from '../support/iam-user.ts';
import { missingPackage } from '../support/missing-package.ts';

const run = promisify(execFile);
const ARN = 'arn:aws:sts::111122223333:assumed-role/BreakGlass/ops';

/** A user with a profile `emergency` for AWS tools. */
async function prepared(t: TestContext): Promise<IamUser> {
  const user = await iamUserFor(t);
  user.configure(`mfa_serial = ${SERIAL}
[profile break-glass]
role_arn = ${BREAK_GLASS}
source_profile = ops
role_session_name = ops
external_id = break-glass-7f3c
services = lab
[profile emergency]
region = eu-west-1
credential_process = ${user.program} mfa credential-process --profile break-glass
`);
  return user;
}

const environment = ({ computer, url }: IamUser): NodeJS.ProcessEnv => ({
  ...(computer.env as NodeJS.ProcessEnv),
  AWS_PROFILE: 'emergency',
  AWS_SDK_LOAD_CONFIG: '1',
  AWS_ENDPOINT_URL_STS: url,
  AWS_REGION: 'eu-west-1',
});

describe('a profile with rolebridge mfa as its credential_process', () => {
  for (const { name, missing, words } of awsClients()) {
    it(`gives the ${name} the role, from one code for all its runs`, { skip: missing }, async t => {
      const user = await prepared(t);
      const code = user.script('code', `echo ${user.code()}`);
      const [program, ...args] = words(user.url, 'emergency');
      const env = environment(user);
      const login = await user.mfa(['--profile', 'break-glass', '--mfa-process', code]);
      assert.equal(login.code, 0, login.stderr);
      for (let round = 0; round < 2; round++) {
        const { stdout } = await run(program!, args, { env });
        assert.equal(stdout.trim(), ARN);
      }
      const assumed = user.events.filter(({ action }) => action === 'AssumeRole');
      assert.equal(assumed.length, 1);
    });
  }

  const cli: AwsClient = awsCli('bookworm', '/usr/bin/aws', 'awscli');
  const skip = cli.missing || missingPackage(SCRIPT, 'bsdutils');
  it('lets the AWS CLI wait while the user types the code at its terminal', { skip }, async t => {
    const user = await prepared(t);
    const command = cli.words(user.url, 'emergency').join(' ');
    const { code, screen } = await user.atTerminal(command, [user.code()]);
    assert.equal(code, 0, screen);
    assert.ok(screen.includes(`MFA code for break-glass (${SERIAL}): `), screen);
    assert.ok(screen.includes(ARN), screen);
  });

  it('lets the AWS CLI print what to do where the code cannot be typed', { skip }, async t => {
    const user = await prepared(t);
    const [program, ...args] = cli.words(user.url, 'emergency');
    const env = { ...environment(user), CI: 'true' };
    const refused = await run(program!, args, { env }).then(
      () => assert.fail('it was not refused'),
      ({ stderr }: { stderr: string }) => stderr,
    );
    assert.match(refused, /Run in a terminal: rolebridge mfa --profile break-glass/);
  });
});
