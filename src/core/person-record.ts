/**
 * What the bridge knows of a user from their newest sign-in, and how it limits the sessions of
 * earlier sign-ins.
 *
 * Pure: the store joins the record wherever a session is read, so no path to a role can omit it.
 */
import type { Actor } from './audit-event.ts';
import type {
  Authentication,
  ConnectorId,
  Identity,
  IdentitySource,
  LostGroup,
  PersonId,
} from './identity.ts';
import type { Instant } from './time.ts';

/** What the newest sign-in stated. */
export interface PersonRecord {
  readonly person: PersonId;
  readonly connector: ConnectorId;
  readonly username: string;
  /** When the bridge accepted the sign-in. */
  readonly signedInAt: Instant;
  /** When the identity provider stated it. */
  readonly assertedAt: Instant;
  /** When the bridge accepted the newest refresh; undefined if none came after the sign-in. */
  readonly confirmedAt?: Instant | undefined;
  /** Groups that the user had at an earlier statement, the newest loss first. */
  readonly lostGroups?: readonly LostGroup[] | undefined;
  /**
   * What the newest sign-in proved, for operators: access depends on the proof of each session.
   * Undefined in records of earlier versions.
   */
  readonly authentication?: Proved | undefined;
  /** Undefined for a user whose last sign-in was recorded by a version without records of users. */
  readonly claims?: Claims | undefined;
}

/** When and how strongly a user authenticated. */
export type Proved = Pick<Authentication, 'at' | 'multiFactor'>;

/** What a sign-in states about a user, besides who they are. */
export interface Claims extends Pick<Identity, 'displayName' | 'email' | 'groups' | 'attributes'> {
  readonly source: IdentitySource;
}

/** Lost groups that a record keeps. */
const MOST_LOST = 500;

/** The record after a sign-in at `signedInAt`. `before` is the record until then. */
export function recordOf(
  identity: Identity,
  signedInAt: Instant,
  before?: PersonRecord,
): PersonRecord {
  const lostGroups = lostSince(before, identity, signedInAt);
  const {
    person,
    connector,
    username,
    assertedAt,
    source,
    displayName,
    email,
    groups,
    attributes,
    authentication: { at, multiFactor },
  } = identity;
  return {
    person,
    connector,
    username,
    signedInAt,
    assertedAt,
    ...(lostGroups.length > 0 && { lostGroups }),
    authentication: { at, multiFactor },
    claims: { source, displayName, email, groups, attributes },
  };
}

/**
 * The record after a refresh at `confirmedAt`. The time of the sign-in stays, and the time of the
 * statement, too, unless something was lost: a sign-in that states no more than this is still the
 * newest. What was lost counts from now on, even if the clock of the provider is behind.
 */
export function confirmedRecord(
  identity: Identity,
  confirmedAt: Instant,
  before: PersonRecord | undefined,
): PersonRecord {
  if (before === undefined) return { ...recordOf(identity, confirmedAt), confirmedAt };
  const stated = limitedBy(before, identity);
  const { signedInAt, assertedAt, authentication } = before;
  return {
    ...recordOf(stated, confirmedAt, before),
    signedInAt,
    authentication,
    assertedAt: losesAny(before, stated)
      ? Math.max(identity.assertedAt, assertedAt + 1)
      : assertedAt,
    confirmedAt,
  };
}

/** A statement that is older than the record takes away groups that it lacks, and adds nothing. */
function limitedBy({ username, assertedAt, claims }: PersonRecord, identity: Identity): Identity {
  if (
    claims === undefined ||
    claims.source.issuer !== identity.source.issuer ||
    identity.assertedAt >= assertedAt
  )
    return identity;
  const { displayName, email, groups, attributes } = claims;
  const known = new Set(groups);
  return {
    ...identity,
    ...{ username, displayName, email, attributes },
    groups: identity.groups.filter(group => known.has(group)),
  };
}

/** When the provider has confirmed the user last, by our clock. */
export function lastConfirmed({ signedInAt, confirmedAt = signedInAt }: PersonRecord): Instant {
  return Math.max(signedInAt, confirmedAt);
}

/** Whether anything stated until then is no longer true. A record without claims states nothing. */
function losesAny({ username, claims }: PersonRecord, identity: Identity): boolean {
  if (claims === undefined) return true;
  const { source, groups, email, attributes } = identity;
  const present = new Set(groups);
  return (
    claims.source.issuer !== source.issuer ||
    username !== identity.username ||
    claims.groups.some(group => !present.has(group)) ||
    (claims.email !== undefined && claims.email !== email) ||
    Object.entries(claims.attributes).some(
      ([name, value]) => !Object.hasOwn(attributes, name) || attributes[name] !== value,
    )
  );
}

function lostSince(
  before: PersonRecord | undefined,
  { groups, source }: Identity,
  now: Instant,
): readonly LostGroup[] {
  const { claims, lostGroups = [] } = before ?? {};
  if (claims === undefined || claims.source.issuer !== source.issuer) return [];
  const present = new Set(groups);
  const lostNow = claims.groups.filter(name => !present.has(name));
  const isGone = new Set(lostNow);
  return [
    ...lostNow.map(name => ({ name, since: now })),
    ...lostGroups.filter(({ name }) => !present.has(name) && !isGone.has(name)),
  ].slice(0, MOST_LOST);
}

/**
 * The user as their newest sign-in describes them; undefined if the record has no claims. Only for
 * questions: the person id stands for the subject, which no record has.
 */
export function identityIn(record: PersonRecord): Identity | undefined {
  const { person, connector, username, assertedAt, claims, lostGroups, authentication } = record;
  if (claims === undefined) return undefined;
  const { at, multiFactor = false } = authentication ?? {};
  return {
    ...{ person, connector, username, assertedAt, subject: person, lostGroups },
    ...claims,
    authentication: { at, multiFactor, methods: [] },
  };
}

/** An identity of some sign-in, limited by the newest one. */
export interface BoundIdentity {
  readonly identity: Identity;
  /** Whether this is still the newest statement of the identity provider about the user. */
  readonly isNewest: boolean;
}

/**
 * An identity as the newest sign-in of its user limits it; undefined when that sign-in came from
 * another identity provider, which ends every earlier session.
 *
 * Groups are those of both sign-ins. Names, email and attributes are the newest; what the newest
 * sign-in did not have is lost.
 */
export function boundBy(
  identity: Identity,
  { username, assertedAt, claims, lostGroups = [] }: PersonRecord,
): BoundIdentity | undefined {
  if (claims === undefined) return { identity, isNewest: true };
  if (identity.source.issuer !== claims.source.issuer) return undefined;
  const known = new Set(claims.groups);
  // A terminal keeps the identity of its browser, and what that had lost by then.
  const { displayName: _, email: __, lostGroups: lostBefore = [], ...kept } = identity;
  const { displayName, email, attributes } = claims;
  const held = new Set([...identity.groups, ...lostBefore.map(({ name }) => name)]);
  const lost = lostGroups.filter(({ name }) => held.has(name));
  return {
    identity: {
      ...kept,
      username,
      ...(displayName !== undefined && { displayName }),
      ...(email !== undefined && { email }),
      attributes,
      groups: identity.groups.filter(group => known.has(group)),
      ...(lost.length > 0 && { lostGroups: lost }),
    },
    isNewest: identity.assertedAt >= assertedAt,
  };
}

/**
 * Claims of the earlier sign-in that are absent in the newer one, by the names used here: `groups`,
 * `email`, `attributes.department`.
 */
export function missingClaims(before: PersonRecord, identity: Identity): readonly string[] {
  const { claims } = before;
  if (
    claims === undefined ||
    claims.source.issuer !== identity.source.issuer ||
    identity.assertedAt < before.assertedAt
  )
    return [];
  const lost: readonly (readonly [string, boolean])[] = [
    ['groups', claims.groups.length > 0 && identity.groups.length === 0],
    ['email', claims.email !== undefined && identity.email === undefined],
    ['displayName', claims.displayName !== undefined && identity.displayName === undefined],
    ...Object.keys(claims.attributes).map(
      name => [`attributes.${name}`, !Object.hasOwn(identity.attributes, name)] as const,
    ),
  ];
  return lost.filter(([, isLost]) => isLost).map(([name]) => name);
}

/** Who was blocked, when, by whom and why. */
export interface Block {
  readonly at: Instant;
  /** The operator, as their system names them. */
  readonly by: string;
  readonly reason?: string | undefined;
}

/** A user as operators see them, with their newest name. */
export interface KnownPerson extends Actor {
  /** Undefined for an id that was blocked before its first sign-in. */
  readonly signedInAt?: Instant | undefined;
  readonly blocked?: Block | undefined;
}

/** A user with their record, as operators read it. */
export interface RecordedPerson {
  readonly known: KnownPerson;
  /** Undefined for an id that was blocked before its first sign-in, and if it is unreadable. */
  readonly record?: PersonRecord | undefined;
  /** The record was altered, or sealed by another bridge or version. */
  readonly isUnreadable: boolean;
}

/** What the bridge knows of a user at their sign-in. */
export interface Standing {
  readonly generation: number;
  readonly isBlocked: boolean;
  /** From their previous sign-in. */
  readonly before?: PersonRecord | undefined;
}
