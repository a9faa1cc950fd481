/** The DPoP proof of a request (RFC 9449), and the nonce for the next one. */
import type { Request, RequestHandler } from 'express';
import type { Proofs } from '../bridge/proofs.ts';
import type { SentProof } from '../core/dpop.ts';

export const PROOF_NONCE_HEADER = 'DPoP-Nonce';

/** What the header says, with the address that `baseUrl` gives the request. */
export function proofIn(request: Request, baseUrl: string): SentProof {
  const { method, originalUrl } = request;
  const [path] = originalUrl.split('?');
  return { values: request.headersDistinct.dpop ?? [], method, url: baseUrl + path };
}

/** Undefined if the request has no header DPoP. */
export function proofIfSent(request: Request, baseUrl: string): SentProof | undefined {
  return request.headers.dpop === undefined ? undefined : proofIn(request, baseUrl);
}

/** Tells the client the nonce of its next proof, also beside an error. */
export function offerNonce(proofs: Pick<Proofs, 'nonce'>): RequestHandler {
  return (_request, response, next) => {
    response.setHeader(PROOF_NONCE_HEADER, proofs.nonce());
    next();
  };
}
