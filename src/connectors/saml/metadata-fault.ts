/** Why metadata cannot be used, for users and for the operator. */
import { BridgeError } from '../../core/errors.ts';
import { XmlRefusal } from './strict-xml.ts';

/** What only the operator is told, such as names in the document. The end of a sentence. */
class FaultDetail extends Error {
  override readonly name = 'FaultDetail';
}

/**
 * `connector_unavailable`. `why` completes a sentence, can be shown on a page, and repeats nothing
 * of the document; `detail` goes to the log and to operators.
 */
export function metadataFault(
  why: string,
  { detail, cause }: { readonly detail?: string | undefined; readonly cause?: unknown } = {},
): BridgeError {
  return new BridgeError('connector_unavailable', `the metadata of the identity provider ${why}`, {
    cause: detail === undefined ? cause : new FaultDetail(detail, { cause }),
  });
}

/** The whole sentence for the operator, without its full stop. */
export function explained(thrown: unknown): string {
  const { message, cause } = thrown as Error;
  return cause instanceof FaultDetail ? `${message}: ${cause.message}` : message;
}

/** Runs a step that reads XML, and turns its refusal into `connector_unavailable`. */
export function readingXml<T>(read: () => T): T {
  try {
    return read();
  } catch (cause) {
    if (cause instanceof XmlRefusal) throw metadataFault(cause.message, { cause });
    throw cause;
  }
}
