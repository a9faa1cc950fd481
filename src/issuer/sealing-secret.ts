/**
 * The secret under which the store seals sessions and sign-in attempts (ADR 10). It lies with the
 * signing keys because it must be where the database is not: who can write rows must not be able to
 * seal them.
 */
import { randomBytes } from 'node:crypto';
import { openKeyDirectory } from './key-directory.ts';

const FILE = 'sealing.key';
const SECRET_BYTES = 32;
const FORMAT = `${SECRET_BYTES} random bytes as base64url without padding`;
/** Runs wherever the bridge does. */
const COMMAND = `(umask 077; node -p "crypto.randomBytes(${SECRET_BYTES}).toString('base64url')" > ${FILE})`;

export interface SealingSecretOptions {
  /** Where the signing keys lie; all instances of one bridge share it. */
  readonly directory: string;
  /** Whether a secret that is missing is made. */
  readonly create: boolean;
}

/**
 * The 32 bytes in `sealing.key`, which is made when it is missing and `create` is set; two
 * processes that start at once get the same ones. Throws `unavailable` with the file's name and the
 * fix when it is missing, readable by others or damaged.
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
  const text = await files.readOrCreate(FILE, {
    write: async () => `${randomBytes(SECRET_BYTES).toString('base64url')}\n`,
    fix: `put ${FORMAT} there: ${COMMAND}`,
  });
  const secret = Buffer.from(text, 'base64url');
  // Buffer passes over what is no base64url; only a text that comes back as it was is whole.
  if (secret.length !== SECRET_BYTES || secret.toString('base64url') !== text.trim()) {
    throw files.refusal(
      FILE,
      `must hold ${FORMAT} and nothing else; restore it, or make a new one, with which everyone signs in again`,
    );
  }
  return new Uint8Array(secret);
}
