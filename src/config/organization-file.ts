/**
 * Reads the output of `aws organizations list-accounts`: which accounts an organization has.
 *
 * Owns: the form of that file, with tags and organizational units that scripts add, and the rule by
 * which names in AWS become names here. Does not own: reading files, what completes the accounts
 * (account-gathering.ts).
 *
 * Source: https://docs.aws.amazon.com/organizations/latest/APIReference/API_Account.html
 */
import { isAccountId, PARTITIONS, type Partition } from '../core/role.ts';
import { isAccountName } from './account-schema.ts';
import { UNITS, UNITS_RULE } from './account-selector-schema.ts';
import { bounded, type Problem, quoted } from './problems.ts';

/** One account of the file. */
export interface OrganizationAccount {
  readonly id: string;
  /** As AWS has it; any text. */
  readonly nameInAws: string;
  /** Undefined if nothing of the name in AWS can be a name here. */
  readonly name: string | undefined;
  /** `ACTIVE`, or another word in capitals. */
  readonly state: string;
  /** Of its ARN. */
  readonly partition?: Partition | undefined;
  /** The names of the organizational units above it. */
  readonly path?: string | undefined;
  /** The same by their ids, as `Paths` has them. */
  readonly unitIds: readonly string[];
  /** Its tags. */
  readonly labels: Readonly<Record<string, string>>;
}

export interface Organization {
  /** Those that were read whole, in the order of the file. Ids are unique. */
  readonly accounts: readonly OrganizationAccount[];
  readonly problems: readonly Problem[];
  /** False if the file lists more accounts than `accounts` has. */
  readonly isWhole: boolean;
}

/** Ten times what AWS allows on request. More is a damaged file, which must not fill the memory. */
const MOST_ACCOUNTS = 100_000;
const RUN_AGAIN = 'Write the output of aws organizations list-accounts into it, as JSON.';

/** Never throws for a text. */
export function readOrganization(text: string): Organization {
  const value = parsed(text);
  if (value === undefined)
    return broken({ message: 'is not valid JSON, or only a part of it.', fix: RUN_AGAIN });
  const pages = pagesOf(value);
  if (pages === undefined)
    return broken({ message: 'contains no list of accounts (Accounts).', fix: RUN_AGAIN });
  const items = pages.flatMap(page => page.items);
  if (items.length > MOST_ACCOUNTS)
    return broken({ message: `lists more than ${MOST_ACCOUNTS} accounts.`, fix: RUN_AGAIN });
  const accounts = new Map<string, OrganizationAccount>();
  const problems: Problem[] = [];
  for (const [position, item] of items.entries()) {
    const account = readAccount(item, position);
    if ('message' in account) problems.push(account);
    else if (accounts.has(account.id))
      problems.push(problemOf(account.id, 'is listed twice.', 'Remove one of both.'));
    else accounts.set(account.id, account);
  }
  return {
    accounts: [...accounts.values()],
    problems: [...bounded(problems), ...leftOver(pages)],
    isWhole: problems.length === 0,
  };
}

function broken(problem: Problem): Organization {
  return { accounts: [], problems: [problem], isWhole: false };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

// ---------------------------------------------------------------- pages

interface Page {
  readonly items: readonly unknown[];
  readonly nextToken: unknown;
}

/** One answer, a list of several, or a list of accounts; undefined for anything else. */
function pagesOf(value: unknown): readonly Page[] | undefined {
  const page = pageOf(value);
  if (page !== undefined) return [page];
  if (!Array.isArray(value)) return undefined;
  const pages = value.map(pageOf);
  if (value.length > 0 && pages.every(item => item !== undefined)) return pages;
  return [{ items: value, nextToken: undefined }];
}

function pageOf(value: unknown): Page | undefined {
  if (!isRecord(value) || !Array.isArray(value.Accounts)) return undefined;
  return { items: value.Accounts, nextToken: value.NextToken };
}

/** A token for the next page in the last one: the list goes on. */
function leftOver(pages: readonly Page[]): readonly Problem[] {
  const token = pages.at(-1)?.nextToken;
  if (token === undefined || token === null || token === '') return [];
  return [
    {
      message: 'is incomplete: it ends with a NextToken, so accounts are missing.',
      fix: 'Run aws organizations list-accounts without --max-items and --no-paginate.',
      warning: true,
    },
  ];
}

// ---------------------------------------------------------------- an account

function readAccount(item: unknown, position: number): OrganizationAccount | Problem {
  if (!isRecord(item))
    return { message: `contains no account as item ${position + 1}.`, fix: RUN_AGAIN };
  const { Id: id, Name: nameInAws } = item;
  if (typeof id !== 'string' || !isAccountId(id))
    return {
      message: `has no Id of twelve digits in item ${position + 1}${shown(id)}.`,
      fix: 'Write the id as text: "111122223333".',
    };
  if (typeof nameInAws !== 'string') return problemOf(id, 'has no text as its Name.', RUN_AGAIN);
  const state = stateOf(item);
  if (state === undefined)
    return problemOf(id, 'has neither State nor Status, so it may be closed.', RUN_AGAIN);
  const partition = partitionOf(item.Arn, id);
  const labels = labelsOf(item.Tags);
  const path = pathOf(item.Path);
  const unitIds = unitIdsOf(item.Paths);
  const [problem] = [partition, labels, path, unitIds].filter(part => part instanceof Fault);
  if (problem !== undefined) return problemOf(id, problem.message, problem.fix);
  return {
    ...{ id, nameInAws, name: accountNameOf(nameInAws), state },
    partition: partition as Partition | undefined,
    path: path as string | undefined,
    unitIds: unitIds as readonly string[],
    labels: labels as Readonly<Record<string, string>>,
  };
}

/** What is wrong with a part of an account. */
class Fault {
  readonly message: string;
  readonly fix: string;

  constructor(message: string, fix = RUN_AGAIN) {
    this.message = message;
    this.fix = fix;
  }
}

function problemOf(id: string, message: string, fix: string): Problem {
  return { message: `account ${id} ${message}`, fix };
}

function shown(value: unknown): string {
  return typeof value === 'string' || typeof value === 'number' ? `: ${quoted(String(value))}` : '';
}

/** `State` replaces `Status`, which AWS retires in 2026. */
function stateOf({ State, Status }: Readonly<Record<string, unknown>>): string | undefined {
  const state = State ?? Status;
  return typeof state === 'string' && /^[A-Z_]{1,40}$/.test(state) ? state : undefined;
}

const ARN = /^arn:([a-z-]{1,20}):organizations::\d{12}:account\/o-[a-z0-9]{1,40}\/(\d{12})$/;

function partitionOf(arn: unknown, id: string): Partition | undefined | Fault {
  if (arn === undefined || arn === null) return undefined;
  const [, name = '', owner] = typeof arn === 'string' ? (ARN.exec(arn) ?? []) : [];
  if (owner === undefined) return new Fault('has an Arn that is not one of an account.');
  if (owner !== id) return new Fault('has the Arn of another account.');
  const partition = PARTITIONS.find(known => known === name);
  if (partition !== undefined) return partition;
  return new Fault(
    `is in the partition ${name}, which the bridge cannot reach.`,
    `Remove the account from the file. The bridge reaches ${PARTITIONS.join(', ')}.`,
  );
}

/** Tags as the API lists them, or as a map. */
function labelsOf(tags: unknown): Readonly<Record<string, string>> | Fault {
  if (tags === undefined || tags === null) return {};
  const entries = Array.isArray(tags)
    ? tags.map(tag => (isRecord(tag) ? [tag.Key, tag.Value] : []))
    : isRecord(tags)
      ? Object.entries(tags)
      : [[]];
  const isText = entries.every(
    pair => pair.length === 2 && pair.every(of => typeof of === 'string'),
  );
  if (!isText)
    return new Fault(
      'has Tags that are neither a list of Key and Value nor a map of texts.',
      'Write the output of aws organizations list-tags-for-resource as its Tags.',
    );
  return Object.fromEntries(entries) as Record<string, string>;
}

function pathOf(path: unknown): string | undefined | Fault {
  if (path === undefined || path === null) return undefined;
  const trimmed = typeof path === 'string' ? path.replace(/^\//, '').replace(/\/$/, '') : undefined;
  if (trimmed === '') return undefined;
  if (trimmed !== undefined && UNITS.test(trimmed)) return trimmed;
  return new Fault(
    'has a Path that names no organizational units.',
    `Write ${UNITS_RULE}, such as "Workloads/Production".`,
  );
}

const UNIT_ID = /^(?:o-[a-z0-9]{1,40}|r-[a-z0-9]{1,40}|ou-[a-z0-9]{1,40}-[a-z0-9]{1,40})$/;

/** `o-.../r-.../ou-.../111122223333/` without the account at its end. */
function unitIdsOf(paths: unknown): readonly string[] | Fault {
  if (paths === undefined || paths === null) return [];
  const all = Array.isArray(paths) ? paths.map(unitPath) : [undefined];
  const known = all.filter(path => path !== undefined);
  if (known.length === all.length) return known;
  return new Fault('has Paths that are not those of an organization.');
}

function unitPath(path: unknown): string | undefined {
  if (typeof path !== 'string' || path.length > 1000) return undefined;
  const steps = path.split('/').filter(step => step !== '');
  if (isAccountId(steps.at(-1) ?? '')) steps.pop();
  return steps.length > 0 && steps.every(step => UNIT_ID.test(step)) ? steps.join('/') : undefined;
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/**
 * The name of an account here. A name that can stay stays. In others, every run of other characters
 * becomes one dash, and what cannot begin or end a name is left out: `Prod (EU)` is `Prod-EU`.
 * Undefined if nothing is left, or if it looks like an id.
 */
export function accountNameOf(nameInAws: string): string | undefined {
  if (isAccountName(nameInAws)) return isAccountId(nameInAws) ? undefined : nameInAws;
  const name = nameInAws
    .replaceAll(/[^\w.-]+/g, '-')
    .replaceAll(/-{2,}/g, '-')
    .replace(/^[^A-Za-z0-9]+/, '')
    .replace(/-$/, '');
  return isAccountName(name) && !isAccountId(name) ? name : undefined;
}
