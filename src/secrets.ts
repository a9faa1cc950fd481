/** Chance and comparison by Node's own cryptography: the one `Secrets` that runs. */
import { createHash, randomBytes, randomInt, timingSafeEqual } from 'node:crypto';
import type { Secrets } from './core/ports.ts';

export const systemSecrets: Secrets = {
  token: () => randomBytes(32).toString('base64url'),
  code: (alphabet, length) =>
    Array.from({ length }, () => alphabet[randomInt(alphabet.length)]).join(''),
  publicId: () => randomBytes(10).toString('hex'),
  digest: text => createHash('sha256').update(text, 'utf8').digest('base64url'),
  equal: (a, b) => {
    const [left, right] = [Buffer.from(a), Buffer.from(b)];
    return left.length === right.length && timingSafeEqual(left, right);
  },
};
