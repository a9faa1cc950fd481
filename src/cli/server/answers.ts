/**
 * Checks of answers: whether they have the fields that a command reads, of the right type.
 *
 * A server may be hostile, of another version, or not rolebridge at all.
 */
import { CliError } from '../terminal/exit.ts';

export type Check = (value: unknown) => boolean;

export const isText: Check = value => typeof value === 'string';
export const isAmount: Check = value => typeof value === 'number' && Number.isFinite(value);
/** A moment in time, as text. */
export const isInstant: Check = value =>
  isText(value) && Number.isFinite(Date.parse(value as string));
/** Fit for a header or a form: printable ASCII without blanks. */
export const isToken: Check = value => isText(value) && /^[\x21-\x7e]+$/.test(value as string);
export const isFlag: Check = value => typeof value === 'boolean';

export function orNull(check: Check): Check {
  return value => value === null || check(value);
}

export function optional(check: Check): Check {
  return value => value === undefined || check(value);
}

export function arrayOf(check: Check): Check {
  return value => Array.isArray(value) && value.every(check);
}

/** An object with these fields, and perhaps others. */
export function objectOf(fields: Readonly<Record<string, Check>>): Check {
  return value => {
    if (typeof value !== 'object' || value === null) return false;
    return Object.entries(fields).every(([name, check]) =>
      check(Object.hasOwn(value, name) ? (value as Record<string, unknown>)[name] : undefined),
    );
  };
}

/** The answer, if it passes the check. Throws `failed`, which names `what`. */
export function usable<T>(answer: T, check: Check, what: string): T {
  if (check(answer)) return answer;
  throw new CliError('failed', `the server answered with ${what} that cannot be used`, {
    lines: [
      'A field is missing or has the wrong type. Nothing was changed. Contact the administrators of the server.',
    ],
  });
}
