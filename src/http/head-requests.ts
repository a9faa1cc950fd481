/**
 * HEAD without effect: Express answers HEAD by the handler of GET, whatever that handler does.
 *
 * Here HEAD is answered only by addresses of documents. Every other one that takes GET refuses it
 * before a handler, a session or a token is looked at.
 */
import type { Express, IRoute, Router } from 'express';
import { BridgeError } from '../core/errors.ts';

/** Express knows which methods a route has; its types do not. */
type Route = IRoute & { readonly methods: Readonly<Record<string, boolean>> };

/**
 * Makes every route of the app refuse HEAD with `method_not_allowed`, except those whose path is in
 * `documents`. Call it when everything is mounted.
 */
export function refuseHead(app: Express, documents: ReadonlySet<string>): void {
  const refuse = (router: Router): void => {
    const routes = router.stack.flatMap(({ route }) =>
      route === undefined ? [] : [route as Route],
    );
    for (const route of routes) {
      const isTaken = (method: string): boolean =>
        routes.some(other => other.path === route.path && takes(other, method));
      if (!takes(route, 'get') || isTaken('head') || documents.has(route.path)) continue;
      const allowed = METHODS.filter(isTaken);
      route.head((_request, response, next) => {
        response.setHeader('Allow', allowed.join(', ').toUpperCase());
        next(new BridgeError('method_not_allowed', 'HEAD at an address that answers GET alone'));
      });
    }
    for (const { handle } of router.stack)
      if ('stack' in handle) refuse(handle as unknown as Router);
  };
  refuse(app.router as unknown as Router);
}

const METHODS = ['get', 'post', 'delete'] as const;

function takes(route: Route, method: string): boolean {
  return route.methods[method] === true;
}
