/**
 * What an operation of the bearer API is: one row from which both its route and its description are
 * made.
 */
import type * as z from 'zod';
import type { Caller } from '../bridge/token-callers.ts';
import type { ErrorCode } from '../core/errors.ts';

export interface Call<Input> {
  readonly caller: Caller;
  readonly input: Input;
}

/** Where the input of an operation is read from. */
export type InputPlace = 'body' | 'query' | 'path';

export interface Operation<Input = unknown, Output = unknown> {
  readonly method: 'get' | 'post' | 'delete';
  /** Below `/api/v1`, with `{parameters}`. */
  readonly path: string;
  readonly id: string;
  readonly summary: string;
  readonly description: string;
  /** The container credentials take tokens for one role, everything else the tokens of a login. */
  readonly token: 'login' | 'container';
  readonly input?: {
    readonly in: InputPlace;
    readonly schema: z.ZodType<Input>;
    /** The largest body in bytes, where it is not the default. */
    readonly maxBytes?: number;
  };
  /** Undefined for an answer without a body. */
  readonly output?: { readonly schema: z.ZodType<Output>; readonly description: string };
  /** Beside those that every operation has. */
  readonly errors: readonly ErrorCode[];
  readonly handle: (call: Call<Input>) => Promise<Output> | Output;
}

/** Lets each row be checked by its own schemas and stand in one list with the others. */
export function operation<Input, Output>(row: Operation<Input, Output>): Operation {
  return row as unknown as Operation;
}
