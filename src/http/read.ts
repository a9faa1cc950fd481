/** Reading a request: what comes out is checked, and a handler never sees the raw request. */
import { Readable } from 'node:stream';
import { json as parseJson, type Request, type RequestHandler, urlencoded } from 'express';
import * as z from 'zod';
import { BridgeError } from '../core/errors.ts';
import { askForBody } from './unread-body.ts';

/** What a row reads: a schema for each part. The handler gets them as one object. */
export interface Reads {
  readonly path?: z.ZodType;
  readonly query?: z.ZodType;
  readonly form?: z.ZodType;
  readonly json?: z.ZodType;
  /** The largest body, in bytes. Default: 8 KiB. */
  readonly maxBytes?: number;
}

type Output<S> = S extends z.ZodType<infer O> ? O : unknown;
type Read<R, P extends keyof Reads> = R extends { readonly [K in P]: infer S }
  ? Output<S>
  : unknown;
export type Input<R> = Read<R, 'path'> & Read<R, 'query'> & Read<R, 'form'> & Read<R, 'json'>;

/**
 * A form field or query parameter that occurs once; a repeated one arrives as an array and is
 * refused.
 */
export const text = (max: number): z.ZodString => z.string().max(max);

/** Characters of a proof or workload token: as many as STS accepts for a token. */
export const MAX_PROOF = 20_000;

/** Enough for every form of our own pages. */
const SMALL_BODY_BYTES = 8 * 1024;

/**
 * Parses the body that a row reads, up to its size. Form bodies: plain pairs, no nesting, few.
 * JSON bodies: objects and lists.
 */
export function bodyParser({
  form,
  json,
  maxBytes = SMALL_BODY_BYTES,
}: Reads = {}): RequestHandler[] {
  if (form !== undefined) {
    const parse = urlencoded({ extended: false, limit: maxBytes, parameterLimit: 20 });
    return [parsed('application/x-www-form-urlencoded', maxBytes, parse)];
  }
  if (json === undefined) return [];
  return [parsed('application/json', maxBytes, parseJson({ strict: true, limit: maxBytes }))];
}

/**
 * Parses what was read, on the wire and after decompression at most `maxBytes`. The parser of
 * Express reads by itself, but a body that is too large to its end, and reports it only then; so it
 * gets a whole body. Throws `payload_too_large`.
 */
function parsed(type: string, maxBytes: number, parse: RequestHandler): RequestHandler {
  return async (request, response, next) => {
    // Of another type, the body stays unread.
    if (!request.is(type)) return next();
    const { headers } = request;
    if (Number(headers['content-length'] ?? 0) > maxBytes) throw tooLarge(maxBytes);
    askForBody(request, response);
    const whole = Readable.from([await bodyOf(request, maxBytes)], { objectMode: false });
    const read = Object.assign(whole, { headers, body: undefined as unknown });
    parse(read as unknown as Request, response, (thrown?: unknown) => {
      request.body = read.body;
      next(thrown);
    });
  };
}

/** Stops reading beyond the limit. Throws `payload_too_large`, `bad_request`. */
function bodyOf(request: Request, maxBytes: number): Promise<Buffer> {
  const { promise, resolve, reject } = Promise.withResolvers<Buffer>();
  const chunks: Buffer[] = [];
  let size = 0;
  const take = (chunk: Buffer): void => {
    size += chunk.byteLength;
    chunks.push(chunk);
    if (size <= maxBytes) return;
    request.off('data', take).pause();
    reject(tooLarge(maxBytes));
  };
  const breakOff = (): void => reject(new BridgeError('bad_request', 'the body broke off'));
  request.on('data', take);
  request.once('close', breakOff);
  request.once('end', () => {
    // Every request closes: an error is expensive, because of its stack.
    request.off('close', breakOff);
    resolve(Buffer.concat(chunks, size));
  });
  return promise;
}

function tooLarge(maxBytes: number): BridgeError {
  return new BridgeError('payload_too_large', `the body is larger than ${maxBytes} bytes`);
}

/** Everything that a row reads. */
interface ReadInput extends Record<string, unknown> {
  readonly csrf_token?: string | undefined;
}

/**
 * The checked parts of a request as one object. Throws `bad_request`, which names the fields and
 * never their values, and `unsupported_media_type`.
 */
export function readInput(request: Request, { path, query, form, json }: Reads = {}): ReadInput {
  return {
    ...fieldsOf(path, () => request.params),
    ...fieldsOf(query, () => request.query),
    ...fieldsOf(form, () => request.body ?? {}),
    ...fieldsOf(json, () => jsonBodyOf(request)),
  };
}

function fieldsOf(schema: z.ZodType | undefined, sent: () => unknown): object {
  return schema === undefined ? {} : (readFields(schema, sent()) as object);
}

/** Throws `unsupported_media_type`. */
function jsonBodyOf(request: Request): unknown {
  if (request.body !== undefined) return request.body;
  throw new BridgeError('unsupported_media_type', 'the body is not application/json', {
    hint: 'Send a JSON object with Content-Type: application/json.',
  });
}

/** Some fields of what was read. Throws `bad_request`, naming the fields and never their values. */
export function readFields<S extends z.ZodType>(schema: S, value: unknown): z.output<S> {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const fields = [...new Set(result.error.issues.map(nameOf))];
  throw new BridgeError('bad_request', `wrong or repeated: ${fields.join(', ')}`, {
    hint: `These fields are missing, repeated or malformed: ${fields.join(', ')}.`,
  });
}

/** A field that is wrong. The names of unknown fields are the sender's own, so none is repeated. */
function nameOf({ code, path }: z.core.$ZodIssue): string {
  const place = path.join('.') || 'body';
  return code === 'unrecognized_keys' ? `${place} (an unknown field)` : place;
}
