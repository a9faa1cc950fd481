/**
 * Requests to the metadata addresses of AWS: bounded in time and size, never through a proxy, and
 * redirects are not followed.
 */
import { Agent as HttpAgent, request as httpRequest, type RequestOptions } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';

const TIMEOUT_MILLISECONDS = 2_000;
const MAX_BYTES = 64 * 1024;

export interface MetadataRequest {
  readonly method?: 'GET' | 'PUT';
  readonly headers?: Readonly<Record<string, string>>;
}

export interface MetadataAnswer {
  readonly status: number;
  readonly text: string;
}

/** Throws what Node throws, and an Error for an answer that is late or too large. */
export function askMetadata(
  address: URL,
  { method = 'GET', headers = {} }: MetadataRequest = {},
): Promise<MetadataAnswer> {
  const isSecure = address.protocol === 'https:';
  // The agents of the process may use a proxy of the environment.
  const agent = isSecure ? new HttpsAgent() : new HttpAgent();
  const signal = AbortSignal.timeout(TIMEOUT_MILLISECONDS);
  const options: RequestOptions = { method, headers: { ...headers }, agent, signal };
  return new Promise((resolve, reject) => {
    const request = (isSecure ? httpsRequest : httpRequest)(address, options, response => {
      const chunks: Buffer[] = [];
      let size = 0;
      response.on('data', (chunk: Buffer) => {
        size += chunk.length;
        if (size > MAX_BYTES) request.destroy(new Error('the answer is too large'));
        else chunks.push(chunk);
      });
      response.on('error', reject);
      response.on('end', () =>
        resolve({
          status: response.statusCode ?? 0,
          text: Buffer.concat(chunks).toString('utf8'),
        }),
      );
    });
    request.on('error', reject);
    request.end();
  });
}
