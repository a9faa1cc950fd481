/**
 * The grants of the token endpoints: OAuth, and the same on the wire of AWS tools.
 *
 * Owns: which grant types exist, and how each is redeemed. Does not own: the names on each wire
 * (oauth, identity-center), what a grant is worth (bridge).
 */
import type { TokenAnswer } from '../bridge/cli-sessions.ts';
import type { CodeAuthorization, PresentedCode } from '../bridge/code-authorization.ts';
import type { DeviceAuthorization } from '../bridge/device-authorization.ts';
import type { Proofs } from '../bridge/proofs.ts';
import type { Tokens } from '../bridge/tokens.ts';
import type { SentProof } from '../core/dpop.ts';
import { BridgeError } from '../core/errors.ts';
import { DEVICE_CODE_GRANT, type OAuthClient } from '../core/oauth-client.ts';
import type { Requester } from '../core/requester.ts';
import type { PollQueue } from './poll-queue.ts';

export interface TokenGrantParts {
  readonly proofs: Pick<Proofs, 'keyOf'>;
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
  /** Undefined if the request has no header DPoP. */
  readonly proof?: SentProof | undefined;
}

/** A request, and the thumbprint of the key that it proves. */
interface ProvedRequest extends GrantRequest {
  readonly jkt: string | undefined;
}

type Redeem = (
  requester: Requester,
  request: ProvedRequest,
  parts: TokenGrantParts,
) => Promise<TokenAnswer>;

const GRANTS: ReadonlyMap<string, Redeem> = new Map<string, Redeem>([
  [
    DEVICE_CODE_GRANT,
    (requester, { fields, client, jkt }, { deviceAuthorization, pollQueue }) => {
      const deviceCode = fields.deviceCode();
      return pollQueue(() => deviceAuthorization.redeem(requester, { deviceCode, client, jkt }));
    },
  ],
  [
    'authorization_code',
    (requester, { fields, client, jkt }, { codeAuthorization }) =>
      codeAuthorization.redeem(requester, { ...fields.presentedCode(), client, jkt }),
  ],
  [
    'refresh_token',
    (requester, { fields, client, jkt }, { tokens }) =>
      tokens.refresh(requester, { token: fields.refreshToken(), client: client.id, jkt }),
  ],
]);

export function hasGrantType(name: string): boolean {
  return GRANTS.has(name);
}

/**
 * The key is looked at first, so that a proof that is refused uses nothing up. Throws
 * `grant_type_unsupported`, `dpop_proof_invalid`, `dpop_nonce_needed`, and what the grant throws.
 */
export async function redeemGrant(
  requester: Requester,
  request: GrantRequest,
  parts: TokenGrantParts,
): Promise<TokenAnswer> {
  const redeem = GRANTS.get(request.grantType);
  if (redeem === undefined) throw new BridgeError('grant_type_unsupported', 'no such grant type');
  const jkt = await parts.proofs.keyOf(requester, request);
  return redeem(requester, { ...request, jkt }, parts);
}
