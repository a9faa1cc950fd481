/**
 * Every hole in the wall, in one file: what the corridor needs from the outside, in the corridor's
 * own words.
 *
 * An adapter implements one port and knows no other adapter; compose.ts plugs them together.
 */
import type { Actor, AuditEvent } from './audit-event.ts';
import type { CliSessionSummary } from './cli-session.ts';
import type { ClientRegistration } from './client-registration.ts';
import type { AwsCredentials } from './credentials.ts';
import type { DeviceGrant } from './device-grant.ts';
import type { ConnectorId, Identity, IdentitySource, PersonId, TrustedSource } from './identity.ts';
import type { PersonRecord } from './person-record.ts';
import type { Account, RoleArn, RoleName, RoleSessionName } from './role.ts';
import type { RoleSession } from './session.ts';
import type { Instant, Seconds } from './time.ts';
import type {
  AccessToken,
  AuthorizationCode,
  ContainerToken,
  ContainerTokenSummary,
  RefreshToken,
} from './tokens.ts';

// ---------------------------------------------------------------- time and chance

export interface Clock {
  now(): Instant;
}

export interface Secrets {
  /** 256 random bits as base64url: fit for a session id, a state, a verifier. */
  token(): string;
  /** So many letters of the alphabet, each as likely as the others: what a person can type. */
  code(alphabet: string, length: number): string;
  /** 80 random bits in hexadecimal: names a thing in lists, and is no secret. */
  publicId(): string;
  /** SHA-256 as base64url, which is also what RFC 7636 calls S256. */
  digest(text: string): string;
  /** Compares two secrets in constant time. */
  equal(a: string, b: string): boolean;
}

// ---------------------------------------------------------------- sign-in

/** What the answer of the identity provider must match. */
export type Expectation =
  | { readonly protocol: 'saml'; readonly requestId: string }
  | { readonly protocol: 'oidc'; readonly nonce: string; readonly codeVerifier: string };

/** One begun sign-in: state, nonce, verifier and RelayState in one record that is consumed once. */
export interface SignInAttempt {
  /** OAuth `state` and SAML `RelayState`. A secret: the store keeps its hash only. */
  readonly id: string;
  readonly connector: ConnectorId;
  /** The identity provider that the browser was sent to; an answer of another one is refused. */
  readonly source: IdentitySource;
  /** The secret in the attempt cookie of the browser that began it. */
  readonly browser: string;
  /** A local path, checked. */
  readonly returnTo: string;
  readonly expectation: Expectation;
  readonly createdAt: Instant;
  readonly expiresAt: Instant;
}

/** The answer of an identity provider as it came through the browser; nothing in it is verified. */
export type AuthenticationResponse =
  | { readonly protocol: 'saml'; readonly samlResponse: string }
  | { readonly protocol: 'oidc'; readonly parameters: URLSearchParams };

/**
 * The person's own proof from their identity provider, for accounts that trust that provider
 * directly. A secret.
 */
export type CorporateProof =
  | { readonly kind: 'id-token'; readonly token: string; readonly expiresAt: Instant }
  | { readonly kind: 'saml-response'; readonly samlResponse: string; readonly expiresAt: Instant };

export interface VerifiedSignIn {
  readonly identity: Identity;
  /** SAML `SessionNotOnOrAfter`: the bridge's session ends no later. */
  readonly sessionNotAfter?: Instant | undefined;
  /** Set when the connector keeps it for accounts that need it. */
  readonly corporateProof?: CorporateProof | undefined;
  /**
   * The assertion's id, which may be used once; absent where the protocol's code is one-time by
   * itself.
   */
  readonly assertion?: { readonly id: string; readonly expiresAt: Instant } | undefined;
}

export type Availability =
  | { readonly state: 'ready' }
  /** `reason` is safe for a page: it names what failed, never a secret. */
  | { readonly state: 'unavailable'; readonly reason: string; readonly since: Instant };

export interface BeginOptions {
  /** Becomes `state` or `RelayState`. */
  readonly attemptId: string;
  /** Ask the IdP to authenticate the person anew (OIDC `prompt=login`, SAML `ForceAuthn`). */
  readonly reauthenticate: boolean;
}

/** An upstream identity provider. */
export interface Connector {
  readonly id: ConnectorId;
  readonly label: string;
  readonly protocol: 'saml' | 'oidc';
  /** SAML only: answers that no request asked for are accepted. */
  readonly acceptsUnsolicited: boolean;
  availability(): Availability;
  /** The identity provider that the connector trusts now. */
  source(): TrustedSource;
  /** Throws `connector_unavailable`, `idp_unreachable`. */
  begin(options: BeginOptions): Promise<{
    readonly redirectTo: string;
    readonly expectation: Expectation;
    readonly source: IdentitySource;
  }>;
  /**
   * Verifies the answer against what was expected; `undefined` stands for an unsolicited answer.
   * Throws `saml_response_refused`, `oidc_response_refused`, `idp_refused`, `idp_unreachable`,
   * `identity_incomplete`.
   */
  complete(
    response: AuthenticationResponse,
    expectation: Expectation | undefined,
  ): Promise<VerifiedSignIn>;
  /** Where the person can end their session at the identity provider too, if it says so. */
  signOutUrl?(): string | undefined;
  /** Stops timers and connections. */
  close(): Promise<void>;
}

/** SAML metadata of the bridge as service provider, for those connectors that have one. */
export interface ServiceProviderMetadata {
  metadata(): string;
}

// ---------------------------------------------------------------- stores

/**
 * Sign-in attempts. Ids are hashed by the store; what lies in it cannot be used to continue an
 * attempt.
 */
export interface SignInAttempts {
  create(attempt: SignInAttempt): Promise<void>;
  /**
   * Looks, and leaves the attempt as it is; undefined when unknown, consumed or expired at `now`.
   */
  find(id: string, now: Instant): Promise<SignInAttempt | undefined>;
  /**
   * Gives the attempt to exactly one caller, ever; undefined when unknown, consumed or expired at
   * `now`.
   */
  consume(id: string, now: Instant): Promise<SignInAttempt | undefined>;
}

/** A browser session of a person. */
export interface Session {
  /**
   * The cookie's value. A secret: the store keeps its hash, and seals the rest with a key derived
   * from it and from the bridge's sealing secret.
   */
  readonly id: string;
  /** As the newest sign-in of the person bounds it (core/person-record). */
  readonly identity: Identity;
  /**
   * Of the newest sign-in of the person only: an older one says what the provider has taken back
   * since.
   */
  readonly corporateProof?: CorporateProof | undefined;
  /**
   * The person's generation when they signed in; the session is over once they have another one.
   */
  readonly generation: number;
  /** Bound to the session; every state-changing form carries it. */
  readonly csrfToken: string;
  readonly createdAt: Instant;
  readonly lastUsedAt: Instant;
  /** The absolute limit. The idle limit is the reader's rule. */
  readonly expiresAt: Instant;
  /**
   * SAML `SessionNotOnOrAfter`: nothing that comes of this sign-in lives longer, a CLI session
   * neither.
   */
  readonly notAfter?: Instant | undefined;
}

export interface Sessions {
  create(session: Session): Promise<void>;
  /** Undefined also when the person is blocked, has another generation, or has no sound record. */
  find(id: string): Promise<Session | undefined>;
  /** Writes the time of last use; a session that is gone stays gone. */
  touch(id: string, lastUsedAt: Instant): Promise<void>;
  /** Ends it; false when there was none. */
  end(id: string): Promise<boolean>;
  /**
   * Ends everything of a person, CLI sessions too, by a new generation; how many sessions in
   * browsers there were.
   */
  endAllOf(person: PersonId): Promise<number>;
}

/** A person's session in a terminal. */
export interface CliSession {
  /**
   * A secret that only the tokens lead to: the store keeps its hash and seals the rest under it.
   */
  readonly id: string;
  readonly summary: CliSessionSummary;
  /** As the newest sign-in of the person bounds it (core/person-record). */
  readonly identity: Identity;
  readonly corporateProof?: CorporateProof | undefined;
  /** As in `Session`. */
  readonly generation: number;
  /** The absolute limit. */
  readonly notAfter: Instant;
}

/** CLI sessions. With a session end all grants and tokens that lead to it. */
export interface CliSessions {
  /** A session that waits: it is gone at `summary.expiresAt` unless it is picked up before. */
  create(session: CliSession): Promise<void>;
  /** Undefined also when the person is blocked, has another generation, or has no sound record. */
  find(id: string): Promise<CliSession | undefined>;
  /** Marks it as picked up, so that it lives until its `notAfter`; false when it is gone. */
  pickUp(session: CliSession, at: Instant, address: string): Promise<boolean>;
  /** Writes time and place of last use; a session that is gone stays gone. */
  touch(session: CliSession, at: Instant, address: string): Promise<void>;
  /** Ends it; undefined when there was none. */
  end(id: string): Promise<CliSessionSummary | undefined>;
  /**
   * Ends the session of that public id, if it is that person's; `person` undefined stands for an
   * operator.
   */
  endByPublicId(
    publicId: string,
    person: PersonId | undefined,
  ): Promise<CliSessionSummary | undefined>;
  endAllOf(person: PersonId): Promise<readonly CliSessionSummary[]>;
  /** Those that live at `now`, the newest first; of one person, or all; 1,000 at most. */
  list(now: Instant, of?: { readonly person: PersonId }): Promise<readonly CliSessionSummary[]>;
}

/**
 * Records that are found by a secret and changed by pure transitions. Ids are hashed by the store,
 * what they lead to is sealed under them. A record is absent once it has expired, and once the CLI
 * session that it names has ended.
 */
export interface Records<
  R extends { readonly expiresAt: Instant; readonly session?: string | undefined },
> {
  /**
   * False when the CLI session that the record names has ended. Throws `internal` when there is a
   * record of that id.
   */
  create(id: string, record: R): Promise<boolean>;
  find(id: string, now: Instant): Promise<R | undefined>;
  /** The record together with the CLI session that it names; undefined when either is gone. */
  findWithSession(
    id: string,
    now: Instant,
  ): Promise<
    | {
        readonly record: R;
        readonly session: CliSession;
        readonly lastUsedAt?: Instant | undefined;
      }
    | undefined
  >;
  /**
   * Changes the record by a pure function that sees it as it is: of callers who race, each sees
   * what the one before has left, so that what may happen once happens once. Undefined when there
   * is no such record. Throws what `transition` throws, and then nothing has changed.
   */
  update<T>(
    id: string,
    now: Instant,
    transition: (record: R) => { readonly next: R; readonly value: T },
  ): Promise<T | undefined>;
}

/** A container token as it is found: with its session, and when it was used last. */
export interface FoundContainerToken {
  readonly record: ContainerToken;
  readonly session: CliSession;
  readonly lastUsedAt?: Instant | undefined;
}

/**
 * Tokens for containers. They are found by the token, listed and revoked by their public id, and
 * end with their CLI session.
 */
export interface ContainerTokens {
  /**
   * `full` when `most` of its session live already, also when callers race on several instances;
   * `ended` when the session has ended. `summary` is what lists show.
   */
  create(
    token: string,
    made: { readonly record: ContainerToken; readonly summary: ContainerTokenSummary },
    most: number,
  ): Promise<'kept' | 'full' | 'ended'>;
  findWithSession(token: string, now: Instant): Promise<FoundContainerToken | undefined>;
  /** Writes time and place of last use; a token that is gone stays gone. */
  touch(
    token: string,
    record: ContainerToken,
    use: { readonly at: Instant; readonly address: string },
  ): Promise<void>;
  /** Revokes the token of that public id, if it is that person's; undefined when there was none. */
  revoke(publicId: string, person: PersonId): Promise<ContainerTokenSummary | undefined>;
  /** Those that live at `now`, the newest first; of one person or all, 5,000 at most. */
  list(now: Instant, person: PersonId | undefined): Promise<readonly ContainerTokenSummary[]>;
}

/** Keys that may be seen once: SAML assertion ids. */
export interface OneTimeKeys {
  /** True for the first caller ever, also when two race; remembered until `expiresAt`. */
  claim(key: string, expiresAt: Instant): Promise<boolean>;
}

/** Browsers in which somebody has signed in before. Serves to count by, and proves nothing else. */
export interface KnownBrowsers {
  /**
   * The mark that only the bridge can make of the secret of an attempt cookie: 43 characters of
   * base64url.
   */
  markOf(browser: string): string;
}

/** Client ids that are registrations, signed by the bridge. */
export interface ClientRegistrations {
  /** The client id. */
  issue(registration: ClientRegistration): Promise<string>;
  /** What a client id registers; undefined when it is none of ours, or is over at `now`. */
  read(clientId: string, now: Instant): Promise<ClientRegistration | undefined>;
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

/** The record of every user who has signed in. */
export interface People {
  /**
   * Keeps what a sign-in said, unless the identity provider has said something newer already, also
   * of callers who race.
   */
  know(identity: Identity, signedInAt: Instant): Promise<Standing>;
  find(person: PersonId): Promise<KnownPerson | undefined>;
  /**
   * Everybody who has signed in under that user name, the newest sign-in first; 100 of each
   * connector at most.
   */
  named(username: string): Promise<readonly KnownPerson[]>;
  /**
   * Blocks a person, known or not, and ends everything of them by a new generation. False when they
   * were blocked already.
   */
  block(person: PersonId, block: Block): Promise<boolean>;
  /** False when they were not blocked. What was open before the block stays over. */
  unblock(person: PersonId): Promise<boolean>;
  /** Everybody who is blocked, the newest block first; 1,000 at most. */
  blocked(): Promise<readonly KnownPerson[]>;
}

/** What operators did beside a bridge that runs, on its way into the log of the bridge. */
export interface OperatorEvents extends AuditSink {
  /**
   * Those that no bridge has taken yet, the oldest first. Each is given to one caller, also when
   * several race.
   */
  take(): Promise<readonly AuditEvent[]>;
}

export interface AuditSink {
  /** Resolves when the event is kept. A failure must stop the hand-out that it records. */
  record(event: AuditEvent): Promise<void>;
}

/** Everything that the bridge remembers. One adapter, one database. */
export interface Store {
  readonly attempts: SignInAttempts;
  readonly sessions: Sessions;
  readonly oneTimeKeys: OneTimeKeys;
  readonly cliSessions: CliSessions;
  /** By user code. */
  readonly deviceGrants: Records<DeviceGrant>;
  readonly authorizationCodes: Records<AuthorizationCode>;
  readonly refreshTokens: Records<RefreshToken>;
  readonly accessTokens: Records<AccessToken>;
  readonly containerTokens: ContainerTokens;
  readonly people: People;
  readonly audit: AuditSink;
  readonly operatorEvents: OperatorEvents;
  /**
   * Deletes what expired before `now`, and old events of callers who are not signed in; all other
   * audit events stay.
   */
  prune(now: Instant): Promise<void>;
  /**
   * Rejects when the store does not answer or does not take writes. Cheap enough for anyone to ask.
   */
  ping(): Promise<void>;
  close(): Promise<void>;
}

// ---------------------------------------------------------------- AWS

/** What we say of a person toward AWS, for one role. */
export interface AssertionSubject {
  readonly person: PersonId;
  readonly account: Account;
  readonly role: RoleArn;
  readonly sessionName: RoleSessionName;
  readonly session: RoleSession;
  /**
   * When the person proved who they are, at their own identity provider; undefined where it did not
   * say.
   */
  readonly authenticatedAt: Instant | undefined;
}

export interface AssertionIssuer {
  /**
   * A base64 `samlp:Response` for AssumeRoleWithSAML; `provider` names the IAM SAML provider in the
   * account.
   */
  samlResponse(subject: AssertionSubject, provider: string): Promise<string>;
  /** A compact JWT for AssumeRoleWithWebIdentity. */
  webIdentityToken(subject: AssertionSubject): Promise<string>;
}

/** What AWS is told about us. */
export interface FederationMetadata {
  samlMetadata(): string;
  openIdConfiguration(): Readonly<Record<string, unknown>>;
  jwks(): { readonly keys: readonly Readonly<Record<string, unknown>>[] };
}

export interface AssumeRequest extends AssertionSubject {
  readonly roleName: RoleName;
  /** When the person's identity provider said who they are: another sign-in is another request. */
  readonly assertedAt: Instant;
  readonly corporateProof?: CorporateProof | undefined;
}

export interface AssumedRole {
  readonly credentials: AwsCredentials;
  /** The session's ARN: `arn:aws:sts::111122223333:assumed-role/Admin/alice-...`. */
  readonly assumedRoleArn: string;
  /**
   * Obtained by AssumeRole from another role's session: the console takes no SessionDuration for
   * it.
   */
  readonly chained: boolean;
  readonly stsRequestId: string;
  /** Length that was asked of STS in the call that succeeded. */
  readonly durationSeconds: Seconds;
  /**
   * Set when STS allowed less than the rule gives: the role's MaxSessionDuration, or the hour of
   * role chaining.
   */
  readonly reducedFrom?: Seconds | undefined;
}

export interface CredentialBroker {
  /**
   * Throws `aws_refused`, `aws_unavailable`, `corporate_proof_missing`, `session_settings_invalid`.
   */
  assume(request: AssumeRequest): Promise<AssumedRole>;
}

export interface ConsoleLinkRequest {
  readonly account: Account;
  readonly assumed: AssumedRole;
  /** As the person asked; undefined means the console's home. */
  readonly destination?: string | undefined;
  /** Where the console sends people when the session ends. */
  readonly issuerUrl: string;
  readonly consoleSeconds?: Seconds | undefined;
}

export interface ConsoleLink {
  /** A bearer secret for 15 minutes: redirect to it, never log it. */
  readonly url: string;
  readonly destination: string;
  /** What the console was asked for; undefined when it follows the credentials. */
  readonly consoleSeconds?: Seconds | undefined;
}

export interface ConsoleFederation {
  /** The checked destination. Throws `destination_refused`. Call before credentials are fetched. */
  destinationFor(account: Account, destination: string | undefined): string;
  /** Throws `aws_refused`, `aws_unavailable`, `destination_refused`. */
  linkFor(request: ConsoleLinkRequest): Promise<ConsoleLink>;
}
