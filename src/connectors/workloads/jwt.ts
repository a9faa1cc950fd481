/**
 * The form of a JWT (RFC 7519, RFC 7515), before anything in it is believed. What names another key
 * than those of its issuer is rejected, and what would cost much to read.
 */
import { printableExcerpt } from '../../core/printable.ts';
import type { Claims } from '../../core/workload.ts';
import { bulkOfJson } from '../json-bulk.ts';
import { MAX_CHARACTERS, type Refusal, refused } from './entry.ts';

/** The longest text of a caller that a hint repeats, in characters. */
const EXCERPT = 200;

/** Key material, and extensions that change what is signed (RFC 8725 3.1, 3.5, 3.10). */
const FORBIDDEN_PARAMETERS = ['jwk', 'jku', 'x5u', 'x5c', 'crit', 'b64', 'enc', 'zip'] as const;

/** A JWT whose signature was not verified yet. */
export interface UnverifiedJwt {
  readonly token: string;
  /** Header and payload as they are signed: what the token says, whatever its signature. */
  readonly signed: string;
  readonly alg: string;
  /** In lower case. */
  readonly typ: string | undefined;
  /** Objects in it have no prototype. */
  readonly claims: Claims;
}

/** Throws `workload_refused`. */
export function readJwt(token: string): UnverifiedJwt {
  if (token.length > MAX_CHARACTERS) throw refused(TOO_LONG);
  const parts = token.split('.', 6);
  if (parts.length === 5) throw refused(ENCRYPTED);
  const [header, payload] = parts;
  if (parts.length !== 3 || !parts.every(part => /^[\w-]+$/.test(part))) throw refused(NOT_A_JWT);
  const { alg, typ, ...parameters } = objectIn(header!);
  const forbidden = FORBIDDEN_PARAMETERS.find(name => Object.hasOwn(parameters, name));
  if (forbidden !== undefined) throw refused(forbiddenParameter(forbidden));
  if (typeof alg !== 'string' || (typ !== undefined && typeof typ !== 'string'))
    throw refused(NOT_A_JWT);
  return {
    token,
    signed: `${header}.${payload}`,
    alg,
    typ: typ?.toLowerCase(),
    claims: objectIn(payload!),
  };
}

/** A value of the caller for a hint: short, on one line, printable. */
export function shown(value: unknown): string {
  const text = typeof value === 'string' ? value : (JSON.stringify(value) ?? 'missing');
  return `"${printableExcerpt(text, EXCERPT)}"`;
}

function objectIn(part: string): Claims {
  const bytes = Buffer.from(part, 'base64url');
  if (bulkOfJson(bytes) !== undefined) throw refused(TOO_BULKY);
  const value = valueIn(bytes);
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw refused(NOT_A_JWT);
  return withoutPrototypes(value) as Claims;
}

function valueIn(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes));
  } catch {
    return undefined;
  }
}

/** The same data. Without a prototype, a claim that is called `__proto__` is one like others. */
function withoutPrototypes(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map(withoutPrototypes);
  const data: Record<string, unknown> = Object.create(null);
  for (const [name, inner] of Object.entries(value)) data[name] = withoutPrototypes(inner);
  return data;
}

const AS_GIVEN = 'Send the token exactly as your platform gives it.';
const NOT_A_JWT: Refusal = {
  why: 'it is not a signed JWT',
  hint: `The proof is not a signed JWT. ${AS_GIVEN}`,
};
const ENCRYPTED: Refusal = {
  why: 'it has five parts, as an encrypted token (JWE) has',
  hint: 'The token has five parts, as an encrypted token (JWE) has. Send a signed token (JWS).',
};
const TOO_LONG: Refusal = {
  why: `it has more than ${MAX_CHARACTERS} characters`,
  hint: `The token has more than ${MAX_CHARACTERS} characters. ${AS_GIVEN}`,
};
const TOO_BULKY: Refusal = {
  why: 'it has too many parts',
  hint: `The token has too many claims, or they are nested too deep. ${AS_GIVEN}`,
};

function forbiddenParameter(name: string): Refusal {
  return {
    why: `its header has ${name}`,
    hint: `The header of the token has "${name}". The bridge takes keys from the issuer alone.`,
  };
}
