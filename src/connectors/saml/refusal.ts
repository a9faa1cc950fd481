/** The error for a Response that is rejected. */
import { BridgeError } from '../../core/errors.ts';

/** `why` is for the log. */
export function refusal(
  why: string,
  options: { readonly hint?: string; readonly cause?: unknown } = {},
): BridgeError {
  return new BridgeError('saml_response_refused', why, options);
}
