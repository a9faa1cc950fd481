/**
 * What is compressed on the wire (docs/adr/0036-compression-and-breach.md).
 *
 * Nothing is compressed by default. The length of a compressed answer tells whether two parts of it
 * are alike, and so a guess that a stranger puts into it tells a secret in it (BREACH). A page is
 * compressed if its row says so; any other answer, if its handler says so.
 */
import { promisify } from 'node:util';
import { brotliCompress, constants, gzip } from 'node:zlib';
import type { Request } from 'express';
import type { Views } from './views.ts';

/** In the order of our preference. */
export const ENCODINGS = ['br', 'gzip'] as const;
export type Encoding = (typeof ENCODINGS)[number];

/** Gives the content in this encoding. */
export type Compress = (content: string | Buffer, encoding: Encoding) => Promise<Buffer>;

/**
 * `compressed` are pages that grow with what their user has, and that contain nothing that a guess
 * could find: no credential, no code, no token, no address that works once. Tokens of forms are
 * masked (`csrf-token`).
 */
const PAGES = {
  'sign-in': 'secret',
  'sign-in-test': 'secret',
  'sign-in-tested': 'secret',
  roles: 'compressed',
  'no-roles': 'compressed',
  'console-request': 'secret',
  // Small, and the address that they repeat is anybody's.
  go: 'secret',
  'go-choice': 'secret',
  'go-none': 'secret',
  'credentials-request': 'secret',
  credentials: 'secret',
  refusal: 'secret',
  leaving: 'secret',
  'provider-form': 'secret',
  'step-up': 'secret',
  'stepped-up': 'secret',
  repost: 'secret',
  'signed-out': 'secret',
  'device-code': 'secret',
  'cli-confirm': 'secret',
  'cli-decided': 'secret',
  'application-consent': 'secret',
  sessions: 'compressed',
  'aws-config': 'compressed',
  elevations: 'compressed',
  'elevation-choice': 'compressed',
  'elevation-request': 'compressed',
  elevation: 'compressed',
} as const satisfies Record<keyof Views, 'compressed' | 'secret'>;

export function isCompressed(view: keyof Views): boolean {
  return PAGES[view] === 'compressed';
}

/** Browsers send few different headers. */
const MOST_KNOWN = 100;
const known = new Map<string, Encoding | undefined>();

/** Undefined if the client takes neither. */
export function acceptedEncoding(request: Request): Encoding | undefined {
  const header = request.headers['accept-encoding']?.toString() ?? '';
  if (known.has(header)) return known.get(header);
  const accepted = ENCODINGS.find(encoding => request.acceptsEncodings(encoding) === encoding);
  if (known.size >= MOST_KNOWN) known.clear();
  known.set(header, accepted);
  return accepted;
}

const [brotliAsync, gzipAsync] = [promisify(brotliCompress), promisify(gzip)];

/** Compression levels: 0 to 11 for brotli, 0 to 9 for gzip. */
type Effort = Readonly<Record<Encoding, number>>;

function compressor(effort: Effort): Compress {
  return (content, encoding) =>
    encoding === 'gzip'
      ? gzipAsync(content, { level: effort.gzip })
      : brotliAsync(content, {
          params: {
            [constants.BROTLI_PARAM_QUALITY]: effort.br,
            [constants.BROTLI_PARAM_MODE]: constants.BROTLI_MODE_TEXT,
            [constants.BROTLI_PARAM_SIZE_HINT]: content.length,
          },
        });
}

/**
 * For an answer that is sent once: milliseconds of a thread count. Lower efforts make a page of
 * 2,000 roles half as long again, higher ones no shorter.
 */
export const quickly: Compress = compressor({ br: 5, gzip: 6 });

/** For an answer that is compressed once and sent many times. */
const thoroughly: Compress = compressor({ br: 11, gzip: 9 });

/** For one content that anyone can request: each encoding is made at its first request. */
export function onceEach(): Compress {
  const done = new Map<Encoding, Promise<Buffer>>();
  return (content, encoding) => {
    const made = done.get(encoding) ?? thoroughly(content, encoding);
    done.set(encoding, made);
    return made;
  };
}
