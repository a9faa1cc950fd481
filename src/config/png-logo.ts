/** PNG as a logo: the chunks that draw, and no other (PNG Third Edition, 5 and 11). */
import { crc32 } from 'node:zlib';
import type { BrandLogo } from '../core/brand.ts';
import { unusable } from './unusable-logo.ts';

const SIGNATURE = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
/** Of a chunk besides its data: length, type and checksum. */
const FRAME = 12;
const HEADER_BYTES = 13;
const MOST_PIXELS_A_SIDE = 2048;
/** The rest is metadata: texts, times, positions where a photograph was taken. */
const DRAWN: ReadonlySet<string> = new Set([
  ...['IHDR', 'PLTE', 'IDAT', 'IEND'],
  ...['tRNS', 'sRGB', 'gAMA', 'cHRM'],
]);
const EXPORT_AGAIN = 'Export the image again as a PNG or SVG.';

export function isPng(bytes: Buffer): boolean {
  return bytes.subarray(0, SIGNATURE.length).equals(SIGNATURE);
}

/** The image without metadata. Throws `UnusableLogo`. */
export function readPng(bytes: Buffer): BrandLogo {
  const chunks = [...chunksOf(bytes)];
  const [first, last] = [chunks[0], chunks.at(-1)];
  if (first?.type !== 'IHDR' || first.data.length !== HEADER_BYTES || last?.type !== 'IEND')
    throw damaged();
  if (chunks.some(({ type }) => type === 'acTL'))
    throw unusable('is animated', 'Export a single frame.');
  // A chunk that must not be ignored begins with a capital.
  if (chunks.some(({ type }) => !DRAWN.has(type) && /^[A-Z]/.test(type))) throw damaged();
  const [width, height] = [first.data.readUInt32BE(0), first.data.readUInt32BE(4)];
  if (width === 0 || height === 0) throw damaged();
  if (Math.max(width, height) > MOST_PIXELS_A_SIDE)
    throw unusable(
      `has ${width} by ${height} pixels`,
      `Scale it: at most ${MOST_PIXELS_A_SIDE} a side; 64 pixels of height are enough.`,
    );
  const kept = chunks.filter(({ type }) => DRAWN.has(type)).map(({ whole }) => whole);
  return {
    contentType: 'image/png',
    content: Buffer.concat([SIGNATURE, ...kept]),
    ratio: width / height,
  };
}

interface Chunk {
  readonly type: string;
  readonly data: Buffer;
  readonly whole: Buffer;
}

function* chunksOf(bytes: Buffer): Generator<Chunk> {
  let start = SIGNATURE.length;
  while (start < bytes.length) {
    if (start + FRAME > bytes.length) throw damaged();
    const end = start + FRAME + bytes.readUInt32BE(start);
    if (end > bytes.length) throw damaged();
    const whole = bytes.subarray(start, end);
    const checked = whole.subarray(4, -4);
    if (crc32(checked) !== whole.readUInt32BE(whole.length - 4)) throw damaged();
    const type = checked.toString('latin1', 0, 4);
    yield { type, data: checked.subarray(4), whole };
    start = end;
    // What follows the image is no part of it: another file, or a script.
    if (type === 'IEND' && end < bytes.length)
      throw unusable('has data after the end of the image', EXPORT_AGAIN);
  }
}

function damaged() {
  return unusable('is a damaged PNG', EXPORT_AGAIN);
}
