/**
 * Who signed this request (AWS Signature Version 4, in the Authorization header or in the query).
 * The order of the checks is that of STS: scope, token and its binding to the key, expiry, life of
 * the role, signature.
 */
import { createHash, timingSafeEqual } from 'node:crypto';
import aws4 from 'aws4';
import { partitionOfRegion } from './partitions.ts';
import { principalOf, type Signer } from './principal.ts';
import type { Session, Sessions } from './sessions.ts';
import { StsError } from './sts-error.ts';
import type { World } from './world.ts';

const MAX_SKEW_MS = 15 * 60 * 1000;
const ALGORITHM = 'AWS4-HMAC-SHA256';

/** A request as it came over the wire. */
export interface SignedRequest {
  readonly method: string;
  /** Path and query as sent. */
  readonly url: string;
  /** Lower-case names. */
  readonly headers: ReadonlyMap<string, string>;
  readonly body: string;
}

interface Claim {
  readonly accessKeyId: string;
  readonly date: string;
  readonly region: string;
  readonly service: string;
  readonly signedHeaders: readonly string[];
  readonly signature: string;
  /** `20260101T000000Z` */
  readonly timestamp: string;
  readonly sessionToken: string | undefined;
  /** Presigned requests say how long they are good for. */
  readonly expiresSeconds: number | undefined;
  readonly inQuery: boolean;
}

/** Throws `StsError`. */
export function authenticate(
  request: SignedRequest,
  { world, sessions, now }: { world: World; sessions: Sessions; now: () => number },
): Signer {
  const claim = readClaim(request);
  checkScope(claim, world);
  const { signer, secretAccessKey } = findSigner(claim, world, sessions);
  const { account } = principalOf(signer);
  if (world.regions === undefined && partitionOfRegion(claim.region) !== account.partition.name) {
    throw invalidToken(
      `the key belongs to partition ${account.partition.name}, the signature is scoped to ${claim.region}`,
    );
  }
  if (signer.session !== undefined) checkLife(signer.session, sessions, now());
  checkTime(claim, now());
  checkSignature(request, claim, secretAccessKey);
  return signer;
}

function readClaim(request: SignedRequest): Claim {
  const header = request.headers.get('authorization');
  const query = new URLSearchParams(request.url.split('?')[1] ?? '');
  if (header === undefined && !query.has('X-Amz-Signature')) {
    throw new StsError('MissingAuthenticationToken', 'Request is missing Authentication Token');
  }
  if (header !== undefined && query.has('X-Amz-Signature'))
    throw incomplete('signed in the header and in the query');
  const parts = header === undefined ? partsOfQuery(query) : partsOfHeader(header);
  const timestamp =
    header === undefined ? query.get('X-Amz-Date') : (request.headers.get('x-amz-date') ?? null);
  const scope =
    /^([A-Z0-9]{16,128})\/(\d{8})\/([a-z0-9-]{1,40})\/([a-z0-9-]{1,40})\/aws4_request$/.exec(
      parts.credential,
    );
  if (scope === null)
    throw incomplete('Credential does not have the form KEY/DATE/REGION/SERVICE/aws4_request');
  if (timestamp === null || !/^\d{8}T\d{6}Z$/.test(timestamp))
    throw incomplete('X-Amz-Date is missing or has another form than 20260101T000000Z');
  if (!/^[0-9a-f]{64}$/.test(parts.signature))
    throw incomplete('Signature is not 64 hexadecimal digits');
  return {
    accessKeyId: scope[1]!,
    date: scope[2]!,
    region: scope[3]!,
    service: scope[4]!,
    signedHeaders: parts.signedHeaders.split(';'),
    signature: parts.signature,
    timestamp,
    sessionToken:
      (header === undefined
        ? query.get('X-Amz-Security-Token')
        : request.headers.get('x-amz-security-token')) ?? undefined,
    expiresSeconds: header === undefined ? Number(query.get('X-Amz-Expires') ?? 'NaN') : undefined,
    inQuery: header === undefined,
  };
}

interface Parts {
  readonly credential: string;
  readonly signedHeaders: string;
  readonly signature: string;
}

function partsOfHeader(header: string): Parts {
  const [, algorithm, rest] = /^(\S+)\s+(.*)$/.exec(header) ?? [];
  if (algorithm !== ALGORITHM || rest === undefined)
    throw incomplete(`the algorithm is not ${ALGORITHM}`);
  const fields = new Map(
    rest
      .split(',')
      .map(field => [
        field.slice(0, field.indexOf('=')).trim(),
        field.slice(field.indexOf('=') + 1).trim(),
      ]),
  );
  const field = (name: string): string => fields.get(name) ?? missing(name);
  return {
    credential: field('Credential'),
    signedHeaders: field('SignedHeaders'),
    signature: field('Signature'),
  };
}

function partsOfQuery(query: URLSearchParams): Parts {
  if (query.get('X-Amz-Algorithm') !== ALGORITHM)
    throw incomplete(`the algorithm is not ${ALGORITHM}`);
  const field = (name: string): string => query.get(`X-Amz-${name}`) ?? missing(name);
  return {
    credential: field('Credential'),
    signedHeaders: field('SignedHeaders'),
    signature: field('Signature'),
  };
}

function checkScope(claim: Claim, world: World): void {
  const partition = partitionOfRegion(claim.region);
  const regionKnown =
    world.regions === undefined
      ? world.accounts.some(account => account.partition.name === partition)
      : world.regions.includes(claim.region);
  let message = '';
  if (!regionKnown) message += 'Credential should be scoped to a valid region. ';
  if (claim.service !== 'sts') message += "Credential should be scoped to correct service: 'sts'. ";
  if (message !== '')
    throw new StsError(
      'SignatureDoesNotMatch',
      message,
      `${message}(scope ${claim.region}/${claim.service})`,
    );
  if (claim.date !== claim.timestamp.slice(0, 8)) {
    throw new StsError(
      'SignatureDoesNotMatch',
      'Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP',
    );
  }
}

interface Found {
  readonly signer: Signer;
  readonly secretAccessKey: string;
}

function findSigner(claim: Claim, world: World, sessions: Sessions): Found {
  const owned = longTermKey(claim.accessKeyId, world);
  if (owned !== undefined) {
    if (claim.sessionToken !== undefined)
      throw invalidToken('a long-term key came with a session token');
    return owned;
  }
  const session = sessions.find(claim.accessKeyId);
  if (session === undefined) throw invalidToken(`the access key ${claim.accessKeyId} is not known`);
  if (claim.sessionToken === undefined)
    throw invalidToken('a temporary key came without its session token');
  if (!sameText(claim.sessionToken, session.sessionToken))
    throw invalidToken('the session token belongs to another key');
  const signer: Signer =
    session.kind === 'role'
      ? { kind: 'role', session }
      : { kind: 'user', user: session.user, session };
  return { signer, secretAccessKey: session.secretAccessKey };
}

function longTermKey(accessKeyId: string, { users }: World): Found | undefined {
  for (const user of users.values()) {
    const key = user.accessKeys.find(owned => owned.accessKeyId === accessKeyId);
    if (key === undefined) continue;
    if (key.status === 'Inactive') throw invalidToken(`the access key ${accessKeyId} is inactive`);
    const signer = { kind: 'user', user, session: undefined } as const;
    return { signer, secretAccessKey: key.secretAccessKey };
  }
  return undefined;
}

function checkLife(session: Session, sessions: Sessions, now: number): void {
  if (now >= session.expiresAt)
    throw new StsError('ExpiredToken', 'The security token included in the request is expired');
  if (session.kind === 'role' && !sessions.isRoleAlive(session))
    throw invalidToken(`the role ${session.roleArn} was deleted`);
}

function checkTime(claim: Claim, now: number): void {
  const signedAt = Date.parse(
    claim.timestamp.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, '$1-$2-$3T$4:$5:$6Z'),
  );
  if (claim.inQuery) {
    const seconds = claim.expiresSeconds;
    if (seconds === undefined || !Number.isInteger(seconds) || seconds < 1 || seconds > 604_800)
      throw incomplete('X-Amz-Expires is missing or not 1 to 604800');
  }
  const notAfter = claim.inQuery ? signedAt + claim.expiresSeconds! * 1000 : signedAt + MAX_SKEW_MS;
  const skew = (limit: number, sign: string): string =>
    `${compact(limit)} (${compact(now)} ${sign} 15 min.)`;
  if (now > notAfter) {
    const limit = claim.inQuery ? compact(now) : skew(now - MAX_SKEW_MS, '-');
    throw new StsError(
      'SignatureDoesNotMatch',
      `Signature expired: ${claim.timestamp} is now earlier than ${limit}`,
    );
  }
  // Written so that a time that is none (month 13) does not pass.
  if (!(signedAt - MAX_SKEW_MS <= now)) {
    throw new StsError(
      'SignatureDoesNotMatch',
      `Signature not yet current: ${claim.timestamp} is still later than ${skew(now + MAX_SKEW_MS, '+')}`,
    );
  }
}

function checkSignature(request: SignedRequest, claim: Claim, secretAccessKey: string): void {
  const signed = new Set(claim.signedHeaders);
  const unsigned = [...request.headers.keys()].filter(
    name => (name === 'host' || name.startsWith('x-amz-')) && !signed.has(name),
  );
  if (!signed.has('host') || unsigned.length > 0)
    throw mismatch(`not signed: ${unsigned.join(', ') || 'host'}`);
  const contentHash = request.headers.get('x-amz-content-sha256');
  if (
    contentHash !== undefined &&
    contentHash !== createHash('sha256').update(request.body).digest('hex')
  ) {
    throw mismatch('x-amz-content-sha256 is not the hash of the body');
  }
  const headers: Record<string, string> = {};
  for (const name of claim.signedHeaders)
    headers[name] =
      request.headers.get(name) ?? mismatchThrown(`the signed header ${name} is missing`);
  const signer = new aws4.RequestSigner(
    {
      method: request.method,
      path: claim.inQuery ? withoutSignature(request.url) : request.url,
      headers,
      body: request.body,
      service: claim.service,
      region: claim.region,
      doNotModifyHeaders: true,
      // Without this, aws4 leaves out some headers (user-agent, range and others) that a client may
      // well have signed.
      extraHeadersToInclude: Object.fromEntries(claim.signedHeaders.map(name => [name, true])),
    } as ConstructorParameters<typeof aws4.RequestSigner>[0],
    { accessKeyId: claim.accessKeyId, secretAccessKey },
  );
  signer.datetime = claim.timestamp;
  if (!sameText(signer.signature(), claim.signature))
    throw mismatch('the signature was made with another secret key, or the request was changed');
}

function withoutSignature(url: string): string {
  const [path, query = ''] = url.split('?');
  return `${path}?${query
    .split('&')
    .filter(pair => !pair.startsWith('X-Amz-Signature='))
    .join('&')}`;
}

function sameText(a: string, b: string): boolean {
  const [left, right] = [a, b].map(text => createHash('sha256').update(text).digest());
  return timingSafeEqual(left!, right!);
}

/** `20260101T000000Z` */
function compact(time: number): string {
  return new Date(time).toISOString().replace(/[-:]|\.\d{3}/g, '');
}

function incomplete(reason: string): StsError {
  return new StsError('IncompleteSignature', `Authorization header is not complete: ${reason}`);
}

function missing(name: string): never {
  throw incomplete(`Authorization header requires '${name}' parameter.`);
}

function invalidToken(reason: string): StsError {
  return new StsError(
    'InvalidClientTokenId',
    'The security token included in the request is invalid.',
    reason,
  );
}

const MISMATCH =
  'The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method. Consult the service documentation for details.';

function mismatch(reason: string): StsError {
  return new StsError('SignatureDoesNotMatch', MISMATCH, reason);
}

function mismatchThrown(reason: string): never {
  throw mismatch(reason);
}
