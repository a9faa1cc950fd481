/**
 * The kinds of values, each with its check and its name on the reference page (`kind`): text,
 * numbers and times. The others are in network-values, aws-values and reference-values.
 *
 * A check returns what is wrong and what to write instead. Messages show a value only where no
 * secret can be.
 */
import { z } from 'zod';
import { formatDuration, HOUR, MINUTE, parseDuration, type Seconds } from '../core/time.ts';
import { type Problem, quoted } from './problems.ts';

const DAY = 24 * HOUR;

/** Adds a check to a schema; the fix is a parameter of the issue. */
export function checked<T extends z.ZodType>(
  schema: T,
  check: (value: z.output<T>) => Problem | undefined,
): T {
  return schema.superRefine((value, context) => {
    const problem = check(value as z.output<T>);
    if (problem !== undefined)
      context.addIssue({ code: 'custom', message: problem.message, params: { fix: problem.fix } });
  });
}

/** A string with a check; `kind` is its name on the reference page. */
export const word = (kind: string, check: (text: string) => Problem | undefined) =>
  checked(z.string(), check).meta({ kind });

export const INVISIBLE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u;

/** Visible text of at most `max` characters on one line. */
export function textProblem(text: string, max: number): Problem | undefined {
  if (text.trim() === '') return { message: 'is empty.', fix: 'Write a value.' };
  if (INVISIBLE.test(text))
    return {
      message: 'contains a control or invisible character.',
      fix: 'Write it on one line, with visible characters only.',
    };
  if ([...text].length > max)
    return { message: `has more than ${max} characters.`, fix: `Write at most ${max}.` };
  return undefined;
}

/** Visible text on one line. */
export const text = (max: number) => word('text', value => textProblem(value, max));

/**
 * Text that must match a pattern; `rule` says the pattern in words: `letters, digits and dashes`.
 */
export const pattern = (kind: string, expression: RegExp, rule: string) =>
  word(kind, value =>
    expression.test(value)
      ? undefined
      : {
          message: `${quoted(value)} is not ${/^[aeiou]/i.test(kind) ? 'an' : 'a'} ${kind}.`,
          fix: `Write ${rule}.`,
        },
  );

/** Text without any space, as URIs, claim names and scopes are. */
export const token = (max: number) =>
  word(
    'text',
    value =>
      textProblem(value, max) ??
      (/\s/.test(value)
        ? { message: 'contains a space.', fix: 'Write it without spaces.' }
        : undefined),
  );

export const flag = () => z.boolean().meta({ kind: 'true or false' });

export const choice = <const T extends readonly [string, ...string[]]>(values: T) =>
  z.enum(values).meta({ kind: values.map(value => `\`${value}\``).join(', ') });

// ---------------------------------------------------------------- numbers and times

export const wholeNumber = (min: number, max: number) =>
  checked(z.number(), value =>
    Number.isInteger(value) && value >= min && value <= max
      ? undefined
      : {
          message: `${value} is not a whole number from ${min} to ${max}.`,
          fix: `Write a number from ${min} to ${max}.`,
        },
  ).meta({ kind: `number, ${min} to ${max}` });

interface DurationLimits {
  readonly min: Seconds;
  readonly max: Seconds;
  /** Where the upper limit comes from, as a clause: `STS gives at most 12h`. */
  readonly because?: string;
}

/** `15m`, `1h30m`, `90s` between two limits; becomes seconds. */
export function duration({ min, max, because }: DurationLimits) {
  const check = (value: string): Problem | undefined => {
    const seconds = secondsIn(value, min);
    if (seconds === undefined)
      return {
        message: `${quoted(value)} is not a valid duration.`,
        fix: 'Write a number with s, m, h or d: 90s, 15m, 1h30m.',
      };
    if (seconds < min)
      return {
        message: `${quoted(value)} is shorter than ${formatDuration(min)}.`,
        fix: `Write ${compact(min)} or more.`,
      };
    if (seconds > max) {
      const reason = because === undefined ? '' : `; ${because}`;
      return {
        message: `${quoted(value)} is longer than ${formatDuration(max)}${reason}.`,
        fix: `Write ${compact(max)} or less.`,
      };
    }
    return undefined;
  };
  return word(`duration, ${compact(min)} to ${compact(max)}`, check).transform(
    value => secondsIn(value, min)!,
  );
}

/** `0s` is a duration where none is a choice. */
function secondsIn(value: string, min: Seconds): Seconds | undefined {
  return min === 0 && value === '0s' ? 0 : parseDuration(value);
}

/** Seconds as the file writes them: `7d`, `12h`, `15m`. */
export function compact(seconds: Seconds): string {
  if (seconds === 0) return '0s';
  if (seconds > DAY && seconds % DAY === 0) return `${seconds / DAY}d`;
  if (seconds % HOUR === 0) return `${seconds / HOUR}h`;
  return seconds % MINUTE === 0 ? `${seconds / MINUTE}m` : `${seconds}s`;
}
