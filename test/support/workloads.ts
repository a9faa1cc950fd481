/** Machines at the front door: the entries that let them in, and how they ask. */
import type { RoleCredentials } from './caller-forge.ts';
import { type Answer, callApi } from './cli-login.ts';
import type { World } from './world.ts';

export const GITHUB = 'https://token.actions.githubusercontent.com';
export const CLUSTER = 'https://kubernetes.default.svc.cluster.local';

/** GITHUB_CLAIMS get prod/Developer. Keys are in `github.json`. */
export const githubEntry = (audience: string): string => `
  - id: github
    issuer: ${GITHUB}
    jwks: { file: github.json }
    audience: ${audience}
    access:
      - claims: { repository_id: "5678", repository_owner_id: "1234", environment: production }
        accounts: [prod]
        roles: [Developer]`;

/** CLUSTER_CLAIMS get staging/Developer. Keys are in `cluster.json`. */
export const clusterEntry = (audience: string): string => `
  - id: cluster
    issuer: ${CLUSTER}
    jwks: { file: cluster.json }
    audience: ${audience}
    access:
      - claims: { sub: "system:serviceaccount:demo:uploader" }
        accounts: [staging]
        roles: [Developer]`;

/** The role that `githubEntry` gives gets staging/Developer. */
export const roleEntry = (audience: string): string => `
  - id: aws
    awsIam: { audience: "${audience}" }
    access:
      - roleArns: ["arn:aws:iam::111122223333:role/Developer"]
        accounts: [staging]
        roles: [Developer]`;

/** The section `workloads` of a configuration. */
export const workloadsSection = (...entries: readonly string[]): string =>
  `\nworkloads:${entries.join('')}\n`;

/** Asks for credentials in one step. */
export function askOneStep(
  world: World,
  proof: string,
  asked: {
    readonly account?: string;
    readonly role?: string;
    readonly headers?: Readonly<Record<string, string>>;
  } = {},
): Promise<Answer> {
  const { account = 'prod', role = 'Developer', headers = {} } = asked;
  const body = { account, role };
  return callApi(world, proof, { method: 'POST', path: '/workload/credentials', body, headers });
}

/** The credentials in an answer. */
export function credentialsIn({
  json,
}: Answer): RoleCredentials & { readonly sessionToken: string } {
  return {
    accessKeyId: json.access_key_id,
    secretAccessKey: json.secret_access_key,
    sessionToken: json.session_token,
  };
}
