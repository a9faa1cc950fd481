/** Which account each of `accounts.entries` is for. */
import { nearest } from '../core/nearest.ts';
import { append } from '../core/rule-index.ts';
import type { SkippedAccount } from './account-facts.ts';
import type { FoundOrganization } from './account-file.ts';
import type { OrganizationAccount } from './organization-file.ts';
import { type Path, type Problem, type ProblemAt, quoted } from './problems.ts';
import type { WrittenDocument } from './schema.ts';
import { isWritten, type Readable } from './schema-walk.ts';

type AccountsByFile = Extract<WrittenDocument['accounts'], { readonly file: string }>;
export type ReadableEntry = NonNullable<Readable<AccountsByFile['entries'][number]>>;

interface EntryAt {
  readonly entry: ReadableEntry;
  readonly index: number;
}

export interface MatchedEntries {
  /** By the id of the account that the entry completes. */
  readonly matched: ReadonlyMap<string, EntryAt>;
  /** Accounts of their own. */
  readonly further: readonly EntryAt[];
  readonly problems: readonly ProblemAt[];
}

export function matchEntries(
  entries: readonly (ReadableEntry | undefined)[],
  found: FoundOrganization,
): MatchedEntries {
  const matched = new Map<string, EntryAt>();
  const further = new Map<string, EntryAt>();
  const problems: ProblemAt[] = [];
  const targetOf = targets(found);
  for (const [index, entry] of entries.entries()) {
    if (entry === undefined) continue;
    const path: Path = ['accounts', 'entries', index];
    const target = targetOf(entry);
    if (target.kind === 'problem') problems.push({ path, ...target.problem });
    if (target.kind !== 'account') continue;
    const { id } = target;
    const before = matched.get(id) ?? further.get(id);
    if (before !== undefined)
      problems.push({
        path,
        message: `is for the same account as accounts.entries[${before.index}].`,
        fix: 'Write all of it into one entry.',
      });
    else if (target.isFurther) further.set(id, { entry, index });
    else matched.set(id, { entry, index });
  }
  return { matched, further: [...further.values()], problems };
}

type Target =
  | { readonly kind: 'account'; readonly id: string; readonly isFurther: boolean }
  | { readonly kind: 'problem'; readonly problem: Problem }
  /** The entry has a problem of its own, or the file has. */
  | { readonly kind: 'open' };

const OPEN: Target = { kind: 'open' };

function targets({ file, active, facts }: FoundOrganization): (entry: ReadableEntry) => Target {
  const byId = new Map(active.map(account => [account.id, account]));
  const byName = new Map<string, OrganizationAccount[]>();
  for (const account of active)
    for (const text of new Set([account.name, account.nameInAws])) {
      if (text === undefined) continue;
      append(byName, text, account);
    }
  const named = (name: string): Target => {
    const [first, ...more] = byName.get(name) ?? [];
    if (first !== undefined && more.length === 0) return account(first.id);
    if (first !== undefined)
      return problem({
        message: `${quoted(name)} is the name of ${more.length + 1} accounts of ${file}.`,
        fix: 'Write the id of one of them.',
      });
    const skipped = facts.skippedAs(name);
    if (skipped !== undefined) return notUsed(skipped, file);
    if (!facts.isWhole) return OPEN;
    const guess = nearest(name, byName.keys());
    return problem({
      message: `${quoted(name)} is not an account of ${file}${guess === undefined ? '.' : `; did you mean ${guess}?`}`,
      fix: 'Correct the name, or write an id as well for an account that the file does not contain.',
    });
  };
  return entry => {
    const { id, name } = entry;
    if (id !== undefined) {
      if (byId.has(id)) return account(id);
      const skipped = facts.skippedAs(id);
      if (skipped !== undefined) return notUsed(skipped, file);
      if (isWritten(entry, 'name') || !facts.isWhole) return account(id, { isFurther: true });
      return problem({
        message: `${quoted(id)} is not in ${file}, and a further account needs a name.`,
        fix: 'Correct the id, or add a name.',
      });
    }
    if (isWritten(entry, 'id')) return OPEN;
    if (name !== undefined) return named(name);
    if (isWritten(entry, 'name')) return OPEN;
    return problem({
      message: 'has neither id nor name, so it is for no account.',
      fix: 'Add the id of an account.',
    });
  };
}

function account(id: string, { isFurther = false } = {}): Target {
  return { kind: 'account', id, isFurther };
}

function problem(found: Problem): Target {
  return { kind: 'problem', problem: found };
}

function notUsed({ name, state }: SkippedAccount, file: string): Target {
  return problem({
    message: `is for ${quoted(name)}, which is ${state} in ${file} and not used.`,
    fix: 'Remove the entry when the account is gone for good.',
    warning: true,
  });
}
