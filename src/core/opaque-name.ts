/** Names toward AWS that lead to one user or workload and contain nothing of them. */

const BASE32 = 'abcdefghijklmnopqrstuvwxyz234567';
const BITS = 80;
/** As base64url: 15 bytes. */
const READ = 20;

/**
 * 16 characters of `[a-z2-7]`: the first 80 bits of a SHA-256, which is given as base64url, in
 * base32 (RFC 4648).
 */
export function opaqueName(digest: string): string {
  const bytes = atob(digest.slice(0, READ).replaceAll('-', '+').replaceAll('_', '/'));
  const bits = [...bytes].map(byte => byte.charCodeAt(0).toString(2).padStart(8, '0')).join('');
  const digits = bits.slice(0, BITS).match(/.{5}/g) ?? [];
  return digits.map(digit => BASE32[Number.parseInt(digit, 2)]!).join('');
}
