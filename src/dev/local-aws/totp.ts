/** Time-based one-time passwords (RFC 6238): SHA-1, steps of 30 seconds, six digits. */
import { createHmac, timingSafeEqual } from 'node:crypto';

const STEP_MS = 30_000;
const DIGITS = 6;
const BASE32 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';
/** Steps by which the clock of a device can differ, in either direction. */
const DRIFT = 1;

/** The code of `seed` (base32, upper case, without padding) at `now` (epoch milliseconds). */
export function totpCode(seed: string, now: number): string {
  return codeOfStep(seed, stepOf(now));
}

/** The step whose code this is, near `now` and after `afterStep`; undefined if there is none. */
export function matchingStep(
  seed: string,
  code: string,
  { now, afterStep }: { readonly now: number; readonly afterStep: number },
): number | undefined {
  const current = stepOf(now);
  const steps = Array.from({ length: 2 * DRIFT + 1 }, (_, index) => current - DRIFT + index);
  return steps.find(step => step > afterStep && sameCode(codeOfStep(seed, step), code));
}

function stepOf(now: number): number {
  return Math.floor(now / STEP_MS);
}

/** RFC 4226, section 5.3. */
function codeOfStep(seed: string, step: number): string {
  const counter = Buffer.alloc(8);
  counter.writeBigUInt64BE(BigInt(step));
  const hash = createHmac('sha1', fromBase32(seed)).update(counter).digest();
  const number = hash.readUInt32BE(hash.at(-1)! & 0x0f) & 0x7f_ff_ff_ff;
  return String(number % 10 ** DIGITS).padStart(DIGITS, '0');
}

/** RFC 4648, section 6; bits that do not fill a byte are dropped. */
function fromBase32(text: string): Buffer {
  const bits = Array.from(text, character =>
    BASE32.indexOf(character).toString(2).padStart(5, '0'),
  ).join('');
  return Buffer.from(bits.match(/.{8}/g)?.map(byte => Number.parseInt(byte, 2)) ?? []);
}

function sameCode(expected: string, code: string): boolean {
  const [left, right] = [Buffer.from(expected), Buffer.from(code)];
  return left.byteLength === right.byteLength && timingSafeEqual(left, right);
}
