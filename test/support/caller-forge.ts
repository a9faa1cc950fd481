/**
 * Proofs of an AWS role, rightly and wrongly made: a GetCallerIdentity that aws4 signs, in the form
 * that the bridge takes. It shares no code with the bridge.
 */
import { GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts';
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

interface SdkRequest extends Omit<CallerRequest, 'url'> {
  readonly hostname: string;
  readonly path: string;
}

/** What the SDK for JavaScript sends to the STS of eu-west-1, kept instead of sent. */
export async function signedBySdk({
  credentials: { sessionToken, ...key },
  audience,
  clockOffset = 0,
}: {
  readonly credentials: RoleCredentials;
  readonly audience: string;
  /** Milliseconds that the signer is ahead. */
  readonly clockOffset?: number;
}): Promise<CallerRequest> {
  const client = new STSClient({
    region: 'eu-west-1',
    credentials: { ...key, ...(sessionToken !== undefined && { sessionToken }) },
    systemClockOffset: clockOffset,
  });
  const kept = Promise.withResolvers<SdkRequest>();
  client.middlewareStack.add(
    next => async args => {
      const { headers } = args.request as { headers: Record<string, string> };
      headers['x-rolebridge-audience'] = audience;
      return next(args);
    },
    { step: 'build' },
  );
  client.middlewareStack.add(
    () => async args => {
      kept.resolve(args.request as SdkRequest);
      throw new Error('kept');
    },
    { step: 'finalizeRequest', priority: 'low' },
  );
  await client.send(new GetCallerIdentityCommand({})).catch(kept.reject);
  client.destroy();
  const { hostname, path, headers, body } = await kept.promise;
  return { url: `https://${hostname}${path}`, headers, body };
}

export function proofOf(request: unknown): string {
  const json = typeof request === 'string' ? request : JSON.stringify(request);
  return `rolebridge-iam-v1.${Buffer.from(json).toString('base64url')}`;
}
