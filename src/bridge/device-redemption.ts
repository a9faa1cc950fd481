/**
 * A terminal that polls, and picks up the tokens of a confirmed login: once, and again for a minute
 * if the answer was lost.
 *
 * Owns: the pace of polling, what is kept of the answer and who gets it again. The steps of
 * device-authorization that concern the terminal.
 */
import type { CliSession } from '../core/cli-session.ts';
import {
  asRecorded,
  countPoll,
  DEVICE_ANSWER_SECONDS,
  type DeviceAnswer,
  type DeviceGrant,
  isRecordMissing,
  type Pace,
  type Redeemed,
  type Redemption,
  readUserCode,
  redeem,
  type UserCode,
} from '../core/device-grant.ts';
import { BridgeError } from '../core/errors.ts';
import type { OAuthClient } from '../core/oauth-client.ts';
import type { Clock, Records, Secrets } from '../core/ports.ts';
import type { Requester } from '../core/requester.ts';
import type { Seconds } from '../core/time.ts';
import type { TokenAnswer } from './cli-sessions.ts';
import { refusedLogin } from './login-refusal.ts';
import type { Recorder } from './recorder.ts';
import type { Tokens } from './tokens.ts';

export interface DeviceRedemptionParts {
  readonly deviceGrants: Records<DeviceGrant>;
  readonly deviceAnswers: Records<DeviceAnswer>;
  readonly tokens: Tokens;
  readonly recorder: Recorder;
  readonly clock: Clock;
  readonly secrets: Secrets;
  /** Between two polls. */
  readonly intervalSeconds: Seconds;
  /** By the digest of the device code; the least recently polled first. */
  readonly paces: Map<string, Pace>;
}

export interface PresentedDeviceCode {
  readonly deviceCode: string;
  readonly client: OAuthClient;
  /** The thumbprint of the key that the request proves. */
  readonly jkt: string | undefined;
}

/** One poll: its device code in parts, and what it becomes if it is the first to pick up. */
interface Poll {
  readonly requester: Requester;
  readonly presented: PresentedDeviceCode;
  readonly code: UserCode;
  readonly secret: string;
  readonly redemption: Redemption;
}

/** Throws as `DeviceAuthorization.redeem` does. */
export async function redeemDeviceCode(
  parts: DeviceRedemptionParts,
  requester: Requester,
  presented: PresentedDeviceCode,
): Promise<TokenAnswer> {
  const refused = async (thrown: unknown): Promise<never> => {
    throw await refusedLogin(parts.recorder, requester, thrown);
  };
  const [poll, seen] = await look(parts, requester, presented).catch(refused);
  if (seen.next.state === 'redeemed' && seen.redemption?.answer !== poll.redemption.answer)
    return await repeat(parts, poll, seen).catch(refused);
  const pending = { session: seen.session, client: presented.client.id, jkt: presented.jkt };
  const { session, ...answer } = await parts.tokens.prepare(requester, pending);
  // First the answer, then the grant: a repeated request finds it.
  await keep(parts, poll, { session: seen.session, tokens: answer, jkt: presented.jkt });
  const won = await spend(parts, poll).catch(refused);
  if (won.redemption?.answer !== poll.redemption.answer)
    return await repeat(parts, poll, won).catch(refused);
  await record(parts, poll, session);
  return answer;
}

/** Changes nothing. Throws as `DeviceAuthorization.redeem` does. */
async function look(
  parts: DeviceRedemptionParts,
  requester: Requester,
  presented: PresentedDeviceCode,
): Promise<readonly [Poll, Redeemed]> {
  const { deviceGrants, secrets, clock } = parts;
  const { code, secret } = partsOf(presented.deviceCode);
  if (code === undefined || secret === '')
    throw new BridgeError('grant_invalid', 'the input is not a device code');
  keepPace(parts, secrets.digest(secret));
  const at = clock.now();
  const { address, userAgent } = requester.origin;
  const redemption = { at, address, userAgent, answer: secrets.token() };
  const poll = { requester, presented, code, secret, redemption };
  const seen = await deviceGrants.update(code, at, grant => ({
    next: grant,
    value: redeemIn(parts, poll, grant),
  }));
  return [poll, found(seen)];
}

/** Of concurrent callers, one is first. */
async function spend(parts: DeviceRedemptionParts, poll: Poll): Promise<Redeemed> {
  const redeemed = await parts.deviceGrants.update(poll.code, poll.redemption.at, grant => {
    const value = redeemIn(parts, poll, grant);
    return { next: value.next, value };
  });
  return found(redeemed);
}

function redeemIn(
  { secrets }: DeviceRedemptionParts,
  { presented, secret, redemption }: Poll,
  grant: DeviceGrant,
): Redeemed {
  if (!secrets.equal(grant.deviceCodeDigest, secrets.digest(secret)))
    throw new BridgeError('grant_invalid', 'unknown device code');
  if (grant.request.client.id !== presented.client.id)
    throw new BridgeError('grant_invalid', 'the device code was issued to another client');
  return redeem(grant, redemption.at, redemption);
}

function found(redeemed: Redeemed | undefined): Redeemed {
  if (redeemed === undefined) throw new BridgeError('grant_invalid', 'unknown device code');
  return redeemed;
}

// ---------------------------------------------------------------- the answer

async function keep(
  { deviceAnswers }: DeviceRedemptionParts,
  poll: Poll,
  answer: Omit<DeviceAnswer, 'tokens' | 'expiresAt'> & { readonly tokens: TokenAnswer },
): Promise<void> {
  const { accessToken, accessExpiresAt, refreshToken } = answer.tokens;
  const expiresAt = poll.redemption.at + DEVICE_ANSWER_SECONDS * 1000;
  const tokens = { accessToken, accessExpiresAt, refreshToken };
  await deviceAnswers.create(nameOf(poll, poll.redemption), { ...answer, tokens, expiresAt });
}

/** The answer of the first caller, to the same caller. Throws `grant_invalid`. */
async function repeat(
  parts: DeviceRedemptionParts,
  poll: Poll,
  { redemption }: Redeemed,
): Promise<TokenAnswer> {
  const { deviceAnswers, tokens } = parts;
  const first = redemption!;
  const { at } = poll.redemption;
  const kept = await deviceAnswers.find(nameOf(poll, first), at);
  const session = kept && (await tokens.sessionOfFirst(kept.tokens));
  if (kept === undefined || session === undefined)
    throw new BridgeError(
      'grant_invalid',
      'the device code was used before, and its tokens were refreshed or their session has ended',
    );
  if (kept.jkt !== poll.presented.jkt)
    throw new BridgeError('grant_invalid', 'the device code was used before, with another key');
  if (isRecordMissing(first, at)) await record(parts, poll, session);
  return { ...kept.tokens, jkt: kept.jkt, sessionNotAfter: session.notAfter };
}

/** Sealed under the secret of the device code, which is in no database. */
function nameOf({ secret }: Poll, { answer }: Redemption): string {
  return `${secret}.${answer}`;
}

async function record(
  { deviceGrants, tokens }: DeviceRedemptionParts,
  { requester, code, redemption }: Poll,
  session: CliSession,
): Promise<void> {
  await tokens.recordPickUp(requester, session);
  await deviceGrants.update(code, redemption.at, grant => ({
    next: asRecorded(grant),
    value: undefined,
  }));
}

// ---------------------------------------------------------------- device codes

/** Whether a login is pending, or was a moment ago, under this device code. */
export async function isLiveDeviceCode(
  {
    deviceGrants,
    secrets,
    clock,
  }: Pick<DeviceRedemptionParts, 'deviceGrants' | 'secrets' | 'clock'>,
  deviceCode: string,
): Promise<boolean> {
  const { code, secret } = partsOf(deviceCode);
  const grant = code === undefined ? undefined : await deviceGrants.find(code, clock.now());
  return grant !== undefined && secrets.equal(grant.deviceCodeDigest, secrets.digest(secret));
}

function partsOf(deviceCode: string): {
  readonly code: UserCode | undefined;
  readonly secret: string;
} {
  const [half = '', secret = ''] = deviceCode.split('.');
  return { code: readUserCode(half), secret };
}

/** Device codes whose pace is kept in memory; beyond it, the least recently polled is evicted. */
const MAX_PACES = 10_000;

/** Throws `slow_down`. Each instance of the bridge counts the polls that it sees itself. */
function keepPace({ paces, clock, intervalSeconds }: DeviceRedemptionParts, digest: string): void {
  const { pace, tooSoon } = countPoll(paces.get(digest), clock.now(), intervalSeconds);
  paces.delete(digest);
  paces.set(digest, pace);
  if (paces.size > MAX_PACES) paces.delete(paces.keys().next().value!);
  if (tooSoon)
    throw new BridgeError('slow_down', `polled again within ${pace.intervalSeconds} seconds`);
}
