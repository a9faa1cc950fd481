/**
 * A program of a user: prints its caller identity, with the credentials that the AWS SDK finds.
 * Prints the ARN, or the error. With `renewal`, waits in one process until the credentials are
 * others, and prints `renewed`.
 */
import { setTimeout as wait } from 'node:timers/promises';
import { GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts';

const client = new STSClient({ maxAttempts: 1 });

async function arn(): Promise<string> {
  const { Arn } = await client.send(new GetCallerIdentityCommand({}));
  return Arn!;
}

async function renewal(): Promise<string> {
  const accessKey = async () => (await client.config.credentials()).accessKeyId;
  const first = await accessKey();
  while ((await accessKey()) === first) await wait(250);
  return 'renewed';
}

try {
  process.stdout.write(`${await (process.argv[2] === 'renewal' ? renewal() : arn())}\n`);
} catch (thrown) {
  process.stdout.write(`${(thrown as Error).name}: ${(thrown as Error).message}\n`);
  process.exitCode = 1;
}
