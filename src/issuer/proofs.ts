/**
 * Signatures of DPoP proofs, and the nonces that the bridge gives clients for them (RFC 9449
 * sections 4.3 and 8). Neither is stored, so every instance knows them.
 */
import { createHmac, hkdfSync } from 'node:crypto';
import { compactVerify, importJWK } from 'jose';
import { PROOF_ALGORITHM } from '../core/dpop.ts';
import type { ProofNonces, ProofSignatures } from '../core/ports.ts';
import { type Instant, MINUTE } from '../core/time.ts';
import { systemSecrets } from '../secrets.ts';

export const proofSignatures: ProofSignatures = {
  isValid: async (proof, { x, y }) => {
    try {
      const key = await importJWK({ kty: 'EC', crv: 'P-256', x, y }, PROOF_ALGORITHM);
      await compactVerify(proof, key, { algorithms: [PROOF_ALGORITHM] });
      return true;
    } catch {
      // No point of the curve, another signature, or a critical header that means nothing here.
      return false;
    }
  },
};

/** A nonce is accepted until the end of the period after its own. */
const PERIOD_MILLISECONDS = 5 * MINUTE * 1000;

/** `secret`: the sealing secret of the bridge. */
export function createProofNonces(secret: Uint8Array): ProofNonces {
  const key = new Uint8Array(hkdfSync('sha256', secret, '', 'rolebridge DPoP nonces v1', 32));
  let newest = { period: -1, nonce: '' };
  const ofPeriod = (period: number): string =>
    createHmac('sha256', key).update(String(period)).digest('base64url');
  const periodAt = (now: Instant): number => Math.floor(now / PERIOD_MILLISECONDS);
  const current = (now: Instant): string => {
    const period = periodAt(now);
    if (newest.period !== period) newest = { period, nonce: ofPeriod(period) };
    return newest.nonce;
  };
  return {
    current,
    isCurrent: (nonce, now) =>
      [current(now), ofPeriod(periodAt(now) - 1)].some(known => systemSecrets.equal(nonce, known)),
  };
}
