/**
 * A load balancer: asks each replica every second whether it is ready, sends requests to those that
 * are, keeps connections to them, and never tries a request twice.
 */
import { Agent, createServer, type IncomingMessage, request, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface Balancer {
  readonly url: string;
  /** Resolves when the answers of `/readyz` of this replica are what was asked for. */
  sees(port: number, state: 'ready' | 'down'): Promise<void>;
  close(): Promise<void>;
}

interface Replica {
  readonly port: number;
  readonly agent: Agent;
  isReady: boolean;
  /** Since the balancer noticed its state. */
  onCheck: () => void;
}

const CHECK_MILLISECONDS = 1000;
/** Requests seem to come from so many addresses, because rate limits count addresses. */
const ADDRESSES = 200;

export async function openBalancer(ports: readonly number[]): Promise<Balancer> {
  const replicas = ports.map(port => ({
    port,
    agent: new Agent({ keepAlive: true }),
    isReady: false,
    onCheck: () => {},
  }));
  let turn = 0;
  const server = createServer((incoming, outgoing) => {
    const ready = replicas.filter(({ isReady }) => isReady);
    turn += 1;
    if (ready.length === 0) outgoing.writeHead(503).end('no replica is ready');
    else forward(ready[turn % ready.length]!, `10.0.0.${turn % ADDRESSES}`, [incoming, outgoing]);
  });
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  const checks = setInterval(() => {
    for (const replica of replicas) void check(replica);
  }, CHECK_MILLISECONDS);
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    sees: (port, state) =>
      new Promise(resolve => {
        const replica = replicas.find(found => found.port === port)!;
        replica.onCheck = () => {
          if (replica.isReady === (state === 'ready')) resolve();
        };
        replica.onCheck();
      }),
    close: async () => {
      clearInterval(checks);
      for (const { agent } of replicas) agent.destroy();
      server.closeAllConnections();
      await new Promise(resolve => server.close(resolve));
    },
  };
}

async function check(replica: Replica): Promise<void> {
  const signal = AbortSignal.timeout(CHECK_MILLISECONDS);
  replica.isReady = await fetch(`http://127.0.0.1:${replica.port}/readyz`, { signal }).then(
    async response => {
      await response.body?.cancel();
      return response.status === 200;
    },
    () => false,
  );
  replica.onCheck();
}

function forward(
  { port, agent }: Replica,
  address: string,
  [incoming, outgoing]: readonly [IncomingMessage, ServerResponse],
): void {
  const { method, url: path } = incoming;
  const { connection: _, ...kept } = incoming.headers;
  const headers = { ...kept, 'x-forwarded-for': address };
  const sent = request({ host: '127.0.0.1', port, agent, method, path, headers }, answer => {
    const { connection: __, 'keep-alive': ___, ...answered } = answer.headers;
    outgoing.writeHead(answer.statusCode!, answered);
    answer.pipe(outgoing);
  });
  sent.once('error', fault => {
    if (outgoing.headersSent) outgoing.destroy();
    else outgoing.writeHead(502).end(fault.message);
  });
  incoming.pipe(sent);
}
