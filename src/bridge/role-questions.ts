/**
 * Who can get a role, and which roles a user can get: what operators ask. It only reads.
 *
 * A user is as their newest sign-in stated them. Networks count as unmet, because no request has
 * come.
 */
import type { Elevation } from '../core/elevation.ts';
import { BridgeError } from '../core/errors.ts';
import type { Identity, LostGroup, PersonId } from '../core/identity.ts';
import { identityIn, type KnownPerson, type RecordedPerson } from '../core/person-record.ts';
import { type Circumstances, compilePolicy, everyRole, type Withheld } from '../core/policy.ts';
import type { Clock, Elevations, People } from '../core/ports.ts';
import type { RuleReport } from '../core/rule-report.ts';
import { roleSessionFor } from '../core/session.ts';
import { compareTexts } from '../core/text-order.ts';
import { type Audience, audienceOf, type GivingParts, type Target } from '../core/who-can.ts';

export interface RoleQuestionsParts {
  readonly people: People;
  readonly elevations: Elevations;
  readonly clock: Clock;
  readonly giving: GivingParts;
}

/** A role that a user can get, and what they lack for it now. */
export interface Outlook extends Withheld {
  /** Why no session can be made for this user; undefined if it can. */
  readonly fault?: string | undefined;
}

/** A user who can get the role. */
export interface Holder extends Outlook {
  readonly user: KnownPerson;
}

export interface RoleAnswer extends Pick<Audience, 'rules' | 'workloadRules'> {
  /** Those that are not blocked and lack the least first, then by name. */
  readonly holders: readonly Holder[];
  /** Users who were looked at. */
  readonly known: number;
  /** Of these, users whose groups are unknown: the record is unreadable. */
  readonly unreadable: number;
  /** Users who have not signed in since an upgrade of the bridge, so that groups are unknown. */
  readonly withoutGroups: number;
}

export interface UserAnswer {
  readonly roles: readonly Outlook[];
  /** Rules that nearly match, at most 100. */
  readonly near: readonly RuleReport[];
  /** Groups of the user that no rule names. */
  readonly unnamed: readonly string[];
  /** Groups that the user had, and the roles that they gave. */
  readonly lost: readonly LostRoles[];
}

export interface LostRoles extends LostGroup {
  /** `prod/Admin`. */
  readonly roles: readonly string[];
}

export interface RoleQuestions {
  whoCan(target: Target): Promise<RoleAnswer>;
  /** Every user who has signed in with that name, newest sign-in first. */
  named(username: string): Promise<readonly KnownPerson[]>;
  /** Undefined if the bridge does not know the groups of the user. */
  whatCan(person: PersonId): Promise<UserAnswer | undefined>;
}

/** Users read at once. */
const PAGE = 1000;
const MOST_ELEVATIONS = 5000;

export function createRoleQuestions(parts: RoleQuestionsParts): RoleQuestions {
  return {
    whoCan: target => whoCan(parts, target),
    named: username => parts.people.named(username),
    whatCan: person => whatCan(parts, person),
  };
}

// ---------------------------------------------------------------- one role

async function whoCan(parts: RoleQuestionsParts, target: Target): Promise<RoleAnswer> {
  const audience = audienceOf(parts.giving, target);
  const { rules, workloadRules } = audience;
  const now = parts.clock.now();
  const elevations = await elevationsFor(parts, audience, { ...target, now });
  const counts = { known: 0, unreadable: 0, withoutGroups: 0 };
  const holders: Holder[] = [];
  const isGiven = rules.length > 0;
  for await (const { known: user, record, isUnreadable } of isGiven ? everyone(parts) : []) {
    counts.known += 1;
    if (isUnreadable) counts.unreadable += 1;
    const identity = record && identityIn(record);
    if (record !== undefined && identity === undefined) counts.withoutGroups += 1;
    if (identity === undefined) continue;
    const own = elevations.get(user.person);
    const standing = audience.standingOf(identity, { now, address: '', elevations: own });
    if (standing !== undefined)
      holders.push({ user, ...standing, fault: faultOf(standing, identity) });
  }
  return { rules, workloadRules, holders: holders.sort(byStanding), ...counts };
}

async function* everyone({ people }: RoleQuestionsParts): AsyncGenerator<RecordedPerson> {
  for (let after: PersonId | undefined; ; ) {
    const page = await people.list(after, PAGE);
    yield* page;
    if (page.length < PAGE) return;
    after = page.at(-1)?.known.person;
  }
}

async function elevationsFor(
  { elevations }: RoleQuestionsParts,
  { rules }: Audience,
  { account, role, now }: Target & { readonly now: number },
): Promise<ReadonlyMap<PersonId, readonly Elevation[]>> {
  if (rules.every(({ rule }) => rule.elevation === undefined)) return new Map();
  const open = [
    ...(await elevations.list({ kind: 'granted', now }, MOST_ELEVATIONS)),
    ...(await elevations.list({ kind: 'waiting', now }, MOST_ELEVATIONS)),
  ];
  const ofRole = open.filter(of => of.account === account.id && of.role === role);
  return Map.groupBy(ofRole, ({ requester }) => requester.person);
}

function byStanding(a: Holder, b: Holder): number {
  return rankOf(a) - rankOf(b) || compareTexts(a.user.username, b.user.username);
}

function rankOf({ user, missing, fault }: Holder): number {
  if (user.blocked !== undefined) return 1000;
  return fault === undefined ? missing.length : 100;
}

/** Why the templates of the rule give no session for this user. */
function faultOf({ entitlement }: Withheld, identity: Identity): string | undefined {
  const { rule } = entitlement;
  try {
    roleSessionFor(rule.session, identity, rule.name);
    return undefined;
  } catch (thrown) {
    if (thrown instanceof BridgeError && thrown.code === 'session_settings_invalid')
      return thrown.message;
    throw thrown;
  }
}

// ---------------------------------------------------------------- one user

async function whatCan(
  { people, elevations, clock, giving }: RoleQuestionsParts,
  person: PersonId,
): Promise<UserAnswer | undefined> {
  const record = (await people.recorded(person))?.record;
  const identity = record && identityIn(record);
  if (identity === undefined) return undefined;
  const now = clock.now();
  const own = await elevations.ofPerson(person, now);
  const answer = rolesOf(giving, identity, { now, address: '', elevations: own });
  const roles = answer.roles.map(of => ({ ...of, fault: faultOf(of, identity) }));
  return { ...answer, roles };
}

/** What a user of these groups can get. It asks no store. */
export function rolesOf(
  { access, accounts }: Pick<GivingParts, 'access' | 'accounts'>,
  identity: Identity,
  circumstances: Circumstances,
): UserAnswer {
  const policy = compilePolicy(access, accounts);
  const { rules, unnamed } = policy.report(identity, circumstances);
  const rolesBy = (groups: readonly string[]): readonly Withheld[] =>
    everyRole(policy.evaluate({ ...identity, groups }, circumstances));
  return {
    roles: rolesBy(identity.groups),
    near: rules.filter(({ outcome }) => outcome !== 'grants' && outcome !== 'proof-missing'),
    unnamed,
    lost: (identity.lostGroups ?? []).flatMap(lost => {
      const roles = rolesBy([lost.name]).map(nameOf);
      return roles.length === 0 ? [] : [{ ...lost, roles }];
    }),
  };
}

function nameOf({ entitlement: { account, role } }: Withheld): string {
  return `${account.name}/${role}`;
}
