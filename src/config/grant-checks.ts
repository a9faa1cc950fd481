/**
 * Checks of what rules give, the same for users and workloads: accounts, and what AWS accepts of
 * their sessions.
 */
import { isReservedRole, PARTITIONS } from '../core/role.ts';
import { isTagKey, MAX_CHAINED_DURATION, MAX_POLICY_ARNS, MAX_TAGS } from '../core/session.ts';
import { isSaml } from './account-checks.ts';
import type { AccountList } from './account-list.ts';
import { type AccountSelector, isExact, selectorText } from './account-selection.ts';
import { policyArnParts } from './aws-values.ts';
import { type Path, type Problem, type ProblemAt, quoted } from './problems.ts';
import {
  type AccountSearch,
  accountLabel,
  accountSearch,
  behindHub,
  CHAINED_LIMIT,
  type FoundAccount,
  type ReadableGrant,
  type RuleInContext,
} from './rule-context.ts';
import { compact } from './values.ts';

type ReadableSession = NonNullable<ReadableGrant['session']>;
type GrantInContext = RuleInContext<ReadableGrant>;

/** The accounts that a rule names. */
export function* accountsProblems(
  rule: Pick<ReadableGrant, 'accounts'>,
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
  for (const [position, selector] of written.entries()) {
    if (selector === undefined) continue;
    const at: Path = [...path, 'accounts', position];
    if (selector === '*') {
      if (written.length > 1)
        yield {
          path: at,
          message: 'means every account, but other accounts are listed too.',
          fix: 'Write ["*"] alone, or name the accounts.',
        };
    } else {
      const problem = selectorProblem(selector as AccountSelector, accounts);
      if (problem !== undefined) yield { path: at, ...problem };
    }
  }
}

/** Why a selector gives no account: a mistake if it names one, else perhaps meant for later. */
function selectorProblem(selector: AccountSelector, accounts: AccountList): Problem | undefined {
  if (accounts.select([selector]).length > 0) return undefined;
  if (isExact(selector)) return namedProblem(selector, accounts);
  if (!accounts.isWhole) return undefined;
  return {
    message: `${selectorText(selector)} matches no account, so it gives nothing.`,
    fix: 'Correct or remove it, unless the accounts are still to come.',
    warning: true,
  };
}

function namedProblem(name: string, accounts: AccountList): Problem | undefined {
  const missing = accounts.missing(name);
  if (missing === undefined) return undefined;
  const { message, isSkipped } = missing;
  return isSkipped
    ? { message, fix: 'The rule gives nothing there. Remove it if it is gone.', warning: true }
    : { message, fix: 'Write the name or id of an account.' };
}

// ---------------------------------------------------------------- the session

export function* sessionProblems(
  session: ReadableSession,
  context: GrantInContext,
): Generator<ProblemAt> {
  yield* tagProblems(session, [...context.path, 'session']);
  yield* policyProblems(session, context);
  yield* chainProblems(session, context);
  yield* reservedProblems(context);
}

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

const SEARCHES_OUTSIDE = new Map<string, AccountSearch>(
  PARTITIONS.map(partition => [
    partition,
    accountSearch(
      ({ account }) => account.partition !== undefined && account.partition !== partition,
    ),
  ]),
);

/** An account that has no such policy: of another partition, or not its owner. */
function withoutPolicy(arn: string, context: GrantInContext): FoundAccount | undefined {
  const { partition, owner } = policyArnParts(arn);
  const outside = SEARCHES_OUTSIDE.get(partition)?.(context);
  if (outside?.isNamed || owner === 'aws') return outside;
  const stranger = accountSearch(({ account: { id } }) => id !== undefined && id !== owner)(
    context,
  );
  return stranger?.isNamed ? stranger : (outside ?? stranger);
}

function* policyProblems(
  { policyArns = [] }: ReadableSession,
  context: GrantInContext,
): Generator<ProblemAt> {
  const at: Path = [...context.path, 'session', 'policyArns'];
  if (policyArns.length > MAX_POLICY_ARNS)
    yield {
      path: at,
      message: `has ${policyArns.length} policies; AWS accepts ${MAX_POLICY_ARNS}.`,
      fix: 'Remove some, or combine them.',
    };
  for (const [position, arn] of policyArns.entries()) {
    if (arn === undefined) continue;
    const stranger = withoutPolicy(arn, context);
    if (stranger === undefined) continue;
    const account = accountLabel(stranger);
    yield {
      path: [...at, position],
      message: `the policy is not in the account and partition of ${account}; AWS accepts only policies of the account of the role, and its own.`,
      fix: stranger.isNamed
        ? `Take ${account} out of this rule, or name a policy that it has.`
        : 'Name the accounts that have this policy in a rule of their own.',
      // A rule for many accounts may be meant for those that fit; STS denies the others.
      ...(!stranger.isNamed && { warning: true }),
    };
  }
}

function* chainProblems(
  { duration, console }: ReadableSession,
  context: GrantInContext,
): Generator<ProblemAt> {
  const { path } = context;
  const chained = behindHub(context);
  if (chained === undefined) return;
  const { where, isNamed } = chained;
  if (duration !== undefined && duration > MAX_CHAINED_DURATION) {
    yield {
      path: [...path, 'session', 'duration'],
      message: `is longer than ${CHAINED_LIMIT}, the most that AWS gives in ${where} (role chaining).`,
      fix: isNamed
        ? `Write ${compact(MAX_CHAINED_DURATION)} or less, or give this account a rule of its own.`
        : `Sessions there last ${CHAINED_LIMIT}; give these accounts a rule of their own above to make it plain.`,
      ...(!isNamed && { warning: true }),
    };
  }
  if (console !== undefined && isNamed) {
    yield {
      path: [...path, 'session', 'console'],
      message: `has no effect in ${where}: AWS accepts no console duration there.`,
      fix: 'The console ends with the credentials; nothing needs to be done.',
      warning: true,
    };
  }
}

const firstSaml = accountSearch(({ account }) => isSaml(account));

function* reservedProblems(context: GrantInContext): Generator<ProblemAt> {
  const { rule, path } = context;
  for (const [position, role] of (rule.roles ?? []).entries()) {
    if (role === undefined || !isReservedRole(role)) continue;
    const saml = firstSaml(context);
    if (saml === undefined) continue;
    yield {
      path: [...path, 'roles', position],
      message: `is a role of IAM Identity Center; it cannot be assumed with a SAML assertion, which ${accountLabel(saml)} requires.`,
      fix: 'Make a role of your own with the same policies.',
      ...(!saml.isNamed && { warning: true }),
    };
  }
}
