import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { AssumeRoleCommand, GetCallerIdentityCommand } from '@aws-sdk/client-sts';
import { DEMO_ACCOUNTS, DEMO_BREAK_GLASS, demoWorld } from '../../src/dev/demo-world.ts';
import { totpCode } from '../../src/dev/local-aws/totp.ts';
import { useLocalAws } from './local-aws/support.ts';

const BRIDGE_URL = 'http://127.0.0.1:3000';

describe('the AWS of the demo', () => {
  const running = useLocalAws(demoWorld({ bridgeUrl: BRIDGE_URL }));

  it('gives the break-glass role to its IAM user with an MFA code only', async () => {
    const { prod } = DEMO_ACCOUNTS;
    const { accessKeyId, secretAccessKey, seed, serial, role, user } = DEMO_BREAK_GLASS;
    const sts = running.sts({ accessKeyId, secretAccessKey });
    const input = { RoleArn: `arn:aws:iam::${prod.id}:role/${role}`, RoleSessionName: user };
    await assert.rejects(sts.send(new AssumeRoleCommand(input)), { name: 'AccessDenied' });

    const TokenCode = totpCode(seed, running.clock.now());
    const { Credentials } = await sts.send(
      new AssumeRoleCommand({ ...input, SerialNumber: serial, TokenCode }),
    );
    const assumed = running.sts({
      accessKeyId: Credentials!.AccessKeyId!,
      secretAccessKey: Credentials!.SecretAccessKey!,
      sessionToken: Credentials!.SessionToken!,
    });
    const { Arn } = await assumed.send(new GetCallerIdentityCommand({}));
    assert.equal(Arn, `arn:aws:sts::${prod.id}:assumed-role/${role}/${user}`);
  });
});
