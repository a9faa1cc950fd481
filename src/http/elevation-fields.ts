/**
 * Fields of the forms of elevations. A form takes no repeated name, so each role that is asked for
 * has a field of its own: `role_0`, `role_1`, with the account's id and the role as its value.
 */
import * as z from 'zod';
import { invalid } from '../core/elevation-terms.ts';
import type { AskedElevatedRole } from '../core/elevation-view.ts';
import { withQuery } from '../core/local-path.ts';
import { type Instant, parseDuration, type Seconds } from '../core/time.ts';
import { NEW_ELEVATION_PATH } from './elevation.ts';
import { text } from './read.ts';

const ROLE_FIELD = /^role_\d{1,5}$/;
/** An account id, a slash, and a role with its path. */
const MAX_ROLE_VALUE = 12 + 1 + 512;
/** More than a reason can have, so that a longer one is refused beside its field. */
const MAX_TYPED = 2000;

export function roleField(index: number): string {
  return `role_${index}`;
}

export function roleValue(account: string, role: string): string {
  return `${account}/${role}`;
}

/** What was typed, or came with the link. */
export interface TypedRequest {
  readonly duration?: string | undefined;
  readonly reason?: string | undefined;
  readonly ticket?: string | undefined;
  readonly start?: string | undefined;
  /** Whether it was typed into the form for an emergency. */
  readonly isBreakGlass: boolean;
}

const TYPED = {
  duration: text(16).optional(),
  reason: text(MAX_TYPED).optional(),
  ticket: text(MAX_TYPED).optional(),
  start: text(64).optional(),
  break_glass: z.literal('yes').optional(),
};

export const RequestQuery = z
  .looseObject({
    ...TYPED,
    account: text(128).min(1).optional(),
    role: text(512).min(1).optional(),
  })
  .transform((fields, context) => ({ ...fields, roles: roleValuesIn(fields, context) }));
export const RequestForm = z
  .looseObject({ ...TYPED, understood: z.literal('yes').optional() })
  .transform((fields, context) => ({ ...fields, roles: roleValuesIn(fields, context) }));

export type RequestQuery = z.output<typeof RequestQuery>;
export type RequestForm = z.output<typeof RequestForm>;

/** The values of all fields of roles. */
function roleValuesIn(
  fields: Readonly<Record<string, unknown>>,
  context: z.core.$RefinementCtx,
): readonly string[] {
  const values = Object.entries(fields).flatMap(([name, value]) =>
    ROLE_FIELD.test(name) ? [value] : [],
  );
  if (values.every(isRoleValue)) return values;
  context.addIssue({ code: 'custom', message: 'malformed', path: ['role'] });
  return z.NEVER;
}

function isRoleValue(value: unknown): value is string {
  return typeof value === 'string' && value.length <= MAX_ROLE_VALUE && /^[^/]+\/./.test(value);
}

/** The roles that fields name. */
export function rolesIn(values: readonly string[]): readonly AskedElevatedRole[] {
  return values.map(value => {
    const slash = value.indexOf('/');
    return { account: value.slice(0, slash), role: value.slice(slash + 1) };
  });
}

/** The form with the same roles and texts, as far as an address can carry them. */
export function requestFormPath(
  roles: readonly AskedElevatedRole[],
  { duration, reason, ticket, start, isBreakGlass }: TypedRequest,
): string {
  const named = roles.map(({ account, role }, index) => [
    roleField(index),
    roleValue(account, role),
  ]);
  const texts = { duration, reason, ticket, start, break_glass: isBreakGlass ? 'yes' : undefined };
  return withQuery(NEW_ELEVATION_PATH, { ...Object.fromEntries(named), ...texts });
}

/** Throws `elevation_invalid`. */
export function readLength(duration: string | undefined): Seconds {
  const seconds = parseDuration(duration ?? '');
  if (seconds === undefined) throw invalid('duration', 'Choose a duration.');
  return seconds;
}

/** A time in UTC, as `datetime-local` writes it. Throws `elevation_invalid`. */
export function readStart(start: string | undefined): Instant | undefined {
  const written = start?.trim();
  if (!written) return undefined;
  const isInstant = /^\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d(?:\.\d{1,3})?)?$/.test(written);
  const at = isInstant ? Date.parse(`${written.replace(' ', 'T')}Z`) : Number.NaN;
  if (Number.isNaN(at)) throw invalid('start', 'Write the start as 2026-11-30T10:05, in UTC.');
  return at;
}
