/**
 * A token that a platform has put into a file or a variable: whether it can be sent to the bridge.
 *
 * Nothing here verifies a token; the bridge does. What is refused would fail there, or must not
 * leave this computer.
 */
import { realpathSync } from 'node:fs';
import { SIGNED_REQUEST_PREFIX } from '../../core/signed-caller.ts';
import { systemCode } from '../terminal/exit.ts';
import { PathFault, readIfThere } from '../warm/private-files.ts';
import { noProof, projectedVolume, type Surroundings, type WorkloadIdentity } from './identity.ts';

/** The headers of a request have a limit of 16 KiB. */
const MAX_BYTES = 12 * 1024;
const CLOCK_TOLERANCE_MILLISECONDS = 60_000;
const JWT = /^[\w-]+\.([\w-]+)\.[\w-]+$/;
/** Where every pod has a token for the API server of its cluster, by links to other names. */
const SERVICE_ACCOUNT = /^(?:\/var)?\/run\/secrets\/kubernetes\.io\/serviceaccount\//;

export interface TokenPlace {
  /** `the file /run/token`, `the variable CIRCLE_OIDC_TOKEN_V2` */
  readonly where: string;
  /** How to get another token. */
  readonly advice: readonly string[];
}

type Wish = Pick<Surroundings, 'audience' | 'isAudienceGiven'>;

/** Throws `local` for a file that cannot be read or has no token that may be sent. */
export function identityInFile(
  path: string,
  wish: Wish,
  advice: readonly string[] = [],
): WorkloadIdentity {
  if (isServiceAccountToken(path)) throw serviceAccountToken(wish.audience);
  const text = readToken(path, advice);
  return identityOfToken(text, { where: `the file ${path}`, advice }, wish);
}

/** Throws `local` for a text that is not a token, or that must not be sent. */
export function identityOfToken(
  text: string,
  { where, advice }: TokenPlace,
  wish: Wish,
): WorkloadIdentity {
  const token = text.trim();
  const identity = { secret: token, proof: () => Promise.resolve(token) };
  if (token.length <= MAX_BYTES && isSignedRequest(token)) return identity;
  const claims = token.length <= MAX_BYTES ? claimsIn(token) : undefined;
  if (claims === undefined)
    throw noProof(`${where} does not contain a token`, [
      'A JSON Web Token has three parts, separated by dots.',
      ...advice,
    ]);
  if (claims.iss === 'kubernetes/serviceaccount') throw serviceAccountToken(wish.audience);
  requireFresh(claims, { where, advice });
  if (wish.isAudienceGiven) requireAudience(claims, where, wish.audience);
  else requireOwnServer(claims, where, wish.audience);
  return identity;
}

/** One that another program has made. */
function isSignedRequest(token: string): boolean {
  return (
    token.startsWith(SIGNED_REQUEST_PREFIX) &&
    /^[\w-]+$/.test(token.slice(SIGNED_REQUEST_PREFIX.length))
  );
}

interface TokenClaims {
  readonly iss?: unknown;
  readonly aud?: unknown;
  readonly exp?: unknown;
}

function claimsIn(token: string): TokenClaims | undefined {
  const [, payload] = JWT.exec(token) ?? [];
  if (payload === undefined) return undefined;
  try {
    const claims: unknown = JSON.parse(Buffer.from(payload, 'base64url').toString('utf8'));
    return typeof claims === 'object' && claims !== null ? claims : undefined;
  } catch {
    return undefined;
  }
}

function requireFresh({ exp }: TokenClaims, { where, advice }: TokenPlace): void {
  const hasExpired =
    typeof exp === 'number' && exp * 1000 + CLOCK_TOLERANCE_MILLISECONDS < Date.now();
  if (hasExpired)
    throw noProof(`the token in ${where} has expired`, [
      'Request another one, or check the clock of this computer.',
      ...advice,
    ]);
}

function requireAudience({ aud }: TokenClaims, where: string, audience: string): void {
  if ([aud].flat().includes(audience)) return;
  throw noProof(`the token in ${where} is not for the audience ${audience}`, [
    'It was not sent. Change the audience at the platform, or omit --audience.',
  ]);
}

/**
 * A token whose audiences are addresses of other servers: this one could use it there. `server` is
 * an origin.
 */
function requireOwnServer({ aud }: TokenClaims, where: string, server: string): void {
  const audiences = [aud].flat();
  if (audiences.length === 0 || !audiences.every(audience => isOtherServer(audience, server)))
    return;
  throw noProof(`the token in ${where} is for ${JSON.stringify(audiences[0])}, not for ${server}`, [
    'It was not sent. Correct --server, or name the audience of the bridge with --audience.',
  ]);
}

function isOtherServer(audience: unknown, server: string): boolean {
  if (typeof audience !== 'string' || !/^https?:\/\//i.test(audience)) return false;
  return URL.canParse(audience) && new URL(audience).origin !== server;
}

function isServiceAccountToken(path: string): boolean {
  if (SERVICE_ACCOUNT.test(path)) return true;
  try {
    return SERVICE_ACCOUNT.test(realpathSync(path));
  } catch {
    // Reading it describes the fault.
    return false;
  }
}

function serviceAccountToken(audience: string): Error {
  return noProof('the default token of a service account is for the API server of its cluster', [
    'It was not sent: the bridge must not get it.',
    ...projectedVolume(audience),
  ]);
}

function readToken(path: string, advice: readonly string[]): string {
  try {
    const content = readIfThere(path);
    if (content === undefined) throw noProof(`the token file ${path} does not exist`, advice);
    return content.toString('utf8');
  } catch (thrown) {
    if (thrown instanceof PathFault) throw noProof(thrown.message, advice, thrown);
    const code = systemCode(thrown);
    if (code === undefined) throw thrown;
    throw noProof(`the token file ${path} cannot be read (${code})`, advice, thrown);
  }
}
