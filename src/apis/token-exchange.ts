/**
 * The token exchange of workloads (RFC 8693): a token of their platform for one of the bridge.
 *
 * Owns: the wire form. Does not own: what the subject token proves, and what it is worth (bridge).
 */
import * as z from 'zod';
import type { Workloads } from '../bridge/workloads.ts';
import { BridgeError } from '../core/errors.ts';
import { SCOPE } from '../core/oauth-client.ts';
import type { Clock } from '../core/ports.ts';
import type { Requester } from '../core/requester.ts';
import { SIGNED_REQUEST_PREFIX } from '../core/signed-caller.ts';
import { MAX_PROOF, readFields, text } from '../http/read.ts';

export interface TokenExchangeParts {
  readonly baseUrl: string;
  readonly workloads: Workloads;
  readonly clock: Clock;
}

/** The largest form of the token endpoint: a subject token in which every character is escaped. */
export const TOKEN_FORM_BYTES: number = 3 * MAX_PROOF + 4096;

const ACCESS_TOKEN = 'urn:ietf:params:oauth:token-type:access_token';
/** What a subject token can be called: RFC 8693 section 3, and a name of our own. */
const JWT_TYPES = [
  'urn:ietf:params:oauth:token-type:jwt',
  'urn:ietf:params:oauth:token-type:id_token',
] as const;
const SIGNED_REQUEST_TYPE = 'urn:rolebridge:token-type:aws-iam-request';

const ExchangeFields = z.object({
  subject_token: text(MAX_PROOF).min(1),
  subject_token_type: text(128),
  requested_token_type: text(128).optional(),
  resource: text(2048).optional(),
  audience: text(2048).optional(),
  actor_token: text(MAX_PROOF).optional(),
});

/**
 * The answer of RFC 8693 section 2.2.1. Throws as `Workloads.exchange` and
 * `refuseWhatIsNotMeant`.
 */
export async function exchangeToken(
  form: Readonly<Record<string, unknown>>,
  requester: Requester,
  { workloads, baseUrl, clock }: TokenExchangeParts,
): Promise<object> {
  const fields = readFields(ExchangeFields, form);
  refuseWhatIsNotMeant(fields, baseUrl);
  const { subject_token: proof, resource } = fields;
  const { token, expiresAt } = await workloads.exchange(requester, { proof, resource });
  return {
    access_token: token,
    issued_token_type: ACCESS_TOKEN,
    token_type: 'Bearer',
    expires_in: Math.max(0, Math.floor((expiresAt - clock.now()) / 1000)),
    scope: SCOPE,
  };
}

/** Throws `token_type_unsupported`, `bad_request`, `target_invalid`. */
function refuseWhatIsNotMeant(
  {
    subject_token: proof,
    subject_token_type: type,
    requested_token_type: requested = ACCESS_TOKEN,
    audience,
    actor_token: actor,
  }: z.output<typeof ExchangeFields>,
  baseUrl: string,
): void {
  const types: readonly string[] = proof.startsWith(SIGNED_REQUEST_PREFIX)
    ? [SIGNED_REQUEST_TYPE]
    : JWT_TYPES;
  if (!types.includes(type))
    throw new BridgeError('token_type_unsupported', 'the subject token is of another type', {
      hint: `The type of this subject token is ${types[0]}.`,
    });
  if (requested !== ACCESS_TOKEN)
    throw new BridgeError('token_type_unsupported', 'another type of token was requested', {
      hint: `Request ${ACCESS_TOKEN}, or omit requested_token_type.`,
    });
  if (actor !== undefined)
    throw new BridgeError('bad_request', 'an actor token was sent', {
      hint: 'Remove actor_token: a workload cannot act for another one.',
    });
  if (audience !== undefined && audience !== baseUrl)
    throw new BridgeError('target_invalid', 'the token was requested for another audience');
}
