/**
 * Session tags: their syntax, their number, and what a further hop inherits (IAM User Guide, "Pass
 * session tags").
 */
import { fits } from './query-shape.ts';
import { MAX_TAGS, TAG_KEY, TAG_VALUE } from './shapes.ts';

export interface SessionTag {
  readonly key: string;
  readonly value: string;
}

export interface SessionTags {
  readonly tags: readonly SessionTag[];
  /** Keys of tags that a further hop inherits. */
  readonly transitiveKeys: readonly string[];
}

export const NO_TAGS: SessionTags = { tags: [], transitiveKeys: [] };

/**
 * What is wrong with the tags that a request, an assertion or a token asks for; undefined when
 * nothing is.
 */
export function tagFault({ tags, transitiveKeys }: SessionTags): string | undefined {
  if (tags.length > MAX_TAGS) return `more than ${MAX_TAGS} session tags`;
  const seen = new Set<string>();
  for (const { key, value } of tags) {
    if (!fits(TAG_KEY, key)) return 'a session tag key has a wrong length or character';
    if (!fits(TAG_VALUE, value))
      return `the value of the session tag ${key} has a wrong length or character`;
    if (key.toLowerCase().startsWith('aws:'))
      return `the session tag ${key} uses the reserved prefix aws:`;
    if (seen.has(key.toLowerCase()))
      return `two session tags are called ${key}, which differ at most by case`;
    seen.add(key.toLowerCase());
  }
  const stray = transitiveKeys.find(key => !seen.has(key.toLowerCase()));
  if (stray !== undefined) return `the transitive tag key ${stray} has no session tag`;
  return undefined;
}

/** The tags that a session hands on to the next. */
export function inheritedTags({ tags, transitiveKeys }: SessionTags): readonly SessionTag[] {
  const transitive = new Set(transitiveKeys.map(key => key.toLowerCase()));
  return tags.filter(tag => transitive.has(tag.key.toLowerCase()));
}

/** The requested tag that an inherited one forbids; inherited tags cannot be set again. */
export function conflictingKey(
  requested: SessionTags,
  inherited: readonly SessionTag[],
): string | undefined {
  const taken = new Set(inherited.map(tag => tag.key.toLowerCase()));
  return requested.tags.find(tag => taken.has(tag.key.toLowerCase()))?.key;
}
