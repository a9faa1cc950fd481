/**
 * The CSRF token of a session as pages contain it: under a mask that is new in each answer, so that
 * no two answers have a part of it in common that their compressed length could tell (BREACH).
 */

/** Of the token, and so of its mask. */
const BYTES = 32;
/** base64url of the mask and of the token under it. */
const MASKED = /^[\w-]{86}$/;

/** Both are base64url of 32 bytes. The mask must be random, and be used for one answer. */
export function maskCsrfToken(token: string, mask: string): string {
  const [bytes, key] = [Buffer.from(token, 'base64url'), Buffer.from(mask, 'base64url')];
  return Buffer.concat([key, exclusiveOr(bytes, key)]).toString('base64url');
}

/** The token under the mask; undefined for a value that is not masked, such as the bare token. */
export function unmaskCsrfToken(masked: string): string | undefined {
  if (!MASKED.test(masked)) return undefined;
  const bytes = Buffer.from(masked, 'base64url');
  return exclusiveOr(bytes.subarray(BYTES), bytes.subarray(0, BYTES)).toString('base64url');
}

function exclusiveOr(bytes: Buffer, key: Buffer): Buffer {
  return Buffer.from(bytes.map((byte, index) => byte ^ key[index]!));
}
