/** Checks of `workloads`: what an entry trusts, and what its rules give. */

import { WORKLOAD_PLACEHOLDERS } from '../core/placeholders.ts';
import { parseTemplate, type Template } from '../core/template.ts';
import { WORKLOAD_SUFFIX } from '../core/workload.ts';
import type { AccountList, ListedAccount } from './account-list.ts';
import { isExact } from './account-selection.ts';
import { claimProblems, platformOfEntry } from './claim-checks.ts';
import { accountsProblems, sessionProblems } from './grant-checks.ts';
import { issuerProblems } from './issuer-checks.ts';
import { formatPath, type Path, type ProblemAt, quoted } from './problems.ts';
import { roleArnProblems, roleGivers } from './role-arn-checks.ts';
import { accountLabel, inContext, type RuleInContext } from './rule-context.ts';
import type { Document } from './schema.ts';
import { isWritten, type Readable } from './schema-walk.ts';
import {
  entriesOf,
  type ReadableEntry,
  type ReadableWorkloadRule,
  rulesIn,
} from './workload-entries.ts';

export function* workloadProblems(
  document: Readable<Document>,
  accounts: AccountList,
): Generator<ProblemAt> {
  yield* issuerProblems(document);
  const ids = new Map<string, Path>();
  const names = new Map<string, Path>(
    (document.access ?? []).flatMap((rule, index) =>
      rule?.name === undefined ? [] : [[rule.name, ['access', index]]],
    ),
  );
  const givenBy = roleGivers(document, accounts);
  for (const { entry, path } of entriesOf(document)) {
    yield* repeated(entry.id, [...path, 'id'], ids);
    yield* kindProblems(entry, path);
    yield* keyProblems(entry, path);
    const rules = rulesIn(entry, path);
    yield* claimProblems(entry, rules);
    for (const { rule, path: at } of rules) {
      yield* nameProblems(rule, at, names);
      yield* subjectProblems(entry, rule, at);
      yield* roleArnProblems(rule, at, givenBy);
      yield* onceProblems(entry, rule, at);
      yield* grantProblems(rule, at, accounts);
    }
  }
}

/** Finds an id or name that another entry or rule has; `path` leads to it. */
function* repeated(
  text: string | undefined,
  path: Path,
  known: Map<string, Path>,
): Generator<ProblemAt> {
  if (text === undefined) return;
  const before = known.get(text);
  const holder = path.slice(0, -1);
  known.set(text, before ?? holder);
  if (before === undefined) return;
  const key = String(path.at(-1));
  yield {
    path,
    message: `${quoted(text)} is already the ${key} of ${formatPath(before)}.`,
    fix: `Choose another ${key}.`,
  };
}

// ---------------------------------------------------------------- the entry

const KINDS = ['issuer', 'spiffe', 'awsIam'] as const;

function* kindProblems(entry: ReadableEntry, path: Path): Generator<ProblemAt> {
  const [first, ...more] = KINDS.filter(key => isWritten(entry, key));
  if (first === undefined)
    yield {
      path,
      message: 'has neither issuer, spiffe nor awsIam, so it trusts no platform.',
      fix: 'Add issuer: the iss of the tokens.',
    };
  for (const key of more)
    yield {
      path: [...path, key],
      message: `cannot be combined with ${first}; an entry trusts one platform.`,
      fix: `Keep ${first} or ${key}, and make an entry of its own for the other.`,
    };
  if (isWritten(entry, 'awsIam')) {
    for (const key of ['jwks', 'audience'] as const)
      if (isWritten(entry, key))
        yield {
          path: [...path, key],
          message: 'has no effect with awsIam: STS verifies these requests.',
          fix: key === 'audience' ? 'Write it as awsIam.audience.' : 'Remove it.',
        };
  } else if (first !== undefined && !isWritten(entry, 'audience'))
    yield {
      path,
      message: 'has no audience, so a token that was made for any other service would be accepted.',
      fix: 'Add audience: the value of baseUrl, and request the tokens for it.',
    };
}

function* keyProblems(entry: ReadableEntry, path: Path): Generator<ProblemAt> {
  if (isWritten(entry, 'spiffe') && !isWritten(entry, 'jwks'))
    yield {
      path,
      message: 'has spiffe but no jwks, and a trust domain does not say where its keys are.',
      fix: 'Add jwks: { url: ... } with the address of the bundle endpoint, or { file: ... }.',
    };
  const { jwks } = entry;
  if (jwks === undefined) return;
  const [hasUrl, hasFile] = [isWritten(jwks, 'url'), isWritten(jwks, 'file')];
  const at: Path = [...path, 'jwks'];
  if (!hasUrl && !hasFile)
    yield { path: at, message: 'has neither url nor file.', fix: 'Add one of them.' };
  if (hasUrl && hasFile)
    yield {
      path: [...at, 'file'],
      message: 'cannot be combined with url; use only one of them.',
      fix: 'Keep url or file.',
    };
}

// ---------------------------------------------------------------- a rule

function* nameProblems(
  { name }: ReadableWorkloadRule,
  path: Path,
  names: Map<string, Path>,
): Generator<ProblemAt> {
  if (name === undefined) return;
  const at: Path = [...path, 'name'];
  yield* repeated(name, at, names);
  // A rule without a name is called by its position.
  if (/^(access|workloads)\[\d+\]/.test(name))
    yield {
      path: at,
      message: `${quoted(name)} is the name of a rule without a name.`,
      fix: 'Write a name that says what the rule is for.',
    };
}

/** By what a rule selects workloads: claims or role ARNs. */
function* subjectProblems(
  entry: ReadableEntry,
  rule: ReadableWorkloadRule,
  path: Path,
): Generator<ProblemAt> {
  const isAws = isWritten(entry, 'awsIam');
  const [key, other] = isAws
    ? (['roleArns', 'claims'] as const)
    : (['claims', 'roleArns'] as const);
  if (isWritten(rule, other))
    yield {
      path: [...path, other],
      message: isAws
        ? 'has no effect with awsIam, whose workloads are known by the ARN of their role.'
        : 'is for entries with awsIam; tokens have claims.',
      fix: `Write ${key} instead.`,
    };
  else if (!isWritten(rule, key))
    yield {
      path,
      message: `has no ${key}, so it would give its roles to every ${isAws ? 'role in AWS' : 'token of the issuer'}.`,
      fix: isAws
        ? 'Add roleArns: the IAM roles whose sessions get the roles.'
        : 'Add claims: the conditions that a token must meet.',
    };
}

function* onceProblems(
  entry: ReadableEntry,
  { once }: ReadableWorkloadRule,
  path: Path,
): Generator<ProblemAt> {
  if (once !== true) return;
  const at: Path = [...path, 'once'];
  if (isWritten(entry, 'awsIam'))
    yield {
      path: at,
      message: 'has no effect with awsIam: a signed request is always accepted once.',
      fix: 'Remove it.',
    };
  else if (platformOfEntry(entry, path.slice(0, 2))?.repeatsTokens === true)
    yield {
      path: at,
      message: 'denies most requests: a pod has the same token for most of its life.',
      fix: 'Remove it, and limit the lifetime of the token (expirationSeconds) instead.',
      warning: true,
    };
}

// ---------------------------------------------------------------- what it gives

function* grantProblems(
  rule: ReadableWorkloadRule,
  path: Path,
  accounts: AccountList,
): Generator<ProblemAt> {
  yield* accountsProblems(rule, path, accounts);
  const context = inContext(rule, path, accounts);
  if (rule.accounts?.includes('*'))
    yield {
      path: [...path, 'accounts'],
      message: 'gives these roles in every account, including accounts that are added later.',
      fix: 'Name the accounts that the workload needs.',
      warning: true,
    };
  yield* reachProblems(context, accounts);
  const { session } = rule;
  if (session === undefined) return;
  yield* sessionProblems(session, context);
  if (session.sourceIdentity !== undefined)
    yield* sourceIdentityProblems(session.sourceIdentity, path);
}

/** The bridge can sign in to such accounts with nothing but the proof of a user. */
function* reachProblems(
  { rule, path, isEverywhere, reached }: RuleInContext<ReadableWorkloadRule>,
  accounts: AccountList,
): Generator<ProblemAt> {
  const at: Path = [...path, 'accounts'];
  if (isEverywhere) {
    yield* unreachable(reached, at, accounts);
    return;
  }
  for (const [position, selector] of (rule.accounts ?? []).entries()) {
    if (selector === undefined) continue;
    const selected = accounts.select([selector]);
    if (!isExact(selector)) yield* unreachable(selected, [...at, position], accounts);
    for (const listed of isExact(selector) ? selected : []) {
      const trust = userTrust(listed, accounts);
      if (trust === undefined) continue;
      yield {
        path: [...at, position],
        message: `cannot be reached by workloads: ${unreachableText(listed, trust)}.`,
        fix: `Take ${accountLabel(listed)} out of this rule, or give it trust: saml or web-identity.`,
      };
    }
  }
}

function unreachableText(listed: ListedAccount, trust: string): string {
  const whose = listed.account.via === undefined ? '' : ' for its hub';
  return `${accountLabel(listed)} has trust: ${trust}, which requires the sign-in of a user${whose}`;
}

/** One warning for all accounts that workloads cannot reach: the rule gives nothing there. */
function* unreachable(
  selected: readonly ListedAccount[],
  path: Path,
  accounts: AccountList,
): Generator<ProblemAt> {
  const found = selected.flatMap(listed => {
    const trust = userTrust(listed, accounts);
    return trust === undefined ? [] : [{ listed, trust }];
  });
  const [first, ...more] = found;
  if (first === undefined) return;
  const others =
    more.length === 0 ? '' : `, and so ${more.length === 1 ? 'has' : 'have'} ${more.length} more`;
  yield {
    path,
    message: `cannot be reached by workloads: ${unreachableText(first.listed, first.trust)}${others}.`,
    fix: 'The rule gives nothing there. Name the accounts that it gives roles in.',
    warning: true,
  };
}

/** The trust of an account, or of its hub, for which a user must sign in. */
function userTrust({ account }: ListedAccount, accounts: AccountList): string | undefined {
  const hub = account.via?.account;
  const { trust } = (hub === undefined ? account : accounts.find(hub)?.account) ?? {};
  return trust?.startsWith('corporate-') ? trust : undefined;
}

function* sourceIdentityProblems(text: string, path: Path): Generator<ProblemAt> {
  if (endsAsWorkload(parseTemplate(text, WORKLOAD_PLACEHOLDERS))) return;
  yield {
    path: [...path, 'session', 'sourceIdentity'],
    message: `${quoted(text)} does not always end with ${WORKLOAD_SUFFIX}, so it could be that of a user.`,
    fix: `Write "{sessionName}", which is unique and ends with ${WORKLOAD_SUFFIX}, or put ${WORKLOAD_SUFFIX} at the end.`,
  };
}

/** Whether every text of the template ends as names of workloads do. */
function endsAsWorkload(template: Template): boolean {
  const last = template.at(-1);
  if (last === undefined) return false;
  return typeof last === 'string' ? last.endsWith(WORKLOAD_SUFFIX) : last.name === 'sessionName';
}
