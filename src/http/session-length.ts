/** The length of a session as forms and links have it: `45m`, `1h30m`. */
import type * as z from 'zod';
import { BridgeError } from '../core/errors.ts';
import { MIN_DURATION } from '../core/session.ts';
import { formatDuration, HOUR, MINUTE, parseDuration, type Seconds } from '../core/time.ts';
import type { LengthChoice } from './elevation-views.ts';
import { text } from './read.ts';

const MAX_TEXT = 16;

/** Optional; empty in a form means as long as the rule gives. */
export const Duration = text(MAX_TEXT)
  .transform(value => value || undefined)
  .optional() satisfies z.ZodType<string | undefined>;

/** Throws `bad_request` for a text that is no duration. */
export function secondsOf(duration: string | undefined): Seconds | undefined {
  if (duration === undefined) return undefined;
  const seconds = parseDuration(duration);
  if (seconds !== undefined) return seconds;
  throw new BridgeError('bad_request', 'duration: not a number with s, m or h', {
    hint: 'The duration is malformed. Write a number with m or h, for example 45m or 1h30m.',
  });
}

const OFFERED: readonly Seconds[] = [MIN_DURATION, 30 * MINUTE, HOUR, 2 * HOUR, 4 * HOUR, 8 * HOUR];

/**
 * What a form offers: some lengths, and as the last one the longest, which is that of the rule.
 * Empty if nothing shorter is possible. `chosen` is within the limits.
 */
export function sessionLengths(
  longest: Seconds,
  chosen: Seconds = longest,
): readonly LengthChoice[] {
  if (longest <= MIN_DURATION) return [];
  const shorter = [...new Set([...OFFERED, chosen])]
    .filter(seconds => seconds < longest)
    .sort((a, b) => a - b);
  return [...shorter, longest].map(seconds => ({
    // Less is left of an elevation when the form arrives.
    value: seconds === longest ? '' : `${seconds}s`,
    label: formatDuration(seconds),
    isChosen: seconds === chosen,
  }));
}
