/**
 * What a token of a workload must say before its signature is looked at: each check is a row, with
 * a sentence for the operator and one for the caller. Times are compared with a tolerance.
 *
 * Sources: RFC 7519 section 4.1, RFC 8725, the JWT-SVID specification of SPIFFE.
 */
import { printableText } from '../../core/printable.ts';
import { HOUR, type Instant, type Seconds } from '../../core/time.ts';
import { CLOCK_SKEW, LAST_SECOND } from '../oidc-id-token.ts';
import { SIGNATURE_ALGORITHMS } from '../oidc-metadata.ts';
import type { JwtEntry, Refusal } from './entry.ts';
import { shown, type UnverifiedJwt } from './jwt.ts';

/**
 * A token is refused this long after it was issued, however long its platform lets it live. The
 * kubelet replaces a projected token that is older than 24 hours.
 */
const MAX_AGE: Seconds = 25 * HOUR;
const MAX_SUBJECT = 1024;
const MAX_TOKEN_ID = 512;

/** JWT-SVID, section 2.1: no EdDSA. */
const SPIFFE_ALGORITHMS: readonly string[] = SIGNATURE_ALGORITHMS.filter(name => !/^Ed/.test(name));
/** By kind of entry: signature algorithms, and values of `typ` in lower case. */
const FORMS: Readonly<
  Record<
    JwtEntry['kind'],
    { readonly algorithms: readonly string[]; readonly types: readonly (string | undefined)[] }
  >
> = {
  issuer: { algorithms: SIGNATURE_ALGORITHMS, types: [undefined, 'jwt'] },
  spiffe: { algorithms: SPIFFE_ALGORITHMS, types: [undefined, 'jwt', 'jose'] },
};

/** The signature algorithms that tokens of such an entry can have. */
export function algorithmsOf(kind: JwtEntry['kind']): readonly string[] {
  return FORMS[kind].algorithms;
}

interface Check {
  /** Earlier rows have passed. */
  passes(jwt: UnverifiedJwt, entry: JwtEntry, now: Seconds): boolean;
  says(jwt: UnverifiedJwt, entry: JwtEntry): Refusal;
}

const CHECKS: readonly Check[] = [
  {
    passes: ({ alg }, { kind }) => FORMS[kind].algorithms.includes(alg),
    says: ({ alg }, { kind }) => ({
      why: 'alg is not a signature that only the issuer can make',
      hint: `The signature algorithm of the token is ${shown(alg)}. The bridge accepts ${FORMS[kind].algorithms.join(', ')}.`,
    }),
  },
  {
    passes: ({ typ }, { kind }) => FORMS[kind].types.includes(typ),
    says: ({ typ }) => ({
      why: `typ is ${shown(typ)}`,
      hint: `The type of the token is ${shown(typ)}. Send the identity token of your platform, of type "JWT".`,
    }),
  },
  {
    passes: ({ claims: { aud } }, { audiences }) => {
      const named: readonly unknown[] = Array.isArray(aud) ? aud : [aud];
      return named.length > 0 && named.every(name => audiences.includes(name as string));
    },
    says: ({ claims: { aud } }) => ({
      why: `aud is ${shown(aud)}`,
      hint: `The audience of the token is ${shown(aud)}; this bridge accepts only tokens that are for it alone. Request a token with the audience that your administrator names.`,
    }),
  },
  {
    passes: ({ claims: { exp } }) => isTime(exp),
    says: () => ({
      why: 'exp is missing or not a time',
      hint: 'The token does not say when it expires (exp). Request a token that expires.',
    }),
  },
  {
    passes: ({ claims: { iat, nbf } }, { kind }) => {
      const given = [iat, nbf].filter(time => time !== undefined);
      return given.every(isTime) && (given.length > 0 || kind === 'spiffe');
    },
    says: () => ({
      why: 'iat and nbf are missing, or one of them is not a time',
      hint: 'The token does not say when it was issued (iat). Request a token that does.',
    }),
  },
  {
    passes: ({ claims: { exp } }, _entry, now) => (exp as Seconds) + CLOCK_SKEW > now,
    says: () => ({
      why: 'it has expired',
      hint: 'The token has expired. Request a new token from your platform.',
    }),
  },
  {
    passes: ({ claims: { iat = 0, nbf = 0 } }, _entry, now) =>
      Math.max(iat as Seconds, nbf as Seconds) <= now + CLOCK_SKEW,
    says: () => ({
      why: 'iat or nbf is in the future',
      hint: 'The token is not valid yet (iat or nbf). Check the clock of its platform.',
    }),
  },
  {
    passes: ({ claims }, _entry, now) => issuedAt(claims, now) + MAX_AGE + CLOCK_SKEW > now,
    says: () => ({
      why: `it was issued more than ${MAX_AGE / HOUR} h ago`,
      hint: `The token was issued more than ${MAX_AGE / HOUR} hours ago. Request a new token from your platform.`,
    }),
  },
  {
    passes: ({ claims: { sub } }) => isSubject(sub),
    says: () => ({
      why: `sub is not a printable text of 1 to ${MAX_SUBJECT} characters`,
      hint: `The subject of the token (sub) is missing, or it is not a printable text of 1 to ${MAX_SUBJECT} characters.`,
    }),
  },
];

/** The first check that the token does not pass. */
export function failedCheck(
  jwt: UnverifiedJwt,
  entry: JwtEntry,
  now: Instant,
): Refusal | undefined {
  return CHECKS.find(({ passes }) => !passes(jwt, entry, now / 1000))?.says(jwt, entry);
}

/** What a token that passed the checks states of itself. */
export interface Statement {
  readonly subject: string;
  readonly assertedAt: Instant;
  /** The token is refused from then on, also by a replica whose clock is behind. */
  readonly expiresAt: Instant;
  readonly tokenId: string | undefined;
}

export function statementOf({ claims }: UnverifiedJwt, now: Instant): Statement {
  const { sub, exp, jti } = claims as { sub: string; exp: number; jti: unknown };
  const issued = issuedAt(claims, now / 1000);
  // One without a time of issue never becomes too old, so it must be remembered until `exp`.
  const ends = isDated(claims) ? Math.min(exp, issued + MAX_AGE) : exp;
  const isTokenId = typeof jti === 'string' && jti !== '' && jti.length <= MAX_TOKEN_ID;
  return {
    subject: sub,
    assertedAt: issued * 1000,
    expiresAt: (ends + 2 * CLOCK_SKEW) * 1000,
    tokenId: isTokenId ? jti : undefined,
  };
}

/** A JWT-SVID need not say when it was issued; it counts as new, and `exp` ends it. */
function issuedAt({ iat, nbf }: UnverifiedJwt['claims'], now: Seconds): Seconds {
  return Math.min((iat ?? nbf ?? now) as number, now);
}

function isDated({ iat, nbf }: UnverifiedJwt['claims']): boolean {
  return iat !== undefined || nbf !== undefined;
}

function isTime(value: unknown): value is Seconds {
  return typeof value === 'number' && value >= 0 && value <= LAST_SECOND;
}

/** Half a surrogate pair has no bytes of its own, so two subjects would have one name. */
function isSubject(sub: unknown): boolean {
  return (
    typeof sub === 'string' &&
    sub !== '' &&
    sub.length <= MAX_SUBJECT &&
    sub.isWellFormed() &&
    !sub.includes('\n') &&
    printableText(sub) === sub
  );
}
