/**
 * Credentials for an MFA code: from the cache where they have enough life left, else from STS,
 * which one process asks for all.
 */
import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { formatCredentials } from '../../core/credential-formats.ts';
import type { AwsCredentials } from '../../core/credentials.ts';
import { formatDuration, type Seconds } from '../../core/time.ts';
import { CLOCK_TOLERANCE_MILLISECONDS, skewWarning } from '../server/clock-skew.ts';
import type { Home } from '../session/home.ts';
import { heldOrFetched } from '../session/lock.ts';
import { CliError } from '../terminal/exit.ts';
import { hashedName } from '../warm/bridges.ts';
import { isUsable, type Lifetime } from '../warm/cached-credentials.ts';
import { type Codes, codesFor } from './code.ts';
import { keysInKeychain } from './keychain-keys.ts';
import { type LongTermKeys, type MfaProfile, noKeys } from './profile.ts';
import { explained, isWrongCode } from './refusals.ts';
import { callSts, type StsAnswer } from './sts.ts';

export interface MfaCredentials extends AwsCredentials, Lifetime {
  /** Its id is in the ARN of the role or of the device; a hardware device has a bare number. */
  readonly account: { readonly id?: string | undefined };
  readonly durationSeconds: Seconds;
  /** What `credential_process` prints. */
  readonly process: string;
}

export interface MfaCredentialsOptions {
  /** The least life that they must have left; default: as for every role. */
  readonly minimumSeconds?: Seconds | undefined;
  /** Whether the user can be asked for a code. */
  readonly mayAsk: boolean;
}

/** A user types a code meanwhile. */
const PATIENCE_SECONDS = 150;
const TYPED_TRIES = 3;

/** Throws `notSignedIn`, `loginFailed`, `refused`, `unreachable`, `local`. */
export async function mfaCredentials(
  home: Home,
  profile: MfaProfile,
  { minimumSeconds, mayAsk }: MfaCredentialsOptions,
): Promise<MfaCredentials> {
  if (minimumSeconds !== undefined && minimumSeconds >= profile.durationSeconds)
    throw tooShort(profile);
  const file = fileOf(home, profile);
  const usable = async (): Promise<MfaCredentials | undefined> => {
    const cached = await home.vault.read<MfaCredentials>(file);
    return cached !== undefined && isUsable(cached, minimumSeconds, Date.now())
      ? cached
      : undefined;
  };
  const waiting = {
    patienceSeconds: PATIENCE_SECONDS,
    what: `another rolebridge process that asks for the MFA code of ${profile.name}`,
  };
  return heldOrFetched(`${file}.lock`, waiting, {
    held: usable,
    fetch: async () => {
      const codes = codesFor({ ...home, profile, mayAsk });
      const keys = await keysOf(home, profile);
      const fetched = await fetch({ home, profile, keys }, codes);
      await home.vault.write(file, fetched);
      return fetched;
    },
  });
}

/** Throws `local` where the profile has keys nowhere. */
async function keysOf(home: Home, { keys, keysOf, profiles }: MfaProfile): Promise<LongTermKeys> {
  const found = keys ?? (await keysInKeychain(home, keysOf));
  if (found === undefined) throw noKeys(profiles, keysOf);
  return found;
}

interface Asked {
  readonly home: Home;
  readonly profile: MfaProfile;
  readonly keys: LongTermKeys;
}

/** At a terminal, a mistyped code can be typed again. */
async function fetch(asked: Asked, codes: Codes): Promise<MfaCredentials> {
  const { home, profile } = asked;
  const { name, keysOf, serial, role } = profile;
  for (let round = 1; ; round++) {
    const code = await codes.next();
    try {
      return cacheable(asked, await askSts(asked, code));
    } catch (thrown) {
      const error = explained(thrown, { name, keysOf, serial, roleArn: role?.arn });
      const isAnotherTry = codes.isTyped && isWrongCode(thrown) && round < TYPED_TRIES;
      if (!isAnotherTry || !(error instanceof CliError) || error.exit !== 'loginFailed')
        throw error;
      home.terminal.warn(`${error.message}.`);
      for (const line of error.lines) home.terminal.say(line);
    }
  }
}

type StsCredentials = Partial<
  Readonly<Record<'AccessKeyId' | 'SecretAccessKey' | 'SessionToken', string>> & {
    readonly Expiration: Date;
  }
>;

function askSts(
  { home, profile, keys }: Asked,
  code: string,
): Promise<StsAnswer<StsCredentials | undefined>> {
  const { role, serial, durationSeconds, sts } = profile;
  const caller = { sts, keys, env: home.env, caFile: home.settings.caFile };
  const common = { SerialNumber: serial, TokenCode: code, DurationSeconds: durationSeconds };
  return home.terminal.progress(`Asking AWS for ${profile.name}`, () =>
    callSts(caller, async (client, { AssumeRoleCommand, GetSessionTokenCommand }) => {
      if (role === undefined)
        return (await client.send(new GetSessionTokenCommand(common))).Credentials;
      const { arn, sessionName, externalId } = role;
      const command = new AssumeRoleCommand({
        ...common,
        RoleArn: arn,
        RoleSessionName: sessionName,
        ...(externalId !== undefined && { ExternalId: externalId }),
      });
      return (await client.send(command)).Credentials;
    }),
  );
}

/** Throws `unreachable` for credentials that cannot be used. */
function cacheable(
  { home, profile }: Asked,
  { value, clockOffset }: StsAnswer<StsCredentials | undefined>,
): MfaCredentials {
  const { AccessKeyId = '', SecretAccessKey = '', SessionToken = '', Expiration } = value ?? {};
  const expiresAt = Expiration?.getTime() ?? Number.NaN;
  const isKey = (text: string): boolean => /^[\x21-\x7e]+$/.test(text);
  if (![AccessKeyId, SecretAccessKey, SessionToken].every(isKey) || Number.isNaN(expiresAt)) {
    throw new CliError('unreachable', 'AWS answered with credentials that cannot be used', {
      lines: ['Nothing was stored. Check AWS_ENDPOINT_URL_STS if it is set.'],
    });
  }
  if (Math.abs(clockOffset) > CLOCK_TOLERANCE_MILLISECONDS)
    home.terminal.warn(skewWarning(clockOffset, 'AWS'));
  const secrets = {
    accessKeyId: AccessKeyId,
    secretAccessKey: SecretAccessKey,
    sessionToken: SessionToken,
    expiresAt,
  };
  const id = accountOf(profile);
  return {
    ...secrets,
    account: { id },
    durationSeconds: profile.durationSeconds,
    fetchedLocally: Date.now(),
    expiresLocally: expiresAt - clockOffset,
    process: formatCredentials('process', secrets, { accountId: id }),
  };
}

function accountOf({ role, serial }: MfaProfile): string | undefined {
  return /^arn:[^:]+:iam::(\d{12}):/.exec(role?.arn ?? serial)?.[1];
}

function tooShort({ durationSeconds }: MfaProfile): CliError {
  return new CliError(
    'usage',
    `--minimum is not shorter than the session (${formatDuration(durationSeconds)})`,
    { lines: ['Give a shorter --minimum, or a longer --duration.'] },
  );
}

// ---------------------------------------------------------------- the cache

const FOLDER = 'credentials';
const PREFIX = 'mfa.';
/** Locks stay: a process has them. */
const CACHED = /^mfa\.[\da-f]+\.[\da-f]+$/;

/** Another device, role, key or endpoint is another file: nothing is handed out for another. */
function fileOf({ directory }: Home, profile: MfaProfile): string {
  const { name, keysOf, keys, serial, role, sts } = profile;
  const { region, endpoint, partition } = sts;
  const asked = [keysOf, keys?.accessKeyId, serial, role, partition, endpoint ?? region];
  return join(
    directory,
    FOLDER,
    `${PREFIX}${hashedName(name)}.${hashedName(JSON.stringify(asked))}`,
  );
}

/** Removes all cached credentials of MFA codes: the keys behind them have changed. */
export function forgetMfaCredentials({ directory }: Home): void {
  const folder = join(directory, FOLDER);
  try {
    const cached = readdirSync(folder).filter(name => CACHED.test(name));
    for (const name of cached) rmSync(join(folder, name), { force: true });
  } catch {
    // There is no cache, or another process removes it.
  }
}
