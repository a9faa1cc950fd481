/**
 * Every view in a real browser: the renderer of the product with models that no journey reaches,
 * served on loopback under the headers of the product.
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import type { Brand } from '../../src/core/brand.ts';
import { palettesOf } from '../../src/core/brand-palette.ts';
import { parseColour } from '../../src/core/colour.ts';
import { securityHeaders } from '../../src/http/guards.ts';
import { createRenderer } from '../../src/http/render.ts';
import type { Views } from '../../src/http/views.ts';
import { LONG_MODELS, VIEW_MODELS } from '../http/view-models.ts';
import { useFixture } from './fixture.ts';
import { svgLogo } from './logos.ts';

/** The least and the most of a model, and the most with long texts that have no place to break. */
export const EXTENTS = ['least', 'most', 'long'] as const;
export type Extent = (typeof EXTENTS)[number];

const WIDE_LOGO = svgLogo('<path d="M30 2h64v20H30z" fill="#7a1fa2" />').replace(
  '0 0 24 24',
  '0 0 96 24',
);
const BRAND: Brand = {
  name: 'Acme AWS access',
  logo: { contentType: 'image/svg+xml', content: Buffer.from(WIDE_LOGO), ratio: 4 },
  palettes: palettesOf({ light: parseColour('#7a1fa2') }),
  banner: {
    text: 'Maintenance on Sunday from 06:00 to 08:00 UTC: sign-ins can fail.',
    link: { text: 'Details', url: 'https://status.example.com/' },
  },
  support: { text: 'Cloud desk', url: 'mailto:cloud-desk@example.com' },
};

interface Content {
  readonly type: string;
  readonly body: string | Buffer;
}

export interface ViewPages {
  /** A page with the brand of the product, or with one of another colour, a logo and a banner. */
  urlOf(view: keyof Views, extent: Extent, brand?: 'own' | 'other'): string;
  close(): Promise<void>;
}

export function useViewPages(): ViewPages {
  return useFixture(startViewPages, pages => pages.close());
}

export async function startViewPages(): Promise<ViewPages> {
  const options = {
    directory: join(import.meta.dirname, '../../views'),
    helpUrl: 'https://wiki.example.com/help',
  };
  const renderers = {
    own: createRenderer(options),
    other: createRenderer({ ...options, brand: BRAND }),
  };
  const guard = securityHeaders({ baseUrl: 'http://127.0.0.1', consoleSources: [] });
  const answer = (path: string): Content | undefined => {
    const asset = renderers.own.asset(path) ?? renderers.other.asset(path);
    if (asset !== undefined) return { type: asset.contentType, body: asset.content };
    const [, brand, view, extent] = path.split('/') as [string, string, keyof Views, Extent];
    if (!Object.hasOwn(renderers, brand)) return undefined;
    const model = extent === 'long' ? LONG_MODELS[view] : VIEW_MODELS[view][extent];
    const body = renderers[brand as keyof typeof renderers].render(view, model as never);
    return { type: 'text/html; charset=utf-8', body };
  };
  const server = createServer((request: IncomingMessage, response: ServerResponse) => {
    guard(request as never, response as never, () => {});
    const content = answer(request.url!);
    // A form that posts itself, or a link: the page stays as it is.
    if (content === undefined) response.writeHead(204).end();
    else response.setHeader('Content-Type', content.type).end(content.body);
  });
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    urlOf: (view, extent, brand = 'own') => `http://127.0.0.1:${port}/${brand}/${view}/${extent}`,
    close: () =>
      new Promise(resolve => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
