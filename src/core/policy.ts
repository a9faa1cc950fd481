/**
 * Who gets which role, and why. Pure: a compiled policy, an identity and the circumstances give an
 * answer with its reasons.
 */
import type { AccessRule, Entitlement } from './access-rule.ts';
import type { DecisionTrace, TraceStep } from './decision-trace.ts';
import type { Elevation } from './elevation.ts';
import { approvalsBy, isActive } from './elevation-standing.ts';
import type { CompiledTerms, ElevationTerms } from './elevation-terms.ts';
import type { ConnectorId, Identity } from './identity.ts';
import { anyRolePatterns, isKnownRole, takesAnyRole } from './known-role.ts';
import { stepWithoutGroup } from './missing-group.ts';
import {
  type Circumstances as RequestCircumstances,
  requirementChecker,
  type UnmetRequirement,
} from './requirements.ts';
import { type Account, isRoleName, type RoleName, roleArn } from './role.ts';
import {
  type CompiledRule,
  groupsThatWouldGive,
  indexRules,
  type RuleIndex,
} from './rule-index.ts';
import { type RulesReport, reportRules } from './rule-report.ts';
import { type StepUpWish, wishFor } from './step-up.ts';
import {
  type ActiveElevation,
  type NeededElevation,
  neededFor,
  type UnmetApproval,
} from './unmet-approval.ts';
import { indexWaysIn, type WayIn } from './ways-in.ts';

/** What a decision depends on besides the user. */
export interface Circumstances extends RequestCircumstances {
  /** Of the user, as far as they can matter now. */
  readonly elevations?: readonly Elevation[] | undefined;
}

/** A role that a rule gives once its requirements are met. */
export interface Withheld {
  readonly entitlement: Entitlement;
  readonly missing: readonly UnmetRequirement[];
}

export interface Evaluation {
  /**
   * At most one for each role: by the first rule, in the order of the configuration, whose group
   * matches and whose requirements are met.
   */
  readonly granted: readonly Entitlement[];
  readonly withheld: readonly Withheld[];
}

/** Every role of a user, with what they lack for it: nothing for those that are granted. */
export function everyRole({ granted, withheld }: Evaluation): readonly Withheld[] {
  return [...granted.map(entitlement => ({ entitlement, missing: [] })), ...withheld];
}

export type Decision =
  | { readonly granted: true; readonly entitlement: Entitlement; readonly trace: DecisionTrace }
  | {
      readonly granted: false;
      readonly missing: readonly UnmetRequirement[];
      /** What a sign-in must prove for the first rule that lacks nothing else. */
      readonly stepUp?: StepUpWish | undefined;
      /** The page that leads to an approval, by the first rule that requires one. */
      readonly elevation?: NeededElevation | undefined;
      readonly trace: DecisionTrace;
    };

/** A role that a user can ask for, by one rule. */
export interface Eligibility {
  readonly account: Account;
  readonly role: RoleName;
  readonly rule: ElevatedRule;
  readonly group: string;
}

/** A rule with `elevation`. */
export type ElevatedRule = AccessRule & { readonly elevation: ElevationTerms };

/** A rule with `elevation`, and its selectors. */
export interface CompiledElevatedRule {
  readonly rule: ElevatedRule;
  readonly terms: CompiledTerms;
}

/** Rules and accounts, indexed once for each snapshot of the configuration. */
export interface Policy {
  /**
   * Every role of this user. Under a millisecond for 10,000 rules, 5,000 accounts and 240 groups
   * (npm run bench).
   */
  evaluate(identity: Identity, circumstances: Circumstances): Evaluation;
  /** Which rules match this user, and which nearly do. Looks at every rule. */
  report(identity: Identity, circumstances: Circumstances): RulesReport;
  /** Rules with `elevation`, by their names. */
  readonly elevatedRules: ReadonlyMap<string, CompiledElevatedRule>;
  /** Whether a rule with `elevation` can give a role of this name. */
  isElevated(role: string): boolean;
  /**
   * Which roles the rules give in an account, by its name or id, to groups of this connector. Empty
   * for an account that is unknown, too.
   */
  waysInto(account: string, connector: ConnectorId): readonly WayIn[];
  /** Every role that the user can ask for, in the order of the configuration. */
  eligibilities(identity: Identity): readonly Eligibility[];
  /** One role (its account by name or id), and why it is granted or denied. Default deny. */
  decide(
    identity: Identity,
    circumstances: Circumstances,
    asked: { readonly account: string; readonly role: string },
  ): Decision;
}

const MAX_TRACE_STEPS = 20;
const [UNSEEN, WITHHELD, GRANTED] = [0, 1, 2];

export function compilePolicy(rules: readonly AccessRule[], accounts: readonly Account[]): Policy {
  const index = indexRules(rules, accounts);
  const waysIn = indexWaysIn(index.rules);
  const elevated = index.rules.filter(isElevated);
  const roles = new Set<string>(elevated.flatMap(({ roleNames }) => [...roleNames]));
  const isAnyRole = elevated.some(({ roleNames }) => roleNames.size === 0);
  return {
    elevatedRules: new Map(elevated.map(compiledTerms)),
    isElevated: role => isAnyRole || roles.has(role),
    waysInto: (text, connector) => waysIn.to(index.accountNamed(text), connector),
    eligibilities: identity => eligibilities(index, identity),
    evaluate: (identity, circumstances) => evaluate(index, identity, circumstances),
    report: (identity, circumstances) => report(index, identity, circumstances),
    decide: (identity, circumstances, asked) =>
      decide(index, unmetFinder(identity, circumstances), { ...asked, identity }),
  };
}

function evaluate(index: RuleIndex, identity: Identity, circumstances: Circumstances): Evaluation {
  const unmetOf = requirementChecker(identity, circumstances);
  const asking = { ...circumstances, person: identity.person };
  const granted: Entitlement[] = [];
  const withheld: (Withheld & { readonly number: number })[] = [];
  const { matches, cellCount } = index.matchesOf(identity);
  const states = new Uint8Array(cellCount);
  for (const { compiled, group, cells } of matches) {
    const unproved = unmetOf(compiled.requirements);
    const { rule } = compiled;
    const approvalOf = approvalsOf(rule, asking);
    for (const cell of cells) {
      const { account, role, arn, number } = cell;
      if (states[number] === GRANTED) continue;
      const approval = approvalOf?.(cell);
      const missing = withApproval(approval, unproved);
      if (missing.length === 0) {
        states[number] = GRANTED;
        // In place: a user can have a million roles, and nearly all of them need no approval.
        if (approval === undefined) granted.push({ account, role, arn, rule, group });
        else granted.push(entitlementOf(cell, { rule, group }, approval));
      } else if (states[number] === UNSEEN) {
        states[number] = WITHHELD;
        withheld.push({ entitlement: entitlementOf(cell, { rule, group }), missing, number });
      }
    }
  }
  return { granted, withheld: withheld.filter(({ number }) => states[number] === WITHHELD) };
}

type Target = Pick<Entitlement, 'account' | 'role' | 'arn'>;
type Approval = ActiveElevation | UnmetApproval | undefined;

/** Undefined for a rule that requires no approval. */
function approvalsOf(
  { name, elevation: terms }: AccessRule,
  { person, elevations = [], now }: Circumstances & Pick<Identity, 'person'>,
): ((target: Target) => ActiveElevation | UnmetApproval) | undefined {
  if (terms === undefined) return undefined;
  const approvalOf = approvalsBy({ person, rule: name, terms }, elevations, now);
  return ({ account, role }) => approvalOf({ account: account.id, role });
}

function withApproval(
  approval: Approval,
  unproved: readonly UnmetRequirement[],
): readonly UnmetRequirement[] {
  return approval === undefined || isActive(approval) ? unproved : [approval, ...unproved];
}

function entitlementOf(
  { account, role, arn }: Target,
  { rule, group }: Pick<Entitlement, 'rule' | 'group'>,
  approval?: Approval,
): Entitlement {
  return approval !== undefined && isActive(approval)
    ? { account, role, arn, rule, group, elevation: approval }
    : { account, role, arn, rule, group };
}

function report(index: RuleIndex, identity: Identity, circumstances: Circumstances): RulesReport {
  return reportRules(index.rules, identity, evaluate(index, identity, circumstances));
}

// ---------------------------------------------------------------- roles to ask for

type CompiledWithTerms = CompiledRule & {
  readonly rule: ElevatedRule;
  readonly elevation: CompiledTerms;
};

function isElevated(compiled: CompiledRule): compiled is CompiledWithTerms {
  return compiled.rule.elevation !== undefined;
}

function compiledTerms({
  rule,
  elevation: terms,
}: CompiledWithTerms): readonly [string, CompiledElevatedRule] {
  return [rule.name, { rule, terms }];
}

function eligibilities(index: RuleIndex, identity: Identity): readonly Eligibility[] {
  return index.matchesOf(identity).matches.flatMap(({ compiled, group, cells }) => {
    if (!isElevated(compiled)) return [];
    const { rule } = compiled;
    return cells.map(({ account, role }) => ({ account, role, rule, group }));
  });
}

// ---------------------------------------------------------------- one role

/** What a user lacks for a role of a rule, or the approval by which they have it. */
interface Unmet {
  readonly missing: readonly UnmetRequirement[];
  readonly approval: Approval;
}
type UnmetOf = (compiled: CompiledRule, target: Target) => Unmet;

function unmetFinder(identity: Identity, circumstances: Circumstances): UnmetOf {
  const unmetOf = requirementChecker(identity, circumstances);
  const asking = { ...circumstances, person: identity.person };
  return ({ rule, requirements }, target) => {
    const approval = approvalsOf(rule, asking)?.(target);
    return { approval, missing: withApproval(approval, unmetOf(requirements)) };
  };
}

interface Asked {
  readonly identity: Identity;
  /** As the requester named them. */
  readonly account: string;
  readonly role: string;
}

function decide(index: RuleIndex, unmetOf: UnmetOf, asked: Asked): Decision {
  const account = index.accountNamed(asked.account);
  const { identity, role } = asked;
  if (account === undefined || !isRoleName(role)) return denied(index, asked, []);
  const target = { account, role, arn: roleArn(account, role) };
  const steps: TraceStep[] = [];
  const byAnyRole: TraceStep[] = [];
  let stepUp: StepUpWish | undefined;
  let elevation: NeededElevation | undefined;
  const rules = index.rulesFor(role);
  for (const compiled of rules) {
    const { rule } = compiled;
    const group = index.groupThatGives(compiled, identity, target);
    if (group === undefined) {
      const groups = groupsThatWouldGive(compiled, target);
      if (groups.length === 0) continue;
      const step = stepWithoutGroup(compiled, identity, groups);
      steps.push(step);
      if (takesAnyRole(compiled)) byAnyRole.push(step);
      continue;
    }
    const { missing, approval } = unmetOf(compiled, target);
    if (missing.length > 0) {
      steps.push({ rule: rule.name, outcome: 'proof-missing', group, missing });
      stepUp ??= wishFor(compiled.requirements, missing);
      if (approval !== undefined && !isActive(approval))
        elevation = nearer(elevation, neededFor(approval, asked));
      continue;
    }
    steps.push({ rule: rule.name, outcome: 'grants', group });
    const entitlement = entitlementOf(target, { rule, group }, approval);
    return { granted: true, entitlement, trace: traceOf(asked, 'granted', steps) };
  }
  const isKnown = byAnyRole.length === 0 || isKnownRole(index, identity, { account, role, rules });
  return {
    ...denied(index, asked, isKnown ? steps : without(steps, byAnyRole)),
    ...(stepUp !== undefined && { stepUp }),
    ...(elevation !== undefined && { elevation }),
  };
}

function without<T>(all: readonly T[], some: readonly T[]): readonly T[] {
  return all.filter(one => !some.includes(one));
}

/** A request that waits is nearer than a new one; otherwise the first rule counts. */
function nearer(
  first: NeededElevation | undefined,
  other: NeededElevation,
): NeededElevation | undefined {
  return first === undefined || (first.kind === 'request' && other.kind !== 'request')
    ? other
    : first;
}

function denied(
  index: RuleIndex,
  asked: Asked,
  steps: readonly TraceStep[],
): Extract<Decision, { granted: false }> {
  const first = steps.find(step => step.outcome === 'proof-missing');
  // What the user can change alone comes first.
  const sorted = steps.toSorted((a, b) => DISTANCE[a.outcome] - DISTANCE[b.outcome]);
  const said = traceOf(asked, 'refused', sorted);
  const patterns = steps.length === 0 ? anyRolePatterns(index, asked.identity) : [];
  const trace = patterns.length === 0 ? said : { ...said, patterns };
  return { granted: false, missing: first?.missing ?? [], trace };
}

function traceOf(
  { account, role }: Asked,
  outcome: DecisionTrace['outcome'],
  steps: readonly TraceStep[],
): DecisionTrace {
  return { account, role, outcome, steps: steps.slice(0, MAX_TRACE_STEPS) };
}

/** How far the user is from the role, by the outcome of a rule. */
const DISTANCE: { readonly [O in TraceStep['outcome']]: number } = {
  grants: 0,
  'proof-missing': 0,
  'group-missing': 1,
  'connector-mismatch': 2,
};
