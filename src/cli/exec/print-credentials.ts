#!/usr/bin/env node
/**
 * The `credential_process` of a run of `exec`: asks the local address of the run and prints its
 * credentials as JSON.
 *
 * Address and token come from the environment, so no argument contains a secret. Imports only
 * Node's own modules.
 */
import process from 'node:process';

const PATIENCE_MILLISECONDS = 20_000;
const PAUSE_MILLISECONDS = 250;

interface Answer {
  readonly AccessKeyId: string;
  readonly SecretAccessKey: string;
  readonly Token: string;
  readonly Expiration: string;
  /** Absent where it is not known. */
  readonly AccountId?: string;
}

interface Trouble {
  readonly Code?: string;
  readonly Message?: string;
}

async function main(): Promise<string> {
  const { AWS_CONTAINER_CREDENTIALS_FULL_URI: url, AWS_CONTAINER_AUTHORIZATION_TOKEN: token } =
    process.env;
  if (url === undefined || token === undefined) {
    throw new Error(
      'this profile works only inside "rolebridge exec": the AWS_CONTAINER_ variables are missing.',
    );
  }
  const deadline = Date.now() + PATIENCE_MILLISECONDS;
  for (;;) {
    const response = await fetch(url, {
      headers: { authorization: token },
      signal: AbortSignal.timeout(PATIENCE_MILLISECONDS),
    }).catch(() => {
      throw new Error('the "rolebridge exec" of this profile has ended.');
    });
    const body: unknown = await response.json();
    if (response.ok) {
      const { AccessKeyId, SecretAccessKey, Token, Expiration, AccountId } = body as Answer;
      return JSON.stringify({
        Version: 1,
        AccessKeyId,
        SecretAccessKey,
        SessionToken: Token,
        Expiration,
        AccountId,
      });
    }
    const { Code, Message } = body as Trouble;
    if (Code !== 'NotReady' || Date.now() > deadline)
      throw new Error((Message ?? 'no credentials').replace(/^rolebridge: /, ''));
    await new Promise(resolve => setTimeout(resolve, PAUSE_MILLISECONDS));
  }
}

try {
  process.stdout.write(`${await main()}\n`);
} catch (thrown) {
  process.stderr.write(`rolebridge: ${(thrown as Error).message}\n`);
  process.exitCode = 1;
}
