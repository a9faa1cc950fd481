/**
 * A GetCallerIdentity that a role of AWS has signed for the bridge (AWS Signature Version 4), as
 * far as it is checked before STS is asked whether the signature is right.
 *
 * What STS does not check: that the request was signed for us and just now, that it leads to STS,
 * and that it asks nothing else. The audience is a signed header, so a request that was signed for
 * another service is worth nothing here.
 */
import { createHash } from 'node:crypto';
import { z } from 'zod';
import type { StsEndpoint } from '../../core/partitions.ts';
import {
  AUDIENCE_HEADER,
  CALLER_IDENTITY,
  SIGNED_REQUEST_PREFIX,
} from '../../core/signed-caller.ts';
import { type Instant, MINUTE, type Seconds } from '../../core/time.ts';
import { bulkOfJson } from '../json-bulk.ts';
import { type IamEntry, MAX_CHARACTERS, type Refusal, refused } from './entry.ts';
import { shown } from './jwt.ts';

const BODY_HASH: string = createHash('sha256').update(CALLER_IDENTITY).digest('hex');
const FORM = 'application/x-www-form-urlencoded';
const FORMS: readonly string[] = [FORM, `${FORM}; charset=utf-8`, `${FORM};charset=utf-8`];

/** STS itself accepts a signature for 15 minutes. */
const MAX_AGE: Seconds = 5 * MINUTE;
const MAX_AHEAD: Seconds = MINUTE;

/** AWS asks clients to assume no longest session token; those of today have up to four thousand. */
const MAX_VALUE = 8_192;

/** What the signers of the SDKs write. Any other header could mean something to STS. */
const HEADERS: ReadonlySet<string> = new Set([
  ...['accept', 'authorization', 'content-length', 'content-type', 'host', 'user-agent'],
  ...['amz-sdk-invocation-id', 'amz-sdk-request', AUDIENCE_HEADER],
  ...['x-amz-content-sha256', 'x-amz-date', 'x-amz-security-token', 'x-amz-user-agent'],
]);
const VALUE = /^[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?$/;
const AUTHORIZATION = new RegExp(
  [
    '^AWS4-HMAC-SHA256 Credential=([A-Z0-9]{16,128})',
    '/(\\d{8})/([a-z0-9-]{1,40})/sts/aws4_request',
    ', ?SignedHeaders=([a-z0-9;-]{1,400}), ?Signature=([0-9a-f]{64})$',
  ].join(''),
);
const TIMESTAMP = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/;

const Request = z.strictObject({
  url: z.string(),
  headers: z.record(z.string(), z.string()),
  body: z.string(),
});

/** A request in the form of Signature Version 4. Nothing that it says was checked. */
export interface SignedRequest {
  readonly url: string;
  readonly body: string;
  /** By names in lower case. */
  readonly headers: ReadonlyMap<string, string>;
  readonly signedHeaders: readonly string[];
  readonly accessKeyId: string;
  /** Of the credential scope. */
  readonly date: string;
  readonly region: string;
  /** 64 hexadecimal digits. */
  readonly signature: string;
}

/** Throws `workload_refused`. */
export function readSignedRequest(proof: string): SignedRequest {
  const { url, body, headers } = requestIn(proof.slice(SIGNED_REQUEST_PREFIX.length));
  const named = new Map(
    Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]),
  );
  if (named.size < Object.keys(headers).length) throw refused(REPEATED_HEADER);
  for (const [name, value] of named) {
    if (!HEADERS.has(name)) throw refused(unknownHeader(name));
    if (value.length > MAX_VALUE || !VALUE.test(value)) throw refused(unfitHeader(name));
  }
  const authorization = AUTHORIZATION.exec(named.get('authorization') ?? '');
  if (authorization === null) throw refused(NOT_SIGNED);
  const [, accessKeyId, date, region, signedHeaders, signature] = authorization;
  return {
    ...{ url, body, headers: named, signedHeaders: signedHeaders!.split(';') },
    ...{ accessKeyId: accessKeyId!, date: date!, region: region!, signature: signature! },
  };
}

function requestIn(encoded: string): z.output<typeof Request> {
  if (encoded.length > MAX_CHARACTERS || !/^[\w-]+$/.test(encoded)) throw refused(NOT_A_REQUEST);
  const bytes = Buffer.from(encoded, 'base64url');
  if (bulkOfJson(bytes) !== undefined) throw refused(NOT_A_REQUEST);
  try {
    return Request.parse(JSON.parse(bytes.toString('utf8')));
  } catch {
    throw refused(NOT_A_REQUEST);
  }
}

// ---------------------------------------------------------------- whom it is for

/** The entry whose audience was signed. Throws `workload_refused`. */
export function entryFor(request: SignedRequest, entries: readonly IamEntry[]): IamEntry {
  const audience = request.headers.get(AUDIENCE_HEADER);
  if (audience === undefined || !request.signedHeaders.includes(AUDIENCE_HEADER))
    throw refused(NO_AUDIENCE);
  const entry = entries.find(each => each.audience === audience);
  if (entry === undefined) throw refused(anotherAudience(audience));
  return entry;
}

// ---------------------------------------------------------------- what it says

/** When the request was signed, and the endpoint of STS that it was signed for. */
export interface CheckedRequest {
  readonly signedAt: Instant;
  /** STS accepts it no longer then, nor does the bridge. */
  readonly endsAt: Instant;
  readonly endpoint: StsEndpoint;
}

/** Throws `workload_refused`. */
export function checkRequest(
  request: SignedRequest,
  entry: IamEntry,
  { now, endpointOf }: { now: Instant; endpointOf: (host: string) => StsEndpoint | undefined },
): CheckedRequest {
  const endpoint = endpointOf(request.headers.get('host') ?? '');
  const signedAt = instantOf(request.headers.get('x-amz-date') ?? '');
  const failed = CHECKS.find(({ passes }) => !passes(request, { endpoint, signedAt, now }));
  if (failed !== undefined) throw refused(failed.says(request), entry.id);
  return { signedAt, endsAt: signedAt + MAX_AGE * 1000, endpoint: endpoint! };
}

interface Context {
  readonly endpoint: StsEndpoint | undefined;
  /** NaN if it is not a time. */
  readonly signedAt: Instant;
  readonly now: Instant;
}

interface Check {
  /** Earlier rows have passed. */
  passes(request: SignedRequest, context: Context): boolean;
  says(request: SignedRequest): Refusal;
}

/** The header is absent, or its value goes with the body. */
const absentOr =
  (name: string, fits: (value: string) => boolean): Check['passes'] =>
  ({ headers }) => {
    const value = headers.get(name);
    return value === undefined || fits(value);
  };

const CHECKS: readonly Check[] = [
  {
    passes: (_request, { endpoint }) => endpoint !== undefined,
    says: ({ headers }) =>
      saying(`its host is ${shown(headers.get('host'))}, which is not an endpoint of STS`),
  },
  {
    passes: ({ url, headers }) => url === `https://${headers.get('host')}/`,
    says: () => saying('its URL is not "https://", its signed host and "/"'),
  },
  {
    passes: ({ body }) => body === CALLER_IDENTITY,
    says: () => saying(`its body is not exactly "${CALLER_IDENTITY}"`),
  },
  {
    passes: absentOr('content-type', type => FORMS.includes(type.toLowerCase())),
    says: () => saying(`its content type is not ${FORM}`),
  },
  {
    passes: absentOr('content-length', length => length === String(CALLER_IDENTITY.length)),
    says: () => saying('its content-length is not that of the body'),
  },
  {
    passes: absentOr('x-amz-content-sha256', hash => hash === BODY_HASH),
    says: () => saying('its x-amz-content-sha256 is not the hash of the body'),
  },
  {
    passes: ({ headers, signedHeaders }) => signedHeaders.every(name => headers.has(name)),
    says: () => saying('a header that it signs is missing'),
  },
  {
    passes: ({ headers, signedHeaders }) =>
      ['host', 'x-amz-date'].every(name => signedHeaders.includes(name)) &&
      [...headers.keys()].every(name => !name.startsWith('x-amz-') || signedHeaders.includes(name)),
    says: () => saying('it does not sign host, x-amz-date and every other header of AWS'),
  },
  {
    passes: ({ region }, { endpoint }) => region === endpoint?.region,
    says: ({ region }) =>
      saying(`its signature is for the region ${shown(region)}, which is not that of its host`),
  },
  {
    passes: ({ headers }) => headers.has('x-amz-security-token'),
    says: () =>
      saying(
        'it has no x-amz-security-token, so it is signed with the key of a user, not of a role',
      ),
  },
  {
    passes: ({ headers, date }, { signedAt }) =>
      !Number.isNaN(signedAt) && headers.get('x-amz-date')!.startsWith(date),
    says: () => saying('its x-amz-date is not a time on the day of its signature'),
  },
  {
    passes: (_request, { signedAt, now }) => signedAt + MAX_AGE * 1000 > now,
    says: () => saying(`it was signed more than ${MAX_AGE / MINUTE} minutes ago`, SIGN_AGAIN),
  },
  {
    passes: (_request, { signedAt, now }) => signedAt <= now + MAX_AHEAD * 1000,
    says: () => saying('it was signed in the future', 'Check the clock of the machine.'),
  },
];

/** NaN if it is not a time. */
function instantOf(timestamp: string): Instant {
  return Date.parse(timestamp.replace(TIMESTAMP, '$1-$2-$3T$4:$5:$6Z'));
}

// ---------------------------------------------------------------- what is sent

/** The signed headers as they are, and what STS needs besides. */
export function headersFor({ headers, signedHeaders }: SignedRequest): Record<string, string> {
  const signed = signedHeaders
    // The connection writes it, with the value that was checked.
    .filter(name => name !== 'content-length')
    .map(name => [name, headers.get(name)!] as const);
  return {
    accept: 'application/json',
    'content-type': headers.get('content-type') ?? FORM,
    authorization: headers.get('authorization')!,
    ...Object.fromEntries(signed),
  };
}

// ---------------------------------------------------------------- sentences

const SIGN_AGAIN = 'Sign a new request for each sign-in.';
const SEND_WHAT = 'Send what `rolebridge workload` or the signer of an AWS SDK makes.';

/** Both sentences: what they name is the caller's own. */
function saying(why: string, then: string = SEND_WHAT): Refusal {
  return { why, hint: `The signed request was rejected: ${why}. ${then}` };
}

const NOT_A_REQUEST = saying(
  'it is not the JSON object { url, headers, body } in base64url, with text in each header',
);
const REPEATED_HEADER = saying('a header is in it twice');
const NOT_SIGNED = saying(
  'its authorization header is not that of Signature Version 4 for the service "sts"',
);
const NO_AUDIENCE = saying('it does not sign the header X-Rolebridge-Audience');

function unknownHeader(name: string): Refusal {
  return saying(`it has the header ${shown(name)}`);
}

function unfitHeader(name: string): Refusal {
  return saying(`its header ${shown(name)} is empty, too long, or not plain ASCII`);
}

function anotherAudience(audience: string): Refusal {
  return saying(
    `its audience is ${shown(audience)}, which is not that of this bridge`,
    'Sign a request with the audience that your administrator names.',
  );
}
