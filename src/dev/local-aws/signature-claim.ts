/**
 * What a signed request claims (AWS Signature Version 4, in the Authorization header or in the
 * query), and what can be wrong with it. Each service has codes and texts of its own for these
 * faults.
 */

const ALGORITHM = 'AWS4-HMAC-SHA256';

/** A request as it came over the wire. */
export interface SignedRequest {
  readonly method: string;
  /** Path and query as sent. */
  readonly url: string;
  /** Lower-case names; values of a repeated header are joined by commas. */
  readonly headers: ReadonlyMap<string, string>;
  readonly body: string | Uint8Array;
}

export type SigningFault =
  | { readonly kind: 'unsigned' }
  | { readonly kind: 'incomplete'; readonly inQuery: boolean }
  /** `expected` is the Region of the bucket or of the host, where there is one. */
  | {
      readonly kind: 'scope';
      readonly region: boolean;
      readonly service: boolean;
      readonly claim: Claim;
      readonly expected: string | undefined;
    }
  | { readonly kind: 'scopeDate' }
  /** Unknown or inactive, or a temporary key without its token. */
  | { readonly kind: 'key'; readonly accessKeyId: string }
  | { readonly kind: 'token' }
  | { readonly kind: 'expired' }
  | { readonly kind: 'late' | 'early'; readonly claim: Claim; readonly now: number }
  | { readonly kind: 'linkExpired' }
  | { readonly kind: 'unsignedHeaders'; readonly names: readonly string[] }
  | { readonly kind: 'payload'; readonly missing: boolean }
  | { readonly kind: 'mismatch' };

/** A request without a valid signature; `reason` is for the local log. */
export class NotAuthenticated extends Error {
  override readonly name = 'NotAuthenticated';
  readonly fault: SigningFault;
  readonly reason: string;

  constructor(fault: SigningFault, reason: string) {
    super(reason);
    this.fault = fault;
    this.reason = reason;
  }
}

export interface Claim {
  readonly accessKeyId: string;
  readonly date: string;
  readonly region: string;
  readonly service: string;
  readonly signedHeaders: readonly string[];
  readonly signature: string;
  /** `20260101T000000Z` */
  readonly timestamp: string;
  readonly sessionToken: string | undefined;
  /** Presigned requests say how long they are good for; NaN if they do not. */
  readonly expiresSeconds: number | undefined;
  readonly inQuery: boolean;
}

/** Throws `NotAuthenticated`. */
export function readClaim({ headers, url }: SignedRequest): Claim {
  const header = headers.get('authorization');
  const query = new URLSearchParams(url.split('?')[1] ?? '');
  const inQuery = header === undefined;
  if (inQuery && !query.has('X-Amz-Signature'))
    throw new NotAuthenticated({ kind: 'unsigned' }, 'Request is missing Authentication Token');
  const incomplete = (reason: string): NotAuthenticated =>
    new NotAuthenticated({ kind: 'incomplete', inQuery }, reason);
  if (!inQuery && query.has('X-Amz-Signature'))
    throw incomplete('signed in the header and in the query');

  const field = inQuery ? fieldsOfQuery(query) : fieldsOfHeader(header);
  if (field('Algorithm') !== ALGORITHM) throw incomplete(`the algorithm is not ${ALGORITHM}`);
  const required = (name: string): string => {
    const value = field(name);
    if (value === undefined) throw incomplete(`Authorization header requires '${name}' parameter.`);
    return value;
  };
  const scope =
    /^([A-Z0-9]{16,128})\/(\d{8})\/([a-z0-9-]{1,40})\/([a-z0-9-]{1,40})\/aws4_request$/.exec(
      required('Credential'),
    );
  if (scope === null)
    throw incomplete('Credential does not have the form KEY/DATE/REGION/SERVICE/aws4_request');
  const signedHeaders = required('SignedHeaders').split(';');
  const signature = required('Signature');
  const timestamp = (inQuery ? query.get('X-Amz-Date') : headers.get('x-amz-date')) ?? '';
  if (!/^\d{8}T\d{6}Z$/.test(timestamp))
    throw incomplete('X-Amz-Date is missing or has another form than 20260101T000000Z');
  if (!/^[0-9a-f]{64}$/.test(signature)) throw incomplete('Signature is not 64 hexadecimal digits');
  const token = inQuery ? query.get('X-Amz-Security-Token') : headers.get('x-amz-security-token');
  return {
    accessKeyId: scope[1]!,
    date: scope[2]!,
    region: scope[3]!,
    service: scope[4]!,
    signedHeaders,
    signature,
    timestamp,
    sessionToken: token ?? undefined,
    expiresSeconds: inQuery ? wholeNumber(query.get('X-Amz-Expires')) : undefined,
    inQuery,
  };
}

function wholeNumber(text: string | null): number {
  return /^\d{1,10}$/.test(text ?? '') ? Number(text) : Number.NaN;
}

type Fields = (name: string) => string | undefined;

function fieldsOfHeader(header: string): Fields {
  const [, algorithm, rest = ''] = /^(\S+)\s+(.*)$/.exec(header) ?? [];
  const fields = new Map<string, string | undefined>([['Algorithm', algorithm]]);
  for (const field of rest.split(',')) {
    const at = field.indexOf('=');
    fields.set(field.slice(0, at).trim(), field.slice(at + 1).trim());
  }
  return name => fields.get(name);
}

function fieldsOfQuery(query: URLSearchParams): Fields {
  return name => query.get(`X-Amz-${name}`) ?? undefined;
}
