/** Variables for the steps of a GitHub Actions job that follow, with their secrets masked. */
import { appendFileSync, statSync } from 'node:fs';
import { isRegion } from '../../core/partitions.ts';
import { CliError, systemCode } from '../terminal/exit.ts';
import type { CachedCredentials } from '../warm/cached-credentials.ts';

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Appends them to the file that GITHUB_ENV names, and gives the lines that mask the secrets in the
 * log of the job, for standard output. Throws `local`.
 */
export function writeGithubEnv(env: Environment, credentials: CachedCredentials): string {
  const { accessKeyId, secretAccessKey, sessionToken, account } = credentials;
  const secrets = {
    AWS_ACCESS_KEY_ID: accessKeyId,
    AWS_SECRET_ACCESS_KEY: secretAccessKey,
    AWS_SESSION_TOKEN: sessionToken,
  };
  const region = checked(env.AWS_REGION || env.AWS_DEFAULT_REGION || account.region);
  const variables = { ...secrets, AWS_REGION: region, AWS_DEFAULT_REGION: region };
  // The values are one word of printable ASCII each, so no line can be added by them.
  append(
    env.GITHUB_ENV,
    Object.entries(variables)
      .map(([name, value]) => `${name}=${value}\n`)
      .join(''),
  );
  return Object.values(secrets)
    .map(secret => `::add-mask::${secret}\n`)
    .join('');
}

/** A region can come from the input of a workflow, which anyone may write. Throws `local`. */
function checked(region: string): string {
  if (isRegion(region)) return region;
  throw new CliError('local', `${JSON.stringify(region)} is not an AWS region`, {
    lines: ['Correct AWS_REGION, or remove it to use the region of the account.'],
  });
}

function append(file: string | undefined, lines: string): void {
  if (!file)
    throw new CliError('local', 'GITHUB_ENV is not set', {
      lines: ['--github-env works in a step of GitHub Actions.'],
    });
  try {
    if (!statSync(file).isFile()) throw new Error('not a regular file');
    appendFileSync(file, lines);
  } catch (thrown) {
    throw new CliError(
      'local',
      `${file} cannot be written (${systemCode(thrown) ?? 'not a file'})`,
      {
        lines: ['GITHUB_ENV names this file.'],
        cause: thrown,
      },
    );
  }
}
