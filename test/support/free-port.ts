import { once } from 'node:events';
import { createServer } from 'node:net';

/** A port of loopback that nobody listens on, because it was just given back. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  server.close();
  await once(server, 'close');
  return port;
}
