/**
 * Proofs with which `doctor` asks a running bridge what arrived. They are made of the sealing
 * secret, are good for a minute, and are stored nowhere: a caller who repeats one learns only what
 * arrived of their own request.
 */
import { createHmac, hkdfSync } from 'node:crypto';
import type { DoctorProofs, ProvenRequest } from '../core/ports.ts';
import { type Instant, MINUTE } from '../core/time.ts';
import { systemSecrets } from '../secrets.ts';

/** Also the most by which the clocks of the two may differ. */
const GOOD_MILLISECONDS = MINUTE * 1000;
/** Milliseconds since 1970, a nonce, and the HMAC-SHA-256 of both with what is asked. */
const PROOF = /^(\d{13})\.([\w-]{22})\.([\w-]{43})$/;

/** `secret`: the sealing secret of the bridge. */
export function createDoctorProofs(secret: Uint8Array): DoctorProofs {
  const key = new Uint8Array(hkdfSync('sha256', secret, '', 'rolebridge doctor proofs v1', 32));
  const macOf = ({ method, origin }: ProvenRequest, at: string, nonce: string): string =>
    createHmac('sha256', key)
      .update(['v1', method, origin, at, nonce].join('\n'))
      .digest('base64url');
  return {
    make: (request, now) => {
      const nonce = systemSecrets.token().slice(0, 22);
      const at = String(now);
      return { proof: `${at}.${nonce}.${macOf(request, at, nonce)}`, nonce };
    },
    nonceIn: (proof, request, now) => {
      const [, at, nonce, mac] = PROOF.exec(proof) ?? [];
      if (at === undefined || nonce === undefined || mac === undefined) return undefined;
      if (!systemSecrets.equal(mac, macOf(request, at, nonce))) return undefined;
      return isNear(Number(at), now) ? nonce : undefined;
    },
  };
}

function isNear(at: Instant, now: Instant): boolean {
  return Math.abs(now - at) <= GOOD_MILLISECONDS;
}
