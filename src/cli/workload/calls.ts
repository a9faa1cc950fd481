/** What a workload asks the bridge: credentials, its roles, and why it has a role or not. */
import { type CredentialsAnswer, readCredentials } from '../roles/credentials-answer.ts';
import type { NamedRole } from '../roles/matching.ts';
import { arrayOf, isText, objectOf, usable } from '../server/answers.ts';
import type { Client } from '../session/client.ts';
import type { CachedCredentials } from '../warm/cached-credentials.ts';
import { cachedOr } from './cache.ts';
import type { WorkloadIdentity } from './identity.ts';

/** A client, and the proofs that it sends to the bridge. */
export interface WorkloadClient {
  readonly client: Client;
  readonly audience: string;
  /** Made again at every call: tokens in files and keys of instances are replaced. */
  identity(): Promise<WorkloadIdentity>;
}

/** Throws `refused`, `unreachable`, `local`. */
export async function workloadCredentials(
  { client, audience, identity }: WorkloadClient,
  { account, role }: NamedRole,
): Promise<CachedCredentials> {
  const { secret, proof } = await identity();
  const { directory, server, terminal } = client;
  const names = [server.origin, audience, `${account}/${role}`];
  return cachedOr({ directory, secret, names }, async () => {
    const answer = await terminal.progress(`Asking for ${account}/${role}`, async () =>
      server.call<CredentialsAnswer>({
        ...{ method: 'POST', path: '/workload/credentials', body: { account, role } },
        token: await proof(),
      }),
    );
    return readCredentials(answer, server.clockOffset());
  });
}

export interface WorkloadRoles {
  readonly workload: { readonly id: string; readonly entry: string; readonly subject: string };
  readonly roles: readonly {
    readonly account: { readonly id: string; readonly name: string };
    readonly role: string;
  }[];
}

const isWorkload = objectOf({ id: isText, entry: isText, subject: isText });
const isRoles = objectOf({
  workload: isWorkload,
  roles: arrayOf(objectOf({ account: objectOf({ id: isText, name: isText }), role: isText })),
});

/** Throws `refused`, `unreachable`, `local`. */
export async function workloadRoles(workload: WorkloadClient): Promise<WorkloadRoles> {
  return usable(await get<WorkloadRoles>(workload, '/workload/roles'), isRoles, 'roles');
}

export interface WorkloadExplanation {
  readonly workload: WorkloadRoles['workload'];
  readonly account: string;
  readonly role: string;
  readonly outcome: string;
  readonly steps: readonly { readonly outcome: string; readonly sentence: string }[];
}

const isExplanation = objectOf({
  workload: isWorkload,
  account: isText,
  role: isText,
  outcome: isText,
  steps: arrayOf(objectOf({ outcome: isText, sentence: isText })),
});

/** Throws `refused`, `unreachable`, `local`. */
export async function explainRole(
  workload: WorkloadClient,
  { account, role }: NamedRole,
): Promise<WorkloadExplanation> {
  const path = `/workload/explain?${new URLSearchParams({ account, role })}`;
  const answer = await get<WorkloadExplanation>(workload, path);
  return usable(answer, isExplanation, 'an explanation');
}

async function get<T>({ client, identity }: WorkloadClient, path: string): Promise<T> {
  const { proof } = await identity();
  return client.server.call<T>({ method: 'GET', path, token: await proof() });
}
