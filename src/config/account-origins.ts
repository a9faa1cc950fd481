/**
 * Where a problem of an account is shown whose keys are written in several places: at its entry, at
 * the defaults, or at the name of the file that lists it.
 */
import type { ReadableEntry } from './account-entries.ts';
import type { OrganizationAccount } from './organization-file.ts';
import type { Path, ProblemAt } from './problems.ts';
import { isWritten } from './schema-walk.ts';

/** Who says something of one account. */
export interface AccountOrigin {
  /** As the file has it; undefined for an account of an entry alone. */
  readonly base: OrganizationAccount | undefined;
  readonly entry: ReadableEntry | undefined;
  /** Of the entry. */
  readonly index: number | undefined;
}

interface Origins {
  readonly origins: readonly AccountOrigin[];
  readonly defaults: object;
  /** How many entries `accountDetails` has as it is written; the defaults are those after it. */
  readonly entriesOfDetails: number;
}

/** Accounts that are named in one problem. */
const MAX_NAMED = 3;

interface Placed {
  readonly problem: ProblemAt;
  /** The accounts that have the problem; none where its place says which. */
  readonly accounts: readonly string[];
}

/** Puts problems of the list at the places of the file; accounts with the same one share it. */
export function relocating(
  origins: Origins,
): (problems: Iterable<ProblemAt>) => readonly ProblemAt[] {
  return problems => {
    const groups = new Map<string, { readonly problem: ProblemAt; readonly accounts: string[] }>();
    for (const found of problems) {
      const { problem, accounts } = placed(found, origins);
      const key = JSON.stringify([problem.path, problem.message, problem.fix, problem.warning]);
      const group = groups.get(key);
      if (group === undefined) groups.set(key, { problem, accounts: [...accounts] });
      else group.accounts.push(...accounts);
    }
    return [...groups.values()].map(withAccounts);
  };
}

function placed(problem: ProblemAt, { origins, defaults, entriesOfDetails }: Origins): Placed {
  const [section, position, key, ...rest] = problem.path;
  if (section === 'accountDetails' && typeof position === 'number' && position >= entriesOfDetails)
    return at(problem, ['accounts', 'defaults', ...(key === undefined ? [] : [key])]);
  if (section !== 'accounts' || typeof position !== 'number') return at(problem, problem.path);
  const { base, entry, index } = origins[position]!;
  const inside: Path = key === undefined ? [] : [key, ...rest];
  const isOf = (holder: object): boolean => key === undefined || isWritten(holder, String(key));
  if (entry !== undefined && (isOf(entry) || base === undefined))
    return at(problem, ['accounts', 'entries', index!, ...inside]);
  const label = labelOf(base, entry);
  if (key !== undefined && isOf(defaults))
    return { ...at(problem, ['accounts', 'defaults', ...inside]), accounts: [label] };
  return { ...at(problem, ['accounts', 'file']), accounts: [label] };
}

function at(problem: ProblemAt, path: Path): Placed {
  return { problem: { ...problem, path }, accounts: [] };
}

function labelOf(base: OrganizationAccount | undefined, entry: ReadableEntry | undefined): string {
  const name = entry?.name ?? base?.name;
  return name === undefined ? base!.id : `${base!.id} (${name})`;
}

function withAccounts({ problem, accounts }: Placed): ProblemAt {
  if (accounts.length === 0) return problem;
  const named = accounts.slice(0, MAX_NAMED).join(', ');
  const more = accounts.length - MAX_NAMED;
  const whose = `account${accounts.length === 1 ? '' : 's'} ${named}${more > 0 ? ` and ${more} more` : ''}`;
  return { ...problem, message: `${whose}: ${problem.message}` };
}
