/** Checks of the IAM roles that are workloads. */
import { isReservedRole } from '../core/role.ts';
import type { AccountList } from './account-list.ts';
import { formatPath, type Path, type ProblemAt, quoted } from './problems.ts';
import { inContext, isAmong, type RuleInContext } from './rule-context.ts';
import type { Document } from './schema.ts';
import type { Readable } from './schema-walk.ts';
import type { ReadableWorkloadRule } from './workload-entries.ts';

/** `path` leads to the rule. */
export function* roleArnProblems(
  { roleArns }: ReadableWorkloadRule,
  path: Path,
  givenBy: RoleGivers,
): Generator<ProblemAt> {
  if (roleArns === undefined) return;
  const at: Path = [...path, 'roleArns'];
  if (roleArns.length === 0)
    yield {
      path: at,
      message: 'is an empty list, so the rule gives nothing.',
      fix: 'Write at least one ARN.',
    };
  for (const [position, arn] of roleArns.entries()) {
    if (arn === undefined) continue;
    if (roleArns.indexOf(arn) < position)
      yield {
        path: [...at, position],
        message: `${quoted(arn)} is listed twice; the path of a role does not count.`,
        fix: 'Keep one of them.',
      };
    yield* userRoleWarnings(arn, [...at, position], givenBy);
  }
}

/** A user who has the role could sign the request of the workload. */
function* userRoleWarnings(arn: string, path: Path, givenBy: RoleGivers): Generator<ProblemAt> {
  const role = arn.slice(arn.lastIndexOf('/') + 1);
  const giver = isReservedRole(role)
    ? 'IAM Identity Center gives it'
    : givenBy(arn.split(':')[4] ?? '', role);
  if (giver === undefined) return;
  yield {
    path,
    message: `is also a role of users (${giver}): each of them could sign in as this workload.`,
    fix: 'Give the workload a role of its own that users cannot assume.',
    warning: true,
  };
}

/** Which rule gives a role to users: by the id of the account and the name of the role. */
export type RoleGivers = (accountId: string, role: string) => string | undefined;

export function roleGivers({ access = [] }: Readable<Document>, accounts: AccountList): RoleGivers {
  const byRole = new Map<string, RuleInContext[]>();
  for (const [index, rule] of access.entries()) {
    if (rule === undefined) continue;
    const context = inContext(rule, ['access', index], accounts);
    const roles = (rule.roles ?? []).flatMap(role => role?.split('/').at(-1) ?? []);
    for (const role of new Set(roles)) {
      const rules = byRole.get(role);
      if (rules === undefined) byRole.set(role, [context]);
      else rules.push(context);
    }
  }
  return (accountId, role) => {
    const account = accounts.find(accountId);
    if (account?.account.id !== accountId) return undefined;
    const giver = byRole
      .get(role)
      ?.find(({ isEverywhere, reached }) => isEverywhere || isAmong(account, reached));
    return giver && `${formatPath(giver.path)} gives it`;
  };
}
