import { createHmac } from 'node:crypto';

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';
const PERIOD_MILLISECONDS = 30_000;

/**
 * The one-time code of a key at a time, as an authenticator app shows it (RFC 6238). The key is in
 * base32, with or without spaces.
 */
export function totp(key: string, at: number): string {
  const counter = Buffer.alloc(8);
  counter.writeBigUInt64BE(BigInt(Math.floor(at / PERIOD_MILLISECONDS)));
  const mac = createHmac('sha1', decoded(key)).update(counter).digest();
  const truncated = mac.readUInt32BE(mac.at(-1)! & 0xf) & 0x7fffffff;
  return String(truncated % 1_000_000).padStart(6, '0');
}

function decoded(base32: string): Buffer {
  const bits = [...base32.replaceAll(' ', '')].map(letter =>
    ALPHABET.indexOf(letter).toString(2).padStart(5, '0'),
  );
  return Buffer.from(
    bits
      .join('')
      .match(/.{8}/g)!
      .map(byte => Number.parseInt(byte, 2)),
  );
}
