/** The grammar by which rules and `accountDetails` select accounts. */
import { z } from 'zod';
import type { AccountSelector } from './account-selection.ts';
import { type Problem, quoted } from './problems.ts';
import { checked, textProblem } from './values.ts';

const MAX_NAME = 64;
export const MAX_LABEL = 256;

/** What can be written, for the reference page. */
export const SELECTORS =
  'names, ids, names with `*` for any characters; accounts with all these labels; accounts in this organizational unit or below it. A map with `label` and `path` means both';

/** Visible text without slashes, and without blanks at its ends. */
const UNIT = String.raw`(?! )[^/\p{Cc}\p{Cf}\p{Zl}\p{Zp}]{1,128}(?<! )`;
export const UNITS = new RegExp(`^${UNIT}(?:/${UNIT}){0,9}$`, 'u');
export const UNITS_RULE = 'up to ten names with a slash between them';

const WRITE_SELECTOR =
  'Write a name, an id, a pattern such as "prod-*", { label: { NAME: VALUE } } or { path: UNIT/UNIT }.';

function selectorProblem(value: unknown): Problem | undefined {
  if (value === null || value === undefined)
    return { message: 'has no value.', fix: WRITE_SELECTOR };
  if (typeof value === 'number') return { message: 'must be text.', fix: 'Put the id in quotes.' };
  if (typeof value === 'string') return textProblem(value, MAX_NAME);
  if (typeof value !== 'object' || Array.isArray(value))
    return { message: 'selects no account.', fix: WRITE_SELECTOR };
  const { label: labels, path, ...more } = value as Readonly<Record<string, unknown>>;
  const [unknown] = Object.keys(more);
  if (unknown !== undefined)
    return {
      message: `contains ${quoted(unknown)}, which is not a key here.`,
      fix: WRITE_SELECTOR,
    };
  if (labels === undefined && path === undefined)
    return { message: 'has neither label nor path.', fix: WRITE_SELECTOR };
  return labelsProblem(labels) ?? pathProblem(path);
}

function labelsProblem(labels: unknown): Problem | undefined {
  if (labels === undefined) return undefined;
  const fix = 'Write names and values, such as { label: { env: prod } }.';
  if (typeof labels !== 'object' || labels === null || Array.isArray(labels))
    return { message: 'has a label that is not a map of names and values.', fix };
  const entries = Object.entries(labels);
  if (entries.length === 0) return { message: 'names no label.', fix };
  for (const [name, value] of entries) {
    if (typeof value !== 'string')
      return { message: `has no text as the label ${quoted(name)}.`, fix: `${fix} Quote numbers.` };
    const problem = textProblem(name, MAX_LABEL) ?? textProblem(value, MAX_LABEL);
    if (problem !== undefined) return problem;
  }
  return undefined;
}

function pathProblem(path: unknown): Problem | undefined {
  if (path === undefined || (typeof path === 'string' && UNITS.test(path))) return undefined;
  return {
    message: 'has a path that names no organizational units.',
    fix: `Write ${UNITS_RULE}, such as { path: Workloads/Production }.`,
  };
}

/** One account, or every account with a name, labels or a place. */
export const accountSelector = checked(z.unknown(), selectorProblem)
  .transform(value => value as AccountSelector)
  .meta({
    kind: 'name, id, pattern, `{ label: { NAME: VALUE } }` or `{ path: UNIT/UNIT }`',
  });
