/**
 * S3 under `/s3`, with buckets in the path: ListObjectsV2, GetObject and HeadObject. Owns the wire:
 * which operation a request is, CORS, XML, request ids.
 */
import { randomBytes, randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Log } from '../events.ts';
import { principalOf, type Signer } from '../principal.ts';
import type { Sessions } from '../sessions.ts';
import type { SignedRequest } from '../signature-claim.ts';
import { type Answer, BodyTooLarge, headersOf, readBody, send, sourceIpOf } from '../web.ts';
import type { World } from '../world.ts';
import { writeXml, type XmlTree } from '../xml-writer.ts';
import type { Bucket } from './buckets.ts';
import { corsHeaders, preflight } from './cors.ts';
import { listObjects, readListRequest } from './list-objects.ts';
import { authenticateS3 } from './s3-authentication.ts';
import { type Access, authorize } from './s3-authorization.ts';
import { S3Error } from './s3-error.ts';

const PREFIX = '/s3';
const NAMESPACE = 'http://s3.amazonaws.com/doc/2006-03-01/';
const MAX_BODY = 1024 * 1024;

export interface S3 {
  readonly world: World;
  readonly sessions: Sessions;
  /** Epoch milliseconds. */
  readonly now: () => number;
  readonly log: Log;
}

/** What a request is about. */
interface Target {
  /** Undefined if the path names no bucket that exists. */
  readonly bucket: Bucket | undefined;
  readonly bucketName: string;
  readonly key: string;
  readonly query: URLSearchParams;
}

interface Call {
  readonly bucket: Bucket;
  readonly target: Target;
  readonly access: (action: string, more?: Partial<Access>) => void;
  /** ISO 8601: when the local AWS started. */
  readonly modified: string;
}

type Operation = (call: Call) => Answer;

const OPERATIONS: Readonly<Record<string, Operation>> = {
  ListObjectsV2: ({ bucket, target, access, modified }) => {
    const request = readListRequest(target.query);
    access('s3:ListBucket', {
      keys: {
        's3:prefix': request.prefix,
        's3:delimiter': request.delimiter,
        's3:max-keys': target.query.get('max-keys') ?? undefined,
      },
    });
    return xmlAnswer(200, 'ListBucketResult', listObjects(bucket, request, modified), NAMESPACE);
  },
  GetObject: objectAnswer,
  HeadObject: objectAnswer,
};

/** Serves `/s3/...`. */
export function createS3Surface(
  s3: S3,
): (request: IncomingMessage, response: ServerResponse) => Promise<void> {
  const modified = new Date(s3.now()).toISOString();
  return async (request, response) => {
    const requestId = randomBytes(8).toString('hex').toUpperCase();
    const target = readTarget(request, s3.world);
    const action = operationOf(request, target);
    const line = { surface: 's3', action, requestId } as const;
    let answer: Answer;
    try {
      const { signer, ...answered } = await perform(s3, request, { target, action, modified });
      answer = answered;
      const principal = signer === undefined ? undefined : principalOf(signer).arn;
      s3.log({ outcome: 'answered', ...line, principal });
    } catch (cause) {
      const error = errorOf(cause);
      s3.log({ outcome: 'refused', ...line, code: error.code, reason: error.reason });
      answer = errorAnswer(error, { requestId, resource: request.url?.split('?')[0] ?? '' });
    }
    const headers = {
      'x-amz-request-id': requestId,
      ...corsHeaders(request, target.bucket),
      ...answer.headers,
    };
    send(response, { ...answer, headers });
  };
}

type Performed = Answer & { readonly signer?: Signer };

async function perform(
  s3: S3,
  request: IncomingMessage,
  { target, action, modified }: { target: Target; action: string; modified: string },
): Promise<Performed> {
  const body = await readBody(request, MAX_BODY);
  const { bucket, bucketName } = target;
  if (request.method === 'OPTIONS') return { status: 200, headers: preflight(request, bucket) };
  const signed: SignedRequest = {
    method: request.method ?? '',
    url: request.url ?? '/',
    headers: headersOf(request),
    body,
  };
  const signer = authenticateS3(signed, { ...s3, region: bucket?.region });
  if (bucket === undefined)
    throw new S3Error('NoSuchBucket', 'The specified bucket does not exist', {
      elements: { BucketName: bucketName },
    });
  const operation = OPERATIONS[action];
  if (operation === undefined)
    throw new S3Error(
      'NotImplemented',
      'A header you provided implies functionality that is not implemented',
      { reason: `${request.method} is not simulated here` },
    );
  const sourceIp = sourceIpOf(request);
  const access: Call['access'] = (name, more = {}) =>
    authorize(
      { bucket, signer, world: s3.world, now: s3.now(), sourceIp },
      { action: name, ...more },
    );
  return { ...operation({ bucket, target, access, modified }), signer };
}

/** Also for a path that is not percent-encoded: the signature is then rejected. */
function readTarget(request: IncomingMessage, world: World): Target {
  const [path = '', query = ''] = (request.url ?? '').split('?');
  const [bucketName = '', ...key] = path.slice(PREFIX.length + 1).split('/');
  return {
    bucket: world.buckets.get(bucketName),
    bucketName,
    key: decoded(key.join('/')),
    query: new URLSearchParams(query),
  };
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** `?acl` and the like are other operations, which are not simulated. */
function operationOf({ method }: IncomingMessage, { bucketName, key, query }: Target): string {
  if (method === 'OPTIONS') return 'preflight';
  const isPlain = ![...query.keys()].some(name => OTHER_OPERATIONS.has(name));
  if (bucketName === '' || !isPlain) return '(none)';
  if (key === '')
    return method === 'GET' && query.get('list-type') === '2' ? 'ListObjectsV2' : '(none)';
  if (method === 'GET') return 'GetObject';
  return method === 'HEAD' ? 'HeadObject' : '(none)';
}

const OTHER_OPERATIONS = new Set(
  'acl attributes cors encryption legal-hold lifecycle location logging notification partNumber policy retention tagging torrent uploadId uploads versionId versioning versions website'.split(
    ' ',
  ),
);

/** Without the permission to list, a missing object looks like one that must not be read. */
function objectAnswer({ bucket, target: { key }, access, modified }: Call): Answer {
  access('s3:GetObject', { key });
  const object = bucket.objects.get(key);
  if (object === undefined) {
    access('s3:ListBucket', {});
    throw new S3Error('NoSuchKey', 'The specified key does not exist.', {
      elements: { Key: key },
    });
  }
  return {
    status: 200,
    headers: {
      'content-type': object.contentType,
      etag: object.etag,
      'last-modified': new Date(modified).toUTCString(),
    },
    body: object.content,
  };
}

function errorOf(cause: unknown): S3Error {
  if (cause instanceof S3Error) return cause;
  if (cause instanceof BodyTooLarge)
    return new S3Error('EntityTooLarge', 'Your proposed upload exceeds the maximum allowed size');
  return new S3Error('InternalError', 'We encountered an internal error. Please try again.', {
    reason: `defect: ${(cause as Error)?.stack ?? cause}`,
  });
}

function errorAnswer(
  error: S3Error,
  { requestId, resource }: { readonly requestId: string; readonly resource: string },
): Answer {
  return xmlAnswer(error.status, 'Error', {
    Code: error.code,
    Message: error.message,
    ...error.elements,
    Resource: resource,
    RequestId: requestId,
    HostId: randomUUID(),
  });
}

function xmlAnswer(status: number, root: string, tree: XmlTree, namespace?: string): Answer {
  return {
    status,
    headers: { 'content-type': 'application/xml' },
    body: `<?xml version="1.0" encoding="UTF-8"?>\n${writeXml(root, namespace, tree)}`,
  };
}
