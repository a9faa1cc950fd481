/**
 * Requests to the provider: counted by endpoint, held back, lost on the way or refused by a server
 * that is down.
 */
import type { RequestListener } from 'node:http';
import type { KoaContextWithOIDC, Provider } from 'oidc-provider';
import type { Faults } from './manners.ts';

/** `token` is the redemption of a code, `refresh` the other grant of the same address. */
export type Endpoint =
  | 'discovery'
  | 'jwks'
  | 'authorization'
  | 'token'
  | 'refresh'
  | 'userinfo'
  | 'revocation'
  | 'end_session';

/** A refresh that was carried out and whose answer waits. */
export interface Hold {
  /** Resolves when a refresh was carried out. */
  readonly arrived: Promise<void>;
  /** Sends the answer, and holds nothing back from now on. */
  release(): void;
}

export interface Traffic {
  /** Requests that were carried out, with and without success. */
  readonly requests: Record<Endpoint, number>;
  /** Holds back the answers to refreshes until they are released. */
  holdRefreshes(): Hold;
}

const ROUTES: Readonly<Record<string, Endpoint>> = {
  discovery: 'discovery',
  jwks: 'jwks',
  authorization: 'authorization',
  token: 'token',
  userinfo: 'userinfo',
  revocation: 'revocation',
  end_session: 'end_session',
};

const BUSY = { 'content-type': 'application/json', 'retry-after': '5' };

/** Watches the requests of this provider. */
export function trafficOf(provider: Provider, faults: Faults): Traffic {
  const requests = {
    discovery: 0,
    jwks: 0,
    authorization: 0,
    token: 0,
    refresh: 0,
    userinfo: 0,
    revocation: 0,
    end_session: 0,
  };
  let hold: { arrive(): void; readonly released: Promise<void> } | undefined;
  provider.use(async (ctx, next) => {
    await next();
    const endpoint = endpointOf(ctx.oidc);
    if (endpoint === undefined) return;
    requests[endpoint] += 1;
    if (endpoint === 'refresh' && hold !== undefined) {
      hold.arrive();
      await hold.released;
    }
    if ((endpoint === 'token' || endpoint === 'refresh') && faults.lostTokenAnswers > 0) {
      faults.lostTokenAnswers -= 1;
      ctx.respond = false;
      ctx.req.socket.destroy();
    }
  });
  return {
    requests,
    holdRefreshes: () => {
      const [arrival, releasing] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
      hold = { arrive: arrival.resolve, released: releasing.promise };
      return {
        arrived: arrival.promise,
        release: () => {
          hold = undefined;
          releasing.resolve();
        },
      };
    },
  };
}

function endpointOf(oidc: KoaContextWithOIDC['oidc'] | undefined): Endpoint | undefined {
  const endpoint = ROUTES[oidc?.route ?? ''];
  const refreshes = oidc?.params?.grant_type === 'refresh_token';
  return endpoint === 'token' && refreshes ? 'refresh' : endpoint;
}

/** In front of all of the provider. */
export function withOutages(listener: RequestListener, faults: Faults): RequestListener {
  return (request, response) => {
    if (faults.outage === 'down') return void request.socket.destroy();
    if (faults.outage === 'none') return listener(request, response);
    response.writeHead(503, BUSY).end('{"error":"temporarily_unavailable"}');
  };
}
