/** ListObjectsV2 (S3 API reference): which keys and common prefixes a page of the list has. */
import type { XmlTree } from '../xml-writer.ts';
import type { Bucket, StoredObject } from './buckets.ts';
import { compareKeys } from './buckets.ts';
import { S3Error } from './s3-error.ts';

const MAX_KEYS = 1000;

/** Where a page starts: after a key, or after all keys with a common prefix. */
interface Start {
  readonly kind: 'key' | 'prefix';
  /** '' for the first page. */
  readonly after: string;
}

export interface ListRequest {
  /** Undefined if the request does not name one: policies see the difference. */
  readonly prefix: string | undefined;
  readonly delimiter: string | undefined;
  readonly maxKeys: number;
  readonly from: Start;
  readonly continuationToken: string | undefined;
  readonly startAfter: string | undefined;
  readonly encode: (text: string) => string;
  readonly encodingType: 'url' | undefined;
}

/** Throws `S3Error` InvalidArgument. */
export function readListRequest(query: URLSearchParams): ListRequest {
  const encodingType = query.get('encoding-type') ?? undefined;
  if (encodingType !== undefined && encodingType !== 'url')
    throw invalid('Invalid Encoding Method specified in Request', 'encoding-type', encodingType);
  const continuationToken = query.get('continuation-token') ?? undefined;
  const startAfter = query.get('start-after') ?? undefined;
  return {
    prefix: query.get('prefix') ?? undefined,
    delimiter: query.get('delimiter') || undefined,
    maxKeys: readMaxKeys(query.get('max-keys')),
    from:
      continuationToken === undefined
        ? { kind: 'key', after: startAfter ?? '' }
        : readToken(continuationToken),
    continuationToken,
    startAfter,
    encode: encodingType === 'url' ? urlEncoded : text => text,
    encodingType,
  };
}

/** The elements of the answer. */
export function listObjects(bucket: Bucket, request: ListRequest, modified: string): XmlTree {
  const { encode, delimiter, maxKeys, prefix = '' } = request;
  const { items, isTruncated } = pageOf(bucket, { ...request, prefix });
  const last = items.at(-1);
  const contents = items.flatMap(item => ('object' in item ? [item.object] : []));
  const prefixes = items.flatMap(item => ('prefix' in item ? [item.prefix] : []));
  return {
    Name: bucket.name,
    Prefix: encode(prefix),
    Delimiter: delimiter === undefined ? undefined : encode(delimiter),
    MaxKeys: maxKeys,
    EncodingType: request.encodingType,
    KeyCount: items.length,
    IsTruncated: String(isTruncated),
    ContinuationToken: request.continuationToken,
    NextContinuationToken:
      isTruncated && last !== undefined ? writeToken(startAfterItem(last)) : undefined,
    StartAfter: request.startAfter === undefined ? undefined : encode(request.startAfter),
    Contents: contents.map(({ key, etag, content }) => ({
      Key: encode(key),
      LastModified: modified,
      ETag: etag,
      Size: content.byteLength,
      StorageClass: 'STANDARD',
    })),
    CommonPrefixes: prefixes.map(common => ({ Prefix: encode(common) })),
  };
}

type Item = { readonly object: StoredObject } | { readonly prefix: string };

function nameOf(item: Item): string {
  return 'object' in item ? item.object.key : item.prefix;
}

function pageOf(
  { objects }: Bucket,
  { prefix, delimiter, maxKeys, from }: ListRequest & { readonly prefix: string },
): { readonly items: readonly Item[]; readonly isTruncated: boolean } {
  const items: Item[] = [];
  for (const object of objects.values()) {
    if (!object.key.startsWith(prefix) || isBefore(from, object.key)) continue;
    const end = delimiter === undefined ? -1 : object.key.indexOf(delimiter, prefix.length);
    const item: Item =
      end < 0 ? { object } : { prefix: object.key.slice(0, end + delimiter!.length) };
    const name = nameOf(item);
    const last = items.at(-1);
    if (last !== undefined && nameOf(last) === name) continue;
    if (items.length === maxKeys) return { items, isTruncated: maxKeys > 0 };
    items.push(item);
  }
  return { items, isTruncated: false };
}

function isBefore({ kind, after }: Start, key: string): boolean {
  if (after === '') return false;
  return compareKeys(key, after) <= 0 || (kind === 'prefix' && key.startsWith(after));
}

function startAfterItem(item: Item): Start {
  return { kind: 'object' in item ? 'key' : 'prefix', after: nameOf(item) };
}

function readMaxKeys(text: string | null): number {
  if (text === null || text === '') return MAX_KEYS;
  const number = /^\d{1,10}$/.test(text) ? Number(text) : Number.NaN;
  if (!(number <= 2 ** 31 - 1))
    throw invalid('Provided max-keys not an integer or within integer range', 'max-keys', text);
  return Math.min(number, MAX_KEYS);
}

/** Opaque to callers. */
function writeToken({ kind, after }: Start): string {
  return Buffer.from(`${kind}/${after}`).toString('base64');
}

function readToken(token: string): Start {
  const [, kind, after] =
    /^(key|prefix)\/(.+)$/s.exec(Buffer.from(token, 'base64').toString()) ?? [];
  const start: Start = { kind: kind === 'prefix' ? 'prefix' : 'key', after: after ?? '' };
  if (after === undefined || writeToken(start) !== token)
    throw invalid('The continuation token provided is incorrect', 'continuation-token', token);
  return start;
}

function urlEncoded(text: string): string {
  return encodeURIComponent(text).replaceAll('%2F', '/');
}

function invalid(message: string, name: string, value: string): S3Error {
  return new S3Error('InvalidArgument', message, {
    elements: { ArgumentName: name, ArgumentValue: value },
  });
}
