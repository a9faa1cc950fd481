/**
 * Tokens of platforms: which entry of `workloads` a token belongs to, and what it proves there.
 *
 * An entry is found by what the token says of itself, and then its own keys must verify the
 * signature. Where several entries have one issuer, the entry whose keys verify wins.
 */
import { compactVerify, errors } from 'jose';
import { BridgeError } from '../../core/errors.ts';
import type { Secrets } from '../../core/ports.ts';
import type { Instant } from '../../core/time.ts';
import { type VerifiedWorkload, workloadId } from '../../core/workload.ts';
import type { KeySet } from '../key-cache.ts';
import { type JwtEntry, type Refusal, refused } from './entry.ts';
import { readJwt, shown, type UnverifiedJwt } from './jwt.ts';
import type { PlatformKeys } from './platform-keys.ts';
import { trustDomainOf } from './spiffe-id.ts';
import { failedCheck, statementOf } from './token-checks.ts';

/** An entry with its keys. */
export interface Platform {
  readonly entry: JwtEntry;
  readonly keys: PlatformKeys;
}

/** The issuer of tokens in Secrets of Kubernetes: they never expire and have no audience. */
const LEGACY_KUBERNETES = 'kubernetes/serviceaccount';

/** Throws `workload_refused`, `workload_unavailable`. */
export async function verifyToken(
  token: string,
  platforms: readonly Platform[],
  { now, secrets }: { readonly now: Instant; readonly secrets: Secrets },
): Promise<VerifiedWorkload> {
  const jwt = readJwt(token);
  const { entry } = await signer(jwt, fitting(jwt, platforms, now));
  const { subject, ...statement } = statementOf(jwt, now);
  const id = workloadId({ entry: entry.id, subject }, secrets.digest);
  return {
    workload: { id, entry: entry.id, subject, claims: jwt.claims },
    ...statement,
    // Not of the signature: another text of it can verify just as well.
    proofId: secrets.digest(`${entry.id} ${jwt.signed}`),
  };
}

// ---------------------------------------------------------------- whose token it is

/** The platforms that the token can be of. Throws `workload_refused` if there is none. */
function fitting(
  jwt: UnverifiedJwt,
  platforms: readonly Platform[],
  now: Instant,
): readonly Platform[] {
  const named = platforms.filter(({ entry }) => isOf(jwt, entry));
  if (named.length === 0) throw refused(unknownIssuer(jwt));
  const failures = named.map(({ entry }) => failedCheck(jwt, entry, now));
  const passing = named.filter((_, index) => failures[index] === undefined);
  if (passing.length > 0) return passing;
  throw refused(failures[0]!, named.length === 1 ? named[0]!.entry.id : undefined);
}

function isOf({ claims: { iss, sub } }: UnverifiedJwt, entry: JwtEntry): boolean {
  if (entry.kind === 'issuer') return iss === entry.issuer;
  return iss === undefined && trustDomainOf(sub) === entry.trustDomain;
}

function unknownIssuer({ claims: { iss, sub } }: UnverifiedJwt): Refusal {
  if (iss === LEGACY_KUBERNETES)
    return {
      why: `iss is ${shown(iss)}: a legacy service account token`,
      hint: 'This is a legacy service account token of Kubernetes, which never expires. Mount a projected token with an audience instead (volumes.projected.sources.serviceAccountToken).',
    };
  if (iss !== undefined)
    return {
      why: `no entry has the issuer ${shown(iss)}`,
      hint: `The issuer of the token is ${shown(iss)}, which this bridge does not trust. The configured issuer must be the same text, character by character.`,
    };
  return {
    why: `it has no iss, and no entry has the trust domain of its sub (${shown(sub)})`,
    hint: `The token has no issuer, and its subject ${shown(sub)} is not a SPIFFE ID of a trust domain that this bridge trusts.`,
  };
}

// ---------------------------------------------------------------- signature

/**
 * How keys are obtained, from the cheapest on: a platform that is slow does not delay tokens of
 * another one with the same issuer.
 */
const WAYS: readonly ((keys: PlatformKeys) => KeySet | undefined | Promise<KeySet | undefined>)[] =
  [keys => keys.known(), keys => keys.current(), keys => keys.newer()];

/** The platform whose keys verify. Throws `workload_refused`, `workload_unavailable`. */
async function signer(jwt: UnverifiedJwt, platforms: readonly Platform[]): Promise<Platform> {
  const tried = new Set<KeySet>();
  const failures: BridgeError[] = [];
  for (const keysOf of WAYS) {
    const verified = await Promise.all(
      platforms.map(async ({ entry, keys }) => {
        try {
          return await verifies(jwt, { entry, tried, reading: async () => keysOf(keys) });
        } catch (failure) {
          failures.push(failure as BridgeError);
          return false;
        }
      }),
    );
    const platform = platforms[verified.indexOf(true)];
    platform?.keys.renewSoon();
    if (platform !== undefined) return platform;
  }
  throw failures.find(({ code }) => code === 'workload_unavailable') ?? failures.at(-1)!;
}

interface Attempt {
  readonly entry: JwtEntry;
  readonly reading: () => Promise<KeySet | undefined>;
  /** What other attempts have tried. */
  readonly tried: Set<KeySet>;
}

/** False if there are no keys, or they were tried before. */
async function verifies(
  { token, alg }: UnverifiedJwt,
  { entry: { id }, reading, tried }: Attempt,
): Promise<boolean> {
  const keys = await reading().catch((fault: Error) => {
    const why = `the keys of workloads.${id} cannot be read: ${fault.message}`;
    throw new BridgeError('workload_unavailable', why);
  });
  if (keys === undefined || tried.has(keys)) return false;
  tried.add(keys);
  await compactVerify(token, keys.keyOf, { algorithms: [alg] }).catch((fault: unknown) => {
    throw refused(faultOf(fault), id);
  });
  return true;
}

const FAULTS: Readonly<Record<string, Refusal>> = {
  ERR_JWKS_NO_MATCHING_KEY: {
    why: 'the platform publishes no key for it',
    hint: 'Its issuer publishes no key that fits the token. Request a new token from your platform.',
  },
  ERR_JWKS_MULTIPLE_MATCHING_KEYS: {
    why: 'several keys of the platform fit its key id, or it has no key id',
    hint: 'Several keys of its issuer fit the token. A token must name its key (kid).',
  },
  ERR_JWS_SIGNATURE_VERIFICATION_FAILED: {
    why: 'its signature does not verify',
    hint: 'The signature of the token does not verify. Send the token exactly as your platform gives it.',
  },
};
const UNFIT_KEY: Refusal = {
  why: 'the key of the platform cannot verify it',
  hint: 'The key of its issuer cannot verify the token. Give the reference to your administrator.',
};

function faultOf(fault: unknown): Refusal {
  return (fault instanceof errors.JOSEError ? FAULTS[fault.code] : undefined) ?? UNFIT_KEY;
}
