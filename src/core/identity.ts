/**
 * Who a user is, as a connector has verified it.
 *
 * A user is the pair of connector and subject: two identity providers never share a namespace
 * (threats R11).
 */
import type { Instant } from './time.ts';

export type ConnectorId = string & { readonly __brand: 'ConnectorId' };

/**
 * The user's stable, opaque name toward AWS: 16 characters of `[a-z2-7]`, 80 bits of a SHA-256 over
 * connector and subject. It is the NameID of our own assertions, the `sub` of our own tokens and
 * the end of every RoleSessionName, so a CloudTrail entry leads to one user and contains no
 * personal data.
 */
export type PersonId = string & { readonly __brand: 'PersonId' };

const CONNECTOR_ID = /^[a-z0-9][a-z0-9-]{0,31}$/;
const PERSON_ID = /^[a-z2-7]{16}$/;

export function isConnectorId(text: string): text is ConnectorId {
  return CONNECTOR_ID.test(text);
}

export function isPersonId(text: string): text is PersonId {
  return PERSON_ID.test(text);
}

/**
 * Names of claims or attributes. A name is looked up as it is; if there is none, its dots lead into
 * nested objects (`realm_access.roles`).
 */
export interface IdentityMapping {
  readonly username: string;
  readonly email: string;
  readonly groups: string;
  /** Default: `name`, then `displayName`; absent if neither exists. */
  readonly displayName?: string | undefined;
  /** Undefined: each group is a value of its own, exactly as it came. */
  readonly groupsForm?: GroupsForm | undefined;
}

/** How the values of the groups claim contain groups. */
export type GroupsForm =
  /** A text with many groups: `a,b`. */
  | { readonly kind: 'separated'; readonly separator: string }
  /** JSON text of a list: `["a","b"]`. */
  | { readonly kind: 'json' }
  /** The names of the keys of an object. */
  | { readonly kind: 'keys' };

/** How and when the user authenticated, as their identity provider states it. */
export interface Authentication {
  /**
   * OIDC `auth_time`, SAML `AuthnInstant`. Undefined if the identity provider did not say: its
   * sign-in can be days old.
   */
  readonly at?: Instant | undefined;
  /** OIDC `amr` and `acr`, SAML `AuthnContextClassRef`: every value, unchanged. */
  readonly methods: readonly string[];
  /** Whether these methods count as multi-factor by the connector's rules. */
  readonly multiFactor: boolean;
}

/** Why the identity provider of a user has not confirmed them in time. */
export interface Unconfirmed {
  /** It did not answer as it should, or it requires a sign-in of the user. */
  readonly why: 'provider-failed' | 'sign-in-needed';
  readonly since: Instant;
}

/** The identity provider that authenticated a user. */
export interface IdentitySource {
  /** The OIDC issuer, or the entity id of the SAML identity provider. */
  readonly issuer: string;
  /**
   * Where the connector reads whom to trust: the OIDC issuer, or the location of the SAML metadata.
   */
  readonly trustedBy: string;
}

/**
 * The identity provider of a connector now. The entity id is unknown until the SAML metadata was
 * read once.
 */
export interface TrustedSource {
  readonly issuer?: string | undefined;
  readonly trustedBy: string;
}

/**
 * Whether a source is the identity provider that its connector trusts now. While the entity id is
 * unknown, the location of the metadata decides: an outage ends no session, and a connector that
 * was pointed elsewhere keeps none.
 */
export function isTrusted(source: IdentitySource, trusted: TrustedSource): boolean {
  return trusted.issuer === undefined
    ? source.trustedBy === trusted.trustedBy
    : source.issuer === trusted.issuer;
}

/** A group that a user had. */
export interface LostGroup {
  readonly name: string;
  /** When the bridge learned of the loss. */
  readonly since: Instant;
}

/**
 * A verified user. Everything in it was read from signed bytes or from the IdP's own userinfo
 * endpoint.
 */
export interface Identity {
  readonly person: PersonId;
  readonly connector: ConnectorId;
  readonly source: IdentitySource;
  /**
   * When the identity provider stated all this: `iat` of the id_token, `IssueInstant` of the
   * assertion.
   */
  readonly assertedAt: Instant;
  /** OIDC `sub`, or the SAML attribute or NameID that the connector takes as the stable id. */
  readonly subject: string;
  readonly username: string;
  readonly displayName?: string | undefined;
  readonly email?: string | undefined;
  /**
   * Exactly as the IdP sent them: never case-folded, and neither trimmed nor split unless the
   * connector has a `groupsForm`.
   */
  readonly groups: readonly string[];
  /** Groups of this sign-in that the provider no longer states. Not part of a sign-in. */
  readonly lostGroups?: readonly LostGroup[] | undefined;
  /** Single-valued claims or attributes that templates can use. */
  readonly attributes: Readonly<Record<string, string>>;
  readonly authentication: Authentication;
}
