/** Messages between the threads: errors as plain data, and the same errors on the other side. */
import { BridgeError, type ErrorCode } from '../../core/errors.ts';
import type { ProviderAnswer } from '../../core/provider-answer.ts';
import { UnknownSigner } from './signers.ts';
import type { ValidatedResponse } from './validation.ts';

/** The worker sends this once, when it is ready. */
export const READY = 'ready';

export type Reply = { readonly validated: ValidatedResponse } | { readonly refused: PlainError };

interface PlainCause {
  readonly name: string;
  readonly message: string;
  readonly stack: string | undefined;
}

interface PlainError {
  readonly code: ErrorCode;
  readonly message: string;
  readonly hint: string;
  readonly answer: ProviderAnswer | undefined;
  readonly isUnknownSigner: boolean;
  readonly cause: PlainCause | undefined;
}

export function plainError(thrown: unknown): PlainError {
  const known = thrown instanceof BridgeError;
  const { code, message, hint, answer, cause } = known
    ? thrown
    : new BridgeError('internal', 'unexpected error', { cause: thrown });
  return {
    ...{ code, message, hint, answer, isUnknownSigner: thrown instanceof UnknownSigner },
    cause:
      cause instanceof Error
        ? { name: cause.name, message: cause.message, stack: cause.stack }
        : undefined,
  };
}

export function bridgeErrorOf({
  code,
  message,
  hint,
  answer,
  cause,
  isUnknownSigner,
}: PlainError): BridgeError {
  const options = {
    hint,
    ...(answer !== undefined && { answer }),
    ...(cause !== undefined && { cause: Object.assign(new Error(cause.message), cause) }),
  };
  return isUnknownSigner
    ? new UnknownSigner(message, options)
    : new BridgeError(code, message, options);
}
