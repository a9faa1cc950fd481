/**
 * The address of the operator's help page, with placeholders for what a refusal is about.
 *
 * Placeholders stand in path, query or fragment, and their values are percent-encoded: no value can
 * lead to another host, or to another part of the address.
 */
import { nearest } from './nearest.ts';

export const HELP_PLACEHOLDERS = [
  'account',
  'role',
  'username',
  'group',
  'code',
  'reference',
] as const;

/** What is known; anything else becomes empty. */
export type HelpValues = {
  readonly [P in (typeof HELP_PLACEHOLDERS)[number]]?: string | undefined;
};

const PLACEHOLDER = /\{([^{}]*)\}/g;
/** Scheme and host, up to the first character of path, query or fragment. */
const AUTHORITY = /^[^:]*:\/\/[^/?#\\]*/;

/** Why a template cannot be used, as a clause; undefined if it can. */
export function helpAddressProblem(template: string): string | undefined {
  const known: readonly string[] = HELP_PLACEHOLDERS;
  for (const [, name = ''] of template.matchAll(PLACEHOLDER)) {
    if (known.includes(name)) continue;
    const guess = nearest(name, known);
    const instead = guess === undefined ? '' : `; did you mean {${guess}}?`;
    return `unknown placeholder {${name}}${instead}`;
  }
  if (/[{}]/.test(template.replace(PLACEHOLDER, ''))) return 'a brace without a placeholder';
  const [authority = ''] = AUTHORITY.exec(template) ?? [];
  return /[{}]/.test(authority) ? 'a placeholder in the host' : undefined;
}

/** The address for these values, of a template without a problem. */
export function helpAddress(template: string, values: HelpValues): string {
  return template.replace(PLACEHOLDER, (_, name: keyof HelpValues) => encoded(values[name] ?? ''));
}

/** A value of dots alone would be a step upwards in a path, encoded or not. */
function encoded(value: string): string {
  return /^\.+$/.test(value) ? '' : encodeURIComponent(value.toWellFormed());
}
