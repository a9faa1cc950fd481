/**
 * Bodies that no route reads, or that are larger than a route allows: the bridge takes a bounded
 * part of them, and the client still gets its answer.
 */
import assert from 'node:assert/strict';
import { connect, type Socket } from 'node:net';
import { describe, it } from 'node:test';
import { RATE_LIMITS } from '../../src/http/rate-limits.ts';
import { exchange, exchangeBytes, parseAnswer, type RawAnswer } from '../support/raw-http.ts';
import { CONNECTOR, useWorld } from '../support/world.ts';

const MIB = 1024 * 1024;
const HUGE = 4096 * MIB;
/** The largest limit of a route, what is read after an answer, and what one read can bring. */
const MOST_TAKEN = MIB;
const CHUNK = Buffer.alloc(64 * 1024, 'a');
const FRAMED = Buffer.concat([Buffer.from('10000\r\n'), CHUNK, Buffer.from('\r\n')]);

interface Upload {
  readonly head: string;
  /** Written again and again until the answer is there. */
  readonly body: Buffer;
}

/** Writes as fast as the server takes it, and reads at the same time. */
function upload(url: string, { head, body }: Upload): Promise<RawAnswer> {
  const { hostname, port } = new URL(url);
  return new Promise(resolve => {
    const chunks: Buffer[] = [];
    const socket = connect(Number(port), hostname, () => {
      socket.write(head);
      write();
    });
    const write = (): void => {
      while (socket.writable && body.length > 0) if (!socket.write(body)) return;
    };
    socket.on('drain', write);
    socket.on('data', (chunk: Buffer) => {
      chunks.push(chunk);
      const { status, body: text } = parseAnswer(Buffer.concat(chunks));
      if (status !== 0 && text !== '') socket.destroy();
    });
    socket.on('error', () => {});
    socket.on('close', () => resolve(parseAnswer(Buffer.concat(chunks))));
  });
}

interface Endpoint {
  readonly what: string;
  readonly line: string;
  readonly headers?: string;
  readonly status: number;
}

const FORM = 'Content-Type: application/x-www-form-urlencoded\r\n';
const JSON_TYPE = 'Content-Type: application/json\r\n';
const endpoints: readonly Endpoint[] = [
  { what: 'a form', line: 'POST /sign-out', headers: FORM, status: 413 },
  {
    what: 'a SAML response',
    line: `POST /saml/${CONNECTOR.saml}/acs`,
    headers: FORM,
    status: 413,
  },
  { what: 'an OAuth token request', line: 'POST /oauth/token', headers: FORM, status: 413 },
  { what: 'a request of an AWS tool', line: 'POST /token', headers: JSON_TYPE, status: 400 },
  {
    what: 'an API request without a token',
    line: 'POST /api/v1/credentials',
    headers: JSON_TYPE,
    status: 413,
  },
  {
    what: 'an API request of another media type',
    line: 'POST /api/v1/credentials',
    headers: 'Content-Type: text/plain\r\n',
    status: 401,
  },
  {
    what: 'an AWS tool that posts a form',
    line: 'POST /client/register',
    headers: FORM,
    status: 400,
  },
  { what: 'a form without a media type', line: 'POST /oauth/token', status: 400 },
  {
    what: 'a compressed form',
    line: 'POST /oauth/token',
    headers: `${FORM}Content-Encoding: gzip\r\n`,
    status: 413,
  },
  { what: 'an unknown page', line: 'POST /nowhere', headers: FORM, status: 404 },
  { what: 'an unknown page by PUT', line: 'PUT /nowhere', status: 404 },
  { what: 'an unknown operation', line: 'POST /api/v1/nowhere', headers: JSON_TYPE, status: 404 },
  { what: 'another method', line: 'PUT /api/v1/credentials', headers: JSON_TYPE, status: 405 },
  { what: 'a document', line: 'GET /healthz', status: 200 },
  { what: 'a page', line: 'GET /sign-in', status: 200 },
  { what: 'a style sheet that does not exist', line: 'GET /assets/nothing.css', status: 404 },
  { what: 'a prefetch', line: 'GET /sign-in', headers: 'Purpose: prefetch\r\n', status: 403 },
];

describe('a body that is not read', () => {
  const world = useWorld();
  const taken: Socket[] = [];

  const bytesTaken = (): number =>
    taken.splice(0).reduce((sum, { bytesRead }) => sum + bytesRead, 0);
  const send = async (
    endpoint: Omit<Endpoint, 'what' | 'status'>,
    more: Partial<Upload> & { framing: string },
  ) => {
    const see = (socket: Socket): number => taken.push(socket);
    world.servers.bridge.on('connection', see);
    const head = `${endpoint.line} HTTP/1.1\r\nHost: 127.0.0.1\r\n${endpoint.headers ?? ''}${more.framing}\r\n`;
    try {
      return await upload(world.urls.bridge, { head, body: CHUNK, ...more });
    } finally {
      world.servers.bridge.off('connection', see);
    }
  };

  for (const [kind, framing, body] of [
    ['of 4 GiB', `Content-Length: ${HUGE}\r\n`, CHUNK],
    ['without end', 'Transfer-Encoding: chunked\r\n', FRAMED],
  ] as const)
    for (const { what, status, ...endpoint } of endpoints)
      it(`${kind} is left unread, for ${what}, and answered with ${status}`, async () => {
        const answer = await send(endpoint, { framing, body });
        assert.equal(answer.status, status, answer.body);
        assert.equal(answer.header('connection'), 'close');
        const bytes = bytesTaken();
        assert.ok(bytes < MOST_TAKEN, `${bytes} bytes were read`);
      });

  it('is left unread when the caller made too many requests', async () => {
    const line = 'POST /client/register';
    const small = { method: 'POST', target: '/client/register', body: '' };
    for (let count = 0; count < RATE_LIMITS.registrations.most; count++)
      await exchange(world.urls.bridge, small);
    const framing = `Content-Length: ${HUGE}\r\n`;
    taken.length = 0;
    const answer = await send({ line, headers: FORM }, { framing, body: CHUNK });
    // AWS tools know too many requests as SlowDownException with 400.
    assert.match(answer.body, /SlowDownException/);
    assert.equal(answer.header('connection'), 'close');
    assert.ok(bytesTaken() < MOST_TAKEN);
  });

  it('keeps no connection of a client that writes on after the answer', async () => {
    const head = 'POST /nowhere HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n';
    const { hostname, port } = new URL(world.urls.bridge);
    const socket = connect({ host: hostname, port: Number(port), allowHalfOpen: true });
    const write = (): void => {
      while (socket.writable) if (!socket.write(FRAMED)) return;
    };
    socket
      .on('drain', write)
      .on('error', () => {})
      .resume();
    socket.write(head);
    write();
    await new Promise(resolve => socket.once('close', resolve));
  });

  it('begins no request that is hidden in it', async () => {
    const hidden = 'GET /sign-in HTTP/1.1\r\nHost: x\r\n\r\n';
    const head = 'POST /nowhere HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n';
    const from = world.log.length;
    const bytes = `${head}10000\r\n${'a'.repeat(0x10000)}\r\n0\r\n\r\n${hidden}`;
    assert.equal((await exchangeBytes(world.urls.bridge, bytes)).status, 404);
    assert.ok(!world.log.slice(from).some(line => line.includes('"path":"/sign-in"')));
  });

  it('leaves the connection open if it is small', async () => {
    const small = (line: string): string =>
      `${line} HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\na=b`;
    const closing = 'GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n';
    const { hostname, port } = new URL(world.urls.bridge);
    const socket = connect(Number(port), hostname);
    const chunks: Buffer[] = [];
    socket.on('data', (chunk: Buffer) => chunks.push(chunk));
    socket.write(small('POST /nowhere') + small('PUT /sign-out') + closing);
    await new Promise(resolve => socket.once('close', resolve));
    const statuses = [
      ...Buffer.concat(chunks)
        .toString()
        .matchAll(/HTTP\/1\.1 (\d{3})/g),
    ];
    assert.deepEqual(
      statuses.map(([, status]) => status),
      ['404', '404', '200'],
    );
  });
});

describe('Expect: 100-continue', () => {
  const world = useWorld();
  const post = (target: string, length: number): string =>
    `POST ${target} HTTP/1.1\r\nHost: x\r\n${FORM}Content-Length: ${length}\r\nExpect: 100-continue\r\n`;

  for (const [what, target, length, status] of [
    ['a body that is too large', '/oauth/token', HUGE, 413],
    ['an unknown page', '/nowhere', 3, 404],
    ['a route without a body', '/api/v1/credentials', 3, 401],
  ] as const)
    it(`is answered with ${status} before the body, for ${what}`, async () => {
      const answer = await exchangeBytes(world.urls.bridge, `${post(target, length)}\r\n`);
      assert.equal(answer.status, status);
      assert.equal(answer.header('connection'), 'close');
    });

  it('is answered with 100 where the body is read', async () => {
    const { hostname, port } = new URL(world.urls.bridge);
    const socket = connect(Number(port), hostname);
    const chunks: string[] = [];
    socket.on('data', chunk => {
      chunks.push(String(chunk));
      if (/^HTTP\/1\.1 100 /.test(chunks.join('')) && chunks.length === 1) socket.write('a=b');
    });
    socket.write(`${post('/oauth/token', 3)}Connection: close\r\n\r\n`);
    await new Promise(resolve => socket.once('close', resolve));
    assert.match(chunks.join(''), /^HTTP\/1\.1 100 Continue\r\n\r\nHTTP\/1\.1 400 /);
  });
});
