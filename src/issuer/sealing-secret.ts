/**
 * The secret under which the store seals sessions and sign-in attempts (ADR 10). It is kept with
 * the signing keys, apart from the database: a writer of rows must not be able to seal them.
 */
import { randomBytes } from 'node:crypto';
import { type KeyDirectory, openKeyDirectory } from './key-directory.ts';

export const SEALING_FILE = 'sealing.key';
const SECRET_BYTES = 32;
const FORMAT = `${SECRET_BYTES} random bytes as base64url without padding`;
/** Runs on every host of the bridge. */
const COMMAND = `(umask 077; node -p "crypto.randomBytes(${SECRET_BYTES}).toString('base64url')" > ${SEALING_FILE})`;

export interface SealingSecretOptions {
  /** The directory of the signing keys; all instances of one bridge share it. */
  readonly directory: string;
  /** Whether a missing secret is created. */
  readonly create: boolean;
}

/**
 * The 32 bytes in `sealing.key`, which is created if it is missing and `create` is set. Two
 * processes that start at the same time get the same bytes. Throws `unavailable` with the file's
 * name and the fix if the file is missing, readable by others or damaged.
 */
export async function openSealingSecret({
  directory,
  create,
}: SealingSecretOptions): Promise<Uint8Array> {
  const files = await openKeyDirectory({
    directory,
    create,
    purpose: 'sealing secret',
    content: 'secret',
  });
  const text = await files.readOrCreate(SEALING_FILE, {
    write: async () => `${randomBytes(SECRET_BYTES).toString('base64url')}\n`,
    fix: `put ${FORMAT} there: ${COMMAND}`,
  });
  return parseSealingSecret(text, files);
}

/** Throws the refusal of `files` if the text is not one secret. */
export function parseSealingSecret(text: string, files: Pick<KeyDirectory, 'refusal'>): Uint8Array {
  const secret = Buffer.from(text, 'base64url');
  // Buffer skips invalid characters; only a text that encodes to itself is complete.
  if (secret.length !== SECRET_BYTES || secret.toString('base64url') !== text.trim()) {
    throw files.refusal(
      SEALING_FILE,
      `must contain ${FORMAT} and nothing else; restore it, or create a new one, after which all users sign in again`,
    );
  }
  return new Uint8Array(secret);
}
