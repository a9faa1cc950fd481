/**
 * Who a person is, as a connector has verified it.
 *
 * A person is the pair of connector and subject: two identity providers never share a name space
 * (threats R11).
 */
import type { Instant } from './time.ts';

export type ConnectorId = string & { readonly __brand: 'ConnectorId' };

/**
 * The person's stable, opaque name toward AWS: 16 characters of `[a-z2-7]`, 80 bits of a SHA-256
 * over connector and subject. It is the NameID of our assertions, the `sub` of our tokens and the
 * tail of every RoleSessionName, so a row of CloudTrail leads to one person and holds no personal
 * data.
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
 * Which claim or attribute says what. A name is looked up as it stands; if there is none, its dots
 * walk into nested objects (`realm_access.roles`).
 */
export interface IdentityMapping {
  readonly username: string;
  readonly email: string;
  readonly groups: string;
  /** Default: `name`, else `displayName`; left out when neither is there. */
  readonly displayName?: string | undefined;
}

/** How and when the person proved who they are, in the words of their identity provider. */
export interface Authentication {
  /**
   * OIDC `auth_time`, SAML `AuthnInstant`. Undefined when the identity provider did not say: a
   * sign-in there may be days old.
   */
  readonly at?: Instant | undefined;
  /** OIDC `amr` and `acr`, SAML `AuthnContextClassRef`: every value that was said, untouched. */
  readonly methods: readonly string[];
  /** Whether these methods count as multi-factor by the connector's rules. */
  readonly multiFactor: boolean;
}

/** Which identity provider said who somebody is. */
export interface IdentitySource {
  /** The OIDC issuer, or the entity id of the SAML identity provider. */
  readonly issuer: string;
  /**
   * Where the connector learns whom to trust: the OIDC issuer, or the place of the SAML metadata.
   */
  readonly trustedBy: string;
}

/**
 * The identity provider of a connector now. The entity id is unknown until the SAML metadata was
 * read once since the start.
 */
export interface TrustedSource {
  readonly issuer?: string | undefined;
  readonly trustedBy: string;
}

/**
 * Whether a source is the identity provider that its connector trusts now. While the entity id is
 * unknown, the place of the metadata decides: an outage ends no session, and a connector that was
 * pointed elsewhere keeps none.
 */
export function isTrusted(source: IdentitySource, trusted: TrustedSource): boolean {
  return trusted.issuer === undefined
    ? source.trustedBy === trusted.trustedBy
    : source.issuer === trusted.issuer;
}

/**
 * A verified person. Everything in it was read from signed bytes or from the IdP's own userinfo
 * endpoint.
 */
export interface Identity {
  readonly person: PersonId;
  readonly connector: ConnectorId;
  readonly source: IdentitySource;
  /**
   * When the identity provider said all this: `iat` of the id_token, `IssueInstant` of the
   * assertion.
   */
  readonly assertedAt: Instant;
  /** OIDC `sub`, or the SAML attribute or NameID that the connector takes as the stable id. */
  readonly subject: string;
  readonly username: string;
  readonly displayName?: string | undefined;
  readonly email?: string | undefined;
  /** Exactly as the IdP wrote them: never trimmed, split or folded. */
  readonly groups: readonly string[];
  /** Single-valued claims or attributes that templates may use. */
  readonly attributes: Readonly<Record<string, string>>;
  readonly authentication: Authentication;
}
