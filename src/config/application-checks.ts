/** Checks of `applications` against the rest of the file: origins, roles, lengths. */
import { patternNames } from '../core/group-pattern.ts';
import type { RoleName } from '../core/role.ts';
import type { AccountList, ListedAccount } from './account-list.ts';
import { type Path, type ProblemAt, quoted } from './problems.ts';
import { inContext, isAmong, type RuleInContext } from './rule-context.ts';
import type { Document } from './schema.ts';
import { isWritten, type Readable } from './schema-walk.ts';
import { compact } from './values.ts';

type ReadableApplication = NonNullable<Readable<Document['applications'][number]>>;

export function* applicationProblems(
  document: Readable<Document>,
  accounts: AccountList,
): Generator<ProblemAt> {
  const rules = (document.access ?? []).flatMap((rule, index) =>
    rule === undefined ? [] : [inContext(rule, ['access', index], accounts)],
  );
  const originsOf = new Map<string, number>();
  for (const [index, application] of (document.applications ?? []).entries()) {
    if (application === undefined) continue;
    const path: Path = ['applications', index];
    yield* redirectProblems(application, path, document);
    yield* originProblems(application, path, { document, originsOf, index });
    yield* lengthProblems(application, path, document);
    yield* roleProblems(application, path, { accounts, rules });
  }
}

// ---------------------------------------------------------------- addresses

function* redirectProblems(
  { kind, redirectUris = [], origins = [] }: ReadableApplication,
  path: Path,
  { baseUrl }: Readable<Document>,
): Generator<ProblemAt> {
  for (const [position, uri] of redirectUris.entries()) {
    if (uri === undefined) continue;
    const at: Path = [...path, 'redirectUris', position];
    const { origin, protocol } = new URL(uri);
    if (redirectUris.indexOf(uri) < position)
      yield { path: at, message: `${quoted(uri)} is listed twice.`, fix: 'Keep one of them.' };
    // An origin with a problem of its own may be the one that is missing.
    if (kind === 'spa' && !origins.includes(undefined) && !origins.includes(origin))
      yield {
        path: at,
        message: `leads to ${origin}, which is not in origins.`,
        fix: `Add origins: [${origin}], or correct the address.`,
      };
    if (protocol === 'http:' && baseUrl?.startsWith('https:') === true)
      yield {
        path: at,
        message: 'is http on loopback, where any program on the user’s machine can listen.',
        fix: 'Use it for development only, and remove it in production.',
        warning: true,
      };
  }
}

interface Neighbours {
  readonly document: Readable<Document>;
  /** The application that has an origin, by its index. */
  readonly originsOf: Map<string, number>;
  readonly index: number;
}

function* originProblems(
  application: ReadableApplication,
  path: Path,
  { document: { baseUrl }, originsOf, index }: Neighbours,
): Generator<ProblemAt> {
  const { kind, origins = [] } = application;
  if (kind === 'mobile' && isWritten(application, 'origins') && origins.length > 0)
    yield {
      path: [...path, 'origins'],
      message: 'has no effect for kind: mobile, which has no pages.',
      fix: 'Remove it, or write kind: spa.',
    };
  for (const [position, origin] of origins.entries()) {
    if (origin === undefined) continue;
    const at: Path = [...path, 'origins', position];
    const other = originsOf.get(origin);
    if (origin === baseUrl)
      yield {
        path: at,
        message: 'is the origin of the bridge itself.',
        fix: 'Serve the application on another host.',
      };
    if (other === index)
      yield { path: at, message: `${quoted(origin)} is listed twice.`, fix: 'Keep one of them.' };
    else if (other !== undefined)
      yield {
        path: at,
        message: `is also an origin of applications[${other}]: pages of one can use the tokens of the other.`,
        fix: 'Give each application an origin of its own, unless you trust them equally.',
        warning: true,
      };
    else originsOf.set(origin, index);
  }
}

function* lengthProblems(
  { max }: ReadableApplication,
  path: Path,
  { cli }: Readable<Document>,
): Generator<ProblemAt> {
  if (max === undefined || cli?.max === undefined || max <= cli.max) return;
  yield {
    path: [...path, 'max'],
    message: 'is longer than cli.max.',
    fix: `Write ${compact(cli.max)} or less.`,
  };
}

// ---------------------------------------------------------------- roles

interface Given {
  readonly accounts: AccountList;
  readonly rules: readonly RuleInContext[];
}

function* roleProblems(
  { roles = [] }: ReadableApplication,
  path: Path,
  { accounts, rules }: Given,
): Generator<ProblemAt> {
  const seen = new Set<string>();
  for (const [position, listed] of roles.entries()) {
    if (listed?.account === undefined) continue;
    const { account: name, role } = listed;
    const at: Path = [...path, 'roles', position];
    const account = accounts.find(name);
    if (account === undefined) {
      const missing = accounts.missing(name);
      if (missing !== undefined)
        yield {
          path: [...at, 'account'],
          message: missing.message,
          fix: 'Write the name or id of an account.',
          ...(missing.isSkipped && { warning: true }),
        };
      continue;
    }
    if (role === undefined) continue;
    const key = `${account.index} ${role}`;
    if (seen.has(key)) yield { path: at, message: 'is listed twice.', fix: 'Keep one of them.' };
    seen.add(key);
    if (!rules.some(rule => canGive(rule, account, role)))
      yield {
        path: at,
        message: `is a role that no rule of access gives: ${quoted(`${name}/${role}`)}.`,
        fix: 'Add a rule that gives it, or correct the name.',
        warning: true,
      };
  }
}

/** Whether a rule can give a role to some user; a rule with problems of its own may. */
function canGive(
  { rule, isEverywhere, reached }: RuleInContext,
  account: ListedAccount,
  role: RoleName,
): boolean {
  const { roles, groupPattern } = rule;
  if (!isEverywhere && !isAmong(account, reached)) return false;
  if (roles === undefined || roles.includes(role) || roles.includes(undefined)) return true;
  const isRoleOfGroup =
    roles.length === 0 && groupPattern !== undefined && patternNames(groupPattern, 'role');
  return isRoleOfGroup;
}
