/** Checks of access rules: whom they name, and what they give. */
import { patternNames } from '../core/group-pattern.ts';
import type { AccountList } from './account-list.ts';
import { accountsProblems, sessionProblems } from './grant-checks.ts';
import { type Path, type ProblemAt, quoted } from './problems.ts';
import {
  accountLabel,
  accountSearch,
  inContext,
  type ReadableRule,
  type RuleInContext,
} from './rule-context.ts';
import type { Document } from './schema.ts';
import { isWritten, type Readable } from './schema-walk.ts';
import { type ConnectorList, selectorProblems } from './selector-checks.ts';
import { type GivenRoles, weakerRuleProblems } from './weaker-rules.ts';

type ReadableSession = NonNullable<ReadableRule['session']>;

export function* accessProblems(
  document: Readable<Document>,
  { accounts, connectors }: { readonly accounts: AccountList; readonly connectors: ConnectorList },
): Generator<ProblemAt> {
  const names = new Map<string, number>();
  const givenRoles: GivenRoles[] = [];
  if (document.access?.length === 0) {
    yield {
      path: ['access'],
      message: 'gives no role to any user.',
      fix: 'Add a rule with groups, accounts and roles.',
      warning: true,
    };
  }
  for (const [index, rule] of (document.access ?? []).entries()) {
    if (rule === undefined) continue;
    const path: Path = ['access', index];
    yield* nameProblems(rule, index, names);
    yield* selectorProblems(rule, path, connectors);
    yield* grantProblems(rule, path, accounts);
    const session = rule.session;
    if (session === undefined) continue;
    const context = inContext(rule, path, accounts);
    yield* sessionProblems(session, context);
    yield* corporateProblems(session, context);
    givenRoles.push(...givenBy(context, index));
  }
  yield* weakerRuleProblems(givenRoles);
}

/** What a rule gives, and what it requires; nothing when problems of the rule leave that open. */
function givenBy({ rule, isEverywhere, reached }: RuleInContext, index: number): GivenRoles[] {
  const { name, groupPattern, roles, require, elevation } = rule;
  if (roles === undefined || require === undefined) return [];
  if (!isEverywhere && reached.length === 0) return [];
  if (elevation === undefined && isWritten(rule, 'elevation')) return [];
  const isRoleOfGroup =
    roles.length === 0 && groupPattern !== undefined && patternNames(groupPattern, 'role');
  if (roles.length === 0 && !isRoleOfGroup) return [];
  return [
    {
      index,
      name,
      roles: isRoleOfGroup ? undefined : roles.filter(role => role !== undefined),
      accounts: isEverywhere ? undefined : reached,
      demands: { ...require, approvals: approvalsOf(elevation) },
    },
  ];
}

function approvalsOf(elevation: ReadableRule['elevation']): number {
  return (elevation?.approvers ?? []).reduce((sum, entry) => sum + (entry?.count ?? 1), 0);
}

// ---------------------------------------------------------------- whom and what

function* nameProblems(
  { name }: ReadableRule,
  index: number,
  names: Map<string, number>,
): Generator<ProblemAt> {
  if (name === undefined) return;
  const path: Path = ['access', index, 'name'];
  const before = names.get(name);
  if (before !== undefined)
    yield {
      path,
      message: `${quoted(name)} is already the name of access[${before}].`,
      fix: 'Give each rule its own name, or none.',
    };
  // A rule without a name is called by its position.
  if (/^access\[\d+\]$/.test(name))
    yield {
      path,
      message: `${quoted(name)} is the name of a rule without a name.`,
      fix: 'Write a name that says what the rule is for.',
    };
  names.set(name, index);
}

function* grantProblems(
  rule: ReadableRule,
  path: Path,
  accounts: AccountList,
): Generator<ProblemAt> {
  const { groupPattern: pattern } = rule;
  yield* accountsProblems(rule, path, accounts);

  // A pattern with its own problems may contain what seems to be missing here.
  const contains = (placeholder: 'account' | 'role'): boolean =>
    pattern === undefined ? isWritten(rule, 'groupPattern') : patternNames(pattern, placeholder);
  const orPattern = (placeholder: string): string =>
    pattern === undefined ? '.' : `, or write ${placeholder} into the pattern.`;
  if (rule.roles?.length === 0 && !contains('role')) {
    yield { path, message: 'has no roles.', fix: `Add roles: [name]${orPattern('{role}')}` };
  }
  if (!isWritten(rule, 'accounts') && !contains('account')) {
    yield {
      path,
      message: 'has no accounts.',
      fix: `Add accounts: [name], or ["*"] if you mean every account${orPattern('{account}')}`,
    };
  }
  if (pattern !== undefined && !contains('account') && !contains('role'))
    yield {
      path: [...path, 'groupPattern'],
      message: 'names neither an account nor a role, so every group of this form gets the roles.',
      fix: 'Write {account} or {role} into the pattern, or write the groups.',
    };
  if (pattern === '{role}' && rule.roles?.length === 0) {
    yield {
      path: [...path, 'groupPattern'],
      message: 'reads every group of a user as the name of a role.',
      fix: 'Put text around it, such as aws-{role}, or bound it with roles.',
    };
  }
}

const firstCorporate = accountSearch(
  ({ account }) => account.trust?.startsWith('corporate-') ?? false,
);

/** The identity provider issues the user's own proof, so the bridge cannot add anything to it. */
function* corporateProblems(
  { sourceIdentity, tags = {} }: ReadableSession,
  context: RuleInContext,
): Generator<ProblemAt> {
  const direct = firstCorporate(context);
  if (direct === undefined) return;
  const { path } = context;
  const account = accountLabel(direct);
  const settings = Object.entries(tags);
  const isGiven = settings.every(([, tag]) => tag?.optional === true);
  const written = [
    ...(sourceIdentity === undefined ? [] : ['sourceIdentity']),
    ...(isGiven ? [] : ['tags']),
  ];
  if (written.length === 0 && settings.length > 0)
    yield {
      path: [...path, 'session', 'tags'],
      message: `cannot be set in ${account} (trust: ${direct.account.trust}), so sessions there never have these optional tags.`,
      fix: 'Nothing needs to be done if nothing there uses them.',
      warning: true,
    };
  for (const key of written) {
    yield {
      path: [...path, 'session', key],
      message: `cannot be set in ${account} (trust: ${direct.account.trust}), so this rule gives no role there.`,
      fix: `Give ${direct.isNamed ? account : 'such accounts'} a rule without sourceIdentity and tags${direct.isNamed ? '' : ' above this one'}.`,
      warning: true,
    };
  }
}
