/**
 * The groups in a claim or attribute, in the form that the connector states.
 *
 * Owns: the forms, the limits on groups, and the setting that an unread form suggests. An entry
 * that no rule can use grants nothing, so it is left out and counted. Every step is linear in the
 * length of the claim.
 */
import type { GroupsForm } from '../core/identity.ts';
import { CONTROL, checkedText, saysNo } from './claim-values.ts';
import { bulkOfJson } from './json-bulk.ts';

export interface ReadGroups {
  readonly groups: readonly string[];
  /** Which entries were left out and why; undefined if none was. */
  readonly leftOut?: string | undefined;
  readonly suggestion?: string | undefined;
}

export interface GroupClaim {
  /** Undefined and null are no group. */
  readonly value: unknown;
  /** The name of the claim, for messages. */
  readonly path: string;
  readonly form: GroupsForm | undefined;
}

const MAX_GROUPS = 5000;
/** Faults that a message names; the others are counted. */
const MAX_NAMED_FAULTS = 3;

/** More groups than are read: the reason completes a sentence that begins with the claim. */
interface TooMany {
  readonly tooMany: string;
}

/** One entry of the claim. Text is the name of a group if it passes the checks of names. */
type Entry = { readonly text: unknown } | { readonly fault: string };

export function readGroups(claim: GroupClaim): ReadGroups | TooMany {
  const { value, path, form } = claim;
  if (value === undefined || value === null) return { groups: [] };
  const entries = entriesOf(claim);
  if ('tooMany' in entries) return entries;
  if (entries.length > MAX_GROUPS)
    return { tooMany: `has ${entries.length} entries; at most ${MAX_GROUPS} are accepted` };
  const groups = new Set<string>();
  const faults: string[] = [];
  for (const [index, entry] of entries.entries()) {
    const read = 'fault' in entry ? entry : checkedText(entry.text, CONTROL);
    if (read.fault !== undefined) faults.push(`entry ${index + 1} ${read.fault}`);
    // An empty entry names no group.
    else if (read.value) groups.add(read.value);
  }
  return {
    groups: [...groups],
    ...(faults.length > 0 && { leftOut: leftOutOf(path, faults) }),
    ...(form === undefined && { suggestion: suggestionFor(value) }),
  };
}

function leftOutOf(path: string, faults: readonly string[]): string {
  const named = faults.slice(0, MAX_NAMED_FAULTS).join('; ');
  const more = faults.length - MAX_NAMED_FAULTS;
  const count = faults.length === 1 ? '1 entry' : `${faults.length} entries`;
  return `${count} of the groups claim "${path}": ${named}${more > 0 ? `; and ${more} more` : ''}`;
}

// ---------------------------------------------------------------- forms

function entriesOf({ value, form }: GroupClaim): readonly Entry[] | TooMany {
  const values: readonly unknown[] = Array.isArray(value) ? value : [value];
  if (form === undefined) return values.map(text => ({ text }));
  if (form.kind === 'separated') return values.flatMap(text => separated(text, form.separator));
  const items: Parsed[] = [];
  for (const text of values) {
    const bulk = bulkOf(text);
    if (bulk !== undefined) return { tooMany: `is JSON text that is not read: ${bulk}` };
    for (const item of parsed(text)) items.push(item);
  }
  return form.kind === 'json' ? items.map(entryOfJson) : items.flatMap(keysOf);
}

/**
 * The parts of a text, without spaces around them and without empty ones. Brackets around the whole
 * text are layout: Amazon Cognito writes `[a, b]`.
 */
function separated(value: unknown, separator: string): readonly Entry[] {
  if (typeof value !== 'string') return [{ text: value }];
  const text = /^\[[^[\]]*\]$/.test(value) ? value.slice(1, -1) : value;
  return text
    .split(separator)
    .map(part => withoutSpaces(part))
    .filter(part => part !== '')
    .map(part => ({ text: part }));
}

/** U+0020 at both ends is removed; a regular expression would be quadratic. */
function withoutSpaces(text: string): string {
  let [from, to] = [0, text.length];
  while (from < to && text[from] === ' ') from++;
  while (to > from && text[to - 1] === ' ') to--;
  return text.slice(from, to);
}

/** An item of a list in JSON, or why a text has none. */
type Parsed = { readonly item: unknown } | { readonly fault: string };

function looksLikeJson(value: unknown): value is string {
  return typeof value === 'string' && /^\s*[[{"]/.test(value);
}

function bulkOf(value: unknown): string | undefined {
  return looksLikeJson(value) ? bulkOfJson(Buffer.from(value)) : undefined;
}

/** A text that looks like JSON is read as JSON; any other value is one item. */
function parsed(value: unknown): readonly Parsed[] {
  if (!looksLikeJson(value)) return [{ item: value }];
  try {
    const read: unknown = JSON.parse(value);
    return (Array.isArray(read) ? read : [read]).map((item: unknown) => ({ item }));
  } catch {
    return [{ fault: 'is not JSON' }];
  }
}

function entryOfJson(parsed: Parsed): Entry {
  return 'fault' in parsed ? parsed : { text: parsed.item };
}

/** The keys of an object whose values do not say no. */
function keysOf(parsed: Parsed): readonly Entry[] {
  if ('fault' in parsed) return [parsed];
  const { item } = parsed;
  if (typeof item !== 'object' || item === null || Array.isArray(item))
    return [{ fault: 'is not an object' }];
  return Object.entries(item)
    .filter(([, value]) => value !== null && value !== 0 && !saysNo(value))
    .map(([key]) => ({ text: key }));
}

// ---------------------------------------------------------------- what a form suggests

/** A single text that looks like a list, or an object, is hardly the name of a group. */
function suggestionFor(claim: unknown): string | undefined {
  const values: readonly unknown[] = Array.isArray(claim) ? claim : [claim];
  if (values.some(value => typeof value === 'object' && value !== null && !Array.isArray(value)))
    return 'groupsFormat: keys';
  const [only, ...more] = values;
  if (typeof only !== 'string' || more.length > 0) return undefined;
  const text = only.trim();
  if (/^\[\s*["\]]/.test(text)) return 'groupsFormat: json';
  if (/^\{\s*"/.test(text)) return 'groupsFormat: keys';
  const separator = separatorIn(text);
  return separator === undefined ? undefined : `groupSeparator: ${JSON.stringify(separator)}`;
}

/** A distinguished name, such as `CN=admins,OU=groups`, contains commas of its own. */
function separatorIn(text: string): string | undefined {
  const candidates = /^[a-z]{1,16}=/i.test(text) ? [';', '|'] : [',', ';', '|'];
  return candidates.find(candidate => text.includes(candidate));
}
