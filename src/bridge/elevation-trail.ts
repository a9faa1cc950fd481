/** The events of an elevation in the audit trail, each of them once (store/audit-tables). */
import {
  type Actor,
  type AuditEvent,
  type AuditEventType,
  actorOf,
  type ElevationRecorded,
} from '../core/audit-event.ts';
import type {
  Elevation,
  ElevationEvent,
  ElevationEventOf,
  ElevationEventType,
} from '../core/elevation.ts';
import { asBridgeError, BridgeError } from '../core/errors.ts';
import type { AuditSink, Elevations } from '../core/ports.ts';

export interface ElevationTrailParts {
  readonly audit: AuditSink;
  readonly elevations: Elevations;
}

/**
 * Records what is not in the trail yet. Throws `unavailable`; what is missing is recorded later
 * (elevation-upkeep), and until then no grant counts.
 */
export async function recordEvents(
  { audit, elevations }: ElevationTrailParts,
  elevation: Elevation,
): Promise<Elevation> {
  const { events, recorded, id } = elevation;
  try {
    for (const event of events.slice(recorded)) await audit.record(auditEventOf(elevation, event));
  } catch (thrown) {
    const fault = asBridgeError(thrown);
    throw new BridgeError(fault.code, fault.message, { cause: fault, hint: KEPT });
  }
  await elevations.recorded(id, events.length);
  return { ...elevation, recorded: events.length };
}

const KEPT =
  'Your change is saved and takes effect as soon as the audit trail records it. Check again in a minute.';

type Details<T extends ElevationEventType> = Omit<
  Extract<AuditEvent, { readonly type: `elevation.${T}` }>,
  keyof ElevationRecorded | 'type'
>;

/** What the trail says of each event, besides the elevation that it belongs to. */
const DETAILS: {
  readonly [T in ElevationEventType]: (event: ElevationEventOf<T>, of: Elevation) => Details<T>;
} = {
  requested: (_event, { seconds, startsAt, reason, ticket, extends: base, batch, cliSession }) => ({
    ...{ requestedSeconds: seconds, startsAt, reason, ticket, extends: base, batch, cliSession },
  }),
  approved: ({ seconds: approvedSeconds, outstanding, note, startsAt, endsAt }) => ({
    ...{ approvedSeconds, outstanding, note, startsAt, endsAt },
  }),
  'glass-broken': ({ startsAt, endsAt, reviewBy }, { reason, ticket }) => ({
    // Break-glass is not granted without one.
    ...{ startsAt, endsAt, reason: reason!, ticket, reviewBy },
  }),
  denied: ({ note }) => ({ note }),
  withdrawn: () => ({}),
  revoked: ({ as, note }) => ({ as, note }),
  'rule-changed': ({ rule: change }) => ({ change }),
  reviewed: ({ note }) => ({ note }),
  'review-overdue': ({ dueAt, count: reminder }) => ({ dueAt, reminder }),
};

function auditEventOf(elevation: Elevation, event: ElevationEvent): AuditEvent {
  const { id, requester: asked, account, accountName, role, rule } = elevation;
  const requester: Actor = actorOf(asked);
  const details = DETAILS[event.type] as (event: ElevationEvent, of: Elevation) => object;
  const type: AuditEventType = `elevation.${event.type}`;
  return {
    type,
    at: event.at,
    origin: event.origin,
    actor: 'by' in event ? actorOf(event.by) : requester,
    elevation: id,
    number: event.number,
    ...{ requester, account, accountName, role, rule },
    ...details(event, elevation),
    // The compiler does not see that the parts make up one event of the union.
  } as AuditEvent;
}
