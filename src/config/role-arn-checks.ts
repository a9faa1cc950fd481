/** Checks of the IAM roles that are workloads. */
import { isReserved } from './account-checks.ts';
import { formatPath, type Path, type ProblemAt, quoted } from './problems.ts';
import type { Document } from './schema.ts';
import type { Readable } from './schema-walk.ts';
import type { ReadableWorkloadRule } from './workload-entries.ts';

/** `path` leads to the rule. */
export function* roleArnProblems(
  { roleArns }: ReadableWorkloadRule,
  path: Path,
  document: Readable<Document>,
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
    yield* userRoleWarnings(arn, [...at, position], document);
  }
}

/** A user who has the role could sign the request of the workload. */
function* userRoleWarnings(
  arn: string,
  path: Path,
  document: Readable<Document>,
): Generator<ProblemAt> {
  const role = arn.slice(arn.lastIndexOf('/') + 1);
  const giver = isReserved(role)
    ? 'IAM Identity Center gives it'
    : givenByRule(arn.split(':')[4] ?? '', role, document);
  if (giver === undefined) return;
  yield {
    path,
    message: `is also a role of users (${giver}): each of them could sign in as this workload.`,
    fix: 'Give the workload a role of its own that users cannot assume.',
    warning: true,
  };
}

function givenByRule(
  accountId: string,
  role: string,
  { access = [], accounts = [] }: Readable<Document>,
): string | undefined {
  const account = accounts.find(listed => listed?.id === accountId);
  if (account === undefined) return undefined;
  const names = new Set<string | undefined>([account.id, account.name, '*']);
  const index = access.findIndex(
    rule =>
      (rule?.accounts === undefined || rule.accounts.some(name => names.has(name))) &&
      rule?.roles?.some(given => given?.split('/').at(-1) === role),
  );
  return index < 0 ? undefined : `${formatPath(['access', index])} gives it`;
}
