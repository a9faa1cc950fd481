/**
 * All ports of the core, in one file: what the use cases need from outside, in their own terms.
 *
 * An adapter implements one port and knows no other adapter; compose/ connects them.
 */
import type {
  AssertionSubject,
  AssumedRole,
  AssumeRequest,
  ConsoleLink,
  ConsoleLinkRequest,
} from './assumed-role.ts';
import type { AuditEvent, NamedWorkload } from './audit-event.ts';
import type { BrowserSessionSummary, Session } from './browser-session.ts';
import type { CliSession, CliSessionSummary, CliStepUp } from './cli-session.ts';
import type { ClientRegistration } from './client-registration.ts';
import type { DeviceAnswer, DeviceGrant } from './device-grant.ts';
import type { ProofKey } from './dpop.ts';
import type { Elevation } from './elevation.ts';
import type { ElevationNotification, HandOut, Notice, Telling } from './elevation-notice.ts';
import type { IamReading } from './iam/output.ts';
import type { ConnectorId, Identity, IdentitySource, PersonId, TrustedSource } from './identity.ts';
import type { RefreshAnswer, RefreshRequest } from './identity-refresh.ts';
import type { KeptDocument, MetadataPlace } from './kept-metadata.ts';
import type { KnownKey, NewKey } from './known-keys.ts';
import type {
  Block,
  KnownPerson,
  PersonRecord,
  RecordedPerson,
  Standing,
} from './person-record.ts';
import type {
  EndedOfPerson,
  EndedSessions,
  ProviderSession,
  ProviderSignOut,
  VerifiedLogout,
} from './provider-session.ts';
import type { Account, SamlTrust } from './role.ts';
import type { RoleUse, UsedRole } from './role-use.ts';
import type {
  AuthenticationRequest,
  AuthenticationResponse,
  Availability,
  Expectation,
  InspectedSignIn,
  PastAttempt,
  SignInAttempt,
  VerifiedSignIn,
} from './sign-in.ts';
import type { StepUpWish } from './step-up.ts';
import type { Instant } from './time.ts';
import type {
  AccessToken,
  AuthorizationCode,
  ContainerToken,
  ContainerTokenSummary,
  RefreshToken,
} from './tokens.ts';
import type { VerifiedWorkload, WorkloadId } from './workload.ts';
import type { WorkloadToken, WorkloadTokenSummary } from './workload-token.ts';

// ---------------------------------------------------------------- time and chance

export interface Clock {
  now(): Instant;
}

export interface Secrets {
  /** 256 random bits as base64url: for a session id, a state, a verifier. */
  token(): string;
  /** `length` characters drawn uniformly from `alphabet`. */
  code(alphabet: string, length: number): string;
  /** 80 random bits in hexadecimal: names a record in lists; not a secret. */
  publicId(): string;
  /** SHA-256 as base64url (S256 of RFC 7636). */
  digest(text: string): string;
  /** Compares two secrets in constant time. */
  equal(a: string, b: string): boolean;
}

// ---------------------------------------------------------------- sign-in

export interface BeginOptions {
  /** Becomes `state` or `RelayState`. */
  readonly attemptId: string;
  /** Asks the IdP to authenticate the user again (OIDC `prompt=login`, SAML `ForceAuthn`). */
  readonly reauthenticate: boolean;
  /** Whom the IdP may suggest; only OpenID providers read it (`login_hint`). */
  readonly loginHint?: string | undefined;
  /** What the IdP is asked to prove. The request can be altered on its way: only answers count. */
  readonly wish?: StepUpWish | undefined;
}

/** An upstream identity provider. */
export interface Connector {
  readonly id: ConnectorId;
  readonly label: string;
  readonly protocol: 'saml' | 'oidc';
  /** SAML only: unsolicited answers are accepted. */
  readonly acceptsUnsolicited: boolean;
  availability(): Availability;
  /** The identity provider that the connector trusts now. */
  source(): TrustedSource;
  /** Throws `connector_unavailable`, `idp_unreachable`. */
  begin(options: BeginOptions): Promise<{
    readonly request: AuthenticationRequest;
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
  /**
   * Verifies an answer as `complete` does, and gives what it says instead of a sign-in. Throws the
   * same, except `identity_incomplete`.
   */
  inspect(
    response: AuthenticationResponse,
    expectation: Expectation | undefined,
  ): Promise<InspectedSignIn>;
  /** Asks an OpenID provider about a user again. Does not reject for a fault of the provider. */
  refresh?(request: RefreshRequest): Promise<RefreshAnswer>;
  /** Sign-outs that begin or end at an OpenID provider. */
  readonly logout?: ProviderLogout | undefined;
  /**
   * Revokes a refresh token at the provider (RFC 7009); does nothing if the provider has no
   * endpoint for it. Throws `idp_refused`, `idp_unreachable`.
   */
  revoke?(refreshToken: string): Promise<void>;
  /** Stops timers and connections. */
  close(): Promise<void>;
}

/** Sign-outs at an OpenID provider. */
export interface ProviderLogout {
  /**
   * Where a browser also ends the user's session at the provider (OpenID Connect RP-Initiated
   * Logout 1.0): a secret, because it contains the id_token. Without a session the provider asks
   * the user. Undefined if the provider has no such page. Sends no request.
   */
  addressFor(session: Pick<ProviderSession, 'idToken' | 'sid'> | undefined): string | undefined;
  /** Undefined unless the connector accepts logout tokens. */
  readonly backChannel?: BackChannelLogout | undefined;
}

/** OpenID Connect Back-Channel Logout 1.0. */
export interface BackChannelLogout {
  /** Whether a logout also ends the sessions in terminals. */
  readonly terminals: EndedAtProvider['terminals'];
  /**
   * Verifies all of a logout token except that it is used once. Throws `logout_token_refused`,
   * `connector_unavailable`, `idp_unreachable`.
   */
  verify(logoutToken: string): Promise<VerifiedLogout>;
}

/** SAML metadata of the bridge as a service provider. */
export interface ServiceProviderMetadata {
  /** Waits until it is known what the identity provider requires, or that it is not available. */
  metadata(): Promise<string>;
}

// ---------------------------------------------------------------- stores

/** Sign-in attempts. The store hashes ids; what it contains cannot continue an attempt. */
export interface SignInAttempts {
  create(attempt: SignInAttempt): Promise<void>;
  /** Does not consume the attempt; undefined if unknown, consumed or expired at `now`. */
  find(id: string, now: Instant): Promise<SignInAttempt | undefined>;
  /**
   * Gives the attempt to exactly one caller, ever; undefined if unknown, consumed or expired at
   * `now`.
   */
  consume(id: string, now: Instant): Promise<SignInAttempt | undefined>;
  /**
   * An attempt that was consumed or has expired at `now`, until `ATTEMPT_MEMORY_SECONDS` after it
   * was created; undefined for any other.
   */
  past(id: string, now: Instant): Promise<PastAttempt | undefined>;
}

export interface Sessions {
  create(session: Session): Promise<void>;
  /** Undefined also if the user is blocked, has another generation, or has no valid record. */
  find(id: string): Promise<Session | undefined>;
  /** Writes the time of last use; does nothing if the session has ended. */
  touch(id: string, lastUsedAt: Instant): Promise<void>;
  /** Ends it, and gives what it shared with others; undefined if there was none. */
  end(id: string): Promise<Pick<Session, 'providerSession'> | undefined>;
  /**
   * Ends everything of a user, including CLI sessions, by a new generation. The number of browser
   * sessions.
   */
  endAllOf(person: PersonId): Promise<number>;
  /**
   * Ends the session with that public id if it is that user's; `person` undefined: any user's, for
   * operators. Removes its session at the provider if no other session shares it; nothing is
   * revoked there, because only the cookie leads to its tokens.
   */
  endByPublicId(
    publicId: string,
    of: { readonly person: PersonId | undefined; readonly now: Instant },
  ): Promise<BrowserSessionSummary | undefined>;
  /** The newest 1,000 at most whose absolute limit is after `now`; of one user, or of all. */
  list(now: Instant, of?: { readonly person: PersonId }): Promise<ListedSessions>;
}

export interface ListedSessions {
  /** Newest first. */
  readonly summaries: readonly BrowserSessionSummary[];
  /** Sessions of an earlier version, of which nothing else can be read. */
  readonly withoutDetails: readonly Pick<Session, 'lastUsedAt' | 'expiresAt'>[];
}

/** CLI sessions. All grants and tokens that lead to a session end with it. */
export interface CliSessions {
  /** A pending session: it expires at `summary.expiresAt` unless it is picked up before. */
  create(session: CliSession): Promise<void>;
  /** Undefined also if the user is blocked, has another generation, or has no valid record. */
  find(id: string): Promise<CliSession | undefined>;
  /** Marks it as picked up, so that it is valid until its `notAfter`; false if it has ended. */
  pickUp(session: CliSession, at: Instant, address: string): Promise<boolean>;
  /** Writes time and address of last use; does nothing if the session has ended. */
  touch(session: CliSession, at: Instant, address: string): Promise<void>;
  /** Ends it; undefined if there was none. */
  end(id: string): Promise<CliSessionSummary | undefined>;
  /**
   * Ends the session with that public id if it is that user's; `person` undefined: any user's, for
   * operators.
   */
  endByPublicId(
    publicId: string,
    person: PersonId | undefined,
  ): Promise<CliSessionSummary | undefined>;
  endAllOf(person: PersonId): Promise<readonly CliSessionSummary[]>;
  /**
   * Leaves a step-up for the session with that public id, if it is that user's; false if they have
   * none. A later one replaces it.
   */
  stepUp(publicId: string, person: PersonId, made: CliStepUp): Promise<boolean>;
  /** Takes the waiting step-up into the session; undefined if the session has ended. */
  adopt(session: CliSession): Promise<CliSession | undefined>;
  /** Live sessions at `now`, newest first, at most 1,000; of one user, or of all. */
  list(now: Instant, of?: { readonly person: PersonId }): Promise<readonly CliSessionSummary[]>;
}

/** A record with the CLI session that it names. */
export interface FoundRecord<R> {
  readonly record: R;
  readonly session: CliSession;
  readonly lastUsedAt?: Instant | undefined;
}

/**
 * Records that are found by a secret and changed by pure transitions. The store hashes ids and
 * seals records under them. A record is absent once it has expired, or the CLI session that it
 * names has ended.
 */
export interface Records<
  R extends { readonly expiresAt: Instant; readonly session?: string | undefined },
> {
  /**
   * False if the CLI session that the record names has ended. Throws `internal` if the id exists.
   */
  create(id: string, record: R): Promise<boolean>;
  find(id: string, now: Instant): Promise<R | undefined>;
  /** The record with the CLI session that it names; undefined if either is absent. */
  findWithSession(id: string, now: Instant): Promise<FoundRecord<R> | undefined>;
  /**
   * Changes the record by a pure function that sees its current state: each of several racing
   * callers sees what the one before has written, so that a one-time step happens once. Undefined
   * if the record is absent. Throws what `transition` throws; then nothing has changed.
   */
  update<T>(
    id: string,
    now: Instant,
    transition: (record: R) => { readonly next: R; readonly value: T },
  ): Promise<T | undefined>;
}

/**
 * Container tokens. They are found by the token, listed and revoked by their public id, and end
 * with their CLI session.
 */
export interface ContainerTokens {
  /**
   * `full` if its session has `most` live tokens already, also when callers race on several
   * instances; `ended` if the session has ended. `summary` is what lists show.
   */
  create(
    token: string,
    made: { readonly record: ContainerToken; readonly summary: ContainerTokenSummary },
    most: number,
  ): Promise<'kept' | 'full' | 'ended'>;
  findWithSession(token: string, now: Instant): Promise<FoundRecord<ContainerToken> | undefined>;
  /** Writes time and address of last use; does nothing if the token is absent. */
  touch(
    token: string,
    record: ContainerToken,
    use: { readonly at: Instant; readonly address: string },
  ): Promise<void>;
  /** Revokes the token with that public id if it is that user's; undefined if there was none. */
  revoke(publicId: string, person: PersonId): Promise<ContainerTokenSummary | undefined>;
  /** Live tokens at `now`, newest first, at most 5,000; of one user, or of all. */
  list(now: Instant, person: PersonId | undefined): Promise<readonly ContainerTokenSummary[]>;
}

/** Sessions at OpenID providers, one for each sign-in. */
export interface ProviderSessions {
  create(session: ProviderSession): Promise<void>;
  find(id: string, now: Instant): Promise<ProviderSession | undefined>;
  /** As `Records.update`. */
  update<T>(
    id: string,
    now: Instant,
    transition: (session: ProviderSession) => { readonly next: ProviderSession; readonly value: T },
  ): Promise<T | undefined>;
  /** Ends it with every browser and CLI session that came of it. */
  end(id: string): Promise<EndedSessions>;
  /**
   * Ends the browser sessions of one session at the provider, or of a user there, and their CLI
   * sessions if `of.terminals` says so. Only users of whom something ended are in the answer.
   */
  endAt(of: EndedAtProvider): Promise<readonly EndedOfPerson[]>;
  /** Removes it if no session refers to it any longer; undefined otherwise. */
  release(id: string, now: Instant): Promise<ProviderSession | undefined>;
  /**
   * Whether another sign-in of the same session at the provider has a live session here. Where the
   * provider does not name its sessions, any other sign-in of the user counts.
   */
  hasOther(session: ProviderSession, now: Instant): Promise<boolean>;
}

/** What a provider has ended: one session of a user, or with `sid` undefined all of them. */
export interface EndedAtProvider {
  readonly connector: ConnectorId;
  readonly issuer: string;
  readonly sid?: string | undefined;
  /** Undefined if the provider names the session alone. */
  readonly person?: PersonId | undefined;
  readonly terminals: 'end' | 'go on';
}

/** One-time keys: SAML assertion ids, and `jti` of logout tokens and DPoP proofs. */
export interface OneTimeKeys {
  /** True for the first caller only, also when two race; remembered until `expiresAt`. */
  claim(key: string, expiresAt: Instant): Promise<boolean>;
}

/** Browsers in which a user has signed in before. Used for rate limits; proves nothing else. */
export interface KnownBrowsers {
  /**
   * A mark that only the bridge can derive from the secret of an attempt cookie: 43 characters of
   * base64url.
   */
  markOf(browser: string): string;
}

/** A request that a proof of `doctor` is bound to. */
export interface ProvenRequest {
  /** In capitals. */
  readonly method: string;
  /** The base URL of the bridge. */
  readonly origin: string;
}

/** Proofs that a request comes from `doctor` with the secret of this bridge. */
export interface DoctorProofs {
  /** The proof for one request of this minute, and its nonce: 22 characters of base64url. */
  make(request: ProvenRequest, now: Instant): { readonly proof: string; readonly nonce: string };
  /** The nonce of a valid proof; undefined for any other text. */
  nonceIn(proof: string, request: ProvenRequest, now: Instant): string | undefined;
}

/** Signatures of DPoP proofs. */
export interface ProofSignatures {
  /** Whether the proof, a compact JWS, is signed by this key with ES256. */
  isValid(proof: string, key: ProofKey): Promise<boolean>;
}

/** Nonces for DPoP proofs (RFC 9449 section 8), which only the bridge can make. */
export interface ProofNonces {
  current(now: Instant): string;
  /** Whether the bridge gave it in the last five to ten minutes. */
  isCurrent(nonce: string, now: Instant): boolean;
}

/** Client ids that are registrations, signed by the bridge. */
export interface ClientRegistrations {
  /** The client id. */
  issue(registration: ClientRegistration): Promise<string>;
  /**
   * The registration in a client id; undefined if the bridge did not issue it, or it has expired at
   * `now`.
   */
  read(clientId: string, now: Instant): Promise<ClientRegistration | undefined>;
}

/** The record of every user who has signed in. */
export interface People {
  /**
   * Stores what a sign-in stated, unless a newer statement of the identity provider is stored
   * already, also when callers race.
   */
  know(identity: Identity, signedInAt: Instant): Promise<Standing>;
  /**
   * Stores what the provider stated at a refresh, as `know` does. The time of the sign-in stays.
   */
  confirm(identity: Identity, confirmedAt: Instant): Promise<Standing>;
  find(person: PersonId): Promise<KnownPerson | undefined>;
  /** The newest statement about a user; undefined also if they are blocked. */
  statementOf(person: PersonId): Promise<PersonRecord | undefined>;
  /**
   * Every user who has signed in with that user name, newest sign-in first, at most 100 of each
   * connector.
   */
  named(username: string): Promise<readonly KnownPerson[]>;
  /** A user with their record, blocked or not. */
  recorded(person: PersonId): Promise<RecordedPerson | undefined>;
  /** The next users after `after` (undefined: the first ones) by their ids, at most `most`. */
  list(after: PersonId | undefined, most: number): Promise<readonly RecordedPerson[]>;
  /**
   * Blocks a user, known or not, and ends everything of theirs by a new generation. False if they
   * were blocked already.
   */
  block(person: PersonId, block: Block): Promise<boolean>;
  /** False if they were not blocked. What the block has ended stays ended. */
  unblock(person: PersonId): Promise<boolean>;
  /** Every blocked user, newest block first, at most 1,000. */
  blocked(): Promise<readonly KnownPerson[]>;
}

/** Elevations, found by their public id. Each is sealed as a whole. */
export interface Elevations {
  /** All or none. Throws `internal` if an id exists. */
  create(elevations: readonly Elevation[]): Promise<void>;
  find(id: string): Promise<Elevation | undefined>;
  /** As `Records.update`. */
  update<T>(
    id: string,
    transition: (elevation: Elevation) => { readonly next: Elevation; readonly value: T },
  ): Promise<T | undefined>;
  /** Writes that so many of its events are in the audit trail; never fewer than before. */
  recorded(id: string, count: number): Promise<void>;
  /**
   * Those of a user that were open at `since` or later, newest request first; the 200 that end
   * last, if there are more. Read at every hand-out where a rule has `elevation`.
   */
  ofPerson(person: PersonId, since: Instant): Promise<readonly Elevation[]>;
  /** The newest `most` requests at most, newest first. */
  list(which: WhichElevations, most: number): Promise<readonly Elevation[]>;
}

/** Elevations of all users, by where they stand. */
export type WhichElevations =
  /** They wait for approval. */
  | { readonly kind: 'waiting'; readonly now: Instant }
  /** They are active, or will be. */
  | { readonly kind: 'granted'; readonly now: Instant }
  /** A break-glass waits for its review. */
  | { readonly kind: 'to-review' }
  /** The review of a break-glass is due, or its next reminder. */
  | { readonly kind: 'overdue'; readonly now: Instant }
  /** Some of their events are not in the audit trail. */
  | { readonly kind: 'unrecorded' };

/** Credentials and console links that were handed out, from the audit trail. */
export interface HandOuts {
  /** Those by an elevation that can be alive at `now`. Newest first, at most 500. */
  aliveBy(elevation: string, now: Instant): Promise<readonly HandOut[]>;
  /** Those of a user that can be alive at `now`, as far as they are in the newest 2,000 events. */
  aliveOf(person: PersonId, now: Instant): Promise<AliveHandOuts>;
}

export interface AliveHandOuts {
  /** Newest first. */
  readonly handOuts: readonly HandOut[];
  /** False if the user has more events, so that older hand-outs can be missing. */
  readonly isComplete: boolean;
}

/** Which events of elevations each target of notifications was told. */
export interface Notices {
  /** When the target was seen first: earlier events are not told to it. */
  since(target: string, now: Instant): Promise<Instant>;
  /**
   * Takes elevations with an event for the target that is in the audit trail, those that are due at
   * `now`, longest due first, at most `most`. Each is leased to one caller until `leaseUntil`, also
   * when several race. Events before `since` count as told, and elevations without a later one are
   * not looked at.
   */
  claim(
    target: string,
    claim: {
      readonly holder: string;
      readonly now: Instant;
      readonly leaseUntil: Instant;
      readonly since: Instant;
      readonly most: number;
    },
  ): Promise<readonly Notice[]>;
  /**
   * Writes what was told, or when to try again, and ends the lease unless it is extended. False if
   * the holder has lost the lease.
   */
  keep(
    target: string,
    elevation: string,
    kept: {
      readonly holder: string;
      readonly told: number;
      readonly failures: number;
      readonly dueAt: Instant;
      readonly leaseUntil: Instant;
    },
  ): Promise<boolean>;
}

/** Verifies proofs of workloads: a token of their platform, or a signed request to STS. */
export interface WorkloadProofs {
  /**
   * Throws `workload_refused`, `workload_unavailable`. A signed request is accepted once; a token
   * as often as rules allow.
   */
  verify(proof: string): Promise<VerifiedWorkload>;
}

/** Tokens of workloads (RFC 8693). Found by the token, listed and revoked by their public id. */
export interface WorkloadTokens {
  /**
   * `full` if the workload has `most` live tokens already, also when callers race on several
   * instances; `blocked` if it is blocked. A token that is created while its workload is being
   * blocked is never found. `summary` is what lists show.
   */
  create(
    token: string,
    made: { readonly record: WorkloadToken; readonly summary: WorkloadTokenSummary },
    most: number,
  ): Promise<'kept' | 'full' | 'blocked'>;
  /** Undefined also if the workload is blocked, or was since the token was created. */
  find(
    token: string,
    now: Instant,
  ): Promise<
    { readonly record: WorkloadToken; readonly lastUsedAt?: Instant | undefined } | undefined
  >;
  /** Writes time and address of last use; does nothing if the token is absent. */
  touch(
    token: string,
    record: WorkloadToken,
    use: { readonly at: Instant; readonly address: string },
  ): Promise<void>;
  /** Undefined if there was none. */
  revoke(publicId: string): Promise<WorkloadTokenSummary | undefined>;
  /** Ends every token of a workload, also one that is being created. Newest first. */
  revokeAllOf(workload: WorkloadId): Promise<readonly WorkloadTokenSummary[]>;
  /**
   * Live tokens at `now`, newest first; of one workload, or of all. The 5,000 that expire last, if
   * there are more.
   */
  list(now: Instant, workload: WorkloadId | undefined): Promise<readonly WorkloadTokenSummary[]>;
}

/** Blocked workloads, known or not. */
export interface WorkloadBlocks {
  /**
   * Blocks a workload and ends its tokens. `isNew` is false if it was blocked already: the first
   * block stays. `ended` is newest first; a token stays ended when the workload is unblocked.
   */
  block(
    workload: NamedWorkload,
    block: Block,
  ): Promise<{ readonly isNew: boolean; readonly ended: readonly WorkloadTokenSummary[] }>;
  /** False if it was not blocked. */
  unblock(workload: WorkloadId): Promise<boolean>;
  isBlocked(workload: WorkloadId): Promise<boolean>;
  /** Newest block first, at most 1,000. */
  list(): Promise<readonly (NamedWorkload & Block)[]>;
}

/** Favourites and uses of roles, by user. */
export interface RoleUses {
  /** The newest use first. All favourites, and the newest uses; at most 500. */
  of(person: PersonId): Promise<readonly RoleUse[]>;
  /** Counts a hand-out. `region` is where its console opens; without one, the last one stays. */
  note(
    person: PersonId,
    use: UsedRole & { readonly at: Instant; readonly region?: string | undefined },
  ): Promise<void>;
  /** False if the user has the most favourites already. */
  addFavourite(person: PersonId, favourite: UsedRole & { readonly at: Instant }): Promise<boolean>;
  removeFavourite(person: PersonId, favourite: UsedRole): Promise<void>;
}

/** Ids of the keys that bridges of this database have used. */
export interface KnownKeys {
  /** The newest 1,000 at most, in the order in which they were noted. */
  all(): Promise<readonly KnownKey[]>;
  /** Notes keys, and gives the unknown ones: each to one caller, also when several race. */
  note(keys: readonly NewKey[], now: Instant): Promise<readonly KnownKey[]>;
  /** The time of the first audit event; undefined without one. */
  trailBegan(): Promise<Instant | undefined>;
}

/** SAML metadata that could be read once, for a start at which it cannot. */
export interface KeptMetadata {
  /** Undefined also if it has expired at `now`; then it is removed. */
  find(place: MetadataPlace, now: Instant): Promise<KeptDocument | undefined>;
  /** Replaces the one before. Does nothing for a text of more than 2,000,000 characters. */
  keep(place: MetadataPlace, document: KeptDocument): Promise<void>;
}

/** Where notifications go: an endpoint, a channel, mailboxes. */
export interface NotificationTarget {
  readonly id: string;
  /**
   * Tells one event. The same event is told again after a failure, with the same id and the same
   * content. Ends when `signal` is aborted. Does not reject for a fault of the target.
   */
  tell(notification: ElevationNotification, signal: AbortSignal): Promise<Telling>;
}

/** Events of operators' commands, on their way into the log of a running bridge. */
export interface OperatorEvents extends AuditSink {
  /**
   * Events that no bridge has taken yet, oldest first. Each goes to one caller, also when several
   * race.
   */
  take(): Promise<readonly AuditEvent[]>;
}

export interface AuditSink {
  /** Resolves when the event is stored. On failure, the recorded act must not happen. */
  record(event: AuditEvent): Promise<void>;
}

/** An event of the trail with its place in it. Places grow, and none is given twice. */
export interface PlacedEvent {
  readonly place: number;
  readonly event: AuditEvent;
}

/** An archive, for the database that its events leave. */
export interface NewArchive {
  /** The place up to which the archive before reaches; 0 for the first one. */
  readonly after: number;
  /** The place up to which this one reaches. */
  readonly upTo: number;
  readonly count: number;
  readonly file: string;
  /** Of the file, in hexadecimal. */
  readonly sha256: string;
}

/** The audit trail for those who read all of it: exports and archives. */
export interface Trail {
  /** Stored events of a span of time, `to` excluded, oldest first. Read page by page. */
  events(span: { readonly from: Instant; readonly to: Instant }): AsyncIterable<AuditEvent>;
  /**
   * Events that concern a user, a workload or an operator, in the order of their places: those
   * after a place, at most `most`.
   */
  after(place: number, most: number): Promise<readonly PlacedEvent[]>;
  /** The place up to which events are archived, and when that was; undefined before the first. */
  archived(): Promise<{ readonly upTo: number; readonly at: Instant } | undefined>;
  /** Lets one caller archive until `until`. False while another one does. */
  lease(holder: string, span: { readonly now: Instant; readonly until: Instant }): Promise<boolean>;
  /**
   * Keeps that events are archived. From then on the database lets them be removed. False if an
   * archive after the same place is known: then nothing is kept.
   */
  keepArchive(archive: NewArchive, at: Instant): Promise<boolean>;
  /** Removes archived events in short steps, and returns how many. */
  removeArchived(signal?: AbortSignal): Promise<number>;
}

/** All stored state of the bridge. One adapter, one database. */
export interface Store {
  readonly attempts: SignInAttempts;
  readonly sessions: Sessions;
  readonly oneTimeKeys: OneTimeKeys;
  readonly cliSessions: CliSessions;
  readonly providerSessions: ProviderSessions;
  /** By a secret of the browser. */
  readonly providerSignOuts: Records<ProviderSignOut>;
  /** By user code. */
  readonly deviceGrants: Records<DeviceGrant>;
  /** By the device code, for which each answer has a name. */
  readonly deviceAnswers: Records<DeviceAnswer>;
  readonly authorizationCodes: Records<AuthorizationCode>;
  readonly refreshTokens: Records<RefreshToken>;
  readonly accessTokens: Records<AccessToken>;
  readonly containerTokens: ContainerTokens;
  readonly people: People;
  readonly elevations: Elevations;
  readonly notices: Notices;
  readonly handOuts: HandOuts;
  readonly roleUses: RoleUses;
  readonly knownKeys: KnownKeys;
  readonly keptMetadata: KeptMetadata;
  readonly workloadTokens: WorkloadTokens;
  readonly workloadBlocks: WorkloadBlocks;
  readonly audit: AuditSink;
  readonly trail: Trail;
  readonly operatorEvents: OperatorEvents;
  /**
   * Deletes what expired before `now`, and old events of callers who are not signed in. All other
   * audit events stay. Works in short steps between requests, and stops after one of them when the
   * signal is aborted.
   */
  prune(now: Instant, signal?: AbortSignal): Promise<void>;
  /**
   * Rejects if the store does not answer or does not accept writes. Cheap enough for anonymous
   * callers.
   */
  ping(): Promise<void>;
  close(): Promise<void>;
}

// ---------------------------------------------------------------- AWS

export interface AssertionIssuer {
  /** A base64 `samlp:Response` for AssumeRoleWithSAML, as the account trusts it. */
  samlResponse(subject: AssertionSubject, trust: SamlTrust): Promise<string>;
  /** A compact JWT for AssumeRoleWithWebIdentity. */
  webIdentityToken(subject: AssertionSubject): Promise<string>;
}

/** What AWS reads about the bridge. */
export interface FederationMetadata {
  samlMetadata(): string;
  openIdConfiguration(): Readonly<Record<string, unknown>>;
  jwks(): { readonly keys: readonly Readonly<Record<string, unknown>>[] };
}

export interface CredentialBroker {
  /**
   * Throws the errors of AWS (core/error-rows/aws), `corporate_proof_missing`,
   * `session_settings_invalid`, `approval_missing`.
   */
  assume(request: AssumeRequest): Promise<AssumedRole>;
}

export interface ConsoleFederation {
  /** The checked destination. Throws `destination_refused`. Call before credentials are fetched. */
  destinationFor(account: Account, destination: string | undefined): string;
  /** Throws the errors of AWS (core/error-rows/aws), `destination_refused`. */
  linkFor(request: ConsoleLinkRequest): Promise<ConsoleLink>;
}

/** The IAM of the account that one profile of the AWS CLI leads to. Read-only. */
export interface IamReader {
  /**
   * The answers of IAM. What is denied or fails is named and not among them. Throws an Error whose
   * message is for the operator if the credentials cannot be used, or nothing answers.
   */
  read(progress: (step: string) => void): Promise<IamReading>;
}
