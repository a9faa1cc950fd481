/** What the use cases of elevations share: who sees and decides what, and how a change is kept. */

import { isSameHuman } from '../core/approval.ts';
import { type ElevationAction, recordable } from '../core/audit-event.ts';
import type { Elevation, Party } from '../core/elevation.ts';
import type { Act } from '../core/elevation-changes.ts';
import { asBridgeError, BridgeError, ERRORS } from '../core/errors.ts';
import { type CompiledSelector, selects } from '../core/group-selector.ts';
import type { Identity } from '../core/identity.ts';
import type { CompiledElevatedRule, Policy } from '../core/policy.ts';
import type { AuditSink, Clock, Elevations, HandOuts, People, Secrets } from '../core/ports.ts';
import { type AuthenticatedRequester, requireConfirmed } from '../core/requester.ts';
import type { Account, AccountId } from '../core/role.ts';
import { RECENT_SIGN_IN, unmetOf } from '../core/step-up.ts';
import { recordEvents } from './elevation-trail.ts';
import type { Recorder } from './recorder.ts';

export interface ElevationParts {
  readonly policy: Policy;
  readonly accounts: ReadonlyMap<AccountId, Account>;
  readonly administrators: CompiledSelector | undefined;
  readonly auditors: CompiledSelector | undefined;
  readonly elevations: Elevations;
  readonly people: Pick<People, 'statementOf'>;
  readonly handOuts: HandOuts;
  readonly audit: AuditSink;
  readonly recorder: Recorder;
  readonly clock: Clock;
  readonly secrets: Secrets;
  /** Called after each change that others are told of. */
  readonly onChange: () => void;
}

export function partyOf({ person, connector, username, displayName, email }: Identity): Party {
  return { person, connector, username, displayName, email };
}

export function actOf({ clock }: ElevationParts, requester: AuthenticatedRequester): Act {
  const { subject, origin } = requester;
  return { by: partyOf(subject.identity), at: clock.now(), origin };
}

// ---------------------------------------------------------------- the rule

/** The rule of an elevation, while it still gives what it gave then. */
export interface CurrentRule extends CompiledElevatedRule {
  readonly account: Account;
}

/** Undefined once the rule was changed or removed. */
export function currentRuleOf(
  { policy, accounts }: ElevationParts,
  { rule: name, terms, account: id }: Pick<Elevation, 'rule' | 'terms' | 'account'>,
): CurrentRule | undefined {
  const found = policy.elevatedRules.get(name);
  const account = accounts.get(id);
  if (found === undefined || account === undefined) return undefined;
  return found.rule.elevation.digest === terms ? { ...found, account } : undefined;
}

/** Throws `elevation_closed`. */
export function requireCurrentRule(parts: ElevationParts, elevation: Elevation): CurrentRule {
  const rule = currentRuleOf(parts, elevation);
  if (rule !== undefined) return rule;
  throw new BridgeError('elevation_closed', 'the rule of the elevation was changed or removed', {
    hint: 'The rule that offered the role was changed or removed. Make a new request.',
  });
}

// ---------------------------------------------------------------- who is who

/** What a user is to an elevation. */
export interface Standpoint {
  readonly isRequester: boolean;
  /** Of its rule, whatever that gives now; also if they are the requester. */
  readonly isApprover: boolean;
  readonly isAdministrator: boolean;
  readonly mayOnlyRead: boolean;
  /** Whether they can be the same human as the requester. */
  readonly isSameHuman: boolean;
}

type StandpointOn = Pick<Elevation, 'requester' | 'rule'>;

/** For many elevations: groups, of which a user can have thousands, are compared once a rule. */
export function standpointsOf(
  { policy, administrators, auditors }: ElevationParts,
  { subject: { identity } }: AuthenticatedRequester,
): (elevation: StandpointOn) => Standpoint {
  const isAdministrator = administrators !== undefined && selects(administrators, identity);
  const mayOnlyRead = auditors !== undefined && selects(auditors, identity);
  const known = new Map<string, boolean>();
  const approves = (rule: string): boolean => {
    const approvers = policy.elevatedRules.get(rule)?.terms.approvers ?? [];
    const is = known.get(rule) ?? approvers.some(selector => selects(selector, identity));
    known.set(rule, is);
    return is;
  };
  return ({ requester, rule }) => ({
    isRequester: identity.person === requester.person,
    isApprover: approves(rule),
    ...{ isAdministrator, mayOnlyRead },
    isSameHuman: isSameHuman(partyOf(identity), requester),
  });
}

/** The elevation, for a user who may see it. Throws `elevation_unknown`. */
export async function findVisible(
  parts: ElevationParts,
  requester: AuthenticatedRequester,
  id: string,
): Promise<{ readonly elevation: Elevation; readonly standpoint: Standpoint }> {
  requireConfirmed(requester);
  const elevation = await parts.elevations.find(id);
  const standpoint = elevation && standpointsOf(parts, requester)(elevation);
  if (elevation !== undefined && standpoint !== undefined && maySee(standpoint))
    return { elevation, standpoint };
  throw new BridgeError(
    'elevation_unknown',
    elevation === undefined ? 'unknown elevation' : 'the user is no party to the elevation',
  );
}

export function maySee({
  isRequester,
  isApprover,
  isAdministrator,
  mayOnlyRead,
}: Standpoint): boolean {
  return isRequester || isApprover || isAdministrator || mayOnlyRead;
}

/**
 * Comes before every decision on access. Throws `decision_not_for_device_login`,
 * `recent_sign_in_needed`, and what `requireConfirmed` throws.
 */
export function requireDecider({ clock }: ElevationParts, requester: AuthenticatedRequester): void {
  requireConfirmed(requester);
  const { subject, cliLogin, cliSession, scope } = requester;
  if (cliLogin?.grant === 'device_code' || scope !== undefined)
    throw new BridgeError(
      'decision_not_for_device_login',
      'the login was confirmed by a code, or the token is for one role',
    );
  // Its token can lie in a file that other programs read, as that of the AWS CLI does.
  if (cliLogin?.client.selfNamed === true)
    throw new BridgeError(
      'decision_not_for_device_login',
      'the program of the login registered itself',
      { hint: 'Decide in the portal, or with the rolebridge client.' },
    );
  const unmet = unmetOf(RECENT_SIGN_IN, subject.identity.authentication, clock.now());
  if (unmet.length > 0)
    throw new BridgeError('recent_sign_in_needed', 'the sign-in is older than 15 minutes', {
      stepUp: { wish: RECENT_SIGN_IN, cliSession },
    });
}

// ---------------------------------------------------------------- keep and record

/** Records the events of a change, and lets others be told. Throws `unavailable`. */
export async function settled(parts: ElevationParts, changed: Elevation): Promise<Elevation> {
  try {
    return await recordEvents(parts, changed);
  } finally {
    parts.onChange();
  }
}

/** Changes an elevation that was there a moment ago, and records it. */
export async function change(
  parts: ElevationParts,
  id: string,
  transition: (elevation: Elevation) => Elevation,
): Promise<Elevation> {
  const changed = await parts.elevations.update(id, current => {
    const next = transition(current);
    return { next, value: next };
  });
  if (changed === undefined) throw new BridgeError('elevation_unknown', 'unknown elevation');
  return settled(parts, changed);
}

/** What a user tries to do. */
export interface Attempt {
  readonly action: ElevationAction;
  readonly elevation?: string | undefined;
  readonly account?: string | undefined;
  readonly role?: string | undefined;
}

const MAX_RECORDED_NAME = 128;

/** Runs a use case; a refusal is recorded before it is thrown on. */
export async function attempt<T>(
  { recorder }: ElevationParts,
  requester: AuthenticatedRequester,
  { attempted, run }: { readonly attempted: Attempt; readonly run: () => Promise<T> },
): Promise<T> {
  try {
    return await run();
  } catch (thrown) {
    const error = asBridgeError(thrown);
    if (ERRORS[error.code].record.audit !== 'use-case') throw error;
    const { action, elevation, account, role } = attempted;
    await recorder.record(requester, {
      type: 'elevation.refused',
      ...{ cliSession: requester.cliSession, action },
      elevation: elevation && recordable(elevation, MAX_RECORDED_NAME),
      account: account && recordable(account, MAX_RECORDED_NAME),
      role: role && recordable(role, MAX_RECORDED_NAME),
      ...{ code: error.code, why: error.message },
    });
    throw error;
  }
}
