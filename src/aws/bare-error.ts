/**
 * The error of an STS that answers as S3 does: `<Error>` without the `<ErrorResponse>` around it
 * (Ceph radosgw). The SDK reads its code only inside of one.
 */
import type { AnswerBody } from './sdk-transport.ts';

const BARE_ERROR = /^(?:<\?xml\b[^<>]*\?>\s*)?(<Error[\s>][\s\S]*<\/Error>)$/;
/** An error has a few hundred bytes. */
const MAX_BYTES = 16_384;

/** A bare error in the form that the SDK reads; every other body as it is. */
export const withWholeError: AnswerBody = (status, body) => {
  if (status < 300 || body.byteLength > MAX_BYTES) return body;
  const [, error] = BARE_ERROR.exec(Buffer.from(body).toString('utf8').trim()) ?? [];
  return error === undefined
    ? body
    : new TextEncoder().encode(`<ErrorResponse>${error}</ErrorResponse>`);
};
