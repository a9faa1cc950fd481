/** What is known of accounts beside the list: which were mentioned, and which are not used. */

/** An account of an organization that is not active. */
export interface SkippedAccount {
  readonly id: string;
  /** As rules would name it. */
  readonly name: string;
  /** In the words of AWS, such as `SUSPENDED`. */
  readonly state: string;
}

export interface AccountFacts {
  /** Where the accounts are written, in words. */
  readonly where: string;
  /** Whether a name or id is written anywhere, however wrong the account is otherwise. */
  mentions(nameOrId: string): boolean;
  /** All accounts were read, so that what is not among them does not exist. */
  readonly isWhole: boolean;
  /** In the order of their file. */
  readonly skipped: readonly SkippedAccount[];
  /** The account that is not used, by its name or id. */
  skippedAs(nameOrId: string): SkippedAccount | undefined;
}

/** Of accounts that are listed in the document; `raw` is that document as it was written. */
export function factsOfList(raw: unknown): AccountFacts {
  const written = (raw as { accounts?: unknown } | null)?.accounts;
  // An id without quotes is a number here.
  const mentioned = new Set(
    (Array.isArray(written) ? written : []).flatMap(account =>
      [account?.id, account?.name].filter(isPlain).map(value => String(value)),
    ),
  );
  return {
    where: 'this file',
    mentions: nameOrId => mentioned.has(nameOrId),
    isWhole: true,
    skipped: [],
    skippedAs: () => undefined,
  };
}

function isPlain(value: unknown): value is string | number {
  return typeof value === 'string' || typeof value === 'number';
}
