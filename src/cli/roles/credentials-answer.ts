/** Credentials as the bridge sends them, and as the client keeps them. */
import { isPlain } from '../../core/aws-config.ts';
import { formatCredentials } from '../../core/credential-formats.ts';
import { CliError } from '../terminal/exit.ts';
import type { CachedCredentials } from '../warm/cached-credentials.ts';

export interface CredentialsAnswer {
  readonly account: { readonly id: string; readonly name: string; readonly region: string };
  readonly role: string;
  readonly assumed_role_arn: string;
  readonly access_key_id: string;
  readonly secret_access_key: string;
  readonly session_token: string;
  readonly expires_at: string;
  readonly duration_seconds: number;
  readonly reduced_from_seconds: number | null;
  /** Absent from older servers. */
  readonly elevation?: { readonly ends_at: string } | null;
  readonly packed_policy_percent?: number | null;
  readonly tags_left_out?: readonly string[];
}

/**
 * The credentials of an answer; `clockOffset` are the milliseconds from the local clock to the
 * server's. Throws `failed` for an answer that cannot be used.
 */
export function readCredentials(
  answer: CredentialsAnswer | null,
  clockOffset: number,
): CachedCredentials {
  if (isUsableAnswer(answer)) return cacheable(answer, clockOffset);
  throw new CliError('failed', 'the server answered with credentials that cannot be used', {
    lines: [
      'A key, name or time in them is malformed. Nothing was stored. Contact the administrators of the server.',
    ],
  });
}

function cacheable(answer: CredentialsAnswer, clockOffset: number): CachedCredentials {
  const { account } = answer;
  const expiresAt = Date.parse(answer.expires_at);
  const secrets = {
    accessKeyId: answer.access_key_id,
    secretAccessKey: answer.secret_access_key,
    sessionToken: answer.session_token,
    expiresAt,
  };
  return {
    ...secrets,
    account: { id: account.id, name: account.name, region: account.region },
    role: answer.role,
    assumedRoleArn: answer.assumed_role_arn,
    durationSeconds: answer.duration_seconds,
    reducedFromSeconds: answer.reduced_from_seconds,
    packedPolicyPercent: Number.isInteger(answer.packed_policy_percent)
      ? answer.packed_policy_percent
      : null,
    tagsLeftOut: textsOf(answer.tags_left_out),
    fetchedLocally: Date.now(),
    expiresLocally: expiresAt - clockOffset,
    elevationEndsLocally: elevationEnd(answer.elevation, clockOffset),
    process: formatCredentials('process', secrets, { accountId: account.id }),
  };
}

/** The texts of a list that the server sent; of anything else, none. */
function textsOf(list: unknown): readonly string[] {
  return Array.isArray(list) ? list.filter(item => typeof item === 'string') : [];
}

function elevationEnd(
  elevation: CredentialsAnswer['elevation'],
  clockOffset: number,
): number | undefined {
  const endsAt = Date.parse(elevation?.ends_at ?? '');
  return Number.isNaN(endsAt) ? undefined : endsAt - clockOffset;
}

/**
 * Keys go into shells and files, names into environments: printable ASCII without blanks, and
 * nothing else.
 */
function isUsableAnswer(answer: CredentialsAnswer | null): answer is CredentialsAnswer {
  if (answer === null) return false;
  const isKey = (text: unknown): boolean => typeof text === 'string' && /^[\x21-\x7e]+$/.test(text);
  const { access_key_id, secret_access_key, session_token, assumed_role_arn, account, role } =
    answer;
  return (
    [access_key_id, secret_access_key, session_token, assumed_role_arn].every(isKey) &&
    typeof account === 'object' &&
    account !== null &&
    isPlain({ account, role }) &&
    Number.isFinite(Date.parse(answer.expires_at)) &&
    Number.isFinite(answer.duration_seconds)
  );
}
