/**
 * The text of a metadata document: its bytes, decoded as its byte order mark, the charset of its
 * address or its XML declaration says, in this order (RFC 7303 section 3, XML 1.0 appendix F).
 *
 * Two names for the encoding that lead to different texts are an error: one of them is wrong.
 */
import { TextDecoder } from 'node:util';
import { metadataFault } from './metadata-fault.ts';

/** A document as it came. */
export interface MetadataBytes {
  readonly bytes: Uint8Array;
  /** The charset of the Content-Type header. */
  readonly charset?: string | undefined;
}

/** An encoding, and what names it. */
interface Claim {
  readonly encoding: string;
  /** `is declared as`, before the name of the encoding. */
  readonly says: string;
}

const UTF_8 = 'utf-8';
/** Enough for `<?xml version="1.0" encoding="..." standalone="no"?>` in UTF-16. */
const DECLARATION_BYTES = 512;
/** Bytes that are decoded at once. */
const PIECE = 256 * 1024;

/** The decoder of the platform has Windows-1252 in the place of these two, as browsers do. */
const OWN_LABELS: readonly (readonly [RegExp, string])[] = [
  [/^(?:iso[-_]?8859-?1(?::1987)?|iso-ir-100|latin1|l1|(?:ibm|cp)819)$/, 'latin1'],
  [/^(?:(?:us-?)?ascii|ansi_x3\.4-19(?:68|86)|iso-ir-6|iso646-us|(?:ibm|cp)367)$/, 'us-ascii'],
  [/^(?:utf-?16|ucs-2|iso-10646-ucs-2|unicode)$/, 'utf-16'],
];
const SHOWN: Readonly<Record<string, string>> = { latin1: 'ISO-8859-1' };

/** First bytes of encodings that are not supported. */
const UNREADABLE: readonly (readonly [readonly number[], string])[] = [
  [[0xff, 0xfe, 0x00, 0x00], 'UTF-32'],
  [[0x00, 0x00, 0xfe, 0xff], 'UTF-32'],
  [[0x3c, 0x00, 0x00, 0x00], 'UTF-32'],
  [[0x00, 0x00, 0x00, 0x3c], 'UTF-32'],
  [[0x4c, 0x6f, 0xa7, 0x94], 'EBCDIC'],
];

/** First bytes that tell the encoding, and how many of them are a byte order mark. */
const MARK = 'begins with the byte order mark of';
const FIRST_BYTES: readonly (readonly [readonly number[], number, Claim])[] = [
  [[0xef, 0xbb, 0xbf], 3, { encoding: UTF_8, says: MARK }],
  [[0xff, 0xfe], 2, { encoding: 'utf-16le', says: MARK }],
  [[0xfe, 0xff], 2, { encoding: 'utf-16be', says: MARK }],
  [[0x3c, 0x00], 0, { encoding: 'utf-16le', says: 'begins as' }],
  [[0x00, 0x3c], 0, { encoding: 'utf-16be', says: 'begins as' }],
];

/**
 * The text in pieces, without byte order mark, and without the encoding in its XML declaration if
 * that is another one than UTF-8. Throws `connector_unavailable`, also while it is read.
 */
export function* metadataPieces({ bytes, charset }: MetadataBytes): Generator<string> {
  const unreadable = UNREADABLE.find(([start]) => beginsWith(bytes, start));
  if (unreadable !== undefined) throw unsupported(unreadable[1]);
  const [, mark = 0, first] = FIRST_BYTES.find(([start]) => beginsWith(bytes, start)) ?? [];
  const content = bytes.subarray(mark);
  const claims = claimsOf(content, { charset, first });
  const chosen = claims[0] ?? { encoding: UTF_8, says: 'is read as' };
  for (const other of claims.slice(1))
    if (other.encoding !== chosen.encoding && !isSameText(content, chosen, other))
      throw metadataFault(
        `${chosen.says} ${shown(chosen.encoding)}, but ${other.says} ${shown(other.encoding)}`,
      );
  let isFirst = true;
  for (const piece of decoded(content, chosen.encoding)) {
    yield isFirst && chosen.encoding !== UTF_8 ? undeclared(piece) : piece;
    isFirst = false;
  }
}

/** Looks at the beginning alone: the time of the pattern grows with the square of the blanks. */
function undeclared(piece: string): string {
  const start = piece.slice(0, DECLARATION_BYTES);
  return start.replace(DECLARED, '$1') + piece.slice(DECLARATION_BYTES);
}

const DECLARED = /^(<\?xml\s[^>]*?)\s+encoding\s*=\s*(?:"([^">]*)"|'([^'>]*)')/;

/** The claims about the encoding, the strongest first. */
function claimsOf(
  content: Uint8Array,
  { charset, first }: { readonly charset: string | undefined; readonly first: Claim | undefined },
): Claim[] {
  const named = (label: string, says: string): Claim => {
    const encoding = encodingOf(label);
    if (!encoding.startsWith('utf-16')) return { encoding, says };
    if (first?.encoding.startsWith('utf-16') !== true)
      throw metadataFault(`${says} ${shown(encoding)}, but its bytes are not ${shown(encoding)}`);
    return { encoding: encoding === 'utf-16' ? first.encoding : encoding, says };
  };
  const start = content.subarray(0, DECLARATION_BYTES);
  const text = new TextDecoder(first?.encoding ?? 'latin1').decode(start);
  const [, , double, single] = DECLARED.exec(text) ?? [];
  const declared = double ?? single;
  return [
    ...(first === undefined ? [] : [first]),
    ...(charset === undefined ? [] : [named(charset, 'is sent with the charset')]),
    ...(declared === undefined ? [] : [named(declared, 'is declared as')]),
  ];
}

/** The name by which the bridge decodes an encoding. */
function encodingOf(label: string): string {
  const name = label.trim().toLowerCase();
  const own = OWN_LABELS.find(([pattern]) => pattern.test(name));
  if (own !== undefined) return own[1];
  try {
    return new TextDecoder(name).encoding;
  } catch {
    throw unsupported(/^[\w.:+-]{1,40}$/.test(label) ? label : 'that it names');
  }
}

function unsupported(encoding: string): Error {
  return metadataFault(`has the encoding ${encoding}, which is not supported; save it as UTF-8`);
}

/** Whether both encodings give the same text, as for ASCII alone. */
function isSameText(content: Uint8Array, one: Claim, other: Claim): boolean {
  try {
    return (
      [...decoded(content, one.encoding)].join() === [...decoded(content, other.encoding)].join()
    );
  } catch {
    return false;
  }
}

function* decoded(content: Uint8Array, encoding: string): Generator<string> {
  const decoder = decoderOf(encoding);
  try {
    for (let at = 0; at < content.length; at += PIECE)
      yield decoder(content.subarray(at, at + PIECE), at + PIECE < content.length);
  } catch (cause) {
    if (!(cause instanceof TypeError)) throw cause;
    throw metadataFault(`contains bytes that are not ${shown(encoding)}`, { cause });
  }
}

/** Throws a TypeError for bytes that are not of the encoding. */
function decoderOf(encoding: string): (bytes: Uint8Array, hasMore: boolean) => string {
  if (encoding === 'latin1' || encoding === 'us-ascii')
    return bytes => {
      if (encoding === 'us-ascii' && bytes.some(byte => byte > 0x7f))
        throw new TypeError('a byte is not ASCII');
      return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1');
    };
  const decoder = new TextDecoder(encoding, { fatal: true, ignoreBOM: true });
  return (bytes, hasMore) => decoder.decode(bytes, { stream: hasMore });
}

function beginsWith(bytes: Uint8Array, start: readonly number[]): boolean {
  return start.every((byte, index) => bytes[index] === byte);
}

function shown(encoding: string): string {
  return SHOWN[encoding] ?? encoding.toUpperCase();
}
