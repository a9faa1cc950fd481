/** What a check of a provider is: facts in, findings out. */
import type { Finding } from '../../core/finding.ts';
import type { Instant } from '../../core/time.ts';

/** A finding before it is known what it is about. */
export type Found = Omit<Finding, 'subject'>;

/** What is checked: what the provider publishes, and what the connector expects of it. */
export interface Checked<Facts, Connector> {
  readonly facts: Facts;
  readonly connector: Connector;
  readonly now: Instant;
}

/** Yields nothing if all is well. */
export type Check<Facts, Connector> = (checked: Checked<Facts, Connector>) => Iterable<Found>;

/** `in 12 days`, `on the same day`, as the end of a sentence. */
export function inDays(days: number): string {
  if (days < 1) return 'in less than a day';
  return days === 1 ? 'in 1 day' : `in ${days} days`;
}
