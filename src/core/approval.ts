/**
 * Who can approve an elevation, and when there are enough of them.
 *
 * Two accounts of one human are not two people (threats R53): accounts that share a person, an
 * e-mail or a user name count as one, whatever connectors they come from.
 */
import type { Party, Vote } from './elevation.ts';
import type { Approvers } from './elevation-terms.ts';
import { type CompiledSelector, type GroupHolder, selects } from './group-selector.ts';
import type { ConnectorId } from './identity.ts';

/** The names by which one human is known again. */
type Named = Pick<Party, 'person' | 'username' | 'email'>;

/**
 * Whether two accounts can belong to one human. Names are compared without case, and user names
 * with e-mails, too: some providers send the e-mail as the user name.
 */
export function isSameHuman(a: Named, b: Named): boolean {
  if (a.person === b.person) return true;
  const names = namesOf(a);
  return namesOf(b).some(name => names.includes(name));
}

function namesOf({ username, email }: Named): readonly string[] {
  return [username, email].flatMap(name => {
    const folded = name?.normalize('NFKC').trim().toLowerCase();
    return folded ? [folded] : [];
  });
}

/** The groups of a user that approve; empty if they are no approver. */
export function approvingGroups(
  selectors: readonly CompiledSelector[],
  { connector, groups }: GroupHolder,
): readonly string[] {
  return groups.filter(group =>
    selectors.some(selector => selects(selector, { connector, groups: [group] })),
  );
}

/** An approver with the groups that they have now. */
export interface Standing {
  readonly by: Named & { readonly connector: ConnectorId };
  readonly groups: readonly string[];
}

/** What is still missing, for one entry of the rule's approvers. */
export interface Outstanding {
  readonly approvers: Approvers;
  readonly missing: number;
}

/**
 * The approvals that are still missing. Each human fills one place of one entry; of all ways to
 * place them, one that fills the most counts. Accounts of one human count once.
 */
export function outstandingOf(
  terms: readonly Approvers[],
  selectors: readonly CompiledSelector[],
  given: readonly Standing[],
): readonly Outstanding[] {
  const humans = given.filter(
    ({ by }, index) => !given.slice(0, index).some(earlier => isSameHuman(earlier.by, by)),
  );
  const entries = humans.map(({ by, groups }) =>
    selectors.flatMap((selector, entry) =>
      selects(selector, { connector: by.connector, groups }) ? [entry] : [],
    ),
  );
  const places = terms.flatMap(({ count }, entry) => Array.from({ length: count }, () => entry));
  const filled = mostFilled(places, entries);
  return terms.map((approvers, entry) => ({
    approvers,
    missing: places.filter((of, place) => of === entry && !filled.has(place)).length,
  }));
}

export function countOutstanding(outstanding: readonly Outstanding[]): number {
  return outstanding.reduce((sum, { missing }) => sum + missing, 0);
}

/** A maximum matching by augmenting paths; there are few places and few approvers. */
function mostFilled(
  places: readonly number[],
  entriesOf: readonly (readonly number[])[],
): ReadonlyMap<number, number> {
  const holder = new Map<number, number>();
  const seat = (human: number, seen: Set<number>): boolean =>
    places.some((entry, place) => {
      if (seen.has(place) || !entriesOf[human]!.includes(entry)) return false;
      seen.add(place);
      const other = holder.get(place);
      if (other !== undefined && !seat(other, seen)) return false;
      holder.set(place, human);
      return true;
    });
  for (const human of entriesOf.keys()) seat(human, new Set());
  return holder;
}

/** An earlier approver as the newest knowledge about them limits them. */
export function standingOf(
  { by, groups }: Vote,
  now: { readonly isBlocked: boolean; readonly groups: readonly string[] } | undefined,
): Standing {
  const held = now === undefined || now.isBlocked ? [] : now.groups;
  return { by, groups: groups.filter(group => held.includes(group)) };
}
