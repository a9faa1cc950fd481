/** Times in a command line: `--minimum 30m`, `--start 14:30`. */
import { type Instant, parseDuration, type Seconds } from '../../core/time.ts';
import { CliError } from '../terminal/exit.ts';
import type { Invocation } from './command.ts';

/** Undefined when the option is absent. Throws `usage`. */
export function durationOf(options: Invocation['options'], name: string): Seconds | undefined {
  const written = options[name];
  if (typeof written !== 'string') return undefined;
  const seconds = parseDuration(written);
  if (seconds === undefined)
    throw new CliError('usage', `--${name} ${JSON.stringify(written)} is not a valid duration`, {
      lines: ['For example: 30m, 1h or 90s.'],
    });
  return seconds;
}

const CLOCK = /^([01]?\d|2[0-3]):([0-5]\d)$/;
const DATE =
  /^\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])[T ]\d\d:\d\d(?::\d\d)?(?:Z|[+-]\d\d:\d\d)?$/;

/**
 * `--start`: `14:30` (today or tomorrow) and `2026-12-01 14:30` by the zone of this computer,
 * another zone behind it (`Z`, `+02:00`), or `2h` from now. Undefined when absent. Throws `usage`.
 */
export function startOf(
  { start: written }: Invocation['options'],
  now: Instant,
): Instant | undefined {
  if (typeof written !== 'string') return undefined;
  const length = parseDuration(written);
  if (length !== undefined) return now + length * 1000;
  const clock = CLOCK.exec(written);
  if (clock !== null) return nextTime(Number(clock[1]), Number(clock[2]), now);
  const at = DATE.test(written) ? Date.parse(written.replace(' ', 'T')) : Number.NaN;
  if (!Number.isNaN(at)) return at;
  throw new CliError('usage', `--start ${JSON.stringify(written)} is not a valid time`, {
    lines: ['For example: 14:30, 2026-12-01T14:30, 2026-12-01T14:30Z or 2h.'],
  });
}

function nextTime(hours: number, minutes: number, now: Instant): Instant {
  const at = new Date(now);
  at.setHours(hours, minutes, 0, 0);
  if (at.getTime() <= now) at.setDate(at.getDate() + 1);
  return at.getTime();
}
