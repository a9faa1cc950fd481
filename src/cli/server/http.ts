/** Requests to the bridge, and answers in JSON. */
import { CliError } from '../terminal/exit.ts';
import { type ExchangeOptions, type ExchangeRequest, openExchange } from './exchange.ts';

export interface HttpRequest extends ExchangeRequest {
  readonly method: 'GET' | 'POST' | 'DELETE';
}

export interface HttpAnswer {
  readonly status: number;
  /** Parsed; undefined when the body is empty or no JSON. */
  readonly json: unknown;
  /** Milliseconds to add to the local clock for the server's. 0 when it did not say. */
  readonly clockOffset: number;
}

export type Http = (request: HttpRequest) => Promise<HttpAnswer>;

/** Throws what `openExchange` throws, and `unreachable` for a redirect. */
export function openHttp(options: ExchangeOptions): Http {
  const exchange = openExchange(options);
  return async request => {
    const headers = { accept: 'application/json', ...request.headers };
    const { status, text, clockOffset = 0 } = await exchange({ ...request, headers });
    if (status >= 300 && status < 400) throw redirected(options.server);
    return { status, json: parsed(text), clockOffset };
  };
}

function redirected(server: string): CliError {
  return new CliError(
    'unreachable',
    `${server} answered with a redirect, as a sign-in page of a network or a wrong address does`,
    { lines: ['Check the address: rolebridge login --server URL.'] },
  );
}

function parsed(text: string): unknown {
  try {
    return text === '' ? undefined : (JSON.parse(text) as unknown);
  } catch {
    return undefined;
  }
}
