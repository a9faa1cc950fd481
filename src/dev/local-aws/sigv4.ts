/**
 * Who signed this request. The order of the checks is that of STS: scope, token and its binding to
 * the key, expiry, life of the role, time, signature.
 */
import { createHash, timingSafeEqual } from 'node:crypto';
import { encodeRfc3986, signatureOf } from './canonical-request.ts';
import { partitionOfRegion } from './partitions.ts';
import { principalOf, type Signer } from './principal.ts';
import type { Session, Sessions } from './sessions.ts';
import {
  type Claim,
  NotAuthenticated,
  readClaim,
  type SignedRequest,
  type SigningFault,
} from './signature-claim.ts';
import type { World } from './world.ts';

const MAX_SKEW_MS = 15 * 60 * 1000;
const MAX_LINK_SECONDS = 604_800;

/** What differs between the services. */
export interface SigningService {
  readonly name: 'sts' | 'iam' | 's3';
  /** How long a presigned request is good for: STS does not look at X-Amz-Expires. */
  readonly linkLife: 'fifteenMinutes' | 'asSigned';
  /** Whether path segments are encoded once or twice. */
  readonly pathEncoding: 'once' | 'twice';
  /** What the signature covers of the body. Throws `NotAuthenticated`. */
  readonly payload: (request: SignedRequest, claim: Claim) => string;
}

export interface Authentication {
  readonly world: World;
  readonly sessions: Sessions;
  readonly now: () => number;
  readonly service: SigningService;
  /** The one Region that the scope must name; undefined: each of the world. */
  readonly region: string | undefined;
}

/** Throws `NotAuthenticated`. */
export function authenticate(request: SignedRequest, parts: Authentication): Signer {
  const { world, sessions, now } = parts;
  const claim = readClaim(request);
  checkScope(claim, parts);
  const { signer, secretAccessKey } = findSigner(claim, world, sessions);
  const { account } = principalOf(signer);
  if (world.regions === undefined && partitionOfRegion(claim.region) !== account.partition.name) {
    throw unknownKey(
      claim,
      `the key belongs to partition ${account.partition.name}, the signature is scoped to ${claim.region}`,
    );
  }
  if (signer.session !== undefined) checkLife(signer.session, claim, parts);
  checkTime(claim, now(), parts.service);
  checkSignature(request, claim, { secretAccessKey, service: parts.service });
  return signer;
}

function checkScope(claim: Claim, { world, service, region: expected }: Authentication): void {
  const partition = partitionOfRegion(claim.region);
  const known =
    world.regions === undefined
      ? world.accounts.some(account => account.partition.name === partition)
      : world.regions.includes(claim.region);
  const wrong = {
    region: !known || (expected !== undefined && claim.region !== expected),
    service: claim.service !== service.name,
  };
  if (wrong.region || wrong.service)
    throw new NotAuthenticated(
      { kind: 'scope', ...wrong, claim, expected },
      `the signature is scoped to ${claim.region}/${claim.service}${expected === undefined ? '' : `, expected is ${expected}`}`,
    );
  if (claim.date !== claim.timestamp.slice(0, 8))
    throw new NotAuthenticated({ kind: 'scopeDate' }, 'the dates of scope and request differ');
}

interface Found {
  readonly signer: Signer;
  readonly secretAccessKey: string;
}

function findSigner(claim: Claim, world: World, sessions: Sessions): Found {
  const owned = longTermKey(claim, world);
  if (owned !== undefined) {
    if (claim.sessionToken !== undefined)
      throw unknownKey(claim, 'a long-term key came with a session token');
    return owned;
  }
  const session = sessions.find(claim.accessKeyId);
  if (session === undefined)
    throw unknownKey(claim, `the access key ${claim.accessKeyId} is not known`);
  if (claim.sessionToken === undefined)
    throw unknownKey(claim, 'a temporary key came without its session token');
  if (!sameText(claim.sessionToken, session.sessionToken))
    throw new NotAuthenticated({ kind: 'token' }, 'the session token belongs to another key');
  const signer: Signer =
    session.kind === 'role'
      ? { kind: 'role', session }
      : { kind: 'user', user: session.user, session };
  return { signer, secretAccessKey: session.secretAccessKey };
}

function longTermKey(claim: Claim, { users }: World): Found | undefined {
  for (const user of users.values()) {
    const key = user.accessKeys.find(owned => owned.accessKeyId === claim.accessKeyId);
    if (key === undefined) continue;
    if (key.status === 'Inactive')
      throw unknownKey(claim, `the access key ${claim.accessKeyId} is inactive`);
    const signer = { kind: 'user', user, session: undefined } as const;
    return { signer, secretAccessKey: key.secretAccessKey };
  }
  return undefined;
}

function unknownKey({ accessKeyId }: Claim, reason: string): NotAuthenticated {
  return new NotAuthenticated({ kind: 'key', accessKeyId }, reason);
}

function checkLife(session: Session, claim: Claim, { sessions, now }: Authentication): void {
  if (now() >= session.expiresAt)
    throw new NotAuthenticated({ kind: 'expired' }, 'the session has expired');
  if (session.kind === 'role' && !sessions.isRoleAlive(session))
    throw unknownKey(claim, `the role ${session.roleArn} was deleted`);
}

function checkTime(claim: Claim, now: number, { linkLife }: SigningService): void {
  const signedAt = Date.parse(
    claim.timestamp.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, '$1-$2-$3T$4:$5:$6Z'),
  );
  const asSigned = claim.inQuery && linkLife === 'asSigned';
  const seconds = claim.expiresSeconds ?? Number.NaN;
  if (asSigned && !(Number.isInteger(seconds) && seconds >= 1 && seconds <= MAX_LINK_SECONDS))
    throw new NotAuthenticated(
      { kind: 'incomplete', inQuery: true },
      `X-Amz-Expires is missing or not 1 to ${MAX_LINK_SECONDS}`,
    );
  if (asSigned && now > signedAt + seconds * 1000)
    throw new NotAuthenticated({ kind: 'linkExpired' }, 'the presigned request has expired');
  if (!asSigned && now > signedAt + MAX_SKEW_MS)
    throw new NotAuthenticated({ kind: 'late', claim, now }, `signed at ${claim.timestamp}`);
  // Written so that a time that is none (month 13) does not pass.
  if (!(signedAt - MAX_SKEW_MS <= now))
    throw new NotAuthenticated({ kind: 'early', claim, now }, `signed at ${claim.timestamp}`);
}

interface Verifying {
  readonly secretAccessKey: string;
  readonly service: SigningService;
}

function checkSignature(
  request: SignedRequest,
  claim: Claim,
  { secretAccessKey, service }: Verifying,
): void {
  const signed = new Set(claim.signedHeaders);
  const unsigned = [...request.headers.keys()].filter(
    name => (name === 'host' || name.startsWith('x-amz-')) && !signed.has(name),
  );
  if (!signed.has('host') || unsigned.length > 0)
    throw new NotAuthenticated(
      { kind: 'unsignedHeaders', names: unsigned },
      `not signed: ${unsigned.join(', ') || 'host'}`,
    );
  const missing = claim.signedHeaders.find(name => !request.headers.has(name));
  if (missing !== undefined) throw mismatch(`the signed header ${missing} is missing`);
  const [path = '', ...query] = request.url.split('?');
  const payload = service.payload(request, claim);
  const headers = new Map(
    claim.signedHeaders.map(name => [name, request.headers.get(name)!] as const),
  );
  const covered = { method: request.method, query: query.join('?'), headers, payload };
  const expected = decoding(() =>
    signatureOf(
      { ...covered, path: encodedPath(path, service.pathEncoding) },
      claim,
      secretAccessKey,
    ),
  );
  if (!sameText(expected, claim.signature))
    throw mismatch('the signature was made with another secret key, or the request was changed');
}

/** Segments as the service writes them; slashes, also doubled ones, stay. */
function encodedPath(path: string, encoding: 'once' | 'twice'): string {
  const encoded = path
    .split('/')
    .map(segment => encodeRfc3986(decodeURIComponent(segment)))
    .join('/');
  return encoding === 'once' ? encoded : encoded.split('/').map(encodeRfc3986).join('/');
}

function decoding(work: () => string): string {
  try {
    return work();
  } catch (cause) {
    if (cause instanceof URIError) throw mismatch('path or query are not percent-encoded');
    throw cause;
  }
}

export function mismatch(reason: string): NotAuthenticated {
  const fault: SigningFault = { kind: 'mismatch' };
  return new NotAuthenticated(fault, reason);
}

function sameText(a: string, b: string): boolean {
  const [left, right] = [a, b].map(text => createHash('sha256').update(text).digest());
  return timingSafeEqual(left!, right!);
}
