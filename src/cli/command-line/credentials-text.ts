/** Credentials as text, in the formats that commands take. */
import { formatCredentials } from '../../core/credential-formats.ts';
import type { CredentialFormat } from '../../core/credentials.ts';
import { CliError } from '../terminal/exit.ts';
import { jsonText } from '../terminal/printable.ts';
import type { CachedCredentials } from '../warm/cached-credentials.ts';
import type { ShellFormat } from './shell-formats.ts';

/** Throws `usage` for a name that is not one of `formats`. */
export function formatNamed(written: string, formats: readonly ShellFormat[]): ShellFormat {
  const name = written === 'windows-cmd' ? 'cmd' : written;
  const format = formats.find(one => one === name);
  if (format !== undefined) return format;
  throw new CliError('usage', `unknown format ${JSON.stringify(written)}`, {
    lines: [`Formats: ${formats.join(', ')}`],
  });
}

const CORE_FORMAT: Readonly<Partial<Record<ShellFormat, CredentialFormat>>> = {
  cmd: 'windows-cmd',
};

/** `profile` is the section of the credentials file. */
export function credentialsText(
  format: ShellFormat,
  credentials: CachedCredentials,
  profile?: string,
): string {
  if (format === 'json') return jsonText(fieldsOf(credentials));
  if (format === 'process') return credentials.process;
  const { account } = credentials;
  return formatCredentials(CORE_FORMAT[format] ?? (format as CredentialFormat), credentials, {
    accountId: account.id,
    region: account.region,
    profile,
  });
}

/** In the form of the server's API. */
function fieldsOf(credentials: CachedCredentials): object {
  const {
    account,
    role,
    assumedRoleArn,
    accessKeyId,
    secretAccessKey,
    sessionToken,
    expiresAt,
    durationSeconds,
    reducedFromSeconds,
    packedPolicyPercent = null,
    tagsLeftOut = [],
  } = credentials;
  return {
    account,
    role,
    assumed_role_arn: assumedRoleArn,
    access_key_id: accessKeyId,
    secret_access_key: secretAccessKey,
    session_token: sessionToken,
    expires_at: new Date(expiresAt).toISOString(),
    duration_seconds: durationSeconds,
    reduced_from_seconds: reducedFromSeconds,
    packed_policy_percent: packedPolicyPercent,
    tags_left_out: tagsLeftOut,
  };
}
