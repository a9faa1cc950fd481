/**
 * A program of a user: prints its caller identity, with the credentials that the AWS SDK finds.
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
