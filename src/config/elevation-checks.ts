/** Checks of `elevation`: who approves, what is offered, and who is told. */
import { SHORTEST_ELEVATION } from '../core/elevation-terms.ts';
import { MAX_CHAINED_DURATION, MAX_TAGS } from '../core/session.ts';
import { formatDuration } from '../core/time.ts';
import type { AccountList } from './account-list.ts';
import { NO_TAG } from './elevation-schema.ts';
import { tellsOthers } from './notification-checks.ts';
import { type Path, type ProblemAt, quoted } from './problems.ts';
import { behindHub, CHAINED_LIMIT, inContext, type RuleInContext } from './rule-context.ts';
import type { Document } from './schema.ts';
import { isWritten, type Readable } from './schema-walk.ts';
import { type ConnectorList, connectorsOf, peopleProblems } from './selector-checks.ts';
import { compact } from './values.ts';

type ReadableRule = RuleInContext['rule'];
type ReadableElevation = NonNullable<ReadableRule['elevation']>;
type ReadableApprovers = NonNullable<NonNullable<ReadableElevation['approvers']>[number]>;

/** `elevation` of one rule. */
interface Elevated extends RuleInContext {
  readonly elevation: ReadableElevation;
  /** Of `elevation`. */
  readonly at: Path;
  readonly connectors: ConnectorList;
}

export function* elevationProblems(
  document: Readable<Document>,
  { accounts, connectors }: { readonly accounts: AccountList; readonly connectors: ConnectorList },
): Generator<ProblemAt> {
  const isTold = tellsOthers(document);
  for (const [index, rule] of (document.access ?? []).entries()) {
    if (rule?.elevation === undefined) continue;
    const context = inContext(rule, ['access', index], accounts);
    const at: Path = [...context.path, 'elevation'];
    const elevated: Elevated = { ...context, elevation: rule.elevation, at, connectors };
    yield* nameProblems(elevated);
    yield* approverProblems(elevated);
    yield* breakGlassProblems(elevated, isTold);
    yield* lengthProblems(elevated);
    yield* tagProblems(elevated);
  }
}

function* nameProblems({ rule, path }: Elevated): Generator<ProblemAt> {
  if (isWritten(rule, 'name')) return;
  yield {
    path,
    message: 'has elevation but no name.',
    fix: 'Add a name and keep it: requests refer to it, and they end when it changes.',
  };
}

// ---------------------------------------------------------------- who approves

function* approverProblems(elevated: Elevated): Generator<ProblemAt> {
  const { elevation, at, connectors } = elevated;
  const entries = (elevation.approvers ?? []).map((entry, position) => ({
    entry,
    path: [...at, 'approvers', position] as Path,
  }));
  for (const { entry, path } of entries)
    if (entry !== undefined) yield* peopleProblems(entry, path, connectors);
  yield* twoAccountProblems(elevated);
  yield* mutualProblems(elevated);
}

/** Two accounts of one human at two providers can be a requester and an approver. */
function* twoAccountProblems({ rule, elevation, at, connectors }: Elevated): Generator<ProblemAt> {
  const entries = readableEntries(elevation);
  const eligible = connectorsOf(rule, connectors);
  const all = new Set([...eligible, ...entries.flatMap(entry => connectorsOf(entry, connectors))]);
  if (all.size < 2 || entries.length === 0) return;
  yield {
    path: [...at, 'approvers'],
    message: `come from several connectors together with the users of the rule (${[...all].join(', ')}): a user with accounts at two of them could approve their own request.`,
    fix: 'Write the same single connector in the rule and its approvers, or make sure that all of them send the same e-mail or user name for one user: such accounts count as one.',
    warning: true,
  };
}

function readableEntries({ approvers }: ReadableElevation): readonly ReadableApprovers[] {
  return (approvers ?? []).filter(entry => entry !== undefined);
}

function* mutualProblems({ rule, elevation, at, connectors }: Elevated): Generator<ProblemAt> {
  const entries = readableEntries(elevation);
  const includesUsers = (entry: ReadableApprovers): boolean =>
    isSubset(connectorsOf(rule, connectors), connectorsOf(entry, connectors)) &&
    isSubset(rule.groups ?? [], entry.groups ?? []);
  if (entries.length === 0 || !entries.every(includesUsers)) return;
  yield {
    path: [...at, 'approvers'],
    message: 'include every user of the rule, so each can approve the requests of all others.',
    fix: 'Name a group of approvers alone. If users are to approve each other, ignore this warning.',
    warning: true,
  };
}

/** Whether there are items, and all of them are in the list. */
function isSubset<T>(items: readonly T[], list: readonly T[]): boolean {
  return items.length > 0 && items.every(item => list.includes(item));
}

function* breakGlassProblems(elevated: Elevated, isTold: boolean): Generator<ProblemAt> {
  const { rule, elevation, at, connectors } = elevated;
  const { breakGlass } = elevation;
  if (breakGlass === undefined) return;
  const path: Path = [...at, 'breakGlass'];
  yield* peopleProblems(breakGlass, path, connectors);
  const eligible = connectorsOf(rule, connectors);
  const own = connectorsOf(breakGlass, connectors);
  if (eligible.length > 0 && own.length > 0 && !own.some(id => eligible.includes(id)))
    yield {
      path: [...path, 'connectors'],
      message: 'contains none of the connectors of the rule, so no user can use break-glass.',
      fix: `Write those of ${eligible.join(', ')} whose groups count: break-glass is for eligible users.`,
      warning: true,
    };
  if (!isTold)
    yield {
      path,
      message: 'can be used without any other user being notified.',
      fix: 'Add a target to notifications that other users read: slack, webhook, or email with to.',
      warning: true,
    };
}

// ---------------------------------------------------------------- what is offered

function* lengthProblems(elevated: Elevated): Generator<ProblemAt> {
  const { rule, path, elevation, at } = elevated;
  const { longest } = elevation;
  const duration = rule.session?.duration;
  if (duration !== undefined && duration < SHORTEST_ELEVATION) {
    yield {
      path: [...path, 'session', 'duration'],
      message: `is shorter than ${formatDuration(SHORTEST_ELEVATION)}, the shortest elevation.`,
      fix: `Write ${compact(SHORTEST_ELEVATION)} or more, or remove it: it is elevation.longest then.`,
    };
    return;
  }
  if (longest === undefined) return;
  if (duration !== undefined && longest > duration)
    yield {
      path: [...at, 'longest'],
      message: `is longer than session.duration, so users are offered ${formatDuration(duration)}.`,
      fix: `Write ${compact(duration)}, or remove session.duration: it is longest then.`,
      warning: true,
    };
  const chained = behindHub(elevated);
  // A written duration has this problem itself.
  if (chained === undefined || duration !== undefined || longest <= MAX_CHAINED_DURATION) return;
  yield {
    path: [...at, 'longest'],
    message: `is longer than ${CHAINED_LIMIT}, the most that AWS gives in ${chained.where} (role chaining), so users are offered ${CHAINED_LIMIT} there.`,
    fix: `Write ${compact(MAX_CHAINED_DURATION)}, or give ${chained.isNamed ? 'this account' : 'these accounts'} a rule with its own elevation.`,
    warning: true,
  };
}

function* tagProblems({ rule, path, elevation }: Elevated): Generator<ProblemAt> {
  const { tag } = elevation;
  if (tag === undefined || tag === NO_TAG) return;
  const keys = Object.keys(rule.session?.tags ?? {});
  const tags: Path = [...path, 'session', 'tags'];
  const twin = keys.find(key => key.toLowerCase() === tag.toLowerCase());
  if (twin !== undefined)
    yield {
      path: [...tags, twin],
      message: `is the key of the tag with the id of the elevation (elevation.tag: ${quoted(tag)}).`,
      fix: `Choose another key for one of them, or write tag: ${NO_TAG} into elevation.`,
    };
  // More than that is a problem of the tags alone.
  if (keys.length === MAX_TAGS)
    yield {
      path: tags,
      message: `has ${MAX_TAGS} tags, and elevation adds one; AWS accepts ${MAX_TAGS}.`,
      fix: `Remove one, or write tag: ${NO_TAG} into elevation.`,
    };
}
