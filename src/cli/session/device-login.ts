/** A login by a code that the user confirms in any browser: the device grant (RFC 8628). */
import { hostname } from 'node:os';
import { setTimeout as pause } from 'node:timers/promises';
import { DEVICE_CODE_GRANT } from '../../core/oauth-client.ts';
import {
  type Check,
  isAmount,
  isText,
  isToken,
  objectOf,
  optional,
  usable,
} from '../server/answers.ts';
import { CLIENT_ID, OAuthRefusal, type TokenAnswer } from '../server/server.ts';
import { CliError } from '../terminal/exit.ts';
import { printable } from '../terminal/printable.ts';
import type { Client } from './client.ts';
import { deniedInBrowser, notInTime, rejectedByServer } from './login-outcome.ts';
import { type Tokens, tokensOf } from './login-state.ts';

const DEFAULT_INTERVAL_SECONDS = 5;
const LONGEST_INTERVAL_SECONDS = 60;
/** RFC 8628 section 3.5. */
const SLOW_DOWN_SECONDS = 5;

export interface DeviceLoginOptions {
  /** The identity provider must ask the user again. */
  readonly fresh?: boolean;
}

interface DeviceAnswer {
  readonly device_code: string;
  readonly user_code: string;
  readonly verification_uri: string;
  readonly verification_uri_complete: string;
  readonly expires_in: number;
  readonly interval?: number;
}

/**
 * The address must be a page of the bridge itself: a code and an address of another bridge would
 * sign in there, and its tokens would go to the server that answered. The form of the code is
 * checked, so that it cannot name another page.
 */
function isDeviceAnswer(origin: string): Check {
  const isPageOfBridge: Check = address =>
    isToken(address) &&
    (address as string).length <= 512 &&
    URL.canParse(address as string) &&
    new URL(address as string).origin === origin;
  return objectOf({
    device_code: isToken,
    user_code: code => isText(code) && /^[A-Z\d]{1,8}(?:-[A-Z\d]{1,8}){0,3}$/.test(code as string),
    verification_uri: isPageOfBridge,
    verification_uri_complete: isPageOfBridge,
    expires_in: isAmount,
    interval: optional(seconds => isAmount(seconds) && (seconds as number) >= 0),
  });
}

/** Throws `loginFailed`, `unreachable`. */
export async function logInByDevice(client: Client, options: DeviceLoginOptions): Promise<Tokens> {
  try {
    const begun = await requestCode(client, options);
    await showCode(client, begun);
    return tokensOf(await pollForTokens(client, begun));
  } catch (thrown) {
    if (!(thrown instanceof OAuthRefusal)) throw thrown;
    if (thrown.error === 'access_denied') throw deniedInBrowser(client, thrown.error);
    if (thrown.error === 'expired_token') throw notInTime(client);
    throw rejectedByServer(client, thrown);
  } finally {
    client.terminal.say('');
  }
}

async function requestCode(
  { server }: Client,
  { fresh }: DeviceLoginOptions,
): Promise<DeviceAnswer> {
  const answer = await server.form<DeviceAnswer>('/oauth/device_authorization', {
    client_id: CLIENT_ID,
    device_name: hostname(),
    ...(fresh === true && { prompt: 'login' }),
  });
  return usable(answer, isDeviceAnswer(server.origin), 'a code');
}

async function showCode({ terminal }: Client, begun: DeviceAnswer): Promise<void> {
  if (terminal.isInteractive) {
    const { renderUnicodeCompact } = await import('uqr');
    terminal.say(renderUnicodeCompact(begun.verification_uri_complete, { border: 2 }));
  }
  terminal.say(
    `Open ${terminal.bold(printable(begun.verification_uri))} in a browser on any device, and enter this code:\n`,
  );
  terminal.say(`    ${terminal.bold(printable(begun.user_code))}\n`);
  terminal.say('Enter it only on that page, and do not share it. Waiting for you to confirm ...');
}

/** Throws OAuthRefusal, `expired_token` when the code has expired. */
async function pollForTokens({ server }: Client, begun: DeviceAnswer): Promise<TokenAnswer> {
  const form = {
    grant_type: DEVICE_CODE_GRANT,
    client_id: CLIENT_ID,
    device_code: begun.device_code,
  };
  const until = Date.now() + begun.expires_in * 1000;
  let interval = Math.min(begun.interval ?? DEFAULT_INTERVAL_SECONDS, LONGEST_INTERVAL_SECONDS);
  while (Date.now() < until) {
    await pause(interval * 1000);
    try {
      return await server.form<TokenAnswer>('/oauth/token', form);
    } catch (thrown) {
      if (!isPending(thrown)) throw thrown;
      if (thrown instanceof OAuthRefusal && thrown.error === 'slow_down')
        interval += SLOW_DOWN_SECONDS;
    }
  }
  throw new OAuthRefusal('expired_token', '');
}

/** Also without a network for a while: the user may be looking for their phone. */
function isPending(thrown: unknown): boolean {
  if (thrown instanceof CliError) return thrown.exit === 'unreachable';
  return (
    thrown instanceof OAuthRefusal &&
    (thrown.error === 'authorization_pending' || thrown.error === 'slow_down')
  );
}
