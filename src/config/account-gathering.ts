/**
 * The accounts of a document as one list: those that it writes, or those of an organization's file
 * with defaults and entries.
 *
 * Owns: what counts where several say something of one account. Does not own: the form of the file
 * (organization-file.ts), where problems of such accounts are shown (account-origins.ts).
 */
import { append } from '../core/rule-index.ts';
import { DETAIL_KEYS } from './account-details.ts';
import { matchEntries, type ReadableEntry } from './account-entries.ts';
import { type AccountFacts, factsOfList } from './account-facts.ts';
import { type FoundOrganization, readAccountFile } from './account-file.ts';
import type { ReadableAccount } from './account-list.ts';
import { type AccountOrigin, relocating } from './account-origins.ts';
import type { OrganizationAccount } from './organization-file.ts';
import { bounded, type ProblemAt, quoted } from './problems.ts';
import type { Document, WrittenDocument } from './schema.ts';
import { isWritten, type Readable } from './schema-walk.ts';

type AccountsByFile = Extract<WrittenDocument['accounts'], { readonly file: string }>;
type ReadableByFile = Readable<AccountsByFile>;
type ReadableDefaults = NonNullable<ReadableByFile['defaults']>;

export interface GatheredAccounts {
  /** The document with its accounts as a list. */
  readonly document: Readable<Document>;
  readonly facts: AccountFacts;
  readonly problems: readonly ProblemAt[];
  /** The same problems at the places that the file has. */
  relocated(problems: Iterable<ProblemAt>): readonly ProblemAt[];
}

/** `raw` is the document as it was written. Relative paths begin at `directory`. */
export async function gatherAccounts(
  document: Readable<WrittenDocument>,
  { raw, directory }: { readonly raw: unknown; readonly directory: string },
): Promise<GatheredAccounts> {
  const { accounts } = document;
  if (isByFile(accounts)) return fromFile({ ...document, accounts }, directory);
  return {
    document: { ...document, accounts } as Readable<Document>,
    facts: factsOfList(raw),
    problems: [],
    relocated: problems => [...problems],
  };
}

function isByFile(accounts: Readable<WrittenDocument>['accounts']): accounts is ReadableByFile {
  return accounts !== undefined && !Array.isArray(accounts);
}

interface MergedAccount {
  readonly account: ReadableAccount;
  readonly origin: AccountOrigin;
}

async function fromFile(
  document: Omit<Readable<WrittenDocument>, 'accounts'> & { readonly accounts: ReadableByFile },
  directory: string,
): Promise<GatheredAccounts> {
  const { file, entries = [], defaults = {} } = document.accounts;
  const found = await readAccountFile(file, directory);
  const { matched, further, problems: ofEntries } = matchEntries(entries, found);
  const merged = [
    ...found.active.map(base => mergedAccount(base, defaults, matched.get(base.id))),
    ...further.map(entry => mergedAccount(undefined, defaults, entry)),
  ];
  const { accounts, problems: ofNames } = withNames(merged);
  const origins = accounts.map(({ origin }) => origin);
  const details = sharedByAll(defaults);
  const written = document.accountDetails ?? [];
  return {
    document: {
      ...document,
      accounts: accounts.map(({ account }) => account),
      accountDetails: [...written, ...details],
    } as Readable<Document>,
    facts: found.facts,
    problems: [
      ...found.problems,
      ...ofEntries,
      ...ofNames,
      ...takenNames(accounts, found),
      ...noAccounts(merged, found),
    ],
    relocated: relocating({ origins, defaults, entriesOfDetails: written.length }),
  };
}

function* noAccounts(
  merged: readonly MergedAccount[],
  { file, facts }: FoundOrganization,
): Generator<ProblemAt> {
  if (merged.length > 0 || !facts.isWhole) return;
  yield {
    path: ['accounts', 'file'],
    message: `no account of ${file} is active.`,
    fix: 'Write the output of aws organizations list-accounts into it, as JSON.',
  };
}

/** `defaults` come after every entry of `accountDetails`. */
function sharedByAll(defaults: ReadableDefaults): readonly object[] {
  const keys = DETAIL_KEYS.filter(key => isWritten(defaults, key));
  if (keys.length === 0) return [];
  return [{ accounts: ['*'], ...Object.fromEntries(keys.map(key => [key, defaults[key]])) }];
}

// ---------------------------------------------------------------- one account

/** An entry and its position. */
interface EntryAt {
  readonly entry: ReadableEntry;
  readonly index: number;
}

function mergedAccount(
  base: OrganizationAccount | undefined,
  defaults: ReadableDefaults,
  at: EntryAt | undefined,
): MergedAccount {
  const entry = at?.entry ?? {};
  const known = base === undefined ? {} : factsOf(base);
  const account = {
    ...written('id', [known, entry]),
    ...written('name', [entry, known]),
    ...written('partition', [entry, defaults, known, { partition: 'aws' }]),
    ...written('region', [entry, defaults]),
    ...written('endpoints', [entry, defaults]),
    ...written('path', [entry, known, defaults]),
    ...Object.assign({}, ...DETAIL_KEYS.map(key => written(key, [entry]))),
    ...trustOf(defaults, entry),
    labels: labelsOf([defaults, known, entry]),
    unitIds: base?.unitIds,
  } as ReadableAccount;
  return { account, origin: { base, entry: at?.entry, index: at?.index } };
}

/** The keys that an account of the file has; a key without a value is not written. */
function factsOf({ id, name, partition, path, labels }: OrganizationAccount): object {
  return JSON.parse(JSON.stringify({ id, name, partition, path, labels })) as object;
}

/** The key with the value of the first holder that has it. */
function written(key: string, holders: readonly object[]): object {
  const holder = holders.find(of => isWritten(of, key));
  return holder === undefined ? {} : { [key]: (holder as Record<string, unknown>)[key] };
}

type Labels = ReadableAccount['labels'];

/** All labels, later ones first; undefined if some could not be read. */
function labelsOf(holders: readonly object[]): Labels {
  const all = holders
    .filter(holder => isWritten(holder, 'labels'))
    .map(holder => (holder as { labels?: Labels }).labels);
  return all.includes(undefined) ? undefined : Object.assign({}, ...all);
}

const TRUST_KEYS = ['trust', 'provider', 'samlSignatures', 'via'] as const;
type TrustKeys = Pick<ReadableAccount, (typeof TRUST_KEYS)[number]>;

const BUILT_IN = { trust: 'saml', provider: 'rolebridge' } as const satisfies TrustKeys;

/** How roles are assumed: the layer that says more of the account replaces the one before. */
function trustOf(...layers: readonly TrustKeys[]): TrustKeys {
  return layers.reduce<TrustKeys>(replacedBy, BUILT_IN);
}

function replacedBy(below: TrustKeys, layer: TrustKeys): TrustKeys {
  const own = Object.assign({}, ...TRUST_KEYS.map(key => written(key, [layer]))) as TrustKeys;
  if (isWritten(own, 'via')) return own;
  if (!isWritten(own, 'trust')) return { ...below, ...own };
  // A provider and its signatures are for this kind of trust.
  const inherited = own.trust === below.trust ? below : own.trust === 'saml' ? BUILT_IN : {};
  return { ...written('provider', [inherited]), ...written('samlSignatures', [inherited]), ...own };
}

// ---------------------------------------------------------------- names

/**
 * Accounts with a name each. Those that the operator writes come first. A name of AWS that is
 * taken, shared or unusable is nobody's: its accounts have their ids as names. Any of their
 * administrators can cause that, so it stops neither a reload nor a start.
 */
function withNames(merged: readonly MergedAccount[]): {
  readonly accounts: readonly MergedAccount[];
  readonly problems: readonly ProblemAt[];
} {
  const chosen = new Map<string, MergedAccount>();
  const shared = new Map<string, MergedAccount[]>();
  const problems: ProblemAt[] = [];
  for (const item of merged) {
    const { name } = item.account;
    if (name === undefined) continue;
    if (isChosen(item)) {
      const other = chosen.get(name);
      if (other === undefined) chosen.set(name, item);
      else problems.push(chosenTwice(item, other));
    } else append(shared, name, item);
  }
  const accounts = merged.map(item => {
    const { account } = item;
    const byId = { ...item, account: { ...account, name: account.id } };
    // A name that could not be read has a problem of its own.
    if (account.id === undefined || (isChosen(item) && account.name === undefined)) return item;
    if (isChosen(item)) return chosen.get(account.name!) === item ? item : byId;
    const others = othersCalled(item, { chosen, shared });
    if (account.name !== undefined && others.length === 0) return item;
    problems.push(withoutName(item, others[0]));
    return byId;
  });
  return { accounts, problems: bounded(problems) };
}

function isChosen({ origin: { entry } }: MergedAccount): boolean {
  return entry !== undefined && isWritten(entry, 'name');
}

function othersCalled(
  item: MergedAccount,
  names: {
    readonly chosen: ReadonlyMap<string, MergedAccount>;
    readonly shared: ReadonlyMap<string, readonly MergedAccount[]>;
  },
): readonly MergedAccount[] {
  const { name } = item.account;
  if (name === undefined) return [];
  const same = names.shared.get(name) ?? [];
  const other = same[0] === item ? same[1] : same[0];
  return [names.chosen.get(name), other].filter(one => one !== undefined);
}

/** A rule that names the account that is not active means another one now. */
function takenNames(
  accounts: readonly MergedAccount[],
  { facts: { skippedAs }, file }: FoundOrganization,
): readonly ProblemAt[] {
  const problems = accounts.flatMap((item): ProblemAt[] => {
    const { name } = item.account;
    const before = name === undefined ? undefined : skippedAs(name);
    if (before === undefined) return [];
    return [
      {
        path: ['accounts', 'file'],
        message: `${described(item)} has the name ${quoted(name!)}, which account ${before.id} of ${file} has, too (${before.state}). Rules that name it give roles in account ${item.account.id}.`,
        fix: 'Write ids into these rules, or add an entry with another name.',
        warning: true,
      },
    ];
  });
  return bounded(problems);
}

function chosenTwice(item: MergedAccount, other: MergedAccount): ProblemAt {
  return {
    path: ['accounts', 'entries', item.origin.index!, 'name'],
    message: `${described(other)} and ${described(item)} are both called ${quoted(item.account.name!)}.`,
    fix: 'Choose another name.',
  };
}

function withoutName(item: MergedAccount, other: MergedAccount | undefined): ProblemAt {
  const { account, origin } = item;
  const why =
    other === undefined
      ? `account ${account.id} has the name ${quoted(origin.base?.nameInAws ?? '')} in AWS, which cannot be a name here`
      : `${described(item)} has the name ${quoted(account.name!)}, as ${described(other)} has`;
  return {
    path: ['accounts', 'file'],
    message: `${why}. Its id is its name here.`,
    fix: 'Add an entry with its id and a name.',
    warning: true,
  };
}

/** `account 111122223333 ("Prod (EU)" in AWS)`. */
function described({ account, origin: { base } }: MergedAccount): string {
  return `account ${account.id}${base === undefined ? '' : ` (${quoted(base.nameInAws)} in AWS)`}`;
}
