/**
 * The server, made of the rows: the order of the guards stands here and nowhere else. A request
 * walks down; a handler gets what was read and who asks, and answers with a value.
 *
 * This is the only file that hands routes to Express.
 */
import express, {
  type Express,
  type Request,
  type RequestHandler,
  type Response,
  Router,
} from 'express';
import { BridgeError } from '../core/errors.ts';
import { type Reply, redirect, send } from './answer.ts';
import { allowOrigins, preflight } from './cors.ts';
import { loadSession } from './current-session.ts';
import { type ErrorFace, errorResponses } from './error-responses.ts';
import { onlyNavigations, refusePrefetch, securityHeaders } from './guards.ts';
import { oneAtATime } from './one-at-a-time.ts';
import { offerNonce } from './proof.ts';
import { isRequestLimit, readsBody } from './rate-limits.ts';
import { bodyParser, readInput } from './read.ts';
import { rememberReturnTo, requestContext, returnToOf } from './request-context.ts';
import type { Method, Route } from './route.ts';
import { signInLink } from './sign-in-links.ts';
import { byPage } from './step-up.ts';
import { type MountParts, type Toolkit, toolkitOf } from './toolkit.ts';
import { leaveUnread } from './unread-body.ts';
import { isFromElsewhere, wayBack } from './way-back.ts';

export function mount<Parts extends MountParts>(
  rows: readonly Route<Parts>[],
  parts: Parts,
): Express {
  const app = express();
  app.disable('x-powered-by');
  app.disable('etag');
  app.set('trust proxy', [...parts.trustedProxies]);
  const trusts = app.get('trust proxy fn') as (peer: string, hop: number) => boolean;
  const toolkit = toolkitOf(parts);
  const { cookies, limiters } = toolkit;
  const routerOf = (isHere: (row: Route<Parts>) => boolean): Router =>
    mountRows(rows.filter(isHere), toolkit);

  const seePeer = (request: Request): void => parts.forwarded.see(request, peer => trusts(peer, 0));
  app.use(oneAtATime, leaveUnread);
  app.use(requestContext(parts.log, seePeer));
  app.use(securityHeaders(parts));
  app.use(refusePrefetch);
  for (const face of PROGRAM_FACES) {
    const router = routerOf(row => row.face === face && !isForBrowsers(row));
    app.use(router.use(errorResponses(face, parts)));
  }
  app.use(routerOf(({ kind }) => kind === 'foreign'));
  // Before anything is counted: a page of another site must not use up what the browser of its
  // visitor may ask.
  app.use(onlyNavigations);
  app.use(limiters.pages);
  const signOuts = rows.filter(({ csrf }) => csrf === 'sign-out').map(({ path }) => path);
  const isSignOut = ({ path }: Request): boolean => signOuts.includes(path);
  const { signIn, elevations, secrets, clock } = parts;
  app.use(loadSession({ cookies, isSignOut, elevations, secrets, clock, ...signIn }));
  app.use(routerOf(({ kind }) => kind === 'page'));
  app.use(({ method }: Request) => {
    throw new BridgeError('not_found', `no route for ${method}`);
  });
  app.use(errorResponses('page', parts));
  return app;
}

/**
 * In the order of their routers, the most requested first. `api` ends with a row for everything
 * below its root, so `container` precedes it.
 */
const PROGRAM_FACES = [
  'sso-oidc',
  'sso-portal',
  'problem',
  'oauth',
  'container',
  'api',
  'page',
] as const satisfies readonly ErrorFace[];
const isForBrowsers = ({ kind }: Route<never>) => kind === 'foreign' || kind === 'page';
const METHODS: readonly Method[] = ['get', 'post', 'delete'];

function mountRows<Parts extends MountParts>(
  rows: readonly Route<Parts>[],
  toolkit: Toolkit<Parts>,
): Router {
  const router = Router();
  for (const same of Map.groupBy(rows, row => row.path).values()) {
    const at = router.route(expressPath(same[0]!));
    const taken = same.map(({ method }) => method);
    const refuse = refuseOthers(METHODS.filter(method => taken.includes(method)));
    for (const row of same) at[row.method](...guardsOf(row, toolkit), handlerOf(row, toolkit));
    // Express would answer HEAD by the handler of GET, whatever that does.
    const answersHead = taken.includes('head') || same.some(row => row.answersHead === true);
    if (taken.includes('get') && !answersHead) at.head(refuse);
    const callable = same.filter(row => row.forPages === true).map(({ method }) => method);
    if (callable.length > 0) at.options(preflight(toolkit.parts.clients.origins, callable));
    if (same[0]?.refusesOtherMethods) at.all(...limitsOf(same[0], toolkit), refuse);
  }
  return router;
}

/**
 * `/sessions/{id}` as Express writes it. A path of which nothing is read becomes a pattern: Express
 * would decode its parameters before anything is counted, and reject a malformed one.
 */
function expressPath({ path, reads }: Pick<Route, 'path' | 'reads'>): string | RegExp {
  if (reads?.path !== undefined || !/[{*]/.test(path)) return path.replace(/\{(\w+)\}/g, ':$1');
  const pattern = path
    .replaceAll('.', '\\.')
    .replace(/\/\*$/, '(?:/.*)?')
    .replaceAll(/\{\w+\}/g, '[^/]+');
  return new RegExp(`^${pattern}/?$`, 'i');
}

function refuseOthers(allowed: readonly Method[]): RequestHandler {
  return (_request, response) => {
    response.setHeader('Allow', allowed.join(', ').toUpperCase());
    throw new BridgeError('method_not_allowed', 'a known path was requested by another method');
  };
}

function guardsOf<Parts extends MountParts>(
  row: Route<Parts>,
  toolkit: Toolkit<Parts>,
): RequestHandler[] {
  const { clients, proofs } = toolkit.parts;
  // First, so that a page can read errors of the guards after them.
  const headers = [
    ...(row.forPages === true ? [allowOrigins(clients.origins)] : []),
    ...(row.offersNonce === true ? [offerNonce(proofs)] : []),
  ];
  const navigation = row.kind === 'foreign' ? [onlyNavigations] : [];
  const [limits, body] = [limitsOf(row, toolkit), bodyParser(row.reads)];
  const isBodyFirst = row.limits.some(readsBody);
  return [
    ...headers,
    ...navigation,
    ...(isBodyFirst ? [...body, ...limits] : [...limits, ...body]),
  ];
}

/** All but the limit of pages, which stands in front of them. */
function limitsOf<Parts>({ limits }: Route<Parts>, { limiters }: Toolkit<Parts>): RequestHandler[] {
  return limits
    .filter(isRequestLimit)
    .filter(name => name !== 'pages')
    .map(name => limiters[name]);
}

function handlerOf<Parts>(row: Route<Parts>, toolkit: Toolkit<Parts>): RequestHandler {
  return async (request, response, next) => {
    const answer = await answerOf(row, { request, response, ...toolkit });
    if (answer === undefined) next();
    else await send(answer, response, toolkit);
  };
}

interface Asked<Parts> extends Toolkit<Parts> {
  readonly request: Request;
  readonly response: Response;
}

/** Who asks, what is read, whether a form is ours; then the handler. */
async function answerOf<Parts>(row: Route<Parts>, asked: Asked<Parts>): Promise<Awaited<Reply>> {
  const { request, response, parts, requesters } = asked;
  const early = row.readsFirst === true ? readInput(request, row.reads) : undefined;
  const requester = (await requesters[row.who](request, response)) as never;
  if (requester === undefined && row.signedOut !== undefined)
    return row.signedOut({} as never, requester, parts);
  const { csrf_token, ...read } = early ?? readInput(request, row.reads);
  const input = read as never;
  if (row.csrf === undefined) {
    if (requester !== undefined) return row.handle(input, requester, parts);
    const wanted = row.returnTo?.(input) ?? returnToOf(request, response);
    const path = signInLink(wayBack(wanted, { isFromElsewhere: isFromElsewhere(request) }));
    const isFromForm = row.isFormTarget === true && request.get('sec-fetch-site') === 'same-origin';
    return isFromForm ? byPage(path) : redirect(path);
  }
  if (row.returnTo !== undefined) rememberReturnTo(response, row.returnTo(input));
  const isCurrent = asked.csrf[row.csrf](request, response, csrf_token);
  return (isCurrent ? row.handle : row.outdated!)(input, requester, parts);
}
