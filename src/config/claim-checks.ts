/**
 * Checks of the claims that a rule requires: whose tokens fit, whether their names can change
 * hands, and which code can have them.
 */
import { platformOf, SERVICE_ACCOUNT } from './known-issuers.ts';
import type { ClaimTexts, OwnerIn, Platform } from './platform.ts';
import { type Path, type ProblemAt, quoted } from './problems.ts';
import { textProblem } from './values.ts';
import {
  type ReadableEntry,
  type ReadableWorkloadRule,
  rulesIn,
  type WorkloadRuleAt,
} from './workload-entries.ts';

/** A rule with readable conditions. */
interface ClaimedRule {
  readonly path: Path;
  readonly claims: ReadonlyMap<string, ClaimTexts>;
  /** A claim of the rule could not be read, so a claim that seems to be missing may be there. */
  readonly isPartial: boolean;
}

export function* claimProblems(
  entry: ReadableEntry,
  rules: readonly WorkloadRuleAt[],
): Generator<ProblemAt> {
  const claimed = claimedRules(rules);
  const platform = platformFor(entry, claimed);
  for (const rule of claimed) {
    yield* conditionProblems(rule);
    if (entry.spiffe?.trustDomain !== undefined)
      yield* spiffeProblems(rule, entry.spiffe.trustDomain);
    if (platform === undefined) continue;
    yield* platformProblems(rule, platform);
  }
}

function* platformProblems(rule: ClaimedRule, platform: Platform): Generator<ProblemAt> {
  const sub = rule.claims.get('sub');
  const problem = sub && platform.subject?.(sub);
  if (problem) yield { path: [...rule.path, 'sub'], ...problem };
  // Such a subject is of no token, so nothing can be said of its owner.
  if (problem && problem.warning !== true) return;
  if (rule.isPartial) return;
  yield* ownerProblems(rule, platform);
  yield* nameWarnings(rule, platform);
  yield* partialWarnings(rule, platform);
  yield* codeWarnings(rule, platform);
  yield* pullRequestWarnings(rule, platform);
}

/** The platform of an entry; undefined if it is not known. */
export function platformOfEntry(entry: ReadableEntry, path: Path): Platform | undefined {
  return platformFor(entry, claimedRules(rulesIn(entry, path)));
}

function platformFor(
  { issuer }: ReadableEntry,
  claimed: readonly ClaimedRule[],
): Platform | undefined {
  return issuer === undefined ? undefined : platformOf(issuer, namesIn(claimed));
}

function claimedRules(rules: readonly WorkloadRuleAt[]): readonly ClaimedRule[] {
  return rules.flatMap(({ rule, path }) =>
    rule.claims === undefined ? [] : [claimedRule(rule.claims, path)],
  );
}

function claimedRule(claims: NonNullable<ReadableWorkloadRule['claims']>, path: Path): ClaimedRule {
  const read = Object.entries(claims).flatMap(([claim, condition]) =>
    condition === undefined ? [] : [[claim, conditionOf(condition)] as const],
  );
  return {
    path: [...path, 'claims'],
    claims: new Map(read),
    isPartial: read.length < Object.keys(claims).length,
  };
}

function conditionOf({
  values = [],
  patterns = [],
}: {
  readonly values?: readonly (string | undefined)[] | undefined;
  readonly patterns?: readonly (string | undefined)[] | undefined;
}): ClaimTexts {
  const written = (text: string | undefined): text is string => text !== undefined;
  return { values: values.filter(written), patterns: patterns.filter(written) };
}

/** By the claims that rules name, issuers at hosts of their own are known. */
function namesIn(rules: readonly ClaimedRule[]): ReadonlySet<string> {
  return new Set(
    rules.flatMap(({ claims }) => {
      const isServiceAccount = textsOf(claims.get('sub')).some(text =>
        text.startsWith(SERVICE_ACCOUNT),
      );
      return [...claims.keys(), ...(isServiceAccount ? [SERVICE_ACCOUNT] : [])];
    }),
  );
}

function textsOf(condition: ClaimTexts | undefined): readonly string[] {
  return condition === undefined ? [] : [...condition.values, ...condition.patterns];
}

// ---------------------------------------------------------------- any issuer

const CHECKED_ELSEWHERE: Readonly<Record<string, string>> = {
  iss: 'is compared with issuer for every rule.',
  aud: 'is compared with audience for every rule.',
  exp: 'is a time, which the bridge checks for every token.',
  nbf: 'is a time, which the bridge checks for every token.',
  iat: 'is a time, which the bridge checks for every token.',
  jti: 'is different in every token.',
};

function* conditionProblems({ claims, path, isPartial }: ClaimedRule): Generator<ProblemAt> {
  if (claims.size === 0 && !isPartial)
    yield {
      path,
      message: 'is empty, so every token of the issuer would get the roles.',
      fix: 'Write the conditions that a token must meet.',
    };
  for (const [claim, { values }] of claims) {
    const at = [...path, claim];
    const problem = textProblem(claim, 256);
    if (problem !== undefined) yield { path: at, ...problem };
    if (Object.hasOwn(CHECKED_ELSEWHERE, claim))
      yield { path: at, message: CHECKED_ELSEWHERE[claim]!, fix: 'Remove it here.' };
    const starred = values.find(value => value.includes('*'));
    if (starred !== undefined)
      yield {
        path: at,
        message: `${quoted(starred)} contains *, which is not a wildcard here.`,
        fix: `Write { pattern: ${quoted(starred)} }. If the value contains *, ignore this warning.`,
        warning: true,
      };
  }
}

// ---------------------------------------------------------------- whose tokens

/** Whether the condition accepts tokens of one owner, or of several that it names. */
function fixesOwner(condition: ClaimTexts, ownerIn: OwnerIn): boolean {
  return openText(condition, ownerIn) === undefined;
}

/** A value or pattern that others can fit. */
function openText({ values, patterns }: ClaimTexts, ownerIn: OwnerIn): string | undefined {
  return (
    values.find(value => ownerIn(value) === undefined) ??
    patterns.find(pattern => ownerIn(pattern)?.includes('*') ?? true)
  );
}

function* ownerProblems(
  { claims, path }: ClaimedRule,
  { name, owner }: Platform,
): Generator<ProblemAt> {
  if (owner === undefined) return;
  const named = Object.entries(owner.claims).flatMap(([claim, ownerIn]) => {
    const condition = claims.get(claim);
    return condition === undefined ? [] : [{ claim, condition, ownerIn }];
  });
  if (named.some(({ condition, ownerIn }) => fixesOwner(condition, ownerIn))) return;
  const [open] = named;
  if (open !== undefined) {
    yield {
      path: [...path, open.claim],
      message: `leaves the ${owner.kind} open: another one can have tokens that fit ${quoted(openText(open.condition, open.ownerIn) ?? '')}.`,
      fix: owner.fix,
    };
    return;
  }
  const other = Object.keys(owner.others ?? {}).find(claim => claims.has(claim));
  yield {
    path,
    message: `does not name the ${owner.kind}: any ${owner.kind} of ${name} can get a token that fits.`,
    fix: `${owner.fix}${other === undefined ? '' : ` ${owner.others![other]}.`}`,
  };
}

/** A name passes to another owner after a rename or a deletion; a number does not. */
function* nameWarnings(
  { claims, path }: ClaimedRule,
  { ids: table, name: platform }: Platform,
): Generator<ProblemAt> {
  for (const [name, ids] of Object.entries(table)) {
    if (!claims.has(name)) continue;
    if (ids.some(id => (claims.get(id)?.values.length ?? 0) > 0)) continue;
    // A template can make it of ids.
    if (name === 'sub' && textsOf(claims.get(name)).every(text => text.includes('_id:'))) continue;
    yield {
      path: [...path, name],
      message: `${name === 'sub' ? 'contains a name' : 'is a name'}, which another owner can get at ${platform} after a rename or a deletion.`,
      fix: `Add ${ids.slice(0, 2).join(' or ')}, which ${ids.length === 1 ? 'never changes' : 'never change'}.`,
      warning: true,
    };
  }
}

function* partialWarnings(
  { claims, path }: ClaimedRule,
  { partial }: Platform,
): Generator<ProblemAt> {
  if (partial === undefined || !claims.has(partial.claim)) return;
  if (partial.with.some(claim => claims.has(claim))) return;
  const { claim, message, fix } = partial;
  yield { path: [...path, claim], message, fix, warning: true };
}

// ---------------------------------------------------------------- SPIFFE

function* spiffeProblems(
  { claims, path, isPartial }: ClaimedRule,
  trustDomain: string,
): Generator<ProblemAt> {
  const subject = claims.get('sub');
  const prefix = `spiffe://${trustDomain}/`;
  if (subject === undefined && !isPartial)
    yield {
      path,
      message: 'has no sub, and a JWT-SVID says nothing else about its workload.',
      fix: `Add sub: "${prefix}...".`,
    };
  for (const text of textsOf(subject)) {
    if (text.startsWith(prefix) && text.length > prefix.length) continue;
    yield {
      path: [...path, 'sub'],
      message: `${quoted(text)} is not a SPIFFE ID of the trust domain ${trustDomain}.`,
      fix: `Write "${prefix}" and the path of the workload.`,
    };
  }
}

// ---------------------------------------------------------------- which code

function* codeWarnings({ claims, path }: ClaimedRule, { code }: Platform): Generator<ProblemAt> {
  if (code === undefined) return;
  const subject = textsOf(claims.get('sub'));
  const isLimited =
    code.claims.some(claim => claims.has(claim)) ||
    (subject.length > 0 && subject.every(text => code.subject.test(text)));
  if (!isLimited) yield { path, message: `${code.otherwise}.`, fix: code.fix, warning: true };
}

function* pullRequestWarnings(
  { claims, path }: ClaimedRule,
  { pullRequests }: Platform,
): Generator<ProblemAt> {
  if (pullRequests === undefined || claims.has('environment') || claims.has('job_workflow_ref'))
    return;
  const isEvent = textsOf(claims.get('event_name')).includes(pullRequests.event);
  const isSubject = textsOf(claims.get('sub')).some(text => pullRequests.subject.test(text));
  if (!isEvent && !isSubject) return;
  yield {
    path: [...path, isEvent ? 'event_name' : 'sub'],
    message: 'accepts pull requests, whose code runs before anyone has reviewed it.',
    fix: 'Give them a role of their own that only reads, or add environment: NAME with protection rules.',
    warning: true,
  };
}
