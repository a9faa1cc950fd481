/** What holds for every row of the table of routes, and that nothing answers beside it. */
import type { Express } from 'express';
import type { Route } from '../../src/http/route.ts';
import { expressRoutes } from '../support/express-routes.ts';

/** POSTs that browsers bring from other sites: they carry no CSRF token, so each is listed here. */
const FOREIGN_POSTS: ReadonlySet<string> = new Set([
  '/saml/{connector}/acs',
  '/sign-in/{connector}',
]);

/** POSTs of browsers that neither check a CSRF token nor are listed, nor limit their body. */
export function unguardedPosts(rows: readonly Route<never>[]): readonly string[] {
  return rows
    .filter(({ method, kind }) => kind !== 'api' && method !== 'get' && method !== 'head')
    .filter(({ csrf, kind, path }) =>
      kind === 'foreign' ? !FOREIGN_POSTS.has(path) : csrf === undefined,
    )
    .map(({ path }) => path);
}

/** Rows that a program uses, and that look at the session of a browser. */
export function apisWithSessions(rows: readonly Route<never>[]): readonly string[] {
  return rows
    .filter(({ kind, who }) => kind === 'api' && (who === 'browser' || who === 'signed-in user'))
    .map(({ path }) => path);
}

/** Rows that pages of other sites can call, and that look at the session of a browser. */
export function sessionsForPages(rows: readonly Route<never>[]): readonly string[] {
  return rows
    .filter(({ forPages, who }) => forPages && (who === 'browser' || who === 'signed-in user'))
    .map(({ path }) => path);
}

/** What the app answers and the table does not list: `GET /path`. */
export function answersBesideTheTable(app: Express, rows: readonly Route<never>[]): string[] {
  const listed = new Set(rows.flatMap(linesOf));
  const answered = expressRoutes(app).flatMap(({ path, methods }) =>
    [...methods].map(method => `${method} ${path}`),
  );
  return answered.filter(line => !listed.has(line));
}

/** A row answers its own method; that HEAD or another method is refused is an answer as well. */
function linesOf(row: Route<never>): readonly string[] {
  const { method, path, reads, refusesOtherMethods, forPages } = row;
  const at = path.replaceAll(/\{(\w+)\}/g, reads?.path === undefined ? ':any' : ':$1');
  const isAll = method === 'all' || refusesOtherMethods === true;
  return [
    ...[`${method} ${at}`, `head ${at}`],
    ...(isAll ? [`_all ${at}`] : []),
    ...(forPages === true ? [`options ${at}`] : []),
  ];
}
