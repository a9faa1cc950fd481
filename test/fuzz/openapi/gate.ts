/**
 * Gives requests that name a caller the credentials of that caller, in front of the bridge, and
 * counts the answers.
 *
 * The generator of requests knows no token: some need a proof of their own for each request, and
 * one of its requests signs the user out.
 */
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { answer, type World } from '../../support/world.ts';
import type { Caller, Credentials } from './callers.ts';

/** Of the document of the bridge, as far as it is used here. */
export interface ApiDocument {
  readonly paths: Readonly<
    Record<
      string,
      Readonly<
        Record<
          string,
          {
            readonly operationId: string;
            readonly security: readonly Readonly<Record<string, unknown>>[];
          }
        >
      >
    >
  >;
}

export interface Operation {
  readonly id: string;
  readonly method: string;
  readonly path: RegExp;
  /** Names of the credentials that it takes. */
  readonly schemes: readonly string[];
}

export interface Gate {
  /** All requests of the API. */
  requests(): number;
  /** The answers to callers, by the id of the operation: how often each status was. */
  readonly answers: ReadonlyMap<string, ReadonlyMap<number, number>>;
  /** Throws if a caller did not get its credentials. */
  check(): void;
}

const MARK = 'Fuzz ';
/** By the clock of the bridge: time passes, so that what is limited or kept for a time moves on. */
const SECONDS_BETWEEN_REQUESTS = 0.05;

/** The value of `Authorization` with which the generator names a caller. */
export const markOf = ({ name }: Caller): string => MARK + name;

export function operationsIn({ paths }: ApiDocument): readonly Operation[] {
  return Object.entries(paths).flatMap(([template, methods]) =>
    Object.entries(methods).map(([method, { operationId, security }]) => ({
      id: operationId,
      method: method.toUpperCase(),
      path: new RegExp(`^${template.replaceAll(/\{\w+\}/g, '[^/]+')}$`),
      schemes: security.flatMap(Object.keys),
    })),
  );
}

export function openGate(
  world: World,
  { callers, operations }: { callers: readonly Caller[]; operations: readonly Operation[] },
): Gate {
  const [bridge] = world.servers.bridge.listeners('request') as [RequestListener];
  const answers = new Map<string, Map<number, number>>();
  const logins = new Map<Caller, Promise<Credentials>>();
  const faults: unknown[] = [];
  let requests = 0;

  const count = (id: string, status: number): void => {
    const counts = answers.get(id) ?? new Map<number, number>();
    answers.set(id, counts.set(status, (counts.get(status) ?? 0) + 1));
  };

  async function pass(
    request: IncomingMessage,
    response: ServerResponse,
    caller: Caller,
  ): Promise<void> {
    const { method = 'GET', url = '/' } = request;
    const path = url.split('?')[0]!;
    const login = logins.get(caller) ?? caller.logIn(world);
    logins.set(caller, login);
    const shown = await (await login)({ method, path });
    for (const [name, value] of Object.entries(shown)) {
      request.headers[name] = value;
      request.headersDistinct[name] = [value];
    }
    const operation = operations.find(each => each.method === method && each.path.test(path));
    response.once('finish', () => {
      const { statusCode } = response;
      if (operation !== undefined) count(operation.id, statusCode);
      const isSignedOut = method === 'DELETE' && path.startsWith('/api/v1/sessions');
      if (isSignedOut || statusCode === 401) logins.delete(caller);
    });
    bridge(request, response);
  }

  answer(world.servers.bridge, (request, response) => {
    if (request.url?.startsWith('/api/v1/') === true) requests++;
    world.clock.turn(SECONDS_BETWEEN_REQUESTS);
    const caller = callers.find(each => markOf(each) === request.headers.authorization);
    if (caller === undefined) {
      bridge(request, response);
      return;
    }
    pass(request, response, caller).catch((fault: unknown) => {
      logins.delete(caller);
      faults.push(fault);
      response.destroy();
    });
  });
  return {
    requests: () => requests,
    answers,
    check: () => {
      if (faults.length > 0) throw faults[0];
    },
  };
}
