/**
 * GitHub Actions as a job sees it: variables, and an address that gives tokens for an audience. It
 * shares no code with the client.
 */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { startTlsProxy } from './tls-proxy.ts';

export interface GithubActions {
  /** What the runner sets for a job with `id-token: write`. */
  readonly env: {
    readonly GITHUB_ACTIONS: string;
    readonly ACTIONS_ID_TOKEN_REQUEST_URL: string;
    readonly ACTIONS_ID_TOKEN_REQUEST_TOKEN: string;
  };
  /** The authority of its certificate. */
  readonly certificatePem: string;
  /** The audiences that tokens were requested for. */
  readonly audiences: readonly string[];
  close(): Promise<void>;
}

export interface GithubActionsOptions {
  readonly token: (audience: string) => Promise<string>;
  /** Changes an answer; undefined for none. */
  readonly answer?: () => { readonly status: number; readonly body: string } | undefined;
}

const REQUEST_TOKEN = 'request-token-of-the-job-7f3a';

export async function startGithubActions({
  token,
  answer = () => undefined,
}: GithubActionsOptions): Promise<GithubActions> {
  const audiences: string[] = [];
  const server = createServer((request, response) => {
    const respond = async (): Promise<void> => {
      const url = new URL(request.url!, 'http://runner');
      const audience = url.searchParams.get('audience') ?? 'https://github.com/acme';
      const isJob =
        request.method === 'GET' &&
        url.pathname === '/jobs/7/idtoken' &&
        url.searchParams.get('api-version') === '2.0' &&
        /^bearer request-token-of-the-job-7f3a$/i.test(request.headers.authorization ?? '');
      if (!isJob) return void response.writeHead(401).end('{"message":"Unauthorized"}');
      audiences.push(audience);
      const { status, body } = answer() ?? {
        status: 200,
        body: JSON.stringify({ count: 1, value: await token(audience) }),
      };
      const location = status === 302 ? { location: 'https://127.0.0.1:1/' } : {};
      response.writeHead(status, { 'content-type': 'application/json', ...location }).end(body);
    };
    void respond();
  });
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  const tls = await startTlsProxy(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  return {
    env: {
      GITHUB_ACTIONS: 'true',
      ACTIONS_ID_TOKEN_REQUEST_URL: `${tls.url}/jobs/7/idtoken?api-version=2.0`,
      ACTIONS_ID_TOKEN_REQUEST_TOKEN: REQUEST_TOKEN,
    },
    certificatePem: tls.certificatePem,
    audiences,
    close: async () => {
      await tls.close();
      await new Promise<void>(resolve => {
        server.close(() => resolve());
        server.closeAllConnections();
      });
    },
  };
}
