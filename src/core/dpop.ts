/**
 * Proofs that a client has the private key to which its tokens are bound (DPoP, RFC 9449).
 *
 * Owns: what a proof must say. Does not own: whether its signature is good (`ProofSignatures`),
 * that it is used once, and which key a token is bound to (bridge/proofs).
 */
import * as z from 'zod';
import { BridgeError } from './errors.ts';
import { type Instant, MINUTE, type Seconds } from './time.ts';

/** The only algorithm: browsers, phones and AWS tools have it. */
export const PROOF_ALGORITHM = 'ES256';

/** A public key on P-256; each coordinate is 32 bytes in base64url. */
export interface ProofKey {
  readonly x: string;
  readonly y: string;
}

/** A proof as it was sent, and the request that it came with. */
export interface SentProof {
  /** The values of the header `DPoP`: exactly one is allowed. */
  readonly values: readonly string[];
  readonly method: string;
  /** The public address of the request: from `baseUrl`, never from `Host`. */
  readonly url: string;
}

/** What a proof says, before anything of it is believed. */
export interface Proof {
  readonly text: string;
  readonly key: ProofKey;
  readonly claims: ProofClaims;
}

const ProofClaims = z.object({
  jti: z.string().min(1).max(256),
  htm: z.string().max(16),
  htu: z.string().max(4096),
  /** Seconds since 1970. */
  iat: z.number(),
  ath: z.string().max(64).optional(),
  nonce: z.string().max(256).optional(),
});
export type ProofClaims = z.output<typeof ProofClaims>;

/** What the claims must fit. */
export interface ExpectedProof {
  readonly method: string;
  readonly url: string;
  /** base64url of the SHA-256 of the access token; undefined at the token endpoint. */
  readonly tokenDigest?: string | undefined;
  readonly now: Instant;
}

/** How far the clock of a client may be from ours, either way. */
const PROOF_SKEW_SECONDS: Seconds = 5 * MINUTE;
const MAX_CHARACTERS = 4096;

// ---------------------------------------------------------------- read

/** Throws `dpop_proof_invalid`. */
export function readProof(values: readonly string[]): Proof {
  const [text, ...more] = values;
  if (text === undefined) throw invalid('no proof was sent', REQUIRED);
  if (more.length > 0) throw invalid('several headers DPoP were sent');
  const parts = text.split('.');
  if (text.length > MAX_CHARACTERS || parts.length !== 3) throw invalid('not a compact JWS');
  const header = jsonIn(parts[0]!);
  const fault = HEADER_FAULTS.find(({ applies }) => applies(header))?.why;
  if (fault !== undefined) throw invalid(fault);
  const claims = ProofClaims.safeParse(jsonIn(parts[1]!));
  if (!claims.success) {
    const names = [...new Set(claims.error.issues.map(({ path }) => path.join('.') || 'all'))];
    throw invalid(`claims are missing or malformed: ${names.join(', ')}`);
  }
  const { x, y } = header.jwk as Coordinates;
  return { text, key: { x: padded(x)!, y: padded(y)! }, claims: claims.data };
}

type Json = Readonly<Record<string, unknown>>;
interface Coordinates {
  readonly x: string;
  readonly y: string;
}

const HEADER_FAULTS: readonly {
  readonly why: string;
  readonly applies: (header: Json) => boolean;
}[] = [
  { why: 'typ is not dpop+jwt', applies: ({ typ }) => typ !== 'dpop+jwt' },
  { why: `alg is not ${PROOF_ALGORITHM}`, applies: ({ alg }) => alg !== PROOF_ALGORITHM },
  { why: 'the key is not on P-256', applies: ({ jwk }) => !isOnCurve(jwk) },
  {
    why: 'the proof contains a private key; replace this key',
    applies: ({ jwk }) => Object.hasOwn(jwk as object, 'd'),
  },
];

function isOnCurve(jwk: unknown): boolean {
  if (typeof jwk !== 'object' || jwk === null) return false;
  const { kty, crv, x, y } = jwk as Json;
  return kty === 'EC' && crv === 'P-256' && [x, y].every(part => padded(part) !== undefined);
}

const COORDINATE_BYTES = 32;

/**
 * A coordinate of full length. Some clients leave leading zero bytes out (Go, Java), and then the
 * thumbprint of one key would have two values. Undefined for what is not a coordinate.
 */
function padded(coordinate: unknown): string | undefined {
  if (typeof coordinate !== 'string') return undefined;
  const bytes = bytesIn(coordinate);
  if (bytes === undefined || bytes.length === 0 || bytes.length > COORDINATE_BYTES)
    return undefined;
  const full = String.fromCharCode(...new Uint8Array(COORDINATE_BYTES - bytes.length), ...bytes);
  return btoa(full).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');
}

/** An empty object for what is not a JSON object. */
function jsonIn(part: string): Json {
  const bytes = bytesIn(part);
  if (bytes === undefined) return {};
  try {
    const value: unknown = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
    return typeof value === 'object' && value !== null ? (value as Json) : {};
  } catch {
    return {};
  }
}

function bytesIn(text: string): Uint8Array | undefined {
  if (!/^[\w-]*$/.test(text) || text.length % 4 === 1) return undefined;
  const binary = atob(text.replaceAll('-', '+').replaceAll('_', '/'));
  return Uint8Array.from(binary, character => character.charCodeAt(0));
}

/** The text of which the SHA-256 in base64url is the thumbprint of a key (RFC 7638). */
export function thumbprintText({ x, y }: ProofKey): string {
  return JSON.stringify({ crv: 'P-256', kty: 'EC', x, y });
}

// ---------------------------------------------------------------- check

/** Checks the claims (RFC 9449 section 4.3). Throws `dpop_proof_invalid`. */
export function requireFitting(claims: ProofClaims, expected: ExpectedProof): void {
  const fault = CLAIM_FAULTS.find(({ applies }) => applies(claims, expected));
  if (fault !== undefined) throw invalid(fault.why, fault.hint);
}

const CLAIM_FAULTS: readonly {
  readonly why: string;
  readonly hint?: string;
  readonly applies: (claims: ProofClaims, expected: ExpectedProof) => boolean;
}[] = [
  { why: 'htm is another method', applies: ({ htm }, { method }) => htm !== method },
  { why: 'htu is another URL', applies: ({ htu }, { url }) => !isSameUrl(htu, url) },
  {
    why: `iat is more than ${PROOF_SKEW_SECONDS / MINUTE} minutes from the clock of the bridge`,
    hint: 'Make a new proof for each request. If that fails, set the clock of this device.',
    applies: ({ iat }, { now }) => !(Math.abs(iat - now / 1000) <= PROOF_SKEW_SECONDS),
  },
  {
    why: 'ath is not the digest of the access token',
    applies: ({ ath }, { tokenDigest }) => tokenDigest !== undefined && ath !== tokenDigest,
  },
];

/** Compares without query and fragment, and as URLs: case of the host, default ports. */
function isSameUrl(said: string, url: string): boolean {
  const [one, other] = [bareUrl(said), bareUrl(url)];
  return one !== undefined && one === other;
}

function bareUrl(text: string): string | undefined {
  if (!URL.canParse(text)) return undefined;
  const { origin, pathname, username, password } = new URL(text);
  return username === '' && password === '' ? origin + pathname : undefined;
}

/** Until when a proof with these claims would be accepted again. */
export function acceptedUntil({ iat }: ProofClaims): Instant {
  return Math.ceil(iat + PROOF_SKEW_SECONDS + 1) * 1000;
}

function invalid(why: string, hint?: string): BridgeError {
  return new BridgeError('dpop_proof_invalid', why, hint === undefined ? {} : { hint });
}

const REQUIRED = 'Send a proof of your key in the header DPoP (RFC 9449).';
