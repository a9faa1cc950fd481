/**
 * `check`: whether a configuration is in order, what each rule gives in which accounts, and how
 * each account is reached.
 *
 * Does not own: what is checked (config/load), who gets one role (who-can.ts).
 */
import type { SkippedAccount } from '../config/account-facts.ts';
import type { ConfigurationWithoutSecrets } from '../config/configuration.ts';
import type { Judges } from '../config/judges.ts';
import type { CheckedConfiguration } from '../config/load.ts';
import type { LocatedProblem } from '../config/problems.ts';
import type { AccessRule } from '../core/access-rule.ts';
import { counted, listed } from '../core/listed.ts';
import { printableJson } from '../core/printable.ts';
import type { Account, AccountId, Trust } from '../core/role.ts';
import { formatDuration } from '../core/time.ts';
import type { WorkloadRule } from '../core/workload-rule.ts';
import { EXIT, type ExitCode, type Options } from './command.ts';
import { printText, table } from './output.ts';
import { checkAndPrint, isProxyUsable } from './reading.ts';
import { conditionText, listedOrNothing, requirementsOf } from './role-output.ts';

type Checked = CheckedConfiguration<'none'>;

/** Rows of each table; a check of ten thousand rules must leave its result in sight. */
const MOST_ROWS = 20;
/** Accounts that are named for one rule. */
const MOST_NAMED = 3;
const WIDE = 80;

export async function check({ config, json }: Options, judges: Judges): Promise<ExitCode> {
  const reading = { secrets: 'none', warnsOfAbsent: true, judges } as const;
  const checked = await checkAndPrint(config!, reading);
  const isUsable = isProxyUsable();
  const { configuration } = checked;
  if (json) writeJson(config!, checked);
  else if (configuration !== undefined && isUsable) writeText(config!, configuration, checked);
  return configuration !== undefined && isUsable ? EXIT.done : EXIT.configuration;
}

// ---------------------------------------------------------------- what a rule gives

/** A rule of users or workloads, as far as it is shown. */
interface ShownRule {
  readonly kind: 'access' | 'workload';
  readonly name: string;
  /** Groups, or claims of workloads; in words, and as JSON has them. */
  readonly who: string;
  readonly subject: object;
  /** Undefined for every account. */
  readonly accounts: readonly AccountId[] | undefined;
  /** Empty if groups name the role. */
  readonly roles: readonly string[];
  readonly requires: readonly string[];
  /** Undefined if the roles are given at all times. */
  readonly elevation: string | undefined;
}

function shownRules(configuration: ConfigurationWithoutSecrets): readonly ShownRule[] {
  const { access, workloadRules, connectors } = configuration;
  const isOne = connectors.length === 1;
  return [
    ...access.map(rule => ofUsers(rule, isOne ? '' : ` (${listed(rule.connectors)})`)),
    ...workloadRules.map(ofWorkloads),
  ];
}

function ofUsers(rule: AccessRule, connectors: string): ShownRule {
  const { name, groups, groupPattern, accounts, roles, elevation } = rule;
  return {
    subject: { groups, group_pattern: groupPattern ?? null, connectors: rule.connectors },
    ...{ kind: 'access', name, accounts, roles },
    who: `${groupPattern ?? listed(groups)}${connectors}`,
    requires: requirementsOf(rule),
    elevation: elevation && `at most ${formatDuration(elevation.longestSeconds)}`,
  };
}

function ofWorkloads(rule: WorkloadRule): ShownRule {
  const { name, entry, conditions, accounts, roles } = rule;
  return {
    ...{ kind: 'workload', name, accounts, roles },
    subject: { entry, conditions },
    who: `${entry}: ${conditions.map(conditionText).join(' and ')}`,
    requires: requirementsOf(rule),
    elevation: undefined,
  };
}

/** `1250: dev-1, dev-2, dev-3, ...`. */
function accountsText(rule: ShownRule, nameOf: (id: AccountId) => string): string {
  const { accounts } = rule;
  if (accounts === undefined) return 'all';
  if (accounts.length === 0) return 'none';
  const names = accounts.slice(0, MOST_NAMED).map(nameOf).join(', ');
  return `${accounts.length}: ${names}${accounts.length > MOST_NAMED ? ', ...' : ''}`;
}

// ---------------------------------------------------------------- how accounts are reached

/** How many rules give a role in each account. Rules that select alike are counted together. */
function ruleCounts(
  rules: readonly ShownRule[],
  accounts: readonly Account[],
): ReadonlyMap<AccountId, number> {
  const bySelection = new Map<readonly AccountId[] | undefined, number>();
  for (const rule of rules)
    bySelection.set(rule.accounts, (bySelection.get(rule.accounts) ?? 0) + 1);
  const counts = new Map<AccountId, number>(accounts.map(({ id }) => [id, 0]));
  for (const [selection, count] of bySelection)
    for (const id of selection ?? counts.keys()) counts.set(id, (counts.get(id) ?? 0) + count);
  return counts;
}

function reachedBy({ trust, stsEndpoint }: Account): string {
  const way = wayOf(trust);
  return stsEndpoint === undefined ? way : `${way} at ${stsEndpoint}`;
}

function wayOf(trust: Trust): string {
  switch (trust.by) {
    case 'saml':
      return `SAML provider ${trust.provider}`;
    case 'corporate-saml':
      return `SAML provider ${trust.provider} of the identity provider`;
    case 'web-identity':
      return 'web identity';
    case 'corporate-web-identity':
      return 'web identity of the identity provider';
    case 'hub':
      return `hub ${trust.hub.name}/${trust.role}`;
  }
}

// ---------------------------------------------------------------- text

function writeText(
  file: string,
  configuration: ConfigurationWithoutSecrets,
  { skippedAccounts = [] }: Checked,
): void {
  const { connectors, accounts, access } = configuration;
  const rules = shownRules(configuration);
  writeTable(
    ['RULE', 'FOR', 'ACCOUNTS', 'ROLES', 'REQUIRES', 'ELEVATION'],
    rules,
    rowOfRule(accounts),
  );
  const counts = ruleCounts(rules, accounts);
  writeTable(['ACCOUNT', 'ID', 'REACHED BY', 'RULES'], accounts, account => [
    ...[account.name, account.id, reachedBy(account), String(counts.get(account.id))],
  ]);
  if (skippedAccounts.length > 0) printText(`${skippedText(skippedAccounts)}\n`);
  printText(
    `${file} is in order: ${counted(connectors.length, 'connector')}, ${counted(accounts.length, 'account')}, ${counted(access.length, 'access rule')}.`,
  );
}

function rowOfRule(accounts: readonly Account[]): (rule: ShownRule) => readonly string[] {
  const names = new Map(accounts.map(({ id, name }) => [id, name]));
  return rule => [
    ...[rule.name, rule.who, accountsText(rule, id => names.get(id) ?? id)],
    rule.roles.length === 0 ? '{role}' : listed(rule.roles),
    ...[listedOrNothing(rule.requires), rule.elevation ?? '-'],
  ];
}

function writeTable<T>(
  head: readonly string[],
  items: readonly T[],
  rowOf: (item: T) => readonly string[],
): void {
  if (items.length === 0) return;
  process.stdout.write(table([head, ...items.slice(0, MOST_ROWS).map(rowOf)], WIDE));
  const more = items.length - MOST_ROWS;
  printText(more > 0 ? `... and ${more} more. --json lists all.\n` : '');
}

function skippedText(skipped: readonly SkippedAccount[]): string {
  const names = listed(skipped.map(({ name, state }) => `${name} (${state})`));
  const are = skipped.length === 1 ? 'is' : 'are';
  return `${counted(skipped.length, 'account')} of the organization ${are} not active, so no rule gives a role there: ${names}.`;
}

// ---------------------------------------------------------------- JSON

/** Piece by piece: the lists of accounts of ten thousand rules are too long for one text. */
function writeJson(file: string, { configuration, problems, warnings, ...rest }: Checked): void {
  const head = {
    ...{ file, in_order: configuration !== undefined },
    problems: problems.map(fieldsOfProblem),
    warnings: [...warnings, ...rest.absentSecrets].map(fieldsOfProblem),
    skipped_accounts: rest.skippedAccounts ?? [],
  };
  const start = JSON.stringify(head).slice(0, -1);
  if (configuration === undefined) {
    write(`${start}}\n`);
    return;
  }
  const rules = shownRules(configuration);
  const counts = ruleCounts(rules, configuration.accounts);
  write(`${start},\n"rules":[`);
  for (const [index, rule] of rules.entries()) write(separated(index, fieldsOfRule(rule)));
  write('],\n"accounts":[');
  for (const [index, account] of configuration.accounts.entries())
    write(separated(index, fieldsOfAccount(account, counts.get(account.id) ?? 0)));
  write(']}\n');
}

function write(text: string): void {
  process.stdout.write(printableJson(text));
}

function separated(index: number, fields: object): string {
  return `${index === 0 ? '' : ','}\n${JSON.stringify(fields)}`;
}

function fieldsOfProblem({ path, line, column, message, fix }: LocatedProblem): object {
  return { path, line, column, message, fix };
}

function fieldsOfRule(rule: ShownRule): object {
  const { kind, name, subject, accounts, roles, requires, elevation } = rule;
  return {
    ...{ rule: name, kind, ...subject, every_account: accounts === undefined },
    ...{ accounts: accounts ?? null, roles: roles.length === 0 ? null : roles, requires },
    elevation: elevation ?? null,
  };
}

function fieldsOfAccount(account: Account, rules: number): object {
  const { id, name, partition, region, trust, details } = account;
  return {
    ...{ id, name, partition, region, trust: trust.by, reached_by: reachedBy(account) },
    ...{ path: details?.folder?.join('/') ?? null, rules },
  };
}
