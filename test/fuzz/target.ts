/** What `npm run fuzz` needs to know of one target: `NAME.fuzz.ts` exports it as `target`. */
import { BridgeError, type ErrorCode } from '../../src/core/errors.ts';

export interface FuzzTarget {
  /** The name of the file, of its dictionary, and of its directories of inputs (`places.ts`). */
  readonly name: string;
  /** How the bytes of an input become text. Default: UTF-8, with U+FFFD for what is none. */
  readonly encoding?: 'utf8' | 'latin1' | undefined;
  readonly mostBytes: number;
  /** An input that takes longer is a finding. On a busy machine a good one takes a tenth. */
  readonly mostMilliseconds: number;
  /** Parts of paths: files whose branches guide the engine. */
  readonly guidedBy: readonly string[];
  /** Source files whose coverage is reported, as patterns; the target loads each of them. */
  readonly covers: readonly string[];
  /** Its other reader is Python. */
  readonly needsPython?: boolean | undefined;
  /** Throws if the input breaks what the code promises. An input that is rejected is fine. */
  check(input: string): void | Promise<void>;
}

/** Thrown by `check`; the title names the promise, so that one fault is one finding. */
export class BrokenPromise extends Error {
  override readonly name = 'BrokenPromise';
}

export function promise(holds: boolean, title: string): asserts holds {
  if (!holds) throw new BrokenPromise(title);
}

/**
 * The result, or undefined for an input that is rejected with one of these codes. Any other error
 * is thrown: `internal` would be the answer to it.
 */
export async function unlessRejected<T>(
  codes: readonly ErrorCode[],
  read: () => T | Promise<T>,
): Promise<T | undefined> {
  try {
    return await read();
  } catch (thrown) {
    if (thrown instanceof BridgeError && codes.includes(thrown.code)) return undefined;
    throw thrown;
  }
}

export function textOf({ encoding = 'utf8' }: FuzzTarget, bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString(encoding);
}
