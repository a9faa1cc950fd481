/** Ids of the last list of requests, for completion. */
import { arrayOf, objectOf, optional } from '../server/answers.ts';
import { type Elevation, type ElevationLists, isElevationId } from '../server/elevation-answers.ts';
import type { Client } from '../session/client.ts';
import { readIfThere, writePrivately } from '../warm/private-files.ts';

/** By the command that takes them. */
type KeptIds = Readonly<Record<string, readonly string[]>>;

const isIds = optional(arrayOf(isElevationId));
const isKept = objectOf({
  approve: isIds,
  deny: isIds,
  withdraw: isIds,
  revoke: isIds,
  review: isIds,
});

export function keepIds(client: Client, lists: ElevationLists): void {
  const { mine, to_decide, to_review, to_watch } = lists;
  const inStatus = (...of: readonly string[]) => mine.filter(({ status }) => of.includes(status));
  const kept: KeptIds = {
    approve: idsOf(to_decide),
    deny: idsOf(to_decide),
    withdraw: idsOf(inStatus('waiting')),
    revoke: idsOf([...inStatus('active', 'scheduled'), ...to_watch]),
    review: idsOf(to_review),
  };
  try {
    writePrivately(client.file('elevations'), JSON.stringify(kept));
  } catch {
    // They only save typing.
  }
}

function idsOf(elevations: readonly Elevation[]): readonly string[] {
  return elevations.map(({ id }) => id);
}

/** The ids that this command takes, by the list in `file`. */
export function keptIds(file: string, command: string): readonly string[] {
  try {
    const kept: unknown = JSON.parse(readIfThere(file)?.toString('utf8') ?? '{}');
    return isKept(kept) ? ((kept as KeptIds)[command] ?? []) : [];
  } catch {
    return [];
  }
}
