/** Checks of a JSON Web Key Set in a file (RFC 7517): public keys that can sign tokens. */
import type { Problem } from './problems.ts';

/** Members of a key that only its owner has (RFC 7518 section 6). */
const PRIVATE = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k'];
const KEY_TYPES = ['RSA', 'EC', 'OKP'];
const MAX_KEYS = 200;
const PUT_KEY_SET =
  'Put the public keys of the issuer there, such as the output of: kubectl get --raw /openid/v1/jwks';

/** Why a text is not such a key set; repeats nothing of it. */
export function keySetProblem(text: string): Problem | undefined {
  const keys = keysIn(text);
  if (keys === undefined)
    return { message: 'points at a file that is not a JSON Web Key Set.', fix: `${PUT_KEY_SET}.` };
  if (keys.some(key => PRIVATE.some(member => Object.hasOwn(key, member))))
    return {
      message:
        'points at private or symmetric keys, with which anyone who reads them can make tokens.',
      fix: 'Replace these keys at the issuer, and put the public ones there alone.',
    };
  if (keys.length > MAX_KEYS)
    return { message: `points at more than ${MAX_KEYS} keys.`, fix: 'Remove old keys.' };
  if (keys.some(isForTokens)) return undefined;
  return {
    message: 'points at a key set without a key for signatures (RSA, EC or Ed25519).',
    fix: `${PUT_KEY_SET}.`,
  };
}

type Key = Readonly<Record<string, unknown>>;

function keysIn(text: string): readonly Key[] | undefined {
  let set: unknown;
  try {
    set = JSON.parse(text);
  } catch {
    return undefined;
  }
  const keys = isObject(set) && Object.hasOwn(set, 'keys') ? set.keys : undefined;
  return Array.isArray(keys) && keys.every(isObject) ? keys : undefined;
}

/** The bundle of a SPIFFE trust domain also contains keys of certificates. */
function isForTokens({ kty, use }: Key): boolean {
  const isOfTokens = use === undefined || use === 'sig' || use === 'jwt-svid';
  return isOfTokens && KEY_TYPES.includes(String(kty));
}

function isObject(value: unknown): value is Key {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
