/**
 * Checks of what rules give, the same for users and workloads: accounts, and what AWS accepts of
 * their sessions.
 */
import { isTagKey, MAX_CHAINED_DURATION, MAX_POLICY_ARNS, MAX_TAGS } from '../core/session.ts';
import { type AccountList, isReserved, isSaml } from './account-checks.ts';
import { policyArnParts } from './aws-values.ts';
import { type Path, type ProblemAt, quoted } from './problems.ts';
import {
  behindHub,
  CHAINED_LIMIT,
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

function* policyProblems(
  { policyArns = [] }: ReadableSession,
  { path, named, reached }: GrantInContext,
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
  context: GrantInContext,
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

function* reservedProblems({ rule, path, named, reached }: GrantInContext): Generator<ProblemAt> {
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
