/**
 * The grants of the token endpoints: OAuth, and the same on the wire of AWS tools.
 *
 * Owns: which grant types exist, and how each is redeemed. Does not own: the names on each wire
 * (oauth, identity-center), what a grant is worth (bridge).
 */
import type { TokenAnswer } from '../bridge/cli-sessions.ts';
import type { CodeAuthorization, PresentedCode } from '../bridge/code-authorization.ts';
import type { DeviceAuthorization } from '../bridge/device-authorization.ts';
import type { Tokens } from '../bridge/tokens.ts';
import { BridgeError } from '../core/errors.ts';
import { DEVICE_CODE_GRANT, type OAuthClient } from '../core/oauth-client.ts';
import type { Requester } from '../core/requester.ts';
import type { PollQueue } from './poll-queue.ts';

export interface TokenGrantParts {
  readonly deviceAuthorization: DeviceAuthorization;
  readonly codeAuthorization: CodeAuthorization;
  readonly tokens: Tokens;
  readonly pollQueue: PollQueue;
}

/** Reads what a grant needs, by the names of a wire. Each throws `bad_request`. */
export interface GrantFields {
  deviceCode(): string;
  presentedCode(): PresentedCode;
  refreshToken(): string;
}

export interface GrantRequest {
  readonly grantType: string;
  readonly fields: GrantFields;
  readonly client: OAuthClient;
}

type Redeem = (
  requester: Requester,
  request: GrantRequest,
  parts: TokenGrantParts,
) => Promise<TokenAnswer>;

const GRANTS: ReadonlyMap<string, Redeem> = new Map<string, Redeem>([
  [
    DEVICE_CODE_GRANT,
    (requester, { fields, client }, { deviceAuthorization, pollQueue }) => {
      const deviceCode = fields.deviceCode();
      return pollQueue(() => deviceAuthorization.redeem(requester, { deviceCode, client }));
    },
  ],
  [
    'authorization_code',
    (requester, { fields, client }, { codeAuthorization }) =>
      codeAuthorization.redeem(requester, { ...fields.presentedCode(), client }),
  ],
  [
    'refresh_token',
    (requester, { fields, client }, { tokens }) =>
      tokens.refresh(requester, { token: fields.refreshToken(), client: client.id }),
  ],
]);

export function hasGrantType(name: string): boolean {
  return GRANTS.has(name);
}

/** Throws `grant_type_unsupported`, and what the grant throws. */
export async function redeemGrant(
  requester: Requester,
  request: GrantRequest,
  parts: TokenGrantParts,
): Promise<TokenAnswer> {
  const redeem = GRANTS.get(request.grantType);
  if (redeem === undefined) throw new BridgeError('grant_type_unsupported', 'no such grant type');
  return redeem(requester, request, parts);
}
