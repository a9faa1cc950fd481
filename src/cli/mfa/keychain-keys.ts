/** Long-term keys in the system keychain, an entry for each profile. */
import type { Home } from '../session/home.ts';
import { CliError } from '../terminal/exit.ts';
import { readFromKeychain, removeFromKeychain, writeToKeychain } from '../warm/keychain.ts';
import { isLongTermKeys, type LongTermKeys } from './profile.ts';

/** Undefined where it has none for this profile. Throws `local` where it does not answer. */
export async function keysInKeychain(
  home: Home,
  profile: string,
): Promise<LongTermKeys | undefined> {
  if (!home.usesKeychain) return undefined;
  const found = await readFromKeychain(entryOf(home, profile));
  if (found.kind === 'unusable') throw unusable(found.why);
  return found.kind === 'none' ? undefined : keysIn(found.secret);
}

/** Stores them and reads them back. Throws `local` where the keychain does not store them. */
export async function keepInKeychain(
  home: Home,
  profile: string,
  { accessKeyId, secretAccessKey }: LongTermKeys,
): Promise<void> {
  const secret = JSON.stringify({ accessKeyId, secretAccessKey });
  const kept = await writeToKeychain(entryOf(home, profile), secret);
  if (kept.kind === 'unusable') throw unusable(kept.why);
}

/** Whether there was an entry. Throws `local` where the keychain does not answer. */
export async function forgetInKeychain(home: Home, profile: string): Promise<boolean> {
  const removed = await removeFromKeychain(entryOf(home, profile));
  if (removed.kind === 'unusable') throw unusable(removed.why);
  return removed.kind === 'removed';
}

/** Throws `local` where the user or a setting has turned the keychain off. */
export function requireKeychain({ usesKeychain }: Home): void {
  if (usesKeychain) return;
  throw new CliError('local', 'the system keychain is turned off for rolebridge', {
    lines: ['Unset ROLEBRIDGE_KEYCHAIN, and remove "keychain": false from the settings.'],
  });
}

/** A name that a user of the keychain understands, for each directory of the client. */
function entryOf({ directory }: Home, profile: string): string {
  return `mfa ${profile} (${directory})`;
}

function keysIn(secret: string): LongTermKeys | undefined {
  try {
    const keys = JSON.parse(secret) as Partial<LongTermKeys>;
    return isLongTermKeys(keys) ? keys : undefined;
  } catch {
    return undefined;
  }
}

function unusable(why: string): CliError {
  return new CliError('local', `the system keychain cannot be used here (${why})`, {
    lines: [
      'It requires a desktop session, or on Linux an unlocked Secret Service. Nothing was changed.',
    ],
  });
}
