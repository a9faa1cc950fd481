/**
 * The application of the demo: serves examples/spa on an origin of its own, as a static site would.
 *
 * Shares no code with rolebridge. The page and the AWS SDK are bundled once, at the first request.
 */
import { readFile } from 'node:fs/promises';
import type { RequestListener, ServerResponse } from 'node:http';
import { fileURLToPath } from 'node:url';
import { PHOTOS_CLIENT, PHOTOS_ROLE } from './demo-config.ts';
import { DEMO_ACCOUNTS, DEMO_BUCKET } from './demo-world.ts';

export interface PhotosOptions {
  /** The origin that it is served on. */
  readonly photosUrl: string;
  readonly bridgeUrl: string;
  readonly awsUrl: string;
}

const ROOT = fileURLToPath(new URL('../../examples/spa/', import.meta.url));

type Content = readonly [type: string, text: () => Promise<string> | string];

export function createPhotos({ photosUrl, bridgeUrl, awsUrl }: PhotosOptions): {
  readonly handler: RequestListener;
} {
  const settings = {
    bridge: bridgeUrl,
    clientId: PHOTOS_CLIENT,
    redirectUri: `${photosUrl}/`,
    role: { account: 'prod', role: PHOTOS_ROLE },
    bucket: DEMO_BUCKET,
    // A path instead of the host of the bucket: the local AWS has one host.
    s3: { region: DEMO_ACCOUNTS.prod.region, endpoint: `${awsUrl}/s3`, forcePathStyle: true },
  };
  let bundle: Promise<string> | undefined;
  const contents: ReadonlyMap<string, Content> = new Map<string, Content>([
    ['/', ['text/html', () => readFile(`${ROOT}index.html`, 'utf8')]],
    ['/style.css', ['text/css', () => readFile(`${ROOT}style.css`, 'utf8')]],
    ['/config.json', ['application/json', () => JSON.stringify(settings)]],
    ['/app.js', ['text/javascript', () => (bundle ??= bundled())]],
    ['/favicon.ico', ['image/x-icon', () => '']],
  ]);
  const headers = {
    'content-security-policy': `default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self' ${bridgeUrl} ${awsUrl}; base-uri 'none'; form-action 'self'; frame-ancestors 'none'`,
    'referrer-policy': 'no-referrer',
    'x-content-type-options': 'nosniff',
    'cache-control': 'no-store',
  };
  return {
    handler: (request, response) => {
      const content = contents.get(request.url?.split('?')[0] ?? '/');
      const isRead = request.method === 'GET' || request.method === 'HEAD';
      if (content === undefined || !isRead) return void response.writeHead(404).end();
      void serve(content, response, headers);
    },
  };
}

async function serve(
  [type, text]: Content,
  response: ServerResponse,
  headers: Readonly<Record<string, string>>,
): Promise<void> {
  try {
    const body = await text();
    response.writeHead(200, { ...headers, 'content-type': `${type}; charset=utf-8` }).end(body);
  } catch (cause) {
    response.writeHead(500, { 'content-type': 'text/plain' }).end(`${String(cause)}\n`);
  }
}

/** As `npx esbuild app.js --bundle --format=esm` does. */
async function bundled(): Promise<string> {
  const { build, stop } = await import('esbuild');
  try {
    const { outputFiles } = await build({
      entryPoints: [`${ROOT}app.js`],
      bundle: true,
      format: 'esm',
      target: 'es2024',
      minify: true,
      write: false,
    });
    return outputFiles[0]!.text;
  } finally {
    await stop();
  }
}
