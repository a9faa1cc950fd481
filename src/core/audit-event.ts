/**
 * What the audit trail records: one event for every sign-in, sign-out, refusal, credential and
 * link.
 *
 * A closed union, so an auditor can list every type. No event contains a token, an assertion, a
 * code, a secret key or a console link; it contains the access key id, because CloudTrail does.
 */
import type { ApplicationKind } from './application.ts';
import type { CliGrant } from './cli-session.ts';
import type { ErrorCode } from './errors.ts';
import type { ConnectorId, PersonId } from './identity.ts';
import type { AccountId, RoleName, RoleSessionName } from './role.ts';
import type { StepUpWish } from './step-up.ts';
import type { Instant, Seconds } from './time.ts';
import type { Workload, WorkloadEntryId, WorkloadId } from './workload.ts';

/** Where an event came from; part of every event. */
export interface Origin {
  readonly correlationId: string;
  /** The caller's IP address as the bridge believes it (proxy rules applied). */
  readonly address: string;
  readonly userAgent?: string | undefined;
}

/** Who acted, as far as it is known. */
export interface Actor {
  readonly person: PersonId;
  readonly connector: ConnectorId;
  readonly username: string;
}

export function actorOf({ person, connector, username }: Actor): Actor {
  return { person, connector, username };
}

/** A workload in records, lists and the audit trail. */
export interface NamedWorkload {
  readonly workload: WorkloadId;
  readonly entry: WorkloadEntryId;
  /** Printable, at most 512 characters. */
  readonly subject: string;
}

const MAX_SUBJECT = 512;

export function namedWorkload({
  id,
  entry,
  subject,
}: Pick<Workload, 'id' | 'entry' | 'subject'>): NamedWorkload {
  return { workload: id, entry, subject: recordable(subject, MAX_SUBJECT) };
}

/** Untrusted text in a form that is safe to record: printable ASCII, at most `maxLength` long. */
export function recordable(text: string, maxLength: number): string {
  return text.replaceAll(/[^\x20-\x7e]/g, '?').slice(0, maxLength);
}

/** What a user does with a request for a role. */
export type ElevationAction =
  | 'request'
  | 'break-glass'
  | 'view'
  | 'approve'
  | 'deny'
  | 'withdraw'
  | 'revoke'
  | 'review';

/** By which right a user revoked an elevation. */
export type EndedAs = 'requester' | 'approver' | 'administrator' | 'operator';

/** What was asked for. */
export type Purpose = 'credentials' | 'console-link' | 'container-token';

interface Recorded {
  readonly at: Instant;
  readonly origin: Origin;
}

/** Credentials for a role, as they were issued to any caller. */
interface RecordedCredentials extends Recorded {
  readonly account: AccountId;
  readonly accountName: string;
  readonly role: RoleName;
  /** Name of the rule that granted it. */
  readonly rule: string;
  readonly sessionName: RoleSessionName;
  readonly sourceIdentity?: string | undefined;
  readonly accessKeyId: string;
  /** x-amzn-requestid of the STS call that gave the credentials. */
  readonly stsRequestId: string;
  readonly expiresAt: Instant;
  /** How much of the space for session policies and tags is used, in percent, if STS says so. */
  readonly packedPolicyPercent?: number | undefined;
  /** Keys of optional tags that the session lacks; undefined if it has all of them. */
  readonly tagsLeftOut?: readonly string[] | undefined;
}

interface RecordedHandout extends RecordedCredentials {
  readonly actor: Actor;
  /** The public id of the CLI session that asked; undefined for a browser. */
  readonly cliSession?: string | undefined;
  /** The public id of the container token that asked. */
  readonly containerToken?: string | undefined;
  /** The client id of the application that asked. */
  readonly application?: string | undefined;
  /** The public id of the browser session that asked. */
  readonly browserSession?: string | undefined;
  /** The group that matched the rule. */
  readonly group: string;
  /** The id of the elevation by which the role was granted. */
  readonly elevation?: string | undefined;
  /** The length that the user chose; undefined for that of the rule. */
  readonly requestedSeconds?: Seconds | undefined;
}

/** Facts of a proof, for events that lead from AWS to one job or pod. */
interface ShownByWorkload {
  /** `jti` of its token, printable and capped. */
  readonly tokenId?: string | undefined;
  /** The claims that the rule looked at, printable and capped. */
  readonly claims: Readonly<Record<string, string>>;
}

/** A token of one role, and the CLI session that it ends with. */
interface ContainerTokenEvent extends Recorded {
  readonly actor: Actor;
  readonly cliSession: string;
  /** Its public id. */
  readonly containerToken: string;
  readonly account: AccountId;
  readonly role: RoleName;
}

/** An elevation, in each event of its story. `actor` is who acted, or else the requester. */
export interface ElevationRecorded extends Recorded {
  readonly actor: Actor;
  readonly elevation: string;
  /** Counts the events of one elevation. One that is recorded twice has the same number. */
  readonly number: number;
  readonly requester: Actor;
  readonly account: AccountId;
  readonly accountName: string;
  readonly role: RoleName;
  readonly rule: string;
}

/** What asked for a session in a terminal or an application. */
interface CliLogin extends Recorded {
  readonly grant: CliGrant;
  readonly client: string;
  /**
   * Of a client that registered itself (its id begins with `registered-`), what it claims;
   * printable and capped.
   */
  readonly clientName: string;
  /** Set for a web or mobile application. */
  readonly clientKind?: ApplicationKind | undefined;
  /** The name that the terminal gave; printable and capped, but not otherwise checked. */
  readonly deviceName?: string | undefined;
  /** The address that asked. */
  readonly requestedFrom: string;
}

export type AuditEvent =
  | (Recorded & {
      readonly type: 'sign-in.succeeded';
      readonly actor: Actor;
      /** The public id of the session that it opened. */
      readonly browserSession?: string | undefined;
      readonly groupCount: number;
      readonly methods: readonly string[];
      readonly multiFactor: boolean;
    })
  | (Recorded & {
      readonly type: 'sign-in.refused';
      readonly connector: string;
      /** A user whose identity was verified, and who is blocked. */
      readonly actor?: Actor | undefined;
      readonly code: ErrorCode;
      /** The operator's message of the error: which check failed. */
      readonly why: string;
    })
  /** Another authentication, which a role required. `cliSession` is the terminal that it is for. */
  | (Recorded & {
      readonly type: 'sign-in.stepped-up';
      readonly actor: Actor;
      readonly cliSession?: string | undefined;
      /** The public id of the session that it opened. */
      readonly browserSession?: string | undefined;
      /** What the identity provider was asked for. */
      readonly asked: StepUpWish;
      readonly methods: readonly string[];
      readonly multiFactor: boolean;
      /** As the identity provider states it. */
      readonly authenticatedAt?: Instant | undefined;
    })
  /** A step-up that was not begun, or whose answer was rejected or did not prove what was asked. */
  | (Recorded & {
      readonly type: 'sign-in.step-up-refused';
      /** The user who asked for it. */
      readonly actor: Actor;
      /** As asked for; printable and capped, but not otherwise checked. */
      readonly cliSession?: string | undefined;
      readonly code: ErrorCode;
      readonly why: string;
    })
  /**
   * Claims that the user had at the previous sign-in and no longer has; their older sessions lose
   * them too.
   */
  | (Recorded & {
      readonly type: 'sign-in.claims-missing';
      readonly actor: Actor;
      readonly missing: readonly string[];
    })
  /** A refresh found other groups than the last statement of the identity provider. */
  | (Recorded & {
      readonly type: 'identity.changed';
      readonly actor: Actor;
      readonly lostCount: number;
      /** Their names, at most 50. */
      readonly lost: readonly string[];
      readonly gainedCount: number;
      /** Their names, at most 50. Sessions get them by a sign-in only. */
      readonly gained: readonly string[];
    })
  /** The answer to a refresh was rejected: it was about another user, or could not be verified. */
  | (Recorded & {
      readonly type: 'identity.refresh-refused';
      readonly actor: Actor;
      readonly code: ErrorCode;
      readonly why: string;
    })
  /**
   * An administrator has tried a sign-in, which opened no session. `actor` is the administrator;
   * without `testedPerson` no identity could be made, and `code` and `why` say so.
   */
  | (Recorded & {
      readonly type: 'sign-in.tested';
      readonly actor: Actor;
      readonly testedConnector: ConnectorId;
      readonly testedPerson?: PersonId | undefined;
      readonly testedUsername?: string | undefined;
      readonly code?: ErrorCode | undefined;
      readonly why?: string | undefined;
    })
  /** By an operator; `actor` is the user concerned, `origin.userAgent` names the operator. */
  | (Recorded & {
      readonly type: 'person.blocked';
      readonly actor: Actor;
      readonly reason?: string | undefined;
    })
  | (Recorded & {
      readonly type: 'person.unblocked';
      readonly actor: Actor;
      readonly reason?: string | undefined;
    })
  | (Recorded & {
      readonly type: 'sign-out';
      readonly actor: Actor;
      /** The public id of the session that ended. */
      readonly browserSession?: string | undefined;
    })
  /** One browser session was ended by its public id. `origin` is where that was asked. */
  | (Recorded & {
      readonly type: 'browser-session.ended';
      readonly actor: Actor;
      readonly browserSession: string;
      readonly by: 'person' | 'operator';
      readonly why: string;
    })
  /** A user said that they did not start a browser session. It ended before. */
  | (Recorded & {
      readonly type: 'browser-session.disowned';
      readonly actor: Actor;
      readonly browserSession: string;
      readonly signedInAt: Instant;
      readonly signedInFrom: string;
      /** The user agent of its sign-in; printable and capped. */
      readonly signedInWith?: string | undefined;
    })
  /** All sessions of a user ended at once. */
  | (Recorded & {
      readonly type: 'sign-out.everywhere';
      readonly actor: Actor;
      readonly by: 'person' | 'operator';
      readonly browserSessions: number;
      /** Public ids. */
      readonly cliSessions: readonly string[];
    })
  /** The identity provider of a user has ended sessions of theirs. `origin` is what told of it. */
  | (Recorded & {
      readonly type: 'sessions.ended-by-provider';
      readonly actor: Actor;
      readonly why: 'back-channel-logout' | 'refresh-denied';
      readonly browserSessions: number;
      /** Public ids. */
      readonly cliSessions: readonly string[];
    })
  /** A logout token that ended nothing, because a check failed. */
  | (Recorded & {
      readonly type: 'logout.refused';
      readonly connector: string;
      readonly code: ErrorCode;
      /** Which check failed. */
      readonly why: string;
    })
  /** A user confirmed a login of a terminal in the browser. `origin` is the browser's. */
  | (CliLogin & {
      readonly type: 'cli-login.approved';
      readonly actor: Actor;
      readonly cliSession: string;
      /** The public id of the browser session that confirmed it. */
      readonly browserSession?: string | undefined;
    })
  /** A user denied the consent that an application asked for. */
  | (CliLogin & {
      readonly type: 'cli-login.denied';
      readonly actor: Actor;
      /** What an earlier consent led to, and what ended with this denial. */
      readonly cliSession?: string | undefined;
    })
  /** A user said that they did not start a login. */
  | (CliLogin & {
      readonly type: 'cli-login.disowned';
      readonly actor: Actor;
      readonly cliSession?: string | undefined;
    })
  /**
   * A wrong user code, a rejected code or token of a terminal, or an error that went back to a
   * program.
   */
  | (Recorded & {
      readonly type: 'cli-login.refused';
      readonly actor?: Actor | undefined;
      readonly cliSession?: string | undefined;
      readonly code: ErrorCode;
      readonly why: string;
    })
  /** The terminal has picked up its session. `origin` is the terminal's. */
  | (CliLogin & {
      readonly type: 'cli-session.opened';
      readonly actor: Actor;
      readonly cliSession: string;
    })
  | (Recorded & {
      readonly type: 'cli-session.ended';
      readonly actor: Actor;
      readonly cliSession: string;
      /** `client` is a logout in the terminal; `misuse` is a token or code that was used twice. */
      readonly by: 'person' | 'client' | 'operator' | 'misuse';
      readonly why: string;
    })
  /**
   * A terminal has renewed its tokens: recorded the first time in a session, then at most every 15
   * minutes, or every minute from other networks.
   */
  | (Recorded & {
      readonly type: 'cli-session.refreshed';
      readonly actor: Actor;
      readonly cliSession: string;
      readonly client: string;
    })
  | (ContainerTokenEvent & { readonly type: 'container-token.issued'; readonly expiresAt: Instant })
  /**
   * Revoked by itself: `person` on their page or by the API, `client` by its bearer. A token that
   * ends with its session has no such event.
   */
  | (ContainerTokenEvent & {
      readonly type: 'container-token.revoked';
      readonly by: 'person' | 'client';
    })
  | (ElevationRecorded & {
      readonly type: 'elevation.requested';
      readonly requestedSeconds: Seconds;
      readonly startsAt?: Instant | undefined;
      readonly reason?: string | undefined;
      readonly ticket?: string | undefined;
      /** The id of the elevation that it continues. */
      readonly extends?: string | undefined;
      readonly batch?: string | undefined;
      /** The public id of the CLI session that asked. */
      readonly cliSession?: string | undefined;
    })
  /** An approval. The last one, with which nothing is outstanding, has the times. */
  | (ElevationRecorded & {
      readonly type: 'elevation.approved';
      readonly approvedSeconds: Seconds;
      readonly outstanding: number;
      readonly note?: string | undefined;
      readonly startsAt?: Instant | undefined;
      readonly endsAt?: Instant | undefined;
    })
  /** Break-glass: the requester has approved their own request. */
  | (ElevationRecorded & {
      readonly type: 'elevation.glass-broken';
      readonly startsAt: Instant;
      readonly endsAt: Instant;
      readonly reason: string;
      readonly ticket?: string | undefined;
      readonly reviewBy: Instant;
    })
  | (ElevationRecorded & {
      readonly type: 'elevation.denied';
      readonly note?: string | undefined;
    })
  | (ElevationRecorded & { readonly type: 'elevation.withdrawn' })
  | (ElevationRecorded & {
      readonly type: 'elevation.revoked';
      readonly as: EndedAs;
      readonly note?: string | undefined;
    })
  /** The rule was changed or removed. `origin` is the bridge itself. */
  | (ElevationRecorded & {
      readonly type: 'elevation.rule-changed';
      readonly change: 'changed' | 'removed';
    })
  | (ElevationRecorded & { readonly type: 'elevation.reviewed'; readonly note: string })
  /** No other user has reviewed a break-glass in time. `origin` is the bridge itself. */
  | (ElevationRecorded & {
      readonly type: 'elevation.review-overdue';
      readonly dueAt: Instant;
      readonly reminder: number;
    })
  /** A request, decision or end that was refused. */
  | (Recorded & {
      readonly type: 'elevation.refused';
      readonly actor: Actor;
      readonly cliSession?: string | undefined;
      readonly action: ElevationAction;
      /** As asked for; printable and capped, but not otherwise checked. */
      readonly elevation?: string | undefined;
      readonly account?: string | undefined;
      readonly role?: string | undefined;
      readonly code: ErrorCode;
      readonly why: string;
    })
  | (RecordedHandout & { readonly type: 'credentials.issued'; readonly durationSeconds: Seconds })
  | (RecordedHandout & {
      readonly type: 'console-link.issued';
      /** Of the credentials. Older events lack it. */
      readonly durationSeconds?: Seconds | undefined;
      readonly consoleSeconds?: Seconds | undefined;
      readonly destination: string;
    })
  | (Recorded & {
      readonly type: 'access.refused';
      readonly actor: Actor;
      readonly cliSession?: string | undefined;
      readonly containerToken?: string | undefined;
      /** The client id of the application that asked. */
      readonly application?: string | undefined;
      /** The public id of the browser session that asked. */
      readonly browserSession?: string | undefined;
      readonly purpose: Purpose;
      /** As asked for; printable and capped, but not otherwise checked. */
      readonly account: string;
      readonly role: string;
      readonly rule?: string | undefined;
      readonly code: ErrorCode;
      readonly why: string;
    })
  | (RecordedCredentials &
      ShownByWorkload & {
        readonly type: 'workload-credentials.issued';
        readonly workload: NamedWorkload;
        /** The public id of the workload token that asked. */
        readonly workloadToken?: string | undefined;
        readonly durationSeconds: Seconds;
      })
  /** A token exchange (RFC 8693). */
  | (Recorded & {
      readonly type: 'workload-token.issued';
      readonly workload: NamedWorkload;
      /** Its public id. */
      readonly workloadToken: string;
      readonly tokenId?: string | undefined;
      /** `ACCOUNT/ROLE`, by the account's name; at most 50. */
      readonly roles: readonly string[];
      readonly roleCount: number;
      readonly expiresAt: Instant;
    })
  | (Recorded & {
      readonly type: 'workload-token.revoked';
      readonly workload: NamedWorkload;
      readonly workloadToken: string;
      readonly by: 'client' | 'operator';
    })
  /**
   * A proof that was rejected, or a role that a workload was denied. `workload` is set if a rule
   * applies to the workload; anyone can have a token of a public issuer.
   */
  | (Recorded & {
      readonly type: 'workload.refused';
      readonly workload?: NamedWorkload | undefined;
      /** A verified workload to which no rule applies. */
      readonly stranger?: NamedWorkload | undefined;
      readonly workloadToken?: string | undefined;
      /** As asked for; printable and capped, but not otherwise checked. */
      readonly account?: string | undefined;
      readonly role?: string | undefined;
      readonly code: ErrorCode;
      readonly why: string;
    })
  /** By an operator; `origin.userAgent` names the operator. */
  | (Recorded & {
      readonly type: 'workload.blocked';
      readonly workload: NamedWorkload;
      readonly reason?: string | undefined;
      /** Public ids of the tokens that it has ended. */
      readonly workloadTokens: readonly string[];
    })
  | (Recorded & {
      readonly type: 'workload.unblocked';
      readonly workload: NamedWorkload;
      readonly reason?: string | undefined;
    })
  /**
   * `doctor` tried a role by the real call, with a session policy that denies everything, and threw
   * the credentials away. No user got them; `origin.userAgent` names the operator.
   */
  | (RecordedCredentials & { readonly type: 'role.probed'; readonly durationSeconds: Seconds })
  /** AWS or a setting of the rule did not let `doctor` open the role. */
  | (Recorded & {
      readonly type: 'role.probe-refused';
      readonly account: AccountId;
      readonly accountName: string;
      readonly role: RoleName;
      readonly rule: string;
      readonly sessionName: RoleSessionName;
      readonly code: ErrorCode;
      readonly why: string;
    })
  /**
   * Rejected before a use case began: a form of another site, an unreadable body, too many
   * requests.
   */
  | (Recorded & {
      readonly type: 'request.refused';
      readonly actor?: Actor | undefined;
      readonly method: string;
      /** Without its query. */
      readonly path: string;
      readonly code: ErrorCode;
      readonly why: string;
    })
  /**
   * Events that the trail did not keep because there were too many: of one user, or of callers who
   * are not signed in. The log contains each of them. `origin` is the bridge itself.
   */
  | (Recorded & {
      readonly type: 'events.left-out';
      readonly actor?: Actor | undefined;
      readonly workload?: NamedWorkload | undefined;
      /** When the first and the last of them happened. */
      readonly from: Instant;
      readonly to: Instant;
      readonly count: number;
      readonly byType: Readonly<Record<string, number>>;
      /** The addresses (IPv6: the /56 networks) that most of them came from, the heaviest first. */
      readonly byAddress: readonly { readonly address: string; readonly count: number }[];
    })
  /**
   * Events of the trail were written to an archive, and are removed from the database after this
   * event. `origin` is the bridge itself.
   */
  | (Recorded & {
      readonly type: 'events.archived';
      /** When the first and the last of them happened. */
      readonly from: Instant;
      readonly to: Instant;
      readonly count: number;
      /** The name of the archive in its directory. */
      readonly file: string;
      /** Of the file, in hexadecimal. */
      readonly sha256: string;
    });

export type AuditEventType = AuditEvent['type'];

/**
 * Whether the trail keeps every event of a type, or as many as its budgets allow
 * (audit/trail-budget). Events that issue, end or change something are always kept; events that
 * anyone can cause at will are budgeted.
 */
export const KEPT: { readonly [T in AuditEventType]: 'always' | 'within-budget' } = {
  'sign-in.succeeded': 'always',
  'sign-in.refused': 'within-budget',
  'sign-in.stepped-up': 'always',
  'sign-in.step-up-refused': 'within-budget',
  'sign-in.claims-missing': 'always',
  'identity.changed': 'always',
  'identity.refresh-refused': 'within-budget',
  'sign-in.tested': 'always',
  'person.blocked': 'always',
  'person.unblocked': 'always',
  'sign-out': 'always',
  'sign-out.everywhere': 'always',
  'browser-session.ended': 'always',
  'browser-session.disowned': 'always',
  'sessions.ended-by-provider': 'always',
  'logout.refused': 'within-budget',
  'cli-login.approved': 'always',
  'cli-login.denied': 'always',
  'cli-login.disowned': 'always',
  'cli-login.refused': 'within-budget',
  'cli-session.opened': 'always',
  'cli-session.ended': 'always',
  'cli-session.refreshed': 'always',
  'container-token.issued': 'always',
  'container-token.revoked': 'always',
  'elevation.requested': 'always',
  'elevation.approved': 'always',
  'elevation.glass-broken': 'always',
  'elevation.denied': 'always',
  'elevation.withdrawn': 'always',
  'elevation.revoked': 'always',
  'elevation.rule-changed': 'always',
  'elevation.reviewed': 'always',
  'elevation.review-overdue': 'always',
  'elevation.refused': 'within-budget',
  'credentials.issued': 'always',
  'console-link.issued': 'always',
  'access.refused': 'within-budget',
  'workload-credentials.issued': 'always',
  'workload-token.issued': 'always',
  'workload-token.revoked': 'always',
  'workload.refused': 'within-budget',
  'workload.blocked': 'always',
  'workload.unblocked': 'always',
  'role.probed': 'always',
  'role.probe-refused': 'always',
  'request.refused': 'within-budget',
  // At most one a minute, for callers who are not signed in and for each user.
  'events.left-out': 'within-budget',
  'events.archived': 'always',
};

/** The user whom an event concerns; undefined for workloads and callers who are not signed in. */
export function actorIn(event: AuditEvent): Actor | undefined {
  return 'actor' in event ? event.actor : undefined;
}

/** The workload that an event concerns. */
export function workloadIn(event: AuditEvent): NamedWorkload | undefined {
  return 'workload' in event ? event.workload : undefined;
}

/** The user or the workload that an event concerns, by which the trail is searched. */
export function principalIn(event: AuditEvent): PersonId | WorkloadId | undefined {
  return actorIn(event)?.person ?? workloadIn(event)?.workload;
}

/**
 * True for what callers who are not signed in have caused: such events are kept for a limited time.
 */
export function isOfStranger(event: AuditEvent): boolean {
  return KEPT[event.type] === 'within-budget' && principalIn(event) === undefined;
}
