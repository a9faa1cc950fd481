/**
 * The browser's half of the device authorization grant (RFC 8628 section 3.3): a user enters the
 * code of their terminal, sees what asks, and decides.
 *
 * Owns: what a user code is worth and what a user is told of the login behind it. Does not own: the
 * terminal's half (device-authorization), states (core/device-grant), pages
 * (flows/cli-device-login).
 */

import type { CliSession } from '../core/cli-session.ts';
import {
  approve,
  type DeviceGrant,
  type DeviceLoginRequest,
  deny,
  readUserCode,
  requirePending,
  type UserCode,
} from '../core/device-grant.ts';
import { BridgeError } from '../core/errors.ts';
import { type NetworkDistance, networkDistance } from '../core/network-distance.ts';
import type { Clock, Records, Secrets } from '../core/ports.ts';
import type { Viewer } from '../core/requester.ts';
import type { RoleScope } from '../core/role-scope.ts';
import type { Instant } from '../core/time.ts';
import { refusedLogin } from './login-refusal.ts';
import type { Recorder } from './recorder.ts';
import type { Tokens } from './tokens.ts';

export interface DeviceConfirmationParts {
  readonly deviceGrants: Records<DeviceGrant>;
  readonly tokens: Tokens;
  readonly recorder: Recorder;
  readonly clock: Clock;
  readonly secrets: Secrets;
  readonly enabled: boolean;
}

/** A user code as a user typed it. */
export interface EnteredCode {
  readonly userCode: string;
  /** The code of the link that they followed, if any. */
  readonly linkCode?: string | undefined;
}

/** What a user is shown before they decide. */
export interface DeviceLogin {
  readonly request: DeviceLoginRequest;
  /** Between the terminal and the browser, by their addresses. */
  readonly distance: NetworkDistance;
  readonly expiresAt: Instant;
  /** When the CLI session would end. */
  readonly sessionNotAfter: Instant;
  /** The roles that the terminal could reach at most; undefined means every role of the user. */
  readonly scope: RoleScope | undefined;
  /**
   * The terminal requires a sign-in that is younger than its request, or this one is too old for a
   * session of any length.
   */
  readonly needsFreshSignIn: boolean;
}

/** `cliSession` is the public id of the session that the terminal has, or picks up. */
export type DecidedLogin =
  | { readonly kind: 'approved'; readonly cliSession: string }
  | { readonly kind: 'stopped' };

/** A login that waits for a decision, and its code. */
interface PendingLogin {
  readonly code: UserCode;
  readonly grant: DeviceGrant;
}

// ---------------------------------------------------------------- inspect

export async function inspectLogin(
  parts: DeviceConfirmationParts,
  viewer: Viewer,
  entered: EnteredCode,
): Promise<DeviceLogin> {
  try {
    const { grant } = await findPending(parts, entered);
    return describeLogin(parts, viewer, grant);
  } catch (thrown) {
    throw await refusedLogin(parts.recorder, viewer, thrown);
  }
}

/** Throws `device_grant_off`, `user_code_unknown`, `user_code_expired`, `user_code_mismatch`. */
async function findPending(
  parts: DeviceConfirmationParts,
  { userCode, linkCode }: EnteredCode,
): Promise<PendingLogin> {
  requireEnabled(parts);
  const code = readUserCode(userCode);
  if (code === undefined)
    throw new BridgeError('user_code_unknown', 'the input is not a user code');
  if (!isOfLink(code, linkCode))
    throw new BridgeError('user_code_mismatch', 'the user code differs from the code of the link');
  const now = parts.clock.now();
  const grant = await parts.deviceGrants.find(code, now);
  if (grant === undefined) throw new BridgeError('user_code_unknown', 'unknown user code');
  requirePending(grant, now);
  return { code, grant };
}

/** Throws `device_grant_off`. */
export function requireEnabled({ enabled }: Pick<DeviceConfirmationParts, 'enabled'>): void {
  if (!enabled) throw new BridgeError('device_grant_off', 'cli.deviceGrant.enabled is false');
}

function isOfLink(code: UserCode, linkCode: string | undefined): boolean {
  return linkCode === undefined || readUserCode(linkCode) === code;
}

function describeLogin(
  { tokens, clock }: DeviceConfirmationParts,
  viewer: Viewer,
  { request, decideBy }: DeviceGrant,
): DeviceLogin {
  const sessionNotAfter = tokens.notAfterFor(viewer);
  const { reauthenticate, requestedAt, address } = request;
  return {
    request,
    distance: networkDistance(address, viewer.origin.address),
    expiresAt: decideBy,
    sessionNotAfter,
    scope: tokens.deviceScope,
    needsFreshSignIn:
      (reauthenticate && viewer.session.createdAt < requestedAt) || clock.now() >= sessionNotAfter,
  };
}

// ---------------------------------------------------------------- decide

export async function approveLogin(
  parts: DeviceConfirmationParts,
  viewer: Viewer,
  entered: EnteredCode,
): Promise<{ readonly cliSession: string }> {
  try {
    return await approveOnce(parts, viewer, entered);
  } catch (thrown) {
    throw await refusedLogin(parts.recorder, viewer, thrown);
  }
}

/** Of two clicks at once, the second one is answered as the first. */
async function approveOnce(
  parts: DeviceConfirmationParts,
  viewer: Viewer,
  entered: EnteredCode,
): Promise<{ readonly cliSession: string }> {
  try {
    return await confirm(parts, viewer, await findPending(parts, entered));
  } catch (fault) {
    const before = await decidedBefore(parts, viewer, entered);
    if (before?.kind === 'approved') return before;
    throw fault;
  }
}

/** Opens the session for the terminal, marks the grant as approved, records it; or does nothing. */
async function confirm(
  parts: DeviceConfirmationParts,
  viewer: Viewer,
  login: PendingLogin,
): Promise<{ readonly cliSession: string }> {
  const { tokens, clock, secrets } = parts;
  const { request, decideBy } = login.grant;
  if (describeLogin(parts, viewer, login.grant).needsFreshSignIn)
    throw new BridgeError(
      'fresh_sign_in_needed',
      'the sign-in is older than the login that it would confirm',
    );
  const { client, deviceName, address } = request;
  const session = await tokens.open(viewer, {
    client,
    deviceName,
    grant: 'device_code',
    address,
    pickUpBy: decideBy,
  });
  try {
    const made = { session: session.id, decidedIn: secrets.digest(viewer.session.id) };
    await change(parts, login.code, grant => approve(grant, made, clock.now()));
    return await recordApproval(parts, viewer, { request, session });
  } catch (fault) {
    await tokens.discard(session);
    throw fault;
  }
}

async function recordApproval(
  { recorder }: DeviceConfirmationParts,
  viewer: Viewer,
  { request, session }: { readonly request: DeviceLoginRequest; readonly session: CliSession },
): Promise<{ readonly cliSession: string }> {
  const { publicId: cliSession } = session.summary;
  await recorder.record(viewer, {
    type: 'cli-login.approved',
    ...detailsOf(request),
    cliSession,
  });
  return { cliSession };
}

export async function disownLogin(
  parts: DeviceConfirmationParts,
  viewer: Viewer,
  entered: EnteredCode,
): Promise<void> {
  const { recorder, clock, secrets } = parts;
  try {
    const { code, grant } = await findPending(parts, entered);
    const decidedIn = secrets.digest(viewer.session.id);
    await change(parts, code, current => deny(current, { decidedIn }, clock.now()));
    const details = detailsOf(grant.request);
    await recorder.recordEnd(viewer, { type: 'cli-login.disowned', ...details });
  } catch (thrown) {
    throw await refusedLogin(recorder, viewer, thrown);
  }
}

/** Throws `user_code_expired`, and what `transition` throws. */
async function change(
  { deviceGrants, clock }: DeviceConfirmationParts,
  code: UserCode,
  transition: (grant: DeviceGrant) => DeviceGrant,
): Promise<void> {
  const found = await deviceGrants.update(code, clock.now(), grant => ({
    next: transition(grant),
    value: true,
  }));
  if (found === undefined) throw new BridgeError('user_code_expired', 'the login has expired');
}

function detailsOf({ client, deviceName, address }: DeviceLoginRequest) {
  return {
    grant: 'device_code' as const,
    client: client.id,
    clientName: client.name,
    deviceName,
    requestedFrom: address,
  };
}

// ---------------------------------------------------------------- a form that is sent again

export async function decidedBefore(
  { deviceGrants, tokens, clock, secrets }: DeviceConfirmationParts,
  { session }: Viewer,
  { userCode, linkCode }: EnteredCode,
): Promise<DecidedLogin | undefined> {
  const code = readUserCode(userCode);
  if (code === undefined || !isOfLink(code, linkCode)) return undefined;
  const grant = await deviceGrants.find(code, clock.now());
  if (grant?.decidedIn === undefined) return undefined;
  if (!secrets.equal(grant.decidedIn, secrets.digest(session.id))) return undefined;
  if (grant.session === undefined) return { kind: 'stopped' };
  const cliSession = await tokens.publicIdOf(grant.session);
  return cliSession === undefined ? undefined : { kind: 'approved', cliSession };
}
