/**
 * Terminals that wait for their login, as a process of its own: each connection asks in its rhythm,
 * or as soon as it has been answered where that is later. Told everything on standard input as
 * JSON; writes what it has counted each second; stops by itself.
 */
import { connect } from 'node:net';
import { json } from 'node:stream/consumers';

interface Pollers {
  readonly host: string;
  readonly port: number;
  readonly path: string;
  /** One terminal each. */
  readonly bodies: readonly string[];
  readonly everyMilliseconds: number;
  readonly seconds: number;
}

const { host, port, path, bodies, everyMilliseconds, seconds } = (await json(
  process.stdin,
)) as Pollers;
let answered = 0;
let unexpected = 0;
const end = Date.now() + seconds * 1000;

bodies.forEach((body, index) => {
  const bytes = Buffer.from(
    `POST ${path} HTTP/1.1\r\nHost: ${host}:${port}\r\nContent-Type: application/json\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
  );
  // From an address of loopback each: what one address may do is limited.
  const localAddress = `127.1.${index >> 7}.${1 + (index & 127)}`;
  const open = (): void => {
    let asked = 0;
    const socket = connect({ host, port, localAddress });
    const ask = (): void => {
      if (Date.now() >= end) {
        socket.end();
        return;
      }
      asked = performance.now();
      socket.write(bytes);
    };
    socket.once('connect', () => setTimeout(ask, Math.random() * everyMilliseconds));
    // An answer is small and comes in one piece.
    socket.on('data', chunk => {
      answered += 1;
      if (
        !chunk.includes('HTTP/1.1 400') ||
        !/authorization_pending|slow_down/.test(chunk.toString('latin1'))
      )
        unexpected += 1;
      setTimeout(ask, Math.max(0, asked + everyMilliseconds - performance.now()));
    });
    // The bridge ends a connection after its thousandth request.
    socket.once('close', () => Date.now() < end && open());
    socket.on('error', () => {
      unexpected += 1;
    });
  };
  open();
});

const report = setInterval(() => {
  process.stdout.write(`${JSON.stringify({ answered, unexpected })}\n`);
  answered = 0;
  if (Date.now() >= end) clearInterval(report);
}, 1000);
