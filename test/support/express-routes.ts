/** All routes of an Express app, found by walking its router. */
import assert from 'node:assert/strict';
import type { Express } from 'express';

export interface ExpressRoute {
  /** As Express writes it: `/sessions/:id`. Of a pattern: `/assets/:any`, `/api/v1/*`. */
  readonly path: string;
  /** Lower case; `_all` for every method. */
  readonly methods: ReadonlySet<string>;
}

interface Layer {
  readonly route?: {
    readonly path: string | RegExp;
    readonly methods: Readonly<Record<string, boolean>>;
  };
  readonly handle: { readonly stack?: readonly Layer[] };
  match(path: string): boolean;
}

export function expressRoutes(app: Express): readonly ExpressRoute[] {
  const walk = (stack: readonly Layer[]): ExpressRoute[] =>
    stack.flatMap(({ route, handle, match, ...layer }) => {
      if (route !== undefined) {
        const methods = Object.keys(route.methods).filter(method => route.methods[method]);
        return [{ path: readable(route.path), methods: new Set(methods) }];
      }
      if (handle.stack === undefined) return [];
      assert.ok(match.call(layer, '/somewhere'), 'a router is mounted below a path');
      return walk(handle.stack);
    });
  return walk(app.router.stack as unknown as Layer[]);
}

function readable(path: string | RegExp): string {
  if (typeof path === 'string') return path;
  return path.source
    .replaceAll('\\/', '/')
    .replaceAll('\\.', '.')
    .replace(/^\^(.*)\/\?\$$/, '$1')
    .replaceAll('[^/]+', ':any')
    .replace('(?:/.*)?', '/*');
}
