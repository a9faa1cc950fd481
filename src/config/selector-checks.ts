/**
 * Checks of a selector of users: its groups, and the connectors whose groups count.
 */
import { patternNames } from '../core/group-pattern.ts';
import { nearest } from '../core/nearest.ts';
import { type Path, type ProblemAt, quoted } from './problems.ts';
import type { Document } from './schema.ts';
import { isWritten, type Readable } from './schema-walk.ts';

/** The keys of a selector, in any section. */
export type ReadableSelector = Pick<
  NonNullable<Readable<Document['access'][number]>>,
  'groups' | 'groupPattern' | 'connectors'
>;

/**
 * The connectors by id, with those that have problems of their own: a selector that names them is
 * not wrong as well.
 */
export interface ConnectorList {
  readonly ids: readonly string[];
  /**
   * A selector without connectors is unambiguous: there is one connector, or the file trusts the
   * groups of all.
   */
  readonly mayBeOmitted: boolean;
  /** Whether the file writes this id anywhere, however wrong the connector is otherwise. */
  mentions(id: string): boolean;
}

/** `raw` is the document as it was written, before anything was checked. */
export function listConnectors(document: Readable<Document>, raw: unknown): ConnectorList {
  const written = (raw as { connectors?: unknown } | null)?.connectors;
  const all: readonly unknown[] = Array.isArray(written) ? written : [];
  const mentioned = new Set(
    all
      .map(connector => (connector as { id?: unknown } | null)?.id)
      .filter(id => typeof id === 'string'),
  );
  return {
    ids: (document.connectors ?? []).flatMap(connector =>
      connector?.id === undefined ? [] : [connector.id],
    ),
    mayBeOmitted: all.length <= 1 || isWritten(document, 'trustGroupsOf'),
    mentions: id => mentioned.has(id),
  };
}

/** `path` leads to the section that contains the keys. */
export function* selectorProblems(
  selector: ReadableSelector,
  path: Path,
  connectors: ConnectorList,
): Generator<ProblemAt> {
  const { groups, groupPattern } = selector;
  if (groups !== undefined && groupPattern !== undefined) {
    yield {
      path: [...path, 'groupPattern'],
      message: 'cannot be combined with groups.',
      fix: 'Keep one of them.',
    };
  }
  if (!isWritten(selector, 'groups') && !isWritten(selector, 'groupPattern')) {
    yield {
      path,
      message: 'has neither groups nor groupPattern, so it selects no user.',
      fix: 'Add groups: [name].',
    };
  }
  if (groups?.length === 0)
    yield {
      path: [...path, 'groups'],
      message: 'is an empty list, so it selects no user.',
      fix: 'Write at least one group.',
    };
  yield* wildcardProblems(selector, path);
  yield* connectorProblems(selector, path, connectors);
}

/** As `selectorProblems`, where the name of a group gives nothing by itself. */
export function* peopleProblems(
  selector: ReadableSelector,
  path: Path,
  connectors: ConnectorList,
): Generator<ProblemAt> {
  yield* selectorProblems(selector, path, connectors);
  const { groupPattern: pattern } = selector;
  if (pattern === undefined) return;
  const at: Path = [...path, 'groupPattern'];
  if (patternNames(pattern, 'account') || patternNames(pattern, 'role'))
    yield {
      path: at,
      message: 'contains {account} or {role}, which have no meaning here.',
      fix: 'Write {_} for a part that is ignored, or write the groups.',
    };
  else if (!/[\p{L}\p{N}]/u.test(pattern.replaceAll('{_}', '')))
    yield {
      path: at,
      message: 'selects nearly every group.',
      fix: 'Write the part of the name that these groups share, or write the groups.',
    };
}

/** The known connectors whose groups count; empty when problems leave that open. */
export function connectorsOf(
  selector: ReadableSelector,
  { ids, mayBeOmitted, mentions }: ConnectorList,
): readonly string[] {
  if (!isWritten(selector, 'connectors')) return mayBeOmitted ? ids : [];
  return (selector.connectors ?? []).flatMap(id => (id !== undefined && mentions(id) ? id : []));
}

/** A wildcard is a letter here. At either end of a name it was hardly meant as one. */
function* wildcardProblems(
  { groups = [], groupPattern }: ReadableSelector,
  path: Path,
): Generator<ProblemAt> {
  const fix = 'If the name of the group contains *, ignore this warning.';
  for (const [position, group] of groups.entries()) {
    if (group === undefined || !/^\*|\*$/.test(group)) continue;
    yield {
      path: [...path, 'groups', position],
      message: `${quoted(group)} contains *, which is no wildcard: group names are compared exactly.`,
      fix: `Write every group, or use a groupPattern. ${fix}`,
      warning: true,
    };
  }
  if (groupPattern?.includes('*'))
    yield {
      path: [...path, 'groupPattern'],
      message: `${quoted(groupPattern)} contains *, which is no wildcard.`,
      fix: `Write {_} for a part that is ignored. ${fix}`,
      warning: true,
    };
}

/** A fix that names the connectors, of which a file with other problems can have none. */
function fixBy(ids: readonly string[], fix: string): string {
  return ids.length === 0 ? 'Configure it under connectors, with this id.' : fix;
}

function* connectorProblems(
  selector: ReadableSelector,
  path: Path,
  { ids, mayBeOmitted, mentions }: ConnectorList,
): Generator<ProblemAt> {
  const known = ids.join(', ');
  if (!isWritten(selector, 'connectors') && !mayBeOmitted) {
    yield {
      path,
      message:
        'does not name the connectors whose groups count, and there are several: the groups of each could count.',
      fix: `Add connectors: [...] with those of ${known} whose groups count. If you trust the groups of all connectors equally, write trustGroupsOf: all at the top level instead.`,
    };
  }
  const { connectors } = selector;
  if (connectors?.length === 0)
    yield {
      path: [...path, 'connectors'],
      message: 'is an empty list, so no group counts.',
      fix: fixBy(ids, `Write at least one of ${known}.`),
    };
  const seen = new Set<string>();
  for (const [position, id] of (connectors ?? []).entries()) {
    if (id === undefined) continue;
    const at: Path = [...path, 'connectors', position];
    if (id.includes('*')) {
      const fix = fixBy(ids, `Write the ids of the connectors whose groups count: ${known}.`);
      yield { path: at, message: `${quoted(id)} contains a wildcard; name each connector.`, fix };
    } else if (!mentions(id)) {
      const guess = nearest(id, ids);
      yield {
        path: at,
        message: `${quoted(id)} is not a connector of this file${guess === undefined ? '.' : `; did you mean ${guess}?`}`,
        fix: fixBy(ids, `Write the id of a connector: ${known}.`),
      };
    } else if (seen.has(id))
      yield { path: at, message: `${quoted(id)} is listed twice.`, fix: 'Keep one of them.' };
    seen.add(id);
  }
}
