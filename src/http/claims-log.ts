/**
 * Log lines about what an identity provider sent of a user: names of claims or attributes, never
 * their values, for the operator who maps them.
 */
import type { Origin } from '../core/audit-event.ts';
import type { Session } from '../core/browser-session.ts';
import type { Logger } from '../log.ts';

interface SignedIn {
  readonly session: Session;
  readonly origin: Origin;
}

export function logClaims(log: Logger, user: SignedIn): void {
  const level = levelFor(user);
  log[level]({ ...fieldsOf(user) }, 'claims received');
}

export function logNoRole(log: Logger, user: SignedIn): void {
  const level = levelFor(user);
  log[level]({ ...fieldsOf(user) }, 'the user has no role');
}

/** A warning only where a setting of the connector would change what is read. */
function levelFor({ session }: SignedIn): 'info' | 'warn' {
  return session.received?.suggestion === undefined ? 'info' : 'warn';
}

function fieldsOf({ session, origin }: SignedIn): object {
  const { person, connector, groups } = session.identity;
  const { names, leftOut = [], suggestion } = session.received ?? {};
  return {
    correlationId: origin.correlationId,
    ...{ person, connector, groupCount: groups.length },
    received: names,
    ...(leftOut.length > 0 && { leftOut }),
    ...(suggestion !== undefined && { fix: `set ${suggestion} in the connector` }),
  };
}
