/**
 * Documents of identity providers: fetched with a time limit and a size limit, never redirected.
 */

const TIMEOUT_MS = 5000;

/**
 * The answer could not be had at all, as opposed to: it was had and is wrong. The message says what
 * happened, never the body.
 */
export class FetchFailed extends Error {
  override readonly name = 'FetchFailed';
}

/** Throws `FetchFailed`. The URL was checked when it was configured or discovered. */
export async function fetchText(url: string, maxBytes: number): Promise<string> {
  let response: Response;
  try {
    response = await fetch(url, {
      redirect: 'manual',
      signal: AbortSignal.timeout(TIMEOUT_MS),
      headers: { accept: '*/*' },
    });
  } catch (cause) {
    throw new FetchFailed(`${url}: ${faultOf(cause)}`, { cause });
  }
  if (response.status !== 200) {
    await response.body?.cancel();
    throw new FetchFailed(`${url}: answered ${response.status}`);
  }
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  try {
    for await (const chunk of response.body ?? []) {
      bytes += chunk.byteLength;
      if (bytes > maxBytes) throw new FetchFailed(`${url}: larger than ${maxBytes} bytes`);
      chunks.push(chunk);
    }
    return new TextDecoder('utf-8', { fatal: true }).decode(Buffer.concat(chunks));
  } catch (cause) {
    if (cause instanceof FetchFailed) throw cause;
    throw new FetchFailed(
      `${url}: ${cause instanceof TypeError ? 'not UTF-8 or cut off' : faultOf(cause)}`,
      { cause },
    );
  }
}

function faultOf(cause: unknown): string {
  if (cause instanceof DOMException && cause.name === 'TimeoutError')
    return `no complete answer within ${TIMEOUT_MS / 1000} s`;
  const code =
    cause instanceof Error ? (cause.cause as { code?: unknown } | undefined)?.code : undefined;
  return typeof code === 'string' ? `cannot be reached (${code})` : 'cannot be reached';
}
