/**
 * Bytes that are no proper HTTP, lies about the length of a body, and clients that go away in the
 * middle.
 */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { describe, it } from 'node:test';
import { exchangeBytes, type RawAnswer } from '../support/raw-http.ts';
import { useWorld } from '../support/world.ts';
import {
  ask,
  assertLogIsClean,
  assertNextSignInWorks,
  assertOurs,
  assertQuiet,
  assertRefused,
  CANARY,
  form,
  SCRIPT,
} from './front-door.ts';

const HOST = 'Host: 127.0.0.1\r\nConnection: close\r\n';
const ACS = '/saml/corp-saml/acs';
const post = (headers: string, body: string): string =>
  `POST ${ACS} HTTP/1.1\r\n${HOST}Content-Type: application/x-www-form-urlencoded\r\n${headers}\r\n${body}`;

/**
 * What the server refuses before any of our code sees it: an answer without a body, or none at all.
 */
const unreadable: readonly {
  readonly what: string;
  readonly bytes: string | Buffer;
  readonly status: number;
}[] = [
  {
    what: 'a header of 17 kB',
    bytes: `GET / HTTP/1.1\r\n${HOST}X-Long: ${'a'.repeat(17_000)}\r\n\r\n`,
    status: 431,
  },
  {
    what: 'a cookie of 100 kB',
    bytes: `GET / HTTP/1.1\r\n${HOST}Cookie: rolebridge=${'a'.repeat(100_000)}\r\n\r\n`,
    status: 431,
  },
  {
    what: 'an address of 20 kB',
    bytes: `GET /?q=${'a'.repeat(20_000)} HTTP/1.1\r\n${HOST}\r\n`,
    status: 431,
  },
  { what: 'no Host', bytes: 'GET / HTTP/1.1\r\nConnection: close\r\n\r\n', status: 400 },
  { what: 'a NUL in a header', bytes: `GET / HTTP/1.1\r\n${HOST}X-Nul: a\0b\r\n\r\n`, status: 400 },
  { what: 'a NUL in the address', bytes: `GET /\0 HTTP/1.1\r\n${HOST}\r\n`, status: 400 },
  {
    what: 'a control character in the address',
    bytes: `GET /\x01\x1b[2J HTTP/1.1\r\n${HOST}\r\n`,
    status: 400,
  },
  {
    what: 'a blank in front of a colon',
    bytes: `GET / HTTP/1.1\r\n${HOST}X-Blank : a\r\n\r\n`,
    status: 400,
  },
  {
    what: 'a lone carriage return in a header',
    bytes: `GET / HTTP/1.1\r\n${HOST}X-Cr: a\rSet-Cookie: b\r\n\r\n`,
    status: 400,
  },
  { what: 'an address that is no path', bytes: `GET sign-in HTTP/1.1\r\n${HOST}\r\n`, status: 400 },
  { what: 'a method that is none', bytes: `GE<T / HTTP/1.1\r\n${HOST}\r\n`, status: 400 },
  { what: 'another version', bytes: `GET / HTTP/9.9\r\n${HOST}\r\n`, status: 400 },
  { what: 'the preface of HTTP/2', bytes: 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', status: 400 },
  {
    what: 'the beginning of TLS',
    bytes: Buffer.from('16030100a5010000a10303', 'hex'),
    status: 400,
  },
  { what: 'CONNECT', bytes: `CONNECT evil.example:443 HTTP/1.1\r\n${HOST}\r\n`, status: 0 },
  {
    what: 'both a length and chunks',
    bytes: post('Content-Length: 4\r\nTransfer-Encoding: chunked\r\n', '0\r\n\r\n'),
    status: 400,
  },
  {
    what: 'two lengths',
    bytes: post('Content-Length: 4\r\nContent-Length: 5\r\n', 'a=bc'),
    status: 400,
  },
  { what: 'a negative length', bytes: post('Content-Length: -1\r\n', ''), status: 400 },
  {
    what: 'a length that is no number',
    bytes: post('Content-Length: 4, 4\r\n', 'a=bc'),
    status: 400,
  },
  {
    what: 'chunks in a disguise',
    bytes: post('Transfer-Encoding: xchunked\r\n', '0\r\n\r\n'),
    status: 400,
  },
  {
    what: 'a chunk size that is no number',
    bytes: post('Transfer-Encoding: chunked\r\n', 'zz\r\na=b\r\n0\r\n\r\n'),
    status: 400,
  },
  {
    what: 'a chunk longer than it said',
    bytes: post('Transfer-Encoding: chunked\r\n', '3\r\na=bcd\r\n0\r\n\r\n'),
    status: 400,
  },
  {
    what: 'a second request behind the last one',
    bytes: post('Content-Length: 3\r\n', `a=bGET /readyz HTTP/1.1\r\n${HOST}\r\n`),
    status: 400,
  },
  {
    what: 'a control character in the user agent',
    bytes: `GET / HTTP/1.1\r\n${HOST}User-Agent: \x1b[2J\r\n\r\n`,
    status: 400,
  },
  {
    what: 'a chunk of more bytes than there are',
    bytes: post('Transfer-Encoding: chunked\r\n', 'ffffffffffffffff1\r\n'),
    status: 400,
  },
];

describe('hostile bytes at the front door', () => {
  const world = useWorld();
  const send = (bytes: string | Buffer): Promise<RawAnswer> =>
    exchangeBytes(world.urls.bridge, bytes);

  for (const { what, bytes, status } of unreadable) {
    it(`${what} is answered with ${status === 0 ? 'a closed connection' : `a bare ${status}`}`, async () => {
      const answer = await send(bytes);
      assert.equal(answer.status, status);
      assert.match(answer.body, /^(?:0\r\n\r\n)?$/);
    });
  }

  it('a request target that is no URL gets no page and no echo', async () => {
    for (const target of ['http://[', `http://[${SCRIPT}`]) {
      const answer = await send(`GET ${target} HTTP/1.1\r\n${HOST}\r\n`);
      assert.ok(answer.status === 404 || answer.status === 400, `${target}: ${answer.status}`);
      assertQuiet(answer);
    }
  });

  it('a chunked body over the limit is rejected, whatever its length header claims', async () => {
    const chunk = `10000\r\n${'a'.repeat(0x10000)}\r\n`;
    const answer = await send(
      post('Transfer-Encoding: chunked\r\n', `${chunk.repeat(4)}0\r\n\r\n`),
    );
    assertRefused(world, answer, { status: 413, code: 'payload_too_large' });
  });

  it('Expect, Upgrade and trailers are ignored', async () => {
    for (const headers of [
      'Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: eA==\r\n',
      'Upgrade: h2c\r\n',
      'Trailer: Cookie\r\n',
    ]) {
      const answer = await send(`GET /sign-in HTTP/1.1\r\n${HOST}${headers}\r\n`);
      assert.equal(answer.status, 200);
      assertOurs(answer);
    }

    const answer = await send(
      post(
        'Transfer-Encoding: chunked\r\nTrailer: Cookie\r\n',
        `3\r\na=b\r\n0\r\nCookie: rolebridge=${CANARY}\r\n\r\n`,
      ),
    );
    assertRefused(world, answer, { status: 400, code: 'bad_request' });
    assert.equal(
      (await send(post('Content-Length: 3\r\nExpect: the moon\r\n', 'a=b'))).status,
      417,
    );
  });

  it('a client that disconnects within its body leaves no effect', async () => {
    const before = world.log.length;
    for (const sent of ['', 'SAMLResp', `SAMLResponse=${CANARY}`]) {
      const socket = connect(Number(new URL(world.urls.bridge).port), '127.0.0.1');
      await once(socket, 'connect');
      const arrived = once(world.servers.bridge, 'request');
      socket.write(post('Content-Length: 1000\r\n', sent));
      const [request] = (await arrived) as [{ readonly socket: Socket }];
      const gone = new Promise(resolve => request.socket.once('close', resolve));
      socket.destroy();
      await gone;
    }

    assert.ok(
      !world.log.slice(before).some(line => line.includes('"level":"error"')),
      world.log.slice(before).join(''),
    );
  });

  it('bytes outside of ASCII in a long user agent do not reach the audit trail', async () => {
    const answer = await send(
      `GET /oidc/corp-oidc/callback HTTP/1.1\r\n${HOST}User-Agent: caf\xe9 \x85${SCRIPT}\t${'u'.repeat(400)}\r\n\r\n`,
    );
    assertRefused(world, answer, { status: 400, code: 'attempt_invalid' });
    const event = (await world.audit()).find(
      ({ origin }) => origin.correlationId === answer.header('x-correlation-id'),
    )!;
    assert.match(event.origin.userAgent!, /^[\x20-\x7e]{256}$/);
  });

  it('headers named like properties of objects are ordinary headers', async () => {
    const answer = await send(
      `GET / HTTP/1.1\r\n${HOST}__proto__: x\r\nconstructor: y\r\nhasOwnProperty: z\r\n\r\n`,
    );
    assert.equal(answer.status, 200);
    assertOurs(answer);
  });

  it('no secret was logged, and the next user can sign in', async () => {
    assertLogIsClean(world);
    await assertNextSignInWorks(world);
    assertRefused(world, await ask(world, { target: ACS, ...form('') }), {
      status: 400,
      code: 'bad_request',
    });
  });
});
