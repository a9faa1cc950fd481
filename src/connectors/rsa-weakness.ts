/** Which RSA keys of other parties are too weak to trust their signatures. */
import type { KeyObject } from 'node:crypto';

export const MIN_RSA_BITS = 2048;

/** Why signatures of an RSA key prove nothing, as the end of a sentence; undefined if they do. */
export function rsaWeakness({ asymmetricKeyDetails }: KeyObject): string | undefined {
  const { modulusLength = 0, publicExponent = 0n } = asymmetricKeyDetails ?? {};
  // With the exponent 1, everyone can sign (RFC 8017 section 3.1).
  if (publicExponent < 3n || publicExponent % 2n === 0n) return 'has an exponent that RSA forbids';
  return modulusLength < MIN_RSA_BITS ? `has fewer than ${MIN_RSA_BITS} bits` : undefined;
}
