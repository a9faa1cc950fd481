/**
 * A party that breaks: stands in front of a double and fails, by path, in the ways that servers and
 * networks do.
 */
import type { RequestListener, ServerResponse } from 'node:http';

type Break = (response: ServerResponse) => void;

export const BREAKS = {
  hang: () => undefined,
  'hang-up': response => response.destroy(),
  'stop in the middle': response => {
    response.writeHead(200, { 'content-type': 'application/json', 'content-length': '1000' });
    response.write('{"issuer":');
    response.socket?.end();
  },
  huge: response => {
    response.writeHead(200, { 'content-type': 'application/json' });
    response.end(`{"filler":"${'a'.repeat(5 * 1024 * 1024)}"}`);
  },
  redirect: response =>
    response.writeHead(302, { location: 'http://169.254.169.254/latest/meta-data/' }).end(),
  garbage: response =>
    response.writeHead(200, { 'content-type': 'application/json' }).end('{"\u0000<<<'),
  'a page of HTML': response =>
    response
      .writeHead(200, { 'content-type': 'text/html' })
      .end('<html><body>Sign in to the wifi</body></html>'),
  'an empty answer': response =>
    response.writeHead(200, { 'content-type': 'application/json' }).end(),
  'status 500': response =>
    response
      .writeHead(500, { 'content-type': 'application/json' })
      .end('{"error":"<svg/onload=alert(1)>"}'),
  'status 404': response => response.writeHead(404).end(),
} as const satisfies Record<string, Break>;

export type BreakName = keyof typeof BREAKS;

export class BreakableParty {
  readonly #plans = new Map<string, BreakName>();
  readonly #struck = new Map<string, () => void>();

  /** Breaks a path until it is repaired. Resolves when the fault happens. */
  break(path: string, how: BreakName): Promise<void> {
    this.#plans.set(path, how);
    return new Promise(resolve => this.#struck.set(path, resolve));
  }

  repair(path: string): void {
    this.#plans.delete(path);
  }

  readonly inFrontOf =
    (good: RequestListener): RequestListener =>
    (request, response) => {
      const path = request.url!.split('?')[0]!;
      const plan = this.#plans.get(path);
      if (plan === undefined) return good(request, response);
      this.#struck.get(path)?.();
      request.resume();
      BREAKS[plan](response);
    };
}
