/**
 * The device authorization grant (RFC 8628): a terminal asks, a user looks and decides, the
 * terminal picks up.
 *
 * Owns: device and user codes. Does not own: the browser's half (device-confirmation), the
 * terminal's (device-redemption), states (core/device-grant), pages (flows/cli-device-login).
 */
import {
  DEVICE_GRANT_MEMORY_SECONDS,
  DEVICE_GRANT_SECONDS,
  USER_CODE_ALPHABET,
  USER_CODE_LENGTH,
  type UserCode,
} from '../core/device-grant.ts';
import { BridgeError } from '../core/errors.ts';
import { named, type OAuthClient } from '../core/oauth-client.ts';
import type { Requester, Viewer } from '../core/requester.ts';
import type { Instant, Seconds } from '../core/time.ts';
import type { TokenAnswer } from './cli-sessions.ts';
import {
  approveLogin,
  type DecidedLogin,
  type DeviceConfirmationParts,
  type DeviceLogin,
  decidedBefore,
  disownLogin,
  type EnteredCode,
  inspectLogin,
  requireEnabled,
} from './device-confirmation.ts';
import {
  type DeviceRedemptionParts,
  isLiveDeviceCode,
  type PresentedDeviceCode,
  redeemDeviceCode,
} from './device-redemption.ts';
import { refusedLogin } from './login-refusal.ts';

export type DeviceAuthorizationParts = DeviceConfirmationParts &
  Omit<DeviceRedemptionParts, 'paces'>;

export interface DeviceAuthorizationRequest {
  readonly client: OAuthClient;
  readonly deviceName?: string | undefined;
  readonly reauthenticate: boolean;
}

export interface DeviceAuthorizationAnswer {
  readonly deviceCode: string;
  readonly userCode: UserCode;
  readonly expiresInSeconds: Seconds;
  readonly intervalSeconds: Seconds;
}

export interface DeviceAuthorization {
  /**
   * False when the configuration turns the device grant off; `begin`, `inspect`, `approve` and
   * `disown` then throw `device_grant_off`.
   */
  readonly enabled: boolean;
  /** Throws `client_unauthorized` for an application. */
  begin(
    requester: Requester,
    request: DeviceAuthorizationRequest,
  ): Promise<DeviceAuthorizationAnswer>;
  /** When a CLI session of this viewer would end. */
  sessionNotAfter(viewer: Viewer): Instant;
  /**
   * What was decided about this code in this browser session; undefined for a code that is pending,
   * or that was decided elsewhere. It answers a form that is sent again, so nothing is recorded.
   */
  decidedBefore(viewer: Viewer, entered: EnteredCode): Promise<DecidedLogin | undefined>;
  /**
   * Throws `user_code_unknown` for a code that is wrong, `user_code_expired` for one that was used
   * or decided, or expired in the last ten minutes, `user_code_mismatch` for one that is not the
   * link's; all are recorded.
   */
  inspect(viewer: Viewer, entered: EnteredCode): Promise<DeviceLogin>;
  /** Throws as `inspect` does, and `fresh_sign_in_needed`, `limit_reached`. */
  approve(viewer: Viewer, entered: EnteredCode): Promise<{ readonly cliSession: string }>;
  /** "I did not start this": denies the login. Throws as `inspect` does. */
  disown(viewer: Viewer, entered: EnteredCode): Promise<void>;
  /**
   * Throws `authorization_pending`, `slow_down`, `device_denied`, `device_code_expired`,
   * `grant_invalid`. For a minute, the caller who had the tokens gets them again.
   */
  redeem(requester: Requester, presented: PresentedDeviceCode): Promise<TokenAnswer>;
  /** Whether a login is pending, or was a moment ago, under this device code. */
  isLive(deviceCode: string): Promise<boolean>;
}

interface Context extends DeviceAuthorizationParts, DeviceRedemptionParts {}

export function createDeviceAuthorization(parts: DeviceAuthorizationParts): DeviceAuthorization {
  const context: Context = { ...parts, paces: new Map() };
  return {
    enabled: parts.enabled,
    begin: (requester, request) => begin(context, requester, request),
    sessionNotAfter: viewer => parts.tokens.notAfterFor(viewer),
    decidedBefore: (viewer, entered) => decidedBefore(context, viewer, entered),
    inspect: (viewer, entered) => inspectLogin(context, viewer, entered),
    approve: (viewer, entered) => approveLogin(context, viewer, entered),
    disown: (viewer, entered) => disownLogin(context, viewer, entered),
    redeem: (requester, presented) => redeemDeviceCode(context, requester, presented),
    isLive: deviceCode => isLiveDeviceCode(context, deviceCode),
  };
}

// ---------------------------------------------------------------- begin

async function begin(
  context: Context,
  requester: Requester,
  request: DeviceAuthorizationRequest,
): Promise<DeviceAuthorizationAnswer> {
  if (request.client.application !== undefined)
    throw new BridgeError('client_unauthorized', 'an application asked for a device code', {
      hint: 'Applications use the authorization code grant.',
    });
  try {
    requireEnabled(context);
    return await storeGrant(context, requester, request);
  } catch (thrown) {
    throw await refusedLogin(context.recorder, requester, thrown);
  }
}

async function storeGrant(
  { deviceGrants, secrets, clock, intervalSeconds }: Context,
  { origin }: Requester,
  { client, deviceName, reauthenticate }: DeviceAuthorizationRequest,
): Promise<DeviceAuthorizationAnswer> {
  const { address, userAgent } = origin;
  const now = clock.now();
  const userCode = secrets.code(USER_CODE_ALPHABET, USER_CODE_LENGTH) as UserCode;
  const secret = secrets.token();
  const decideBy = now + DEVICE_GRANT_SECONDS * 1000;
  await deviceGrants.create(userCode, {
    request: {
      client: named(client),
      deviceName,
      address,
      userAgent,
      requestedAt: now,
      reauthenticate,
    },
    deviceCodeDigest: secrets.digest(secret),
    decideBy,
    expiresAt: decideBy + DEVICE_GRANT_MEMORY_SECONDS * 1000,
    state: 'pending',
  });
  // The record is found by the user code, which the terminal knows anyway; it proves itself by the
  // secret half.
  const deviceCode = `${userCode}.${secret}`;
  return { deviceCode, userCode, expiresInSeconds: DEVICE_GRANT_SECONDS, intervalSeconds };
}
