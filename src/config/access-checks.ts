/** Checks of access rules: whom they name, what they give, and what AWS accepts of it. */
import { patternNames } from '../core/group-pattern.ts';
import { isTagKey, MAX_CHAINED_DURATION, MAX_POLICY_ARNS, MAX_TAGS } from '../core/session.ts';
import { type AccountList, isReserved, isSaml } from './account-checks.ts';
import { policyArnParts } from './aws-values.ts';
import { type Path, type ProblemAt, quoted } from './problems.ts';
import {
  behindHub,
  CHAINED_LIMIT,
  inContext,
  type ReadableRule,
  type RuleInContext,
} from './rule-context.ts';
import type { Document } from './schema.ts';
import { isWritten, type Readable } from './schema-walk.ts';
import { type ConnectorList, selectorProblems } from './selector-checks.ts';
import { compact } from './values.ts';
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
    yield* tagProblems(session, [...path, 'session']);
    yield* policyProblems(session, context);
    yield* chainProblems(session, context);
    yield* reservedProblems(context);
    yield* corporateProblems(session, context);
    givenRoles.push(...givenBy(context, index));
  }
  yield* weakerRuleProblems(givenRoles);
}

/** What a rule gives, and what it requires; nothing when problems of the rule leave that open. */
function givenBy({ rule, named }: RuleInContext, index: number): GivenRoles[] {
  const { name, groupPattern, roles, require, elevation } = rule;
  if (roles === undefined || require === undefined) return [];
  if (elevation === undefined && isWritten(rule, 'elevation')) return [];
  const isRoleOfGroup =
    roles.length === 0 && groupPattern !== undefined && patternNames(groupPattern, 'role');
  if (roles.length === 0 && !isRoleOfGroup) return [];
  return [
    {
      index,
      name,
      roles: isRoleOfGroup ? undefined : roles.filter(role => role !== undefined),
      accounts: named,
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
  yield* accountProblems(rule, path, accounts);

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

function* accountProblems(
  rule: ReadableRule,
  path: Path,
  accounts: AccountList,
): Generator<ProblemAt> {
  const written = rule.accounts ?? [];
  if (rule.accounts?.length === 0)
    yield {
      path: [...path, 'accounts'],
      message: 'is an empty list, so the rule gives nothing.',
      fix: 'Name accounts, or write ["*"] for every account.',
    };
  for (const [position, name] of written.entries()) {
    if (name === undefined) continue;
    const at: Path = [...path, 'accounts', position];
    if (name === '*') {
      if (written.length > 1)
        yield {
          path: at,
          message: 'means every account, but other accounts are listed too.',
          fix: 'Write ["*"] alone, or name the accounts.',
        };
    } else if (name.includes('*')) {
      yield {
        path: at,
        message: `${quoted(name)} contains a wildcard; account names are compared exactly.`,
        fix: 'Name the accounts, or write ["*"] for every account.',
      };
    } else if (accounts.find(name) === undefined && !accounts.mentions(name)) {
      yield {
        path: at,
        message: `${quoted(name)} is not an account of this file${accounts.suggestionFor(name) || '.'}`,
        fix: 'Write the name or id of an account.',
      };
    }
  }
}

// ---------------------------------------------------------------- the session

function* tagProblems(
  { tags, transitiveTags = [] }: ReadableSession,
  path: Path,
): Generator<ProblemAt> {
  if (tags === undefined) return;
  const keys = Object.keys(tags);
  if (keys.length > MAX_TAGS)
    yield {
      path: [...path, 'tags'],
      message: `has ${keys.length} tags; AWS accepts ${MAX_TAGS}.`,
      fix: 'Remove some.',
    };
  const folded = new Map<string, string>();
  for (const key of keys) {
    const at: Path = [...path, 'tags', key];
    if (/^aws:/i.test(key))
      yield {
        path: at,
        message: 'begins with aws:, which AWS keeps for itself.',
        fix: 'Choose another key.',
      };
    else if (!isTagKey(key))
      yield {
        path: at,
        message: 'is not a tag key.',
        fix: 'Use 1 to 128 letters, digits, spaces and _.:/=+-@.',
      };
    const twin = folded.get(key.toLowerCase());
    if (twin !== undefined)
      yield {
        path: at,
        message: `differs from ${quoted(twin)} only in case, which AWS ignores.`,
        fix: 'Keep one of them.',
      };
    folded.set(key.toLowerCase(), key);
  }
  const seen = new Set<string>();
  for (const [position, key] of transitiveTags.entries()) {
    if (key === undefined) continue;
    const at: Path = [...path, 'transitiveTags', position];
    if (!Object.hasOwn(tags, key)) {
      const twin = folded.get(key.toLowerCase());
      yield {
        path: at,
        message: `${quoted(key)} is not a key of tags${twin === undefined ? '.' : `; did you mean ${twin}?`}`,
        fix: 'Write the key of a tag of this rule exactly.',
      };
    } else if (seen.has(key))
      yield { path: at, message: `${quoted(key)} is listed twice.`, fix: 'Keep one of them.' };
    seen.add(key);
  }
}

function* policyProblems(
  { policyArns = [] }: ReadableSession,
  { path, named, reached }: RuleInContext,
): Generator<ProblemAt> {
  const at: Path = [...path, 'session', 'policyArns'];
  if (policyArns.length > MAX_POLICY_ARNS)
    yield {
      path: at,
      message: `has ${policyArns.length} policies; AWS accepts ${MAX_POLICY_ARNS}.`,
      fix: 'Remove some, or combine them.',
    };
  for (const [position, arn] of policyArns.entries()) {
    if (arn === undefined) continue;
    const { partition, owner } = policyArnParts(arn);
    const stranger = reached.find(
      ({ account }) =>
        (account.partition !== undefined && account.partition !== partition) ||
        (owner !== 'aws' && account.id !== undefined && account.id !== owner),
    );
    if (stranger === undefined) continue;
    const account = stranger.account.name ?? stranger.account.id ?? `accounts[${stranger.index}]`;
    yield {
      path: [...at, position],
      message: `the policy is not in the account and partition of ${account}; AWS accepts only policies of the account of the role, and its own.`,
      fix:
        named === undefined
          ? 'Name the accounts that have this policy in a rule of their own.'
          : `Take ${account} out of this rule, or name a policy that it has.`,
      // A rule for every account may be meant for those that fit; STS denies the others.
      ...(named === undefined && { warning: true }),
    };
  }
}

function* chainProblems(
  { duration, console }: ReadableSession,
  context: RuleInContext,
): Generator<ProblemAt> {
  const { path, named } = context;
  const where = behindHub(context);
  if (where === undefined) return;
  if (duration !== undefined && duration > MAX_CHAINED_DURATION) {
    yield {
      path: [...path, 'session', 'duration'],
      message: `is longer than ${CHAINED_LIMIT}, the most that AWS gives in ${where} (role chaining).`,
      fix:
        named === undefined
          ? `Sessions there last ${CHAINED_LIMIT}; give these accounts a rule of their own above to make it plain.`
          : `Write ${compact(MAX_CHAINED_DURATION)} or less, or give this account a rule of its own.`,
      ...(named === undefined && { warning: true }),
    };
  }
  if (console !== undefined && named !== undefined) {
    yield {
      path: [...path, 'session', 'console'],
      message: `has no effect in ${where}: AWS accepts no console duration there.`,
      fix: 'The console ends with the credentials; nothing needs to be done.',
      warning: true,
    };
  }
}

function* reservedProblems({ rule, path, named, reached }: RuleInContext): Generator<ProblemAt> {
  for (const [position, role] of (rule.roles ?? []).entries()) {
    if (!isReserved(role)) continue;
    const saml = reached.find(({ account }) => isSaml(account));
    if (saml === undefined) continue;
    yield {
      path: [...path, 'roles', position],
      message: `is a role of IAM Identity Center; it cannot be assumed with a SAML assertion, which ${saml.account.name ?? saml.account.id} requires.`,
      fix: 'Make a role of your own with the same policies.',
      ...(named === undefined && { warning: true }),
    };
  }
}

/** The identity provider issues the user's own proof, so the bridge cannot add anything to it. */
function* corporateProblems(
  { sourceIdentity, tags = {} }: ReadableSession,
  { path, named, reached }: RuleInContext,
): Generator<ProblemAt> {
  const direct = reached.find(({ account }) => account.trust?.startsWith('corporate-'));
  if (direct === undefined) return;
  const account = direct.account.name ?? direct.account.id ?? `accounts[${direct.index}]`;
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
      fix: `Give ${named === undefined ? 'such accounts' : account} a rule without sourceIdentity and tags${named === undefined ? ' above this one' : ''}.`,
      warning: true,
    };
  }
}
