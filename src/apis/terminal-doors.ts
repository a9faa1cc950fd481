/**
 * What the two doors for terminals have in common (OAuth, and AWS's wire of the same): which grants
 * there are, and how often both together let somebody ask.
 *
 * Owns: grant types and limits. Does not own: the names on each wire (oauth, identity-center), what
 * a grant is worth (bridge).
 */
import type { RequestHandler } from 'express';
import type { TokenAnswer } from '../bridge/cli-sessions.ts';
import type { CodeAuthorization, PresentedCode } from '../bridge/code-authorization.ts';
import type { DeviceAuthorization } from '../bridge/device-authorization.ts';
import type { Tokens } from '../bridge/tokens.ts';
import { BridgeError } from '../core/errors.ts';
import { DEVICE_CODE_GRANT, type OAuthClient } from '../core/oauth-client.ts';
import type { Secrets } from '../core/ports.ts';
import type { Requester } from '../core/requester.ts';
import { limitPerAddress } from '../http/guards.ts';
import { createPollLine } from './poll-line.ts';

/**
 * From one address. Each login by a code leaves a record for twenty minutes, each registration is
 * signed, and nobody needs to be signed in to ask: two for each of 300 people who begin work at
 * nine.
 */
const LOGINS_PER_MINUTE = 600;
const POLLS = { atOnce: 1, mostWaiting: 10_000 };

/** Reads what a grant needs, by the names of a wire. Each throws `bad_request`. */
export interface GrantFields {
  deviceCode(): string;
  codeExchange(): PresentedCode;
  refreshToken(): string;
}

/** What a request to a token endpoint shows, as it came. */
export interface ShownGrant {
  readonly deviceCode?: string | undefined;
  readonly code?: string | undefined;
  /** An access or refresh token. */
  readonly token?: string | undefined;
}

export interface TerminalDoors {
  /** Stands in front of device authorization, at both doors together. */
  readonly limitDeviceLogins: RequestHandler;
  /** Stands in front of registrations. */
  readonly limitRegistrations: RequestHandler;
  /**
   * What a request to a token endpoint is counted by beyond the limit of its address: a grant that
   * is live.
   */
  shownLive(shown: ShownGrant): Promise<string | undefined>;
  readonly hasGrantType: (name: string) => boolean;
  /** Throws `grant_type_unsupported`, and what the grant throws. */
  redeem(
    grantType: string,
    fields: GrantFields,
    client: OAuthClient,
    requester: Requester,
  ): Promise<TokenAnswer>;
}

export interface TerminalDoorsParts {
  readonly deviceAuthorization: DeviceAuthorization;
  readonly codeAuthorization: CodeAuthorization;
  readonly tokens: Tokens;
  readonly secrets: Secrets;
}

export function terminalDoors({
  deviceAuthorization,
  codeAuthorization,
  tokens,
  secrets,
}: TerminalDoorsParts): TerminalDoors {
  type Redeem = (
    fields: GrantFields,
    client: OAuthClient,
    requester: Requester,
  ) => Promise<TokenAnswer>;
  const line = createPollLine(POLLS);
  const grants = new Map<string, Redeem>([
    [
      DEVICE_CODE_GRANT,
      (fields, client, requester) => {
        const deviceCode = fields.deviceCode();
        return line(() => deviceAuthorization.redeem(requester, { deviceCode, client }));
      },
    ],
    [
      'authorization_code',
      (fields, client, requester) =>
        codeAuthorization.redeem(requester, { ...fields.codeExchange(), client }),
    ],
    [
      'refresh_token',
      (fields, client, requester) =>
        tokens.refresh(requester, { token: fields.refreshToken(), client: client.id }),
    ],
  ]);
  return {
    hasGrantType: name => grants.has(name),
    limitDeviceLogins: limitPerAddress({ perMinute: LOGINS_PER_MINUTE }),
    limitRegistrations: limitPerAddress({ perMinute: LOGINS_PER_MINUTE }),
    shownLive: async ({ deviceCode, code, token }) => {
      if (deviceCode !== undefined && (await deviceAuthorization.isLive(deviceCode)))
        return secrets.digest(deviceCode);
      if (code !== undefined && (await codeAuthorization.isLive(code))) return secrets.digest(code);
      return token === undefined ? undefined : tokens.sessionBehind(token);
    },
    redeem: async (grantType, fields, client, requester) => {
      const redeem = grants.get(grantType);
      if (redeem === undefined)
        throw new BridgeError('grant_type_unsupported', 'no such grant type');
      return redeem(fields, client, requester);
    },
  };
}
