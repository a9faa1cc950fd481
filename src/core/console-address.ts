/** What an address of the AWS console says: where it leads. */
import { isRegion } from './partitions.ts';

/**
 * The region that a console address names: its parameter `region`, or the first label of its host.
 * Undefined if it names none.
 */
export function consoleRegion(address: string): string | undefined {
  const url = URL.parse(address);
  if (url === null) return undefined;
  const named = url.searchParams.get('region') ?? url.hostname.split('.')[0]!;
  return isRegion(named) ? named : undefined;
}
