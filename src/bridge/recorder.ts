/**
 * Audit events of the use cases, stamped with the time and with who asked.
 *
 * A use case decides, obtains, records, and only then hands out; a refusal is recorded before it is
 * thrown on. Does not own: where events are kept (audit), refusals before a use case begins (http).
 */
import { type Actor, type AuditEvent, actorOf, namedWorkload } from '../core/audit-event.ts';
import type { AuditSink, Clock } from '../core/ports.ts';
import type { AuthenticatedRequester, Requester, WorkloadRequester } from '../core/requester.ts';
import type { Instant } from '../core/time.ts';

/** Events that name the CLI session, container token and application of the requester. */
type AccessEvent = Extract<
  AuditEvent,
  { readonly type: 'credentials.issued' | 'console-link.issued' | 'access.refused' }
>;
/** Events that name the browser session of the requester. */
type BrowserEvent =
  | AccessEvent
  | Extract<AuditEvent, { readonly type: 'cli-login.approved' | 'sign-out' }>;
type EventWithActor = Extract<AuditEvent, { readonly actor: Actor }>;

/** Events of a workload that has shown who it is, or of its token. */
type WorkloadEvent = Extract<
  AuditEvent,
  { readonly type: 'workload-credentials.issued' | 'workload-token.issued' }
>;

type Stamp = 'at' | 'origin' | 'actor';
type StampOf<E extends AuditEvent> = E extends AccessEvent
  ? Stamp | 'cliSession' | 'containerToken' | 'application' | 'browserSession'
  : E extends WorkloadEvent
    ? 'at' | 'origin' | 'workload'
    : E extends BrowserEvent
      ? Stamp | 'browserSession'
      : Stamp;

/** An event without its stamp. */
type Details<E extends AuditEvent> = E extends AuditEvent
  ? Omit<E, StampOf<E>> & {
      /** Set where another record must have the same time. */
      readonly at?: Instant | undefined;
      /** Set where the event concerns a user who is not the requester. */
      readonly actor?: Actor | undefined;
    }
  : never;

export type EventDetails = Details<AuditEvent>;
/** What can be recorded of a user. */
type DetailsOfUser = Details<Exclude<AuditEvent, WorkloadEvent>>;
/** What can be recorded of a workload. An event with an actor is not its own. */
type DetailsOfWorkload = Details<WorkloadEvent> | DetailsOfAnyone;
/** What can be recorded of a requester who is not a user. */
export type DetailsOfAnyone =
  | Details<Exclude<AuditEvent, EventWithActor | WorkloadEvent>>
  | (DetailsOfUser & { readonly actor: Actor });

/** The subject is absent for operators and during a sign-in. */
export type AnyRequester = Pick<Requester, 'origin'> & Partial<Requester>;

export interface Recorder {
  /** Resolves when the event is kept. Throws `unavailable`: the recorded act must not happen. */
  record(requester: AuthenticatedRequester, event: DetailsOfUser): Promise<void>;
  record(requester: WorkloadRequester, event: DetailsOfWorkload): Promise<void>;
  record(requester: AnyRequester, event: DetailsOfAnyone): Promise<void>;
  /** As `record`. When the event is not kept, runs `undo` before it throws. */
  recordOrUndo(
    requester: AuthenticatedRequester,
    event: DetailsOfUser,
    undo: () => Promise<unknown>,
  ): Promise<void>;
  recordOrUndo(
    requester: WorkloadRequester,
    event: DetailsOfWorkload,
    undo: () => Promise<unknown>,
  ): Promise<void>;
  /**
   * Records something that has ended already. It stays ended, so the requester gets no error when
   * the event is not kept; the audit trail reports that in the log.
   */
  recordEnd(requester: AuthenticatedRequester, event: DetailsOfUser): Promise<void>;
  recordEnd(requester: AnyRequester, event: DetailsOfAnyone): Promise<void>;
}

export interface RecorderParts {
  readonly audit: AuditSink;
  readonly clock: Clock;
}

export function createRecorder({ audit, clock }: RecorderParts): Recorder {
  const record = (requester: AnyRequester, event: EventDetails): Promise<void> =>
    audit.record(stamped(requester, event, clock.now()));
  return {
    record,
    recordOrUndo: async (
      requester: AnyRequester,
      event: EventDetails,
      undo: () => Promise<unknown>,
    ) => {
      try {
        await record(requester, event);
      } catch (fault) {
        await undo();
        throw fault;
      }
    },
    recordEnd: (requester, event) => record(requester, event).catch(() => {}),
  };
}

const ACCESS_EVENTS: { readonly [T in AccessEvent['type']]: true } = {
  'credentials.issued': true,
  'console-link.issued': true,
  'access.refused': true,
};
const BROWSER_EVENTS: { readonly [T in BrowserEvent['type']]: true } = {
  ...ACCESS_EVENTS,
  'cli-login.approved': true,
  'sign-out': true,
};
/** What leads to credentials always names the workload, whatever the rules say now. */
const WORKLOAD_EVENTS: { readonly [T in WorkloadEvent['type']]: true } = {
  'workload-credentials.issued': true,
  'workload-token.issued': true,
};

function stamped(
  { origin, subject, cliSession, containerToken, browserSession, scope }: AnyRequester,
  event: EventDetails,
  now: Instant,
): AuditEvent {
  const { type, ...details } = event;
  return {
    type,
    at: now,
    origin,
    ...(subject?.kind === 'user' && { actor: actorOf(subject.identity) }),
    ...(subject?.kind === 'workload' &&
      (subject.isKnown || type in WORKLOAD_EVENTS) && {
        workload: namedWorkload(subject.workload),
      }),
    ...(type in ACCESS_EVENTS && { cliSession, containerToken, ...applicationOf(scope) }),
    ...(browserSession !== undefined && type in BROWSER_EVENTS && { browserSession }),
    ...details,
    // The compiler does not see that the parts make up one event of the union.
  } as AuditEvent;
}

function applicationOf(scope: Requester['scope']): { readonly application?: string } {
  return scope?.kind === 'application' ? { application: scope.id } : {};
}
