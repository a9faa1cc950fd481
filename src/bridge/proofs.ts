/**
 * Proofs of possession (DPoP, RFC 9449): which key a request proves, and that a proof works once.
 *
 * Owns: when a proof is required, its one-time use, the audit events of refused ones. Does not own:
 * what a proof must say (core/dpop), what a key gives access to (tokens, code-authorization).
 */
import type { Origin } from '../core/audit-event.ts';
import type { CliSession } from '../core/cli-session.ts';
import {
  acceptedUntil,
  type Proof,
  readProof,
  requireFitting,
  type SentProof,
  thumbprintText,
} from '../core/dpop.ts';
import { BridgeError } from '../core/errors.ts';
import type { OAuthClient } from '../core/oauth-client.ts';
import type { Clock, OneTimeKeys, ProofNonces, ProofSignatures, Secrets } from '../core/ports.ts';
import type { Requester } from '../core/requester.ts';
import { refusedLogin } from './login-refusal.ts';
import type { Recorder } from './recorder.ts';
import { ownerOf } from './token-callers.ts';

export interface ProofsParts {
  readonly signatures: ProofSignatures;
  readonly nonces: ProofNonces;
  readonly oneTimeKeys: OneTimeKeys;
  readonly recorder: Recorder;
  readonly clock: Clock;
  readonly secrets: Secrets;
}

/** A token as it was shown. `proof` is set for the scheme DPoP. */
export interface ShownToken {
  readonly token: string;
  readonly proof?: SentProof | undefined;
}

/** A token as the store has it. */
export interface IssuedToken {
  /** The thumbprint of the key to which it is bound. */
  readonly jkt: string | undefined;
  readonly session: CliSession;
}

/** What a request at the token endpoint shows of its key. */
export interface KeyRequest {
  readonly client: OAuthClient;
  /** Undefined if the request has no header DPoP. */
  readonly proof?: SentProof | undefined;
}

export interface Proofs {
  /** The nonce that a new proof for the token endpoint contains. */
  nonce(): string;
  /**
   * The thumbprint of the key to which new tokens are bound; undefined for a client that sends no
   * proof and needs none. Throws `dpop_proof_invalid`, `dpop_nonce_needed`.
   */
  keyOf(requester: Requester, request: KeyRequest): Promise<string | undefined>;
  /**
   * Requires that a token is shown as it was issued: a bound one with a proof of its key, any other
   * one without. Throws `dpop_proof_invalid`, `token_binding_invalid`.
   */
  requireBinding(origin: Origin, shown: ShownToken, issued: IssuedToken): Promise<void>;
}

export function createProofs(parts: ProofsParts): Proofs {
  return {
    nonce: () => parts.nonces.current(parts.clock.now()),
    keyOf: (requester, request) => keyOf(parts, requester, request),
    requireBinding: (origin, shown, issued) => requireBinding(parts, { origin, shown, issued }),
  };
}

// ---------------------------------------------------------------- new tokens

async function keyOf(
  parts: ProofsParts,
  requester: Requester,
  { client, proof: sent }: KeyRequest,
): Promise<string | undefined> {
  if (sent === undefined && client.application === undefined) return undefined;
  try {
    const proof = await verified(parts, sent ?? NO_PROOF);
    // With a nonce, proofs cannot be made in advance, for a time when the key is out of reach.
    if (!parts.nonces.isCurrent(proof.claims.nonce ?? '', parts.clock.now()))
      throw new BridgeError('dpop_nonce_needed', 'a proof has no nonce, or an old one');
    return await used(parts, proof);
  } catch (thrown) {
    throw await refusedLogin(parts.recorder, requester, thrown);
  }
}

const NO_PROOF: SentProof = { values: [], method: '', url: '' };

// ---------------------------------------------------------------- shown tokens

interface Use {
  readonly origin: Origin;
  readonly shown: ShownToken;
  readonly issued: IssuedToken;
}

async function requireBinding(
  parts: ProofsParts,
  { origin, shown, issued: { jkt, session } }: Use,
): Promise<void> {
  if (jkt === undefined && shown.proof === undefined) return;
  try {
    await requireKey(parts, shown, jkt);
  } catch (thrown) {
    const { publicId: cliSession } = session.summary;
    throw await refusedLogin(parts.recorder, ownerOf(session, origin), thrown, cliSession);
  }
}

async function requireKey(
  parts: ProofsParts,
  { token, proof: sent }: ShownToken,
  jkt: string | undefined,
): Promise<void> {
  if (jkt === undefined)
    throw new BridgeError(
      'token_binding_invalid',
      'a token that is not bound to a key was sent as DPoP',
      {
        hint: 'Send it with the scheme Bearer.',
      },
    );
  if (sent === undefined)
    throw new BridgeError(
      'token_binding_invalid',
      'a token that is bound to a key was sent without a proof',
    );
  const proof = await verified(parts, sent, token);
  if (!parts.secrets.equal(thumbprintOf(parts, proof), jkt))
    throw new BridgeError('token_binding_invalid', 'the proof is by another key');
  await used(parts, proof);
}

// ---------------------------------------------------------------- one proof

async function verified(
  { signatures, secrets, clock }: ProofsParts,
  { values, method, url }: SentProof,
  accessToken?: string,
): Promise<Proof> {
  const proof = readProof(values);
  const tokenDigest = accessToken === undefined ? undefined : secrets.digest(accessToken);
  requireFitting(proof.claims, { method, url, tokenDigest, now: clock.now() });
  if (await signatures.isValid(proof.text, proof.key)) return proof;
  throw new BridgeError('dpop_proof_invalid', 'the signature is not by the key of the proof');
}

/** Uses a proof up, on all instances. Its thumbprint. Throws `dpop_proof_invalid`. */
async function used(parts: ProofsParts, proof: Proof): Promise<string> {
  const { claims } = proof;
  const jkt = thumbprintOf(parts, proof);
  // The digest bounds what a client can have stored; a client cannot use up the proofs of others.
  const key = `dpop ${parts.secrets.digest(JSON.stringify([jkt, claims.jti]))}`;
  if (await parts.oneTimeKeys.claim(key, acceptedUntil(claims))) return jkt;
  throw new BridgeError('dpop_proof_invalid', 'a proof with this jti was used before');
}

function thumbprintOf({ secrets }: ProofsParts, { key }: Proof): string {
  return secrets.digest(thumbprintText(key));
}
