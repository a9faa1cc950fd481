/**
 * Which workload gets which role, and why. Pure, and apart from the policy for users: a workload
 * gets no role that rules for users alone give, nor the other way round.
 */
import { printableExcerpt } from './printable.ts';
import {
  type Circumstances,
  type CompiledRequirements,
  explainRequirement,
  requirementChecker,
  requirementsCompiler,
  type UnmetRequirement,
} from './requirements.ts';
import { type Account, type AccountId, accountFinder, isRoleName, roleArn } from './role.ts';
import type { Workload, WorkloadEntryId } from './workload.ts';
import {
  applies,
  type SeenClaim,
  unmetConditions,
  type WorkloadEntitlement,
  type WorkloadRule,
} from './workload-rule.ts';

/**
 * What one rule said about one role. It contains claims of the workload alone, and nothing that
 * the rule expects: anyone can have a token of a public issuer.
 */
export type WorkloadTraceStep =
  | { readonly rule: string; readonly outcome: 'grants' }
  | {
      readonly rule: string;
      readonly outcome: 'claims-mismatch';
      readonly claims: readonly SeenClaim[];
    }
  | {
      readonly rule: string;
      readonly outcome: 'proof-missing';
      readonly missing: readonly UnmetRequirement[];
    };

export type WorkloadDecision =
  | {
      readonly granted: true;
      readonly entitlement: WorkloadEntitlement;
      readonly steps: readonly WorkloadTraceStep[];
    }
  | { readonly granted: false; readonly steps: readonly WorkloadTraceStep[] };

/** A role as it is named by the workload: the account by name or id. */
interface AskedRole {
  readonly account: string;
  readonly role: string;
}

/** Rules of all entries, compiled once for each snapshot of the configuration. */
export interface WorkloadPolicy {
  /** Whether a rule applies to the workload, whatever else it requires. */
  knows(workload: Workload): boolean;
  /** Every role of the workload: by the first rule that gives it, in the order of the entry. */
  evaluate(workload: Workload, circumstances: Circumstances): readonly WorkloadEntitlement[];
  /** One role. Default deny. */
  decide(workload: Workload, circumstances: Circumstances, asked: AskedRole): WorkloadDecision;
}

interface CompiledWorkloadRule {
  readonly rule: WorkloadRule;
  readonly requirements: CompiledRequirements;
  /** In the order of the configuration; rules that share their list share this. */
  readonly accounts: ReadonlySet<Account>;
}

interface Tables {
  readonly byEntry: ReadonlyMap<WorkloadEntryId, readonly CompiledWorkloadRule[]>;
  readonly accountNamed: (text: string) => Account | undefined;
}

const MAX_STEPS = 20;

export function compileWorkloadPolicy(
  rules: readonly WorkloadRule[],
  accounts: readonly Account[],
): WorkloadPolicy {
  const compile = requirementsCompiler();
  const accountsOf = reachedAccounts(accounts);
  const compiled = rules.map(rule => ({
    rule,
    requirements: compile(rule.require),
    accounts: accountsOf(rule.accounts),
  }));
  const tables: Tables = {
    byEntry: Map.groupBy(compiled, ({ rule }) => rule.entry),
    accountNamed: accountFinder(accounts),
  };
  return {
    knows: workload =>
      rulesFor(tables, workload).some(({ rule }) => applies(rule, workload.claims)),
    evaluate: (workload, circumstances) => evaluate(tables, workload, circumstances),
    decide: (workload, circumstances, asked) => decide(tables, { workload, circumstances, asked }),
  };
}

function reachedAccounts(
  accounts: readonly Account[],
): (ids: readonly AccountId[] | undefined) => ReadonlySet<Account> {
  const reached = accounts.filter(isReachedByWorkloads);
  const known = new Map<readonly AccountId[] | undefined, ReadonlySet<Account>>([
    [undefined, new Set(reached)],
  ]);
  return ids => {
    const before = known.get(ids);
    if (before !== undefined) return before;
    const wanted = new Set(ids);
    const set = new Set(reached.filter(({ id }) => wanted.has(id)));
    known.set(ids, set);
    return set;
  };
}

/** The other accounts require the proof of a user. */
export function isReachedByWorkloads({ trust }: Account): boolean {
  const { by } = trust.by === 'hub' ? trust.hub.trust : trust;
  return by === 'saml' || by === 'web-identity';
}

function rulesFor({ byEntry }: Tables, { entry }: Workload): readonly CompiledWorkloadRule[] {
  return byEntry.get(entry) ?? [];
}

type UnmetOf = (requirements: CompiledRequirements) => readonly UnmetRequirement[];

/** Only networks are required of workloads, so nothing of an authentication is looked at. */
function unmetFinder(circumstances: Circumstances): UnmetOf {
  return requirementChecker({ authentication: { methods: [], multiFactor: false } }, circumstances);
}

function evaluate(
  tables: Tables,
  workload: Workload,
  circumstances: Circumstances,
): readonly WorkloadEntitlement[] {
  const unmetOf = unmetFinder(circumstances);
  const granted = new Map<string, WorkloadEntitlement>();
  for (const { rule, requirements, accounts } of rulesFor(tables, workload)) {
    if (!applies(rule, workload.claims) || unmetOf(requirements).length > 0) continue;
    for (const account of accounts)
      for (const role of rule.roles) {
        const arn = roleArn(account, role);
        if (!granted.has(arn)) granted.set(arn, { account, role, arn, rule });
      }
  }
  return [...granted.values()];
}

interface Question {
  readonly workload: Workload;
  readonly circumstances: Circumstances;
  readonly asked: AskedRole;
}

function decide(tables: Tables, { workload, circumstances, asked }: Question): WorkloadDecision {
  const account = tables.accountNamed(asked.account);
  const { role } = asked;
  if (account === undefined || !isRoleName(role)) return { granted: false, steps: [] };
  const unmetOf = unmetFinder(circumstances);
  const steps: WorkloadTraceStep[] = [];
  for (const { rule, requirements, accounts } of rulesFor(tables, workload)) {
    if (!rule.roles.includes(role) || !accounts.has(account)) continue;
    const step = stepOf(rule, workload, unmetOf(requirements));
    steps.push(step);
    if (step.outcome !== 'grants') continue;
    const entitlement = { account, role, arn: roleArn(account, role), rule };
    return { granted: true, entitlement, steps: steps.slice(-MAX_STEPS) };
  }
  return { granted: false, steps: steps.slice(0, MAX_STEPS) };
}

function stepOf(
  rule: WorkloadRule,
  { claims }: Workload,
  missing: readonly UnmetRequirement[],
): WorkloadTraceStep {
  const { name } = rule;
  if (!applies(rule, claims))
    return { rule: name, outcome: 'claims-mismatch', claims: unmetConditions(rule, claims) };
  if (missing.length > 0) return { rule: name, outcome: 'proof-missing', missing };
  return { rule: name, outcome: 'grants' };
}

// ---------------------------------------------------------------- in words

/** A step in a sentence for the workload. */
export function explainWorkloadStep(step: WorkloadTraceStep): string {
  if (step.outcome === 'grants') return 'Gives the role.';
  if (step.outcome === 'proof-missing')
    return step.missing.map(unmet => explainRequirement(unmet)).join(' ');
  return `Does not accept ${step.claims.map(shown).join(' and ')}.`;
}

const MAX_SHOWN = 128;

function shown({ claim, value }: SeenClaim): string {
  if (value === undefined) return `a workload without ${claim}`;
  return `${claim} "${printableExcerpt(value, MAX_SHOWN)}"`;
}
