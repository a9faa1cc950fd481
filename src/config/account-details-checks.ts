/** Checks of `accountDetails`: whom its entries select, and whether they change anything. */

import { DETAIL_KEYS, mergeDetails } from './account-details.ts';
import type { AccountList } from './account-list.ts';
import { type AccountSelector, isExact } from './account-selection.ts';
import { type Path, type ProblemAt, quoted } from './problems.ts';
import type { Document } from './schema.ts';
import { isWritten, type Readable } from './schema-walk.ts';

export function* accountDetailsProblems(
  document: Readable<Document>,
  accounts: AccountList,
): Generator<ProblemAt> {
  const { accountDetails: entries = [] } = document;
  if (entries.length === 0) return;
  const { selected, given } = mergeDetails(document);
  const { isWhole } = accounts;
  for (const [index, entry] of entries.entries()) {
    if (entry === undefined) continue;
    const path: Path = ['accountDetails', index];
    if (entry.accounts?.length === 0)
      yield {
        path: [...path, 'accounts'],
        message: 'is an empty list, so the entry selects no account.',
        fix: 'Name accounts, or write ["*"] for every account.',
      };
    for (const [position, selector] of (entry.accounts ?? []).entries()) {
      if (selector === undefined || selected[index]![position]! > 0) continue;
      const problem = unmatched(selector as AccountSelector, accounts);
      if (problem !== undefined) yield { path: [...path, 'accounts', position], ...problem };
    }
    const written = DETAIL_KEYS.filter(key => isWritten(entry, key));
    if (written.length === 0)
      yield {
        path,
        message: 'sets nothing.',
        fix: `Add one of ${DETAIL_KEYS.join(', ')}.`,
      };
    if (!isWhole || !selected[index]!.some(count => count > 0)) continue;
    for (const key of written)
      if (entry[key] !== undefined && !given[index]!.has(key))
        yield {
          path: [...path, key],
          message: `has no effect: each of these accounts has ${key} already, of its own or from an earlier entry.`,
          fix: 'Remove it, or move the entry up.',
          warning: true,
        };
  }
}

function unmatched(
  selector: AccountSelector,
  accounts: AccountList,
): Omit<ProblemAt, 'path'> | undefined {
  if (!isExact(selector)) {
    if (!accounts.isWhole) return undefined;
    const name = typeof selector === 'string' ? `${quoted(selector)} ` : '';
    return { message: `${name}matches no account.`, fix: 'Correct or remove it.', warning: true };
  }
  const missing = accounts.missing(selector);
  if (missing === undefined) return undefined;
  return {
    message: missing.message,
    fix: 'Write the name or id of an account, or a pattern such as "prod-*".',
    ...(missing.isSkipped && { warning: true }),
  };
}
