/**
 * Cross-origin requests ("Using cross-origin resource sharing"): which page of another origin may
 * send a request, and what its browser is told.
 */
import type { IncomingMessage } from 'node:http';
import type { Bucket, CorsRule } from './buckets.ts';
import { S3Error } from './s3-error.ts';

type Headers = Readonly<Record<string, string>>;

/** The headers of a preflight's answer. Throws `S3Error`. */
export function preflight(request: IncomingMessage, bucket: Bucket | undefined): Headers {
  const { origin } = request.headers;
  const method = request.headers['access-control-request-method'];
  if (origin === undefined || method === undefined)
    throw new S3Error(
      'BadRequest',
      `Insufficient information. ${origin === undefined ? 'Origin request header' : 'Access-Control-Request-Method'} needed.`,
    );
  if (bucket === undefined || bucket.cors.length === 0)
    throw new S3Error('AccessForbidden', 'CORSResponse: CORS is not enabled for this bucket.');
  const wanted = request.headers['access-control-request-headers'] ?? '';
  const names = wanted
    .split(',')
    .map(name => name.trim().toLowerCase())
    .filter(name => name !== '');
  const rule = bucket.cors.find(
    candidate => matches(candidate, origin, method) && allowsHeaders(candidate, names),
  );
  if (rule === undefined)
    throw new S3Error('AccessForbidden', 'CORSResponse: This CORS request is not allowed.', {
      reason: `no CORS rule of ${bucket.name} allows ${method} from this origin with these headers`,
    });
  return {
    ...shared(rule, origin),
    ...(names.length > 0 && { 'access-control-allow-headers': names.join(', ') }),
    ...(rule.maxAgeSeconds !== undefined && {
      'access-control-max-age': String(rule.maxAgeSeconds),
    }),
  };
}

/** The headers of any other answer; none if no rule lets the origin read it. */
export function corsHeaders(request: IncomingMessage, bucket: Bucket | undefined): Headers {
  const { origin } = request.headers;
  if (origin === undefined || bucket === undefined) return {};
  const rule = bucket.cors.find(candidate => matches(candidate, origin, request.method ?? ''));
  return rule === undefined ? {} : shared(rule, origin);
}

function matches(rule: CorsRule, origin: string, method: string): boolean {
  const methods: readonly string[] = rule.allowedMethods;
  return rule.allowedOrigins.includes(origin) && methods.includes(method);
}

function allowsHeaders({ allowedHeaders }: CorsRule, names: readonly string[]): boolean {
  const allowed = new Set(allowedHeaders.map(name => name.toLowerCase()));
  return allowed.has('*') || names.every(name => allowed.has(name));
}

function shared({ allowedMethods, exposeHeaders }: CorsRule, origin: string): Headers {
  return {
    'access-control-allow-origin': origin,
    'access-control-allow-methods': allowedMethods.join(', '),
    'access-control-allow-credentials': 'true',
    ...(exposeHeaders.length > 0 && { 'access-control-expose-headers': exposeHeaders.join(', ') }),
    vary: 'Origin, Access-Control-Request-Headers, Access-Control-Request-Method',
  };
}
