/** Images for the brand: small drawings, to which tests add what a browser would run or load. */
import { crc32, deflateSync } from 'node:zlib';

const SVG = 'xmlns="http://www.w3.org/2000/svg"';

/** A drawing of one square; `inside` and `attributes` are added as they are. */
export function svgLogo(inside = '', attributes = ''): string {
  return `<svg ${SVG} viewBox="0 0 24 24" ${attributes}><rect width="24" height="24"/>${inside}</svg>`;
}

export function pngChunk(type: string, data: Buffer): Buffer {
  const checked = Buffer.concat([Buffer.from(type, 'latin1'), data]);
  const [length, sum] = [Buffer.alloc(4), Buffer.alloc(4)];
  length.writeUInt32BE(data.length);
  sum.writeUInt32BE(crc32(checked));
  return Buffer.concat([length, checked, sum]);
}

const SIGNATURE = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);

/** A grey picture; `between` are chunks before its data, `after` are bytes behind its end. */
export function pngLogo({
  width = 48,
  height = 24,
  between = [] as readonly Buffer[],
  after = Buffer.alloc(0),
} = {}): Buffer {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  // Eight bits of grey.
  header.set([8, 0, 0, 0, 0], 8);
  const rows = Buffer.alloc(Math.min((width + 1) * height, 1_000_000), 0x80);
  for (let row = 0; row * (width + 1) < rows.length; row += 1) rows[row * (width + 1)] = 0;
  return Buffer.concat([
    SIGNATURE,
    pngChunk('IHDR', header),
    ...between,
    pngChunk('IDAT', deflateSync(rows)),
    pngChunk('IEND', Buffer.alloc(0)),
    after,
  ]);
}
