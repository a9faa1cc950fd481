/** How operators name a workload: by its id, or by an entry of the configuration and a subject. */
import { unknownWorkload } from '../bridge/operator-workloads.ts';
import type { NamedWorkload } from '../core/audit-event.ts';
import { isAccountId, isRoleName, PARTITIONS } from '../core/role.ts';
import { entryOf, isWorkloadId } from '../core/workload.ts';
import type { UseCases } from './use-cases.ts';

const HOW_TO_NAME_A_WORKLOAD =
  'Use its id from the audit trail ("workload"), or ENTRY/SUBJECT, such as github/repo:acme/api:ref:refs/heads/main.';

/**
 * The workload of a name, known or not. An id of an entry that is not in the configuration must be
 * known: its entry can have been removed. Throws an Error that says what to do.
 */
export async function workloadNamed(
  { workloads, entries }: Pick<UseCases, 'workloads' | 'entries'>,
  name: string,
): Promise<NamedWorkload> {
  if (isWorkloadId(name)) {
    const known = await workloads.find(name);
    if (known !== undefined) return known;
    entryNamed(entries, entryOf(name));
    return unknownWorkload(name);
  }
  const slash = name.indexOf('/');
  if (slash === -1)
    throw new Error(`${quoted(name)} does not name a workload. ${HOW_TO_NAME_A_WORKLOAD}`);
  const { id, kind } = entryNamed(entries, name.slice(0, slash));
  const written = name.slice(slash + 1);
  const subject = kind === 'aws-iam' ? roleArnOf(written) : written;
  if (subject === '') throw new Error(`${quoted(name)} has no subject. ${HOW_TO_NAME_A_WORKLOAD}`);
  return workloads.of({ entry: id, subject });
}

/** Throws an Error that lists the entries. */
function entryNamed(entries: UseCases['entries'], id: string): UseCases['entries'][number] {
  const found = entries.find(entry => entry.id === id);
  if (found !== undefined) return found;
  const ids = entries.map(entry => entry.id).join(', ');
  const have = ids === '' ? 'The configuration has none' : `The configuration has: ${ids}`;
  throw new Error(`unknown entry ${quoted(id)} of workloads. ${have}.`);
}

/** An IAM role, with its path, or one session of a role. */
const ROLE =
  /^arn:([a-z-]+):(?:iam::(\d+):role\/(?:.*\/)?|sts::(\d+):assumed-role\/)([^/]+)(\/[^/]+)?$/;

/**
 * The subject of a workload that signs with its role: the ARN of the role without its path, which
 * STS does not name. Throws an Error.
 */
function roleArnOf(written: string): string {
  const [, partition = '', ofRole, ofSession, name = ''] = ROLE.exec(written) ?? [];
  const account = ofRole ?? ofSession ?? '';
  const isRole =
    PARTITIONS.some(known => known === partition) && isAccountId(account) && isRoleName(name);
  if (isRole) return `arn:${partition}:iam::${account}:role/${name}`;
  throw new Error(
    `${quoted(written)} is not the ARN of a role. Workloads of this entry are IAM roles: write ENTRY/arn:aws:iam::111122223333:role/builder.`,
  );
}

function quoted(text: string): string {
  return `"${text}"`;
}
