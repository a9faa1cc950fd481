/**
 * Long-term keys that move from the AWS files into the system keychain, and leave it again.
 *
 * Owns: that keys are in the keychain before they leave a file, and that whatever fails or is
 * declined leaves file and keychain as they were.
 */
import { editFile, readText } from '../aws/config-file.ts';
import { parseFault } from '../aws/file-check.ts';
import { withoutKeys } from '../aws/key-lines.ts';
import type { AwsFileKind } from '../aws/paths.ts';
import type { Home } from '../session/home.ts';
import { CliError } from '../terminal/exit.ts';
import { forgetMfaCredentials } from './credentials.ts';
import {
  forgetInKeychain,
  keepInKeychain,
  keysInKeychain,
  requireKeychain,
} from './keychain-keys.ts';
import { type KeysProfile, type LongTermKeys, noKeys, readKeysProfile } from './profile.ts';
import { explained } from './refusals.ts';
import { callSts } from './sts.ts';

export interface Move {
  readonly profile: KeysProfile;
  readonly keys: LongTermKeys;
  /** Who AWS says that they are. */
  readonly arn: string;
  /** The files that have them. */
  readonly kinds: readonly AwsFileKind[];
  /** What the keychain has for the profile now. */
  readonly before: LongTermKeys | undefined;
}

const KINDS = ['credentials', 'config'] as const satisfies readonly AwsFileKind[];

/**
 * What `import` would do; nothing is changed. Throws `local` without keys or without a keychain,
 * `refused` where AWS does not know the keys.
 */
export async function plannedMove(home: Home, name: string): Promise<Move> {
  requireKeychain(home);
  const profile = readKeysProfile(home.env, name);
  const { keys, profiles } = profile;
  const before = await keysInKeychain(home, name);
  if (keys === undefined) {
    if (before === undefined) throw noKeys(profiles, name);
    throw new CliError('local', `the keys of ${name} are in the keychain already`, {
      lines: ['Neither of the AWS files has keys of this profile. Nothing was changed.'],
    });
  }
  const kinds = kindsWith(profile, keys);
  return { profile, keys, arn: await arnOf(home, profile, keys), kinds, before };
}

/** Throws `local` where the keys cannot be taken out of the files. */
function kindsWith({ name, profiles: { files } }: KeysProfile, keys: LongTermKeys): AwsFileKind[] {
  const kinds = KINDS.filter(kind => {
    const text = readText(files[kind]);
    const { found } = withoutKeys(text, { kind, profile: name, ...keys });
    const fault = found === 'none' ? undefined : parseFault(text);
    if (fault !== undefined) {
      throw new CliError('local', `the AWS CLI cannot read ${files[kind]}: ${fault}`, {
        lines: ['Nothing was changed. Fix the file, then try again.'],
      });
    }
    if (found === 'others') throw elsewhere(name, `${files[kind]} has other keys of it`);
    return found === 'these';
  });
  if (kinds.length > 0) return kinds;
  throw elsewhere(name, 'they are in [DEFAULT], or in both files');
}

function elsewhere(name: string, why: string): CliError {
  return new CliError('local', `the keys of ${name} cannot be moved: ${why}`, {
    lines: [
      'Nothing was changed. Put aws_access_key_id and aws_secret_access_key of the user into the section of the profile, and nowhere else.',
    ],
  });
}

async function arnOf(home: Home, { name, sts }: KeysProfile, keys: LongTermKeys): Promise<string> {
  const caller = { sts, keys, env: home.env, caFile: home.settings.caFile };
  const { value } = await home.terminal
    .progress('Asking AWS whose keys these are', () =>
      callSts(caller, async (client, { GetCallerIdentityCommand }) => {
        const { Arn } = await client.send(new GetCallerIdentityCommand());
        return Arn;
      }),
    )
    .catch((thrown: unknown) => {
      throw explained(thrown, { name, keysOf: name });
    });
  if (value !== undefined) return value;
  throw new CliError('unreachable', 'AWS did not say whose keys these are');
}

/** What a file still contains of keys that have moved. */
export interface Copies {
  readonly file: string;
  /** Numbers of lines with the secret key. */
  readonly lines: readonly number[];
}

/** Moves the keys. Throws `local`, and what Node throws for a file that cannot be written. */
export async function move(home: Home, planned: Move): Promise<readonly Copies[]> {
  const { profile, keys, kinds } = planned;
  const { name, profiles } = profile;
  await keepInKeychain(home, name, keys);
  try {
    for (const kind of kinds)
      editFile(profiles.files[kind], text => textWithout(text, planned, kind));
  } catch (thrown) {
    await takeBack(home, planned);
    throw thrown;
  }
  forgetMfaCredentials(home);
  return KINDS.flatMap(kind => {
    const file = profiles.files[kind];
    const { copies } = withoutKeys(readText(file), { kind, profile: name, ...keys });
    return copies.length === 0 ? [] : [{ file, lines: copies }];
  });
}

/** Throws `local` where another program has changed the keys meanwhile. */
function textWithout(text: string, { profile, keys }: Move, kind: AwsFileKind): string {
  const without = withoutKeys(text, { kind, profile: profile.name, ...keys });
  if (without.found === 'these') return without.text;
  throw new CliError('local', `another program has changed the keys of ${profile.name}`, {
    lines: ['Nothing was changed. Try again.'],
  });
}

async function takeBack(home: Home, { profile, before }: Move): Promise<void> {
  const back =
    before === undefined
      ? forgetInKeychain(home, profile.name)
      : keepInKeychain(home, profile.name, before);
  // The keys are still in the file, and the user is told what went wrong there.
  await back.catch(() => undefined);
}

/** Whether the keychain has keys of the profile. Throws `local` where it does not answer. */
export async function hasKeys(home: Home, name: string): Promise<boolean> {
  return (await keysInKeychain(home, name)) !== undefined;
}

/** Removes the keys of the profile from the keychain, and all credentials that keys gave. */
export async function forget(home: Home, name: string): Promise<void> {
  forgetMfaCredentials(home);
  if (home.usesKeychain) await forgetInKeychain(home, name);
}
