/** What a server does instead of a proper answer. */
import type { ServerResponse } from 'node:http';

export type Mischief =
  | 'huge'
  | 'hanging'
  | 'redirecting'
  | 'garbage'
  | 'not-json'
  | 'failing'
  | 'dropping';

export function misbehave(mischief: Mischief, response: ServerResponse): void {
  const type = { 'content-type': 'application/json' };
  switch (mischief) {
    case 'huge':
      return void response
        .writeHead(200, type)
        .end(JSON.stringify({ padding: 'x'.repeat(2_000_000) }));
    case 'hanging':
      return void response.writeHead(200, type).write('{');
    case 'redirecting':
      return void response.writeHead(302, { location: '/elsewhere' }).end();
    case 'garbage':
      return void response.writeHead(200, type).end('{"access_token": "sensitive-value", ');
    case 'not-json':
      return void response
        .writeHead(200, { 'content-type': 'text/html' })
        .end('<p>maintenance</p>');
    case 'failing':
      return void response.writeHead(503).end();
    case 'dropping':
      return void response.destroy();
  }
}
