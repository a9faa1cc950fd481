/**
 * Proofs of an AWS role, rightly and wrongly made: a GetCallerIdentity that aws4 signs, in the form
 * that the bridge takes. It shares no code with the bridge.
 */
import aws4 from 'aws4';

export interface RoleCredentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string | undefined;
}

export interface CallerRequest {
  readonly url: string;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly body: string;
}

export interface SigningOptions {
  readonly credentials: RoleCredentials;
  readonly audience: string;
  /** Epoch milliseconds. */
  readonly at: number;
  readonly host?: string;
  readonly region?: string;
  readonly service?: string;
  readonly body?: string;
  readonly path?: string;
  /** Further headers, all signed; undefined leaves one out. */
  readonly headers?: Readonly<Record<string, string | undefined>>;
}

export const CALLER_IDENTITY_BODY = 'Action=GetCallerIdentity&Version=2011-06-15';

export function signedCaller({
  credentials,
  audience,
  at,
  host = 'sts.eu-west-1.amazonaws.com',
  region = 'eu-west-1',
  service = 'sts',
  body = CALLER_IDENTITY_BODY,
  path = '/',
  headers = {},
}: SigningOptions): CallerRequest {
  const written = Object.entries({
    host,
    'content-type': 'application/x-www-form-urlencoded',
    'x-rolebridge-audience': audience,
    'x-amz-date': new Date(at).toISOString().replace(/[-:]|\.\d{3}/g, ''),
    'x-amz-security-token': credentials.sessionToken,
    ...headers,
  }).filter((header): header is [string, string] => header[1] !== undefined);
  const request = {
    ...{ method: 'POST', host, path, body, service, region, doNotModifyHeaders: true },
    headers: Object.fromEntries(written),
    // aws4 leaves out some headers that a signer can well sign.
    extraHeadersToInclude: Object.fromEntries(written.map(([name]) => [name, true])),
  };
  const { accessKeyId, secretAccessKey } = credentials;
  const signer = new aws4.RequestSigner(request, { accessKeyId, secretAccessKey });
  signer.datetime = request.headers['x-amz-date'] ?? '20260101T000000Z';
  const signed = { ...request.headers, authorization: signer.authHeader() };
  return { url: `https://${host}${path}`, headers: signed, body };
}

export function proofOf(request: unknown): string {
  const json = typeof request === 'string' ? request : JSON.stringify(request);
  return `rolebridge-iam-v1.${Buffer.from(json).toString('base64url')}`;
}
