/** `--minimum 30m` as seconds. */
import { parseDuration, type Seconds } from '../../core/time.ts';
import { CliError } from '../terminal/exit.ts';

/** Undefined when the option is absent. Throws `usage`. */
export function minimumOf(written: string | boolean | undefined): Seconds | undefined {
  if (typeof written !== 'string') return undefined;
  const seconds = parseDuration(written);
  if (seconds === undefined)
    throw new CliError('usage', `--minimum ${JSON.stringify(written)} is not a valid duration`, {
      lines: ['For example: 30m, 1h or 90s.'],
    });
  return seconds;
}
