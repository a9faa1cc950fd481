/**
 * What a profile of the AWS files says about a call with an MFA code: whose keys, which device,
 * which role. The names of the settings are those of the AWS CLI; `mfa_process` is our own.
 */
import { nearest } from '../../core/nearest.ts';
import { formatDuration, HOUR, MINUTE, type Seconds } from '../../core/time.ts';
import { type ProfileSettings, type Profiles, readProfiles } from '../aws/profiles.ts';
import { CliError } from '../terminal/exit.ts';
import { type StsSettings, stsSettings } from './sts-settings.ts';

type Environment = Readonly<Record<string, string | undefined>>;

/** Of an IAM user. The secret key never leaves this process. */
export interface LongTermKeys {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
}

/** The keys of a profile, and the STS that knows them. */
export interface KeysProfile {
  readonly name: string;
  /** In the files; undefined where the keychain has them, or nothing. */
  readonly keys: LongTermKeys | undefined;
  readonly sts: StsSettings;
  readonly profiles: Profiles;
}

export interface AskedRole {
  readonly arn: string;
  readonly sessionName: string;
  readonly externalId: string | undefined;
}

export interface MfaProfile extends KeysProfile {
  /** The profile that has the long-term keys: this one, or its `source_profile`. */
  readonly keysOf: string;
  readonly serial: string;
  /** AssumeRole; without it, GetSessionToken. */
  readonly role: AskedRole | undefined;
  readonly durationSeconds: Seconds;
  /** A command that prints the code. */
  readonly process: string | undefined;
}

/** What options say instead of the profile. */
export interface MfaOptions {
  readonly serial?: string | undefined;
  readonly role?: string | undefined;
  readonly durationSeconds?: Seconds | undefined;
  readonly process?: string | undefined;
}

/** A profile in a command line that is suggested: `--profile "on call"`. */
export function profileOption(name: string): string {
  return `--profile ${/^[\w.@+-]+$/.test(name) ? name : `"${name}"`}`;
}

/** Throws `local` for settings that cannot be used. */
export function readKeysProfile(env: Environment, name: string): KeysProfile {
  const profiles = readProfiles(env);
  const settings = profiles.settingsOf(name) ?? new Map<string, string>();
  const source = settings.get('source_profile');
  if (settings.has('role_arn') && source !== undefined && source !== name) {
    throw new CliError('usage', `the profile ${name} has no keys: it uses those of ${source}`, {
      lines: [`Use that profile: ${profileOption(source)}`],
    });
  }
  const arns = [settings.get('mfa_serial')];
  const sts = stsSettings({ env, profiles, settings, arns });
  return { name, keys: keysIn(settings, name), sts, profiles };
}

/** Throws `local` for settings that cannot be used, `usage` where the device is not known. */
export function readMfaProfile(env: Environment, name: string, options: MfaOptions): MfaProfile {
  const profiles = readProfiles(env);
  const own = profiles.settingsOf(name) ?? new Map<string, string>();
  const role = roleIn(own, options);
  const keysOf = role === undefined ? name : sourceOf(name, own);
  const source = profiles.settingsOf(keysOf) ?? new Map<string, string>();
  const settings: ProfileSettings = new Map([...inherited(source), ...own]);
  const serial = serialIn(settings, options) ?? noDevice(profiles, name);
  return {
    ...{ name, keysOf, profiles, serial, role },
    keys: keysIn(source, keysOf),
    durationSeconds: durationIn(settings, role, options),
    process: options.process ?? settings.get('mfa_process'),
    sts: stsSettings({ env, profiles, settings, arns: [role?.arn, serial] }),
  };
}

/** A source profile often says where its user's device is, and nothing else that counts here. */
function inherited(source: ProfileSettings): readonly (readonly [string, string])[] {
  return [...source].filter(([name]) => INHERITED.has(name));
}
const INHERITED = new Set(['mfa_serial', 'mfa_process', 'region', 'ca_bundle']);

/** Throws `local`. */
function sourceOf(name: string, settings: ProfileSettings): string {
  if (!settings.has('credential_source')) return settings.get('source_profile') || name;
  throw new CliError('local', `the profile ${name} gets its keys from credential_source`, {
    lines: [
      'An MFA code belongs to an IAM user. Name a profile with their keys in source_profile.',
    ],
  });
}

// ---------------------------------------------------------------- keys

/** Throws `local` for keys that are not those of an IAM user. */
function keysIn(settings: ProfileSettings, name: string): LongTermKeys | undefined {
  const accessKeyId = settings.get('aws_access_key_id');
  const secretAccessKey = settings.get('aws_secret_access_key');
  if (!accessKeyId && !secretAccessKey) return undefined;
  if (!accessKeyId || !secretAccessKey) {
    const missing = accessKeyId ? 'aws_secret_access_key' : 'aws_access_key_id';
    throw new CliError('local', `the profile ${name} has a key without ${missing}`);
  }
  if (settings.has('aws_session_token') || accessKeyId.startsWith('ASIA')) {
    throw new CliError('local', `the keys of the profile ${name} are temporary`, {
      lines: [
        'An MFA code requires the long-term keys of an IAM user, without a session token. Put them into a profile of their own.',
      ],
    });
  }
  const keys = { accessKeyId, secretAccessKey };
  if (isLongTermKeys(keys)) return keys;
  throw new CliError('local', `the keys of the profile ${name} do not have the form of AWS keys`);
}

/** API reference of GetAccessKeyInfo, and no character that a header could not have. */
export function isLongTermKeys(keys: Partial<LongTermKeys>): keys is LongTermKeys {
  const { accessKeyId, secretAccessKey } = keys;
  return (
    /^\w{16,128}$/.test(accessKeyId ?? '') && /^[\x21-\x7e]{16,128}$/.test(secretAccessKey ?? '')
  );
}

/** The profile has keys nowhere. */
export function noKeys({ files, names }: Profiles, name: string): CliError {
  if (names.includes(name)) {
    return new CliError('local', `the profile ${name} has no long-term keys`, {
      lines: [
        `They are expected as aws_access_key_id and aws_secret_access_key in ${files.credentials} or ${files.config}, or in the keychain (rolebridge mfa import).`,
      ],
    });
  }
  return unknownProfile({ files, names }, name);
}

function unknownProfile(
  { files, names }: Pick<Profiles, 'files' | 'names'>,
  name: string,
): CliError {
  const near = nearest(name, names);
  return new CliError('local', `unknown profile ${name}`, {
    lines: [
      ...(near === undefined ? [] : [`Did you mean ${near}?`]),
      `It is in neither ${files.config} nor ${files.credentials}. A profile whose keys are in the keychain alone also requires --serial.`,
    ],
  });
}

// ---------------------------------------------------------------- device and role

/** API reference of AssumeRole. */
const SERIAL = /^[\w+=/:,.@-]{9,256}$/;
const ROLE_ARN = /^arn:[\w-]+:iam::\d{12}:role\/[\w+=,.@/-]{1,512}$/;
const SESSION_NAME = /^[\w+=,.@-]{2,64}$/;
const EXTERNAL_ID = /^[\w+=,.@:/-]{2,1224}$/;
const DEFAULT_SESSION_NAME = 'rolebridge-mfa';

/** Throws `usage`, and `local` for a profile that does not exist. */
function noDevice(profiles: Profiles, name: string): never {
  if (!profiles.names.includes(name)) throw unknownProfile(profiles, name);
  throw new CliError('usage', `the profile ${name} names no MFA device`, {
    lines: [
      'Give its serial number: --serial arn:aws:iam::111122223333:mfa/NAME, or as mfa_serial in the profile.',
      'The IAM console shows it under "Security credentials", as the identifier of the device; "aws iam list-mfa-devices" prints it.',
    ],
  });
}

/** Undefined where none is named. Throws `local` for one that gives no codes. */
function serialIn(settings: ProfileSettings, options: MfaOptions): string | undefined {
  const serial = options.serial ?? settings.get('mfa_serial');
  if (serial === undefined || serial === '') return undefined;
  if (!SERIAL.test(serial))
    throw new CliError('local', `${JSON.stringify(serial)} is not the serial number of a device`);
  if (/:(?:u2f|user)\//.test(serial)) {
    throw new CliError('local', `${serial} is not a device that shows codes`, {
      lines: [
        'STS accepts the codes of virtual and hardware devices (arn:aws:iam::ACCOUNT:mfa/NAME, or the number on the device). Passkeys and security keys work in the console only.',
      ],
    });
  }
  return serial;
}

function roleIn(settings: ProfileSettings, options: MfaOptions): AskedRole | undefined {
  const arn = options.role ?? settings.get('role_arn');
  if (arn === undefined || arn === '') return undefined;
  const sessionName = settings.get('role_session_name') || DEFAULT_SESSION_NAME;
  const externalId = settings.get('external_id') || undefined;
  const checks: readonly (readonly [string, string | undefined, RegExp])[] = [
    ['role_arn', arn, ROLE_ARN],
    ['role_session_name', sessionName, SESSION_NAME],
    ['external_id', externalId, EXTERNAL_ID],
  ];
  for (const [what, value, form] of checks) {
    if (value !== undefined && !form.test(value))
      throw new CliError('local', `${what} has a form that AWS does not accept`);
  }
  return { arn, sessionName, externalId };
}

// ---------------------------------------------------------------- duration

interface Bounds {
  readonly call: string;
  readonly most: Seconds;
  readonly usual: Seconds;
}

const LEAST: Seconds = 15 * MINUTE;
const GET_SESSION_TOKEN: Bounds = { call: 'GetSessionToken', most: 36 * HOUR, usual: 12 * HOUR };
const ASSUME_ROLE: Bounds = { call: 'AssumeRole', most: 12 * HOUR, usual: HOUR };

/** `duration_seconds` of a profile is for its role, as in the AWS CLI. */
function durationIn(
  settings: ProfileSettings,
  role: AskedRole | undefined,
  options: MfaOptions,
): Seconds {
  const { call, most, usual } = role === undefined ? GET_SESSION_TOKEN : ASSUME_ROLE;
  const written = role === undefined ? undefined : settings.get('duration_seconds');
  const seconds = options.durationSeconds ?? (written ? Number(written) : usual);
  if (Number.isInteger(seconds) && seconds >= LEAST && seconds <= most) return seconds;
  throw new CliError('usage', `${call} gives credentials for 15 min to ${formatDuration(most)}`, {
    lines: ['Correct --duration, or duration_seconds of the profile.'],
  });
}
