/** Elevations that the contracts of the store keep, made by the transitions of core. */
import type { Elevation, ElevationRequest, Party } from '../../src/core/elevation.ts';
import {
  type Act,
  type Approval,
  approved,
  denied,
  endedByRule,
  glassBroken,
  reminded,
  requested,
  reviewed,
  revoked,
  withdrawn,
} from '../../src/core/elevation-changes.ts';
import type { ConnectorId, PersonId } from '../../src/core/identity.ts';
import type { AccountId, RoleName } from '../../src/core/role.ts';
import type { Instant } from '../../src/core/time.ts';
import { HOUR, NOW, ORIGIN } from './store-samples.ts';

export const DAY = 24 * HOUR;
export const ALICE: Party = {
  person: 'k3jx2q7d5vbn4mza' as PersonId,
  connector: 'okta' as ConnectorId,
  username: 'alice.liddell',
  displayName: 'Alice Liddell',
  email: 'alice@wonderland.example',
};
export const CAROL: Party = {
  person: 'zqn7hd3pxw5mfa2c' as PersonId,
  connector: 'okta' as ConnectorId,
  username: 'carol',
};
export const DAVE: Party = {
  person: 'b7wmx4tz3kqh5ncv' as PersonId,
  connector: 'okta' as ConnectorId,
  username: 'dave',
};

let ids = 0;

export const requestOf = (over: Partial<ElevationRequest> = {}): ElevationRequest => ({
  id: (++ids).toString(16).padStart(20, '0'),
  requester: ALICE,
  account: '111122223333' as AccountId,
  accountName: 'prod',
  role: 'Admin' as RoleName,
  rule: 'prod-on-request',
  terms: 'digest-of-terms',
  group: 'developers',
  seconds: 3600,
  reason: 'restore the orders table: "Größe"\0',
  breakGlass: false,
  requestedAt: NOW,
  decideBy: NOW + DAY,
  ...over,
});

export const act = (by: Party, at: Instant): Act => ({ by, at, origin: ORIGIN });

export const approval = (by: Party, at: Instant, outstanding = 0): Approval => ({
  ...act(by, at),
  ...{ groups: ['aws-approvers'], seconds: 3600, outstanding, longest: 4 * 3600 },
});

/** As a store gives it back: without fields that are undefined. */
export const stored = (elevation: Elevation): Elevation =>
  JSON.parse(JSON.stringify(elevation)) as Elevation;

export const waitingOf = (over: Partial<ElevationRequest> = {}): Elevation => {
  const request = requestOf(over);
  return stored(requested(request, act(request.requester, request.requestedAt)));
};

/** Active from its request on, for an hour. */
export const grantedOf = (over: Partial<ElevationRequest> = {}): Elevation => {
  const waiting = waitingOf(over);
  return stored(approved(waiting, approval(CAROL, waiting.requestedAt)));
};

/** To be reviewed within a day. */
export const glassBrokenOf = (over: Partial<ElevationRequest> = {}): Elevation => {
  const request = requestOf({ breakGlass: true, ...over });
  const { requester, requestedAt } = request;
  return stored(glassBroken(request, act(requester, requestedAt), { reviewSeconds: 24 * 3600 }));
};

/** One of each state, in which every field of the type has a value somewhere. */
export const ofEveryState = (): readonly Elevation[] => {
  const later = NOW + 1000;
  return [
    waitingOf({ batch: 'b', ticket: 'OPS-1', extends: 'e', cliSession: 's', startsAt: NOW + HOUR }),
    approved(waitingOf(), approval(CAROL, later, 1)),
    grantedOf(),
    glassBrokenOf(),
    denied(waitingOf(), { ...act(CAROL, later), note: 'use the read-only role' }),
    withdrawn(waitingOf(), act(ALICE, later)),
    revoked(grantedOf(), { ...act(DAVE, later), as: 'administrator', note: 'done' }),
    endedByRule(grantedOf(), { at: later, origin: ORIGIN, rule: 'removed' }),
    reviewed(glassBrokenOf(), { ...act(CAROL, later), note: 'it was needed' }),
    reminded(glassBrokenOf(), { at: NOW + 2 * DAY, origin: ORIGIN }),
  ].map(stored);
};
