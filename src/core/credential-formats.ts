/**
 * AWS credentials as the text that a shell, the AWS credentials file or a `credential_process`
 * reads.
 *
 * Owns: the line formats and their quoting. Does not own: labels and instructions around the text.
 * The shapes are those of `aws configure export-credentials`. What STS hands out needs no quoting
 * and is written bare as the AWS CLI writes it; anything else is quoted, so that no value can ever
 * become a command.
 */
import type { AwsCredentials, CredentialFormat } from './credentials.ts';
import { BridgeError } from './errors.ts';
import type { Instant } from './time.ts';

export interface CredentialFormatOptions {
  /** Given to `process` as AccountId; the SDKs use it for account-based endpoints. */
  readonly accountId?: string | undefined;
  /**
   * Given to the shells as AWS_REGION and AWS_DEFAULT_REGION (SDKs differ in which they read), and
   * to the credentials file.
   */
  readonly region?: string | undefined;
  /**
   * Section of the credentials file; default: `rolebridge`. Never `default`: pasting must not
   * replace the user's own credentials.
   */
  readonly profile?: string | undefined;
}

type Pair = readonly [name: string, value: string];

/**
 * The credentials as text in one format, every line ended by a newline.
 *
 * Throws `internal` when a value is empty, is not printable ASCII (a newline would end the
 * statement, and PowerShell takes typographic quotes for quotes), or cannot be written in the
 * format; the message names the field, never the value.
 */
export function formatCredentials(
  format: CredentialFormat,
  credentials: AwsCredentials,
  options: CredentialFormatOptions = {},
): string {
  switch (format) {
    case 'env':
      return lines(
        environment(credentials, options),
        ([name, value]) => `export ${name}=${quoteForPosixShell(value)}`,
      );
    case 'fish':
      return lines(
        environment(credentials, options),
        ([name, value]) => `set -gx ${name} ${quoteForFish(value)}`,
      );
    case 'powershell':
      return lines(
        environment(credentials, options),
        ([name, value]) => `$Env:${name}=${quoteForPowerShell(value)}`,
      );
    case 'windows-cmd':
      return lines(
        environment(credentials, options),
        pair => `set ${pair[0]}=${escapeForCmd(pair)}`,
      );
    case 'credentials-file':
      return credentialsFile(credentials, options);
    case 'process':
      return processOutput(credentials, options);
  }
}

function environment(
  credentials: AwsCredentials,
  { region }: CredentialFormatOptions,
): readonly Pair[] {
  const pairs: Pair[] = [
    ['AWS_ACCESS_KEY_ID', credentials.accessKeyId],
    ['AWS_SECRET_ACCESS_KEY', credentials.secretAccessKey],
    ['AWS_SESSION_TOKEN', credentials.sessionToken],
    ['AWS_CREDENTIAL_EXPIRATION', isoWithOffset(credentials.expiresAt)],
  ];
  if (region !== undefined) pairs.push(['AWS_REGION', region], ['AWS_DEFAULT_REGION', region]);
  return pairs.map(checked);
}

function credentialsFile(
  credentials: AwsCredentials,
  { region, profile = 'rolebridge' }: CredentialFormatOptions,
): string {
  const pairs: Pair[] = [
    ['aws_access_key_id', credentials.accessKeyId],
    ['aws_secret_access_key', credentials.secretAccessKey],
    ['aws_session_token', credentials.sessionToken],
  ];
  if (region !== undefined) pairs.push(['region', region]);
  // The file knows no quoting: spaces are trimmed, and " #" or " ;" begins a comment in some SDKs.
  for (const [name, value] of pairs) if (value.includes(' ')) throw unwritable(name);
  if (!/^[\w+=,.@/-]+$/.test(profile)) throw unwritable('profile');
  const body = lines(pairs.map(checked), ([name, value]) => `${name} = ${value}`);
  return `[${profile}]\n# expires ${isoWithOffset(credentials.expiresAt)}\n${body}`;
}

/**
 * What a `credential_process` prints (AWS SDKs and Tools reference, "Process credential provider").
 */
function processOutput(
  credentials: AwsCredentials,
  { accountId }: CredentialFormatOptions,
): string {
  const pairs: Pair[] = [
    ['AccessKeyId', credentials.accessKeyId],
    ['SecretAccessKey', credentials.secretAccessKey],
    ['SessionToken', credentials.sessionToken],
    ['Expiration', isoWithOffset(credentials.expiresAt)],
  ];
  if (accountId !== undefined) pairs.push(['AccountId', accountId]);
  return `${JSON.stringify({ Version: 1, ...Object.fromEntries(pairs.map(checked)) }, null, 2)}\n`;
}

/**
 * Whole seconds, rounded down so that no program relies on credentials that have expired; the
 * numeric offset is what the AWS CLI prints.
 */
function isoWithOffset(instant: Instant): string {
  if (!Number.isFinite(instant) || Math.abs(instant) > 8.64e15) throw unwritable('expiration');
  return `${new Date(instant).toISOString().slice(0, -'.000Z'.length)}+00:00`;
}

/**
 * Needs no quoting in any of the shells. zsh expands `=name` at the start of an assigned value and
 * after a colon.
 */
const BARE = /^(?!.*(?:^|:)=)[\w+/=.:-]+$/;

function quoteForPosixShell(value: string): string {
  return BARE.test(value) ? value : `'${value.replaceAll("'", "'\\''")}'`;
}

/** Inside double quotes fish gives meaning to `\`, `"` and `$` alone. */
function quoteForFish(value: string): string {
  return `"${value.replace(/[\\"$]/g, '\\$&')}"`;
}

/**
 * Inside double quotes PowerShell gives meaning to the backtick, `"` and `$`; the backtick escapes
 * all three.
 */
function quoteForPowerShell(value: string): string {
  return `"${value.replace(/[`"$]/g, '`$&')}"`;
}

/**
 * cmd has no quote for every character, but a caret makes the next character literal, except two:
 * what a percent sign or an exclamation mark means depends on prompt, batch file and delayed
 * expansion, and inside a batch file an unknown `%name%` disappears together with its carets and
 * exposes what follows. Those are rejected.
 */
function escapeForCmd([name, value]: Pair): string {
  if (/[%!]/.test(value)) throw unwritable(name);
  return BARE.test(value) ? value : value.replace(/[^\w]/g, '^$&');
}

function lines(pairs: readonly Pair[], write: (pair: Pair) => string): string {
  return pairs.map(pair => `${write(pair)}\n`).join('');
}

function checked(pair: Pair): Pair {
  if (!/^[\x20-\x7e]+$/.test(pair[1])) throw unwritable(pair[0]);
  return pair;
}

function unwritable(field: string): BridgeError {
  return new BridgeError(
    'internal',
    `credentials cannot be written as text: the value of ${field} is empty or holds a character that does not fit`,
  );
}
