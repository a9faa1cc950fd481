/** `who-can ACCOUNT/ROLE`: the rules that give a role, and who can get it. */
import type { Holder, RoleAnswer, RoleQuestions } from '../bridge/role-questions.ts';
import { counted, listed } from '../core/listed.ts';
import { nearest } from '../core/nearest.ts';
import { type Account, accountFinder, isRoleName, roleArn } from '../core/role.ts';
import {
  type GivingParts,
  type GivingRule,
  nearestGivenRole,
  type Target,
} from '../core/who-can.ts';
import type { WorkloadRule } from '../core/workload-rule.ts';
import type { Options } from './command.ts';
import { printJson, printText, table, time } from './output.ts';
import {
  conditionText,
  fieldsOfHolder,
  lackOf,
  leftOut,
  listedOrNothing,
  MOST_ROWS,
  requirementsOf,
} from './role-output.ts';

export interface RoleAsking {
  readonly questions: RoleQuestions;
  readonly giving: GivingParts;
}

/** Throws an Error that says what to do if the account is unknown or no rule gives the role. */
export async function whoCan({ questions, giving }: RoleAsking, options: Options): Promise<void> {
  const target = targetNamed(options.arguments?.[0] ?? '', giving);
  const answer = await questions.whoCan(target);
  if (answer.rules.length + answer.workloadRules.length === 0) throw notGiven(target, giving);
  if (options.json) return printJson(fieldsOf(target, answer, giving));
  printText(`${nameOf(target)} (${roleArn(target.account, target.role)})\n`);
  printRules(answer, giving);
  printHolders(answer);
  const hint = misspeltHint(answer, target, giving);
  if (hint !== undefined) printText(`\n${hint}`);
}

// ---------------------------------------------------------------- which role

/** Throws an Error. */
function targetNamed(written: string, { accounts }: GivingParts): Target {
  const slash = written.indexOf('/');
  const [text, role] = [written.slice(0, slash), written.slice(slash + 1)];
  if (slash < 1 || !isRoleName(role))
    throw new Error(
      `"${written}" is not a role. Write ACCOUNT/ROLE, with the name or id of the account: prod/Admin.`,
    );
  const account = accountFinder(accounts)(text);
  if (account !== undefined) return { account, role };
  const near = nearest(text, namesOf(accounts));
  const hint = near === undefined ? '' : ` Did you mean: ${near}/${role}?`;
  throw new Error(`the configuration has no account "${text}".${hint}`);
}

function* namesOf(accounts: readonly Account[]): Generator<string> {
  for (const { name, id } of accounts) {
    yield name;
    yield id;
  }
}

function notGiven(target: Target, giving: GivingParts): Error {
  const near = nearestGivenRole(giving, target);
  const hint = near === undefined ? '' : ` Did you mean: ${target.account.name}/${near}?`;
  return new Error(
    `no rule gives ${nameOf(target)}, so no user and no workload can get it.${hint}`,
  );
}

/** A rule whose group names contain the role takes any name, also a misspelt one. */
function misspeltHint(
  { rules, workloadRules, holders }: RoleAnswer,
  target: Target,
  giving: GivingParts,
): string | undefined {
  if (holders.length + workloadRules.length > 0) return undefined;
  if (rules.some(({ rule }) => rule.roles.length > 0)) return undefined;
  const near = nearestGivenRole(giving, target);
  const hint = near === undefined ? '' : ` Did you mean: ${target.account.name}/${near}?`;
  return `The rule takes any role that a group names, so the name can be misspelt.${hint}`;
}

function nameOf({ account, role }: Target): string {
  return `${account.name}/${role}`;
}

// ---------------------------------------------------------------- tables

function printRules({ rules, workloadRules }: RoleAnswer, giving: GivingParts): void {
  if (rules.length > 0) {
    const find = accountFinder(giving.accounts);
    const rows = rules.slice(0, MOST_ROWS).map(giver => {
      const { rule, groups } = giver;
      const accounts = accountsOf(giver, find);
      return [
        ...[rule.name, rule.groupPattern ?? listed(groups), listed(rule.connectors)],
        ...[accounts, listedOrNothing(requirementsOf(rule))],
      ];
    });
    const head = ['RULE', 'GROUPS', 'CONNECTORS', 'ACCOUNTS', 'REQUIRES'];
    process.stdout.write(table([head, ...rows], WIDE));
    printLeftOut(rules);
  }
  if (workloadRules.length > 0) {
    const rows = workloadRules
      .slice(0, MOST_ROWS)
      .map(rule => [
        ...[rule.name, rule.entry, rule.conditions.map(conditionText).join(' and ')],
        listedOrNothing(requirementsOf(rule)),
      ]);
    process.stdout.write(table([['WORKLOAD RULE', 'ENTRY', 'CLAIMS', 'REQUIRES'], ...rows], WIDE));
    printLeftOut(workloadRules);
  }
}

const WIDE = 120;

function accountsOf({ rule }: GivingRule, find: ReturnType<typeof accountFinder>): string {
  if (rule.accounts === undefined) return 'all';
  const { length } = rule.accounts;
  const names = rule.accounts.slice(0, 6).map(id => find(id)?.name ?? id);
  return length > names.length
    ? `${listed(names.slice(0, 5))} and ${length - 5} more`
    : listed(names);
}

function printHolders({ rules, holders, known, unreadable, withoutGroups }: RoleAnswer): void {
  if (rules.length === 0) {
    printText('\nNo rule gives it to users.');
    return;
  }
  if (known === 0) printText('\nNo user has signed in yet.');
  else if (holders.length === 0)
    printText(`\nOf ${counted(known, 'known user')}, none can get it.`);
  else {
    const now = holders.filter(hasNow).length;
    printText(
      `\nOf ${counted(known, 'known user')}, ${holders.length} can get it, and ${now} at once.`,
    );
    const head = ['USER', 'CONNECTOR', 'PERSON', 'GROUP', 'RULE', 'LAST SIGN-IN', 'LACKS'];
    process.stdout.write(table([head, ...holders.slice(0, MOST_ROWS).map(rowOf)]));
    printLeftOut(holders);
  }
  if (unreadable > 0)
    printText(
      `The records of ${counted(unreadable, 'user')} cannot be read, so their groups are unknown.`,
    );
  if (withoutGroups > 0)
    printText(
      `The groups of ${counted(withoutGroups, 'user')} are unknown until they sign in again: an earlier version kept none.`,
    );
}

function hasNow({ user, missing, fault }: Holder): boolean {
  return user.blocked === undefined && missing.length === 0 && fault === undefined;
}

function rowOf(holder: Holder): readonly string[] {
  const { user, entitlement } = holder;
  const { username, connector, person, signedInAt, blocked } = user;
  return [
    ...[username, connector, person, entitlement.group, entitlement.rule.name],
    signedInAt === undefined ? 'never' : time(signedInAt),
    blocked === undefined ? lackOf(holder) : `blocked since ${time(blocked.at)}`,
  ];
}

function printLeftOut(all: readonly unknown[]): void {
  const text = leftOut(all);
  if (text !== undefined) printText(text);
}

// ---------------------------------------------------------------- JSON

function fieldsOf(target: Target, answer: RoleAnswer, { accounts }: GivingParts): object {
  const { account, role } = target;
  const find = accountFinder(accounts);
  return {
    ...{ account: account.id, account_name: account.name, role, arn: roleArn(account, role) },
    rules: answer.rules.map(({ rule, groups }) => ({
      ...{ rule: rule.name, groups, group_pattern: rule.groupPattern ?? null },
      connectors: rule.connectors,
      accounts: rule.accounts?.map(id => find(id)?.name ?? id) ?? null,
      requires: requirementsOf(rule),
    })),
    workload_rules: answer.workloadRules.map(fieldsOfWorkloadRule),
    users: answer.holders.map(fieldsOfHolder),
    known_users: answer.known,
    unreadable_records: answer.unreadable,
    users_without_groups: answer.withoutGroups,
  };
}

function fieldsOfWorkloadRule(rule: WorkloadRule): object {
  const { name, entry, conditions } = rule;
  return { ...{ rule: name, entry, conditions }, requires: requirementsOf(rule) };
}
