/** Buckets of the world: their objects, and which pages of other origins may use them. */
import { createHash } from 'node:crypto';
import type { Account } from '../accounts.ts';

export interface CorsRule {
  readonly allowedOrigins: readonly string[];
  readonly allowedMethods: readonly ('GET' | 'HEAD')[];
  /** `*`, or names in any case. */
  readonly allowedHeaders: readonly string[];
  readonly exposeHeaders: readonly string[];
  readonly maxAgeSeconds?: number | undefined;
}

export interface StoredObject {
  readonly key: string;
  readonly content: Uint8Array;
  readonly contentType: string;
  /** In quotes. */
  readonly etag: string;
}

export interface Bucket {
  readonly account: Account;
  readonly name: string;
  readonly arn: string;
  readonly region: string;
  /** In the order of S3: by the bytes of their keys. */
  readonly objects: ReadonlyMap<string, StoredObject>;
  readonly cors: readonly CorsRule[];
}

type CheckedBucket = Omit<Bucket, 'account' | 'arn' | 'objects'> & {
  readonly objects: readonly {
    readonly key: string;
    readonly contentType: string;
    readonly content: { readonly text: string } | { readonly base64: string };
  }[];
};

/** A checked bucket of the file, as part of the world. */
export function bucketOf({ objects, ...bucket }: CheckedBucket, account: Account): Bucket {
  const stored = objects.map(({ content, ...object }): StoredObject => {
    const bytes =
      'text' in content ? Buffer.from(content.text) : Buffer.from(content.base64, 'base64');
    const etag = `"${createHash('md5').update(bytes).digest('hex')}"`;
    return { ...object, content: bytes, etag };
  });
  const sorted = stored.toSorted((a, b) => compareKeys(a.key, b.key));
  return {
    ...bucket,
    account,
    arn: `arn:${account.partition.name}:s3:::${bucket.name}`,
    objects: new Map(sorted.map(object => [object.key, object])),
  };
}

/** Objects of all buckets, each with where it is in the file: a key is unique in its bucket. */
export function objectKeys(
  buckets: readonly CheckedBucket[],
): readonly { readonly at: string; readonly key: string }[] {
  return buckets.flatMap(({ name, objects }, bucket) =>
    objects.map(({ key }, object) => ({
      at: `buckets[${bucket}].objects[${object}]`,
      key: `${name}/${key}`,
    })),
  );
}

/** UTF-8 binary order. */
export function compareKeys(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}
