/**
 * What the bridge knows of a person from their newest sign-in, and how it bounds the sessions of
 * every sign-in before.
 *
 * Pure: the store joins the record wherever a session is read, so no path to a role can leave it
 * out.
 */
import type { Actor } from './audit-event.ts';
import type { ConnectorId, Identity, IdentitySource, PersonId } from './identity.ts';
import type { Instant } from './time.ts';

/** What the newest sign-in said. */
export interface PersonRecord {
  readonly person: PersonId;
  readonly connector: ConnectorId;
  readonly username: string;
  /** When the bridge accepted the sign-in. */
  readonly signedInAt: Instant;
  /** When the identity provider said it. */
  readonly assertedAt: Instant;
  /**
   * Undefined for a person whose last sign-in was recorded by a version that kept no record of
   * people.
   */
  readonly claims?: Claims | undefined;
}

/** What a sign-in says of a person, besides who they are. */
export interface Claims extends Pick<Identity, 'displayName' | 'email' | 'groups' | 'attributes'> {
  readonly source: IdentitySource;
}

export function recordOf(identity: Identity, signedInAt: Instant): PersonRecord {
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
  } = identity;
  return {
    person,
    connector,
    username,
    signedInAt,
    assertedAt,
    claims: { source, displayName, email, groups, attributes },
  };
}

/** An identity of some sign-in, in the light of the newest one. */
export interface BoundIdentity {
  readonly identity: Identity;
  /** Whether the identity provider has said nothing of the person since. */
  readonly isNewest: boolean;
}

/**
 * An identity as the newest sign-in of its person bounds it; undefined when that sign-in came from
 * another identity provider, which ends every session before.
 *
 * Groups are those that both sign-ins have. Names, email and attributes are the newest; what the
 * newest sign-in did not have is gone.
 */
export function boundBy(
  identity: Identity,
  { username, assertedAt, claims }: PersonRecord,
): BoundIdentity | undefined {
  if (claims === undefined) return { identity, isNewest: true };
  if (identity.source.issuer !== claims.source.issuer) return undefined;
  const known = new Set(claims.groups);
  const { displayName: _, email: __, ...kept } = identity;
  const { displayName, email, attributes } = claims;
  return {
    identity: {
      ...kept,
      username,
      ...(displayName !== undefined && { displayName }),
      ...(email !== undefined && { email }),
      attributes,
      groups: identity.groups.filter(group => known.has(group)),
    },
    isNewest: identity.assertedAt >= assertedAt,
  };
}

/**
 * Claims that there were before and that the newer sign-in has no value of, by their names here:
 * `groups`, `email`, `attributes.department`.
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

/** A user as operators see them, under the newest name. */
export interface KnownPerson extends Actor {
  /** Undefined for an id that was blocked before its first sign-in. */
  readonly signedInAt?: Instant | undefined;
  readonly blocked?: Block | undefined;
}

/** How a person stands when they sign in. */
export interface Standing {
  readonly generation: number;
  readonly isBlocked: boolean;
  /** What was known of them before. */
  readonly before?: PersonRecord | undefined;
}
