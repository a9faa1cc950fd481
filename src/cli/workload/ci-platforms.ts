/** Platforms of pipelines: how each of them gives a token to a job. */
import { execFile } from 'node:child_process';
import { isToken } from '../server/answers.ts';
import { openExchange } from '../server/exchange.ts';
import { CliError } from '../terminal/exit.ts';
import { type Environment, noProof, type Surroundings, type WorkloadIdentity } from './identity.ts';
import { identityOfToken, type TokenPlace } from './token.ts';

const COMMAND_MILLISECONDS = 15_000;
const MAX_OUTPUT_BYTES = 64 * 1024;

// ---------------------------------------------------------------- GitHub Actions

const GITHUB_ADVICE = [
  'Add to the job or to the workflow:',
  '  permissions:',
  '    id-token: write',
  '    contents: read',
  'Jobs for pull requests from forks get no token.',
];

/** Throws `local` where the job must not request tokens. */
export function githubIdentity(surroundings: Surroundings): WorkloadIdentity {
  const { ACTIONS_ID_TOKEN_REQUEST_URL: url, ACTIONS_ID_TOKEN_REQUEST_TOKEN: secret } =
    surroundings.env;
  if (!url || !secret)
    throw noProof('GitHub Actions gives no identity token to this job', GITHUB_ADVICE);
  const address = URL.canParse(url) ? new URL(url) : undefined;
  if (address?.protocol !== 'https:' || !isToken(secret))
    throw noProof(
      'the variables ACTIONS_ID_TOKEN_REQUEST_URL and ACTIONS_ID_TOKEN_REQUEST_TOKEN of this job cannot be used',
      ['GitHub Actions sets an https address and a token. An earlier step may have changed them.'],
    );
  address.searchParams.set('audience', surroundings.audience);
  return { secret, proof: () => requestToken(address, secret, surroundings) };
}

async function requestToken(
  address: URL,
  secret: string,
  surroundings: Surroundings,
): Promise<string> {
  const { env, caFile } = surroundings;
  const exchange = openExchange({ server: address.origin, env, caFile });
  const { status, text } = await exchange({
    method: 'GET',
    path: `${address.pathname}${address.search}`,
    headers: { accept: 'application/json', authorization: `Bearer ${secret}` },
  });
  if (status !== 200)
    throw new CliError('unreachable', `GitHub Actions gave no token (status ${status})`, {
      lines: ['Try again. If the problem persists, see the status of GitHub Actions.'],
    });
  const place = { where: 'the response of GitHub Actions', advice: [] };
  return identityOfToken(valueIn(text), place, { ...surroundings, isAudienceGiven: true }).proof();
}

function valueIn(text: string): string {
  try {
    const { value } = JSON.parse(text) as { readonly value?: unknown };
    return typeof value === 'string' ? value : '';
  } catch {
    return '';
  }
}

// ---------------------------------------------------------------- tokens in variables

/** The variable in which a user gives the token of any platform. */
export const TOKEN_VARIABLE = 'ROLEBRIDGE_ID_TOKEN';

/** Throws `local`. */
export function gitlabIdentity(surroundings: Surroundings): WorkloadIdentity {
  return identityInVariable(TOKEN_VARIABLE, surroundings, {
    missing: 'this job of GitLab CI has no identity token for the bridge',
    advice: [
      'Add to the job:',
      '  id_tokens:',
      `    ${TOKEN_VARIABLE}:`,
      `      aud: ${surroundings.audience}`,
      'For a variable with another name: --token-env NAME.',
    ],
  });
}

/** Throws `local`. */
export function terraformIdentity(surroundings: Surroundings): WorkloadIdentity {
  return identityInVariable('TFC_WORKLOAD_IDENTITY_TOKEN', surroundings, {
    missing: 'this run of HCP Terraform has no identity token',
    advice: [
      `Set the environment variable TFC_WORKLOAD_IDENTITY_AUDIENCE of the workspace to ${surroundings.audience}.`,
    ],
  });
}

export interface VariableAdvice {
  /** What happened where it is not set. */
  readonly missing: string;
  readonly advice: readonly string[];
}

/** Throws `local`. */
export function identityInVariable(
  name: string,
  surroundings: Surroundings,
  { missing, advice }: VariableAdvice,
): WorkloadIdentity {
  const token = surroundings.env[name];
  if (!token) throw noProof(missing, advice);
  return identityOfToken(token, { where: `the variable ${name}`, advice }, surroundings);
}

// ---------------------------------------------------------------- tokens from a command

/** Throws `local`. */
export function buildkiteIdentity(surroundings: Surroundings): WorkloadIdentity {
  const { audience, env } = surroundings;
  return {
    secret: env.BUILDKITE_AGENT_ACCESS_TOKEN || undefined,
    proof: () =>
      tokenOf(
        ['buildkite-agent', 'oidc', 'request-token', '--audience', audience],
        surroundings,
        'buildkite-agent must be in PATH; the Docker plugin passes it on with mount-buildkite-agent and propagate-environment.',
      ),
  };
}

/**
 * The token of the job is for the organization; the command of CircleCI requests one for another
 * audience. Throws `local`.
 */
export function circleciIdentity(surroundings: Surroundings): WorkloadIdentity {
  const { audience, isAudienceGiven, env } = surroundings;
  const present = identityInVariable(
    'CIRCLE_OIDC_TOKEN_V2',
    { ...surroundings, isAudienceGiven: false },
    {
      missing: 'CircleCI gives no identity token to this job',
      advice: ['Jobs for pull requests from forks get no token.'],
    },
  );
  if (!isAudienceGiven) return present;
  const claims = JSON.stringify({ aud: audience });
  return {
    secret: env.CIRCLE_OIDC_TOKEN_V2,
    proof: () =>
      tokenOf(
        ['circleci', 'run', 'oidc', 'get', '--claims', claims],
        surroundings,
        'Without --audience, the token of the job is sent. Its audience is the id of the organization.',
      ),
  };
}

type Command = readonly [name: string, ...args: string[]];

async function tokenOf(
  [name, ...args]: Command,
  surroundings: Surroundings,
  advice: string,
): Promise<string> {
  const place: TokenPlace = { where: `the output of ${name}`, advice: [advice] };
  const text = await outputOf([name, ...args], surroundings.env).catch((thrown: unknown) => {
    throw noProof(`${name} gave no identity token`, [advice], thrown);
  });
  return identityOfToken(text, place, { ...surroundings, isAudienceGiven: true }).proof();
}

/** Its messages on stderr are left out: they may contain what it sends. */
function outputOf([name, ...args]: Command, env: Environment): Promise<string> {
  const limits = { timeout: COMMAND_MILLISECONDS, maxBuffer: MAX_OUTPUT_BYTES, windowsHide: true };
  return new Promise((resolve, reject) => {
    execFile(name, args, { ...limits, env: { ...env } }, (fault, stdout) => {
      if (fault === null) resolve(stdout);
      else reject(new Error(`${name} failed`));
    });
  });
}
