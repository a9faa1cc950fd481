/**
 * A program of a user: asks STS who it is, with whatever credentials the AWS SDK finds by itself.
 * Prints the ARN, or the error.
 */
import { GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts';

const client = new STSClient({ maxAttempts: 1 });
try {
  const { Arn } = await client.send(new GetCallerIdentityCommand({}));
  process.stdout.write(`${Arn}\n`);
} catch (thrown) {
  process.stdout.write(`${(thrown as Error).name}: ${(thrown as Error).message}\n`);
  process.exitCode = 1;
}
