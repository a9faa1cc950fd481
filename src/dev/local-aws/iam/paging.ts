/** Lists in pages: IAM tells up to 100 items, or as many as MaxItems says, and where to go on. */
import type { XmlTree } from '../xml-writer.ts';
import { IamError } from './iam-error.ts';

const DEFAULT_ITEMS = 100;

export interface PageRequest {
  readonly Marker: string | undefined;
  readonly MaxItems: number | undefined;
}

export interface Page<T> {
  readonly items: readonly T[];
  /** The elements IsTruncated and Marker. */
  readonly end: XmlTree;
}

/**
 * `keyOf` orders the items, so that a page goes on where the last one ended, whatever was added or
 * deleted meanwhile. Throws `IamError` ValidationError for a marker that is none.
 */
export function pageOf<T>(
  all: Iterable<T>,
  keyOf: (item: T) => string,
  { Marker, MaxItems = DEFAULT_ITEMS }: PageRequest,
): Page<T> {
  const after = Marker === undefined ? undefined : readMarker(Marker);
  const rest = [...all]
    .map(item => ({ item, key: keyOf(item) }))
    .sort((a, b) => (a.key < b.key ? -1 : 1))
    .filter(({ key }) => after === undefined || key > after);
  const page = rest.slice(0, MaxItems);
  const isTruncated = rest.length > page.length;
  return {
    items: page.map(({ item }) => item),
    end: {
      IsTruncated: isTruncated,
      Marker: isTruncated ? markerOf(page.at(-1)!.key) : undefined,
    },
  };
}

function markerOf(key: string): string {
  return Buffer.from(`after:${key}`).toString('base64url');
}

function readMarker(marker: string): string {
  const text = Buffer.from(marker, 'base64url').toString();
  if (!text.startsWith('after:') || markerOf(text.slice(6)) !== marker)
    throw new IamError('ValidationError', 'Invalid Marker.');
  return text.slice(6);
}
