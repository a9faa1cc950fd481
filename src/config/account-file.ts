/** Reads the file of an organization's accounts, as the configuration names it. */
import type { AccountFacts, SkippedAccount } from './account-facts.ts';
import { readSmallFile, UnreadableFile } from './files.ts';
import { type OrganizationAccount, readOrganization } from './organization-file.ts';
import { permissionProblems } from './permissions.ts';
import type { Problem, ProblemAt } from './problems.ts';
import { absolutePath } from './reference-places.ts';

/** 10,000 accounts with fifty long tags each. */
const MAX_BYTES = 64 * 1024 * 1024;
const ACTIVE = 'ACTIVE';

export interface FoundOrganization {
  /** The name of the file, as it is written. */
  readonly file: string;
  readonly active: readonly OrganizationAccount[];
  readonly facts: AccountFacts;
  readonly problems: readonly ProblemAt[];
}

/** Undefined is a file whose name could not be read. Relative paths begin at `directory`. */
export async function readAccountFile(
  file: string | undefined,
  directory: string,
): Promise<FoundOrganization> {
  if (file === undefined) return unknown('', []);
  const name = absolutePath(file, directory);
  try {
    const found = await readSmallFile(name, MAX_BYTES);
    const permissions = permissionProblems(name, found, {
      secret: false,
      self: process.getuid?.(),
    });
    return organizationOf(file, found.text, permissions);
  } catch (cause) {
    if (!(cause instanceof UnreadableFile)) throw cause;
    const fix = 'Correct the path, which is relative to this file, or the file.';
    return unknown(file, [{ message: `the file ${name} ${cause.message}.`, fix }]);
  }
}

/** Nothing is known of its accounts, so no rule is told that it names one of none. */
function unknown(file: string, problems: readonly Problem[]): FoundOrganization {
  return {
    file,
    active: [],
    facts: {
      where: 'this file',
      mentions: () => true,
      isWhole: false,
      skipped: [],
      skippedAs: () => undefined,
    },
    problems: problems.map(problem => ({ path: ['accounts', 'file'], ...problem })),
  };
}

function organizationOf(
  file: string,
  text: string,
  permissions: readonly Problem[],
): FoundOrganization {
  const { accounts, problems, isWhole } = readOrganization(text);
  const told = problems.map(problem => ({ ...problem, message: `${file} ${problem.message}` }));
  const found = unknown(file, [...permissions, ...told]);
  if (accounts.length === 0 && !isWhole) return found;
  const skipped = accounts.filter(({ state }) => state !== ACTIVE).map(skippedAccount);
  // The name of an active account is its own only if no other one has it.
  const mentioned = new Set([...accounts.map(({ id }) => id), ...skipped.map(({ name }) => name)]);
  const byText = new Map(skipped.flatMap(of => [[of.name, of] as const, [of.id, of] as const]));
  return {
    ...found,
    active: accounts.filter(({ state }) => state === ACTIVE),
    facts: {
      where: `this file or of ${file}`,
      mentions: text => !isWhole || mentioned.has(text),
      isWhole,
      skipped,
      skippedAs: text => byText.get(text),
    },
  };
}

function skippedAccount({ id, name, state }: OrganizationAccount): SkippedAccount {
  return { id, name: name ?? id, state };
}
