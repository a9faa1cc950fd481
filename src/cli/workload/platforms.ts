/**
 * The platforms that a workload runs on, in the order in which they are looked for, and the
 * identity that each gives.
 *
 * A platform that is recognized and gives no identity ends the search: a pod or a job must not
 * become the instance that it runs on.
 */
import { existsSync } from 'node:fs';
import { CliError } from '../terminal/exit.ts';
import {
  buildkiteIdentity,
  circleciIdentity,
  githubIdentity,
  gitlabIdentity,
  identityInVariable,
  TOKEN_VARIABLE,
  terraformIdentity,
} from './ci-platforms.ts';
import {
  type Environment,
  noProof,
  projectedVolume,
  type Surroundings,
  type WorkloadIdentity,
} from './identity.ts';
import { PLATFORMS, type PlatformName } from './names.ts';
import { hasRoleVariables, isInstance, roleCredentials } from './role-credentials.ts';
import { signedCallerIdentity } from './signed-request.ts';
import { identityInFile, identityOfToken } from './token.ts';

/** Where a pod has its token for the bridge, by convention. */
const POD_TOKEN = '/var/run/secrets/rolebridge/token';

interface Platform {
  readonly title: string;
  isHere(env: Environment): boolean | Promise<boolean>;
  identify(surroundings: Surroundings): WorkloadIdentity | Promise<WorkloadIdentity>;
}

const BY_NAME: Readonly<Record<PlatformName, Platform>> = {
  github: {
    title: 'GitHub Actions',
    isHere: env => env.GITHUB_ACTIONS === 'true',
    identify: githubIdentity,
  },
  gitlab: {
    title: 'GitLab CI',
    isHere: env => env.GITLAB_CI === 'true',
    identify: gitlabIdentity,
  },
  buildkite: {
    title: 'Buildkite',
    isHere: env => env.BUILDKITE === 'true',
    identify: buildkiteIdentity,
  },
  circleci: {
    title: 'CircleCI',
    isHere: env => env.CIRCLECI === 'true',
    identify: circleciIdentity,
  },
  'hcp-terraform': {
    title: 'HCP Terraform',
    isHere: env => Boolean(env.TFC_WORKLOAD_IDENTITY_TOKEN || env.TFC_RUN_ID),
    identify: terraformIdentity,
  },
  kubernetes: {
    title: 'Kubernetes',
    isHere: env =>
      existsSync(POD_TOKEN) || (Boolean(env.KUBERNETES_SERVICE_HOST) && !hasRoleVariables(env)),
    identify: podIdentity,
  },
  aws: {
    title: 'EC2, ECS and Lambda',
    isHere: env => hasRoleVariables(env) || isInstance(env),
    identify: roleIdentity,
  },
};

/** How the command line or the environment names the proof; otherwise the platform is found. */
export interface ProofChoice {
  readonly platform?: string | undefined;
  readonly tokenFile?: string | undefined;
  readonly tokenEnv?: string | undefined;
}

/** Throws `usage` for more than one choice, `local` where no platform gives an identity. */
export async function identityOf(
  choice: ProofChoice,
  surroundings: Surroundings,
): Promise<WorkloadIdentity> {
  return chosenIdentity(choice, surroundings) ?? foundIdentity(surroundings);
}

function chosenIdentity(
  { platform, tokenFile, tokenEnv }: ProofChoice,
  surroundings: Surroundings,
): WorkloadIdentity | Promise<WorkloadIdentity> | undefined {
  const given = [platform, tokenFile, tokenEnv].filter(one => one !== undefined);
  if (given.length > 1)
    throw new CliError('usage', 'give only one of --platform, --token-file and --token-env');
  if (tokenFile !== undefined) return identityInFile(tokenFile, surroundings);
  if (tokenEnv !== undefined)
    return identityInVariable(tokenEnv, surroundings, {
      missing: `the variable ${tokenEnv} of --token-env is not set`,
      advice: ['Give the name of the variable, without a dollar sign.'],
    });
  return platform === undefined ? undefined : platformNamed(platform).identify(surroundings);
}

function platformNamed(written: string): Platform {
  const name = PLATFORMS.find(one => one === written);
  if (name !== undefined) return BY_NAME[name];
  throw new CliError('usage', `unknown platform ${JSON.stringify(written)}`, {
    lines: [`Platforms: ${PLATFORMS.join(', ')}`],
  });
}

async function foundIdentity(surroundings: Surroundings): Promise<WorkloadIdentity> {
  const { env } = surroundings;
  const file = env.ROLEBRIDGE_WORKLOAD_TOKEN_FILE;
  if (file)
    return identityInFile(file, surroundings, ['ROLEBRIDGE_WORKLOAD_TOKEN_FILE names this file.']);
  const token = env[TOKEN_VARIABLE];
  if (token)
    return identityOfToken(
      token,
      { where: `the variable ${TOKEN_VARIABLE}`, advice: [] },
      surroundings,
    );
  for (const name of PLATFORMS)
    if (await BY_NAME[name].isHere(env)) return BY_NAME[name].identify(surroundings);
  throw noProof('no platform was found that gives this workload an identity', [
    `Looked for: ${PLATFORMS.map(name => BY_NAME[name].title).join('; ')}.`,
    'For a token of another platform: --token-file FILE or --token-env NAME.',
    'Keys in ~/.aws and in the environment are not used: users sign in with rolebridge login.',
  ]);
}

function podIdentity(surroundings: Surroundings): WorkloadIdentity {
  if (existsSync(POD_TOKEN)) return identityInFile(POD_TOKEN, surroundings);
  throw noProof(
    'this pod has no token for the bridge, and the default token of its service account is not sent',
    projectedVolume(surroundings.audience),
  );
}

async function roleIdentity({ env, audience }: Surroundings): Promise<WorkloadIdentity> {
  const credentials = await roleCredentials(env);
  return {
    secret: credentials.sessionToken,
    proof: () => signedCallerIdentity(credentials, audience),
  };
}
