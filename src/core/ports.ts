/**
 * Every hole in the wall, in one file: what the corridor needs from the outside, in the corridor's
 * own words.
 *
 * An adapter implements one port and knows no other adapter; compose.ts plugs them together.
 */
import type {
  AssertionSubject,
  AssumedRole,
  AssumeRequest,
  ConsoleLink,
  ConsoleLinkRequest,
} from './assumed-role.ts';
import type { AuditEvent } from './audit-event.ts';
import type { Session } from './browser-session.ts';
import type { CliSession, CliSessionSummary } from './cli-session.ts';
import type { ClientRegistration } from './client-registration.ts';
import type { DeviceGrant } from './device-grant.ts';
import type { ConnectorId, Identity, IdentitySource, PersonId, TrustedSource } from './identity.ts';
import type { Block, KnownPerson, Standing } from './person-record.ts';
import type { Account } from './role.ts';
import type {
  AuthenticationResponse,
  Availability,
  Expectation,
  SignInAttempt,
  VerifiedSignIn,
} from './sign-in.ts';
import type { Instant } from './time.ts';
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

/** A record with the CLI session that it names. */
export interface FoundRecord<R> {
  readonly record: R;
  readonly session: CliSession;
  readonly lastUsedAt?: Instant | undefined;
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
  findWithSession(id: string, now: Instant): Promise<FoundRecord<R> | undefined>;
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
  findWithSession(token: string, now: Instant): Promise<FoundRecord<ContainerToken> | undefined>;
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

export interface CredentialBroker {
  /**
   * Throws `aws_refused`, `aws_unavailable`, `corporate_proof_missing`, `session_settings_invalid`.
   */
  assume(request: AssumeRequest): Promise<AssumedRole>;
}

export interface ConsoleFederation {
  /** The checked destination. Throws `destination_refused`. Call before credentials are fetched. */
  destinationFor(account: Account, destination: string | undefined): string;
  /** Throws `aws_refused`, `aws_unavailable`, `destination_refused`. */
  linkFor(request: ConsoleLinkRequest): Promise<ConsoleLink>;
}
