/**
 * What access rules must hold together: whom they name, what they give, and what AWS will take of
 * it.
 */
import { patternNames } from '../core/group-pattern.ts';
import { isTagKey, MAX_CHAINED_DURATION, MAX_POLICY_ARNS, MAX_TAGS } from '../core/session.ts';
import { formatDuration } from '../core/time.ts';
import { type AccountList, isReserved, isSaml, type ListedAccount } from './account-checks.ts';
import { type Path, type ProblemAt, quoted } from './problems.ts';
import type { Document } from './schema.ts';
import { isWritten, type Readable } from './schema-walk.ts';
import { type ConnectorList, selectorProblems } from './selector-checks.ts';
import { compact, policyArnParts } from './values.ts';
import { type GivenRoles, weakerRuleProblems } from './weaker-rules.ts';

type ReadableRule = NonNullable<Readable<Document['access'][number]>>;
type ReadableSession = NonNullable<ReadableRule['session']>;

/** A rule with the accounts that it gives roles in. */
interface RuleInContext {
  readonly rule: ReadableRule;
  readonly path: Path;
  /**
   * Those that it names; undefined when it speaks of every account, or of those that groups name.
   */
  readonly named: readonly ListedAccount[] | undefined;
  /** `named`, or all. */
  readonly reached: readonly ListedAccount[];
}

export function* accessProblems(
  document: Readable<Document>,
  { accounts, connectors }: { readonly accounts: AccountList; readonly connectors: ConnectorList },
): Generator<ProblemAt> {
  const names = new Map<string, number>();
  const givenRoles: GivenRoles[] = [];
  if (document.access?.length === 0) {
    yield {
      path: ['access'],
      message: 'gives nobody any role.',
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

/** What a rule gives and on which terms; nothing for a rule whose problems leave that open. */
function givenBy({ rule, named }: RuleInContext, index: number): GivenRoles[] {
  const { name, groupPattern, roles, require } = rule;
  if (roles === undefined || require === undefined) return [];
  const isRoleOfGroup =
    roles.length === 0 && groupPattern !== undefined && patternNames(groupPattern, 'role');
  if (roles.length === 0 && !isRoleOfGroup) return [];
  return [
    {
      index,
      name,
      roles: isRoleOfGroup ? undefined : roles.filter(role => role !== undefined),
      accounts: named,
      require,
    },
  ];
}

function inContext(rule: ReadableRule, path: Path, accounts: AccountList): RuleInContext {
  const written =
    isWritten(rule, 'accounts') || isWritten(rule, 'groupPattern') ? rule.accounts : [];
  if (written === undefined || written.includes('*'))
    return { rule, path, named: undefined, reached: accounts.all };
  const named = written.flatMap(name => (name === undefined ? [] : (accounts.find(name) ?? [])));
  return { rule, path, named, reached: named };
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
      message: `${quoted(name)} is the name of access[${before}] already.`,
      fix: 'Give each rule a name of its own, or none.',
    };
  // A rule without a name is called by its place.
  if (/^access\[\d+\]$/.test(name))
    yield {
      path,
      message: `${quoted(name)} is how rules without a name are called.`,
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

  // A pattern with problems of its own may well hold what is missed here.
  const holds = (placeholder: 'account' | 'role'): boolean =>
    pattern === undefined ? isWritten(rule, 'groupPattern') : patternNames(pattern, placeholder);
  const orPattern = (placeholder: string): string =>
    pattern === undefined ? '.' : `, or write ${placeholder} into the pattern.`;
  if (rule.roles?.length === 0 && !holds('role')) {
    yield { path, message: 'has no roles.', fix: `Add roles: [name]${orPattern('{role}')}` };
  }
  if (!isWritten(rule, 'accounts') && !holds('account')) {
    yield {
      path,
      message: 'has no accounts.',
      fix: `Add accounts: [name], or ["*"] if you mean every account${orPattern('{account}')}`,
    };
  }
  if (pattern === '{role}' && rule.roles?.length === 0) {
    yield {
      path: [...path, 'groupPattern'],
      message: 'takes every group of a person for the name of a role.',
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
          message: 'stands for every account, beside others.',
          fix: 'Write ["*"] alone, or name the accounts.',
        };
    } else if (name.includes('*')) {
      yield {
        path: at,
        message: `${quoted(name)} holds a wildcard; accounts are compared letter by letter.`,
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
      message: `has ${keys.length} tags; AWS takes ${MAX_TAGS}.`,
      fix: 'Take some out.',
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
        message: `differs from ${quoted(twin)} only in capital letters, which AWS does not tell apart.`,
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
        fix: 'Write the key of a tag of this rule, letter by letter.',
      };
    } else if (seen.has(key))
      yield { path: at, message: `${quoted(key)} stands twice.`, fix: 'Keep one of them.' };
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
      message: `has ${policyArns.length} policies; AWS takes ${MAX_POLICY_ARNS}.`,
      fix: 'Take some out, or put them into one.',
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
      message: `the policy does not lie where ${account}'s roles do; AWS takes policies of the role's own account and partition only.`,
      fix:
        named === undefined
          ? 'Name the accounts that have this policy in a rule of their own.'
          : `Take ${account} out of this rule, or name a policy that it has.`,
      // A rule for every account may be meant for those that fit; STS refuses the others.
      ...(named === undefined && { warning: true }),
    };
  }
}

function* chainProblems(
  { duration, console }: ReadableSession,
  { path, named, reached }: RuleInContext,
): Generator<ProblemAt> {
  const chained = reached.filter(({ account }) => account.via !== undefined);
  const [first] = chained;
  if (first === undefined) return;
  const limit = formatDuration(MAX_CHAINED_DURATION);
  const who =
    named === undefined
      ? `${chained.length === 1 ? 'an account' : `${chained.length} accounts`} behind a hub`
      : `${first.account.name ?? first.account.id}, which is behind a hub`;
  if (duration !== undefined && duration > MAX_CHAINED_DURATION) {
    yield {
      path: [...path, 'session', 'duration'],
      message: `is longer than ${limit}, the most that AWS gives in ${who} (role chaining).`,
      fix:
        named === undefined
          ? `Sessions there last ${limit}; give these accounts a rule of their own above to make it plain.`
          : `Write ${compact(MAX_CHAINED_DURATION)} or less, or give this account a rule of its own.`,
      ...(named === undefined && { warning: true }),
    };
  }
  if (console !== undefined && named !== undefined) {
    yield {
      path: [...path, 'session', 'console'],
      message: `has no effect in ${who}: AWS takes no console duration there.`,
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
      message: `is a role of IAM Identity Center; AWS refuses it with a SAML assertion, as ${saml.account.name ?? saml.account.id} is trusted.`,
      fix: 'Make a role of your own with the same policies.',
      ...(named === undefined && { warning: true }),
    };
  }
}

/** The user's own proof is the identity provider's word: the bridge can write nothing into it. */
function* corporateProblems(
  { sourceIdentity, tags = {} }: ReadableSession,
  { path, named, reached }: RuleInContext,
): Generator<ProblemAt> {
  const direct = reached.find(({ account }) => account.trust?.startsWith('corporate-'));
  if (direct === undefined) return;
  const account = direct.account.name ?? direct.account.id ?? `accounts[${direct.index}]`;
  const written = [
    ...(sourceIdentity === undefined ? [] : ['sourceIdentity']),
    ...(Object.keys(tags).length === 0 ? [] : ['tags']),
  ];
  for (const key of written) {
    yield {
      path: [...path, 'session', key],
      message: `cannot be set in ${account} (trust: ${direct.account.trust}), so this rule gives no role there.`,
      fix: `Give ${named === undefined ? 'such accounts' : account} a rule without sourceIdentity and tags${named === undefined ? ' above this one' : ''}.`,
      warning: true,
    };
  }
}
