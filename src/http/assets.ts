/** The static files of the pages. Their addresses change with their content. */
import { content } from './answer.ts';
import type { Renderer } from './render.ts';
import { document } from './route.ts';

export interface AssetParts {
  readonly renderer: Pick<Renderer, 'asset'>;
}

export const assets = document({
  path: '/assets/{name}',
  face: 'page',
  handle: (_input, { target }, { renderer }: AssetParts) => {
    const [path] = target.split('?', 1);
    const asset = renderer.asset(path!);
    if (asset === undefined) return undefined;
    return {
      ...content(asset.contentType, asset.content),
      compress: asset.compress,
      headers: { 'Cache-Control': 'public, max-age=31536000, immutable', ...asset.headers },
    };
  },
});
