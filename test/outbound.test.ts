import assert from 'node:assert/strict';
import { createServer, type RequestListener, type Server } from 'node:http';
import { type AddressInfo, createServer as createTcpServer } from 'node:net';
import { after, before, describe, it } from 'node:test';
import { gzipSync } from 'node:zlib';
import {
  createOutbound,
  isSecureUrl,
  type OutboundClient,
  OutboundFault,
} from '../src/outbound.ts';

const MAX_BYTES = 64 * 1024;

const ANSWERS: Readonly<Record<string, RequestListener>> = {
  '/fine': (_request, response) => void response.setHeader('x-own', 'kept').end('fine'),
  '/exact': (_request, response) => void response.end(Buffer.alloc(MAX_BYTES)),
  '/large': (_request, response) => void response.end(Buffer.alloc(MAX_BYTES + 1)),
  '/endless': (_request, response) => {
    const more = (): void => {
      while (!response.destroyed && response.write(Buffer.alloc(16 * 1024)));
      if (!response.destroyed) response.once('drain', more);
    };
    more();
  },
  '/bomb': (_request, response) =>
    void response.setHeader('content-encoding', 'gzip').end(gzipSync(Buffer.alloc(30_000_000))),
  '/zipped': (_request, response) =>
    void response.setHeader('content-encoding', 'gzip').end(gzipSync('unzipped')),
  '/redirect': (_request, response) => void response.writeHead(302, { location: '/fine' }).end(),
  '/redirect-unfinished': (_request, response) =>
    void response.writeHead(302, { location: '/fine', 'content-length': '10' }).write('half'),
  '/silent': () => {},
  '/half': (_request, response) =>
    void response.writeHead(200, { 'content-length': '10' }).write('half'),
  '/cut': (_request, response) => {
    response.writeHead(200, { 'content-length': '10' }).write('half');
    response.destroy();
  },
  '/host': ({ headers }, response) => void response.end(headers.host),
  '/echo': (request, response) => {
    response.setHeader('x-twice', ['a', 'b']).setHeader('x-method', request.method!);
    response.setHeader('x-encoding', request.headers['accept-encoding'] ?? 'none');
    request.pipe(response);
  },
  '/no': (_request, response) => void response.writeHead(404).end('no'),
};

/** Both ways to send something: what comes back, as text. */
const SENDERS: Readonly<
  Record<string, (by: OutboundClient, url: string, ends?: AbortSignal) => Promise<string>>
> = {
  fetch: async (by, url, signal) =>
    (await by.fetch(url, signal === undefined ? {} : { signal })).text(),
  request: async (by, url, signal) =>
    Buffer.from((await by.request(url, { method: 'GET', headers: {}, signal })).body).toString(),
};

describe('the way out', () => {
  let server: Server;
  let outbound: OutboundClient;
  let hasty: OutboundClient;
  let base: string;
  before(async () => {
    server = createServer((request, response) =>
      ANSWERS[new URL(request.url!, 'http://x').pathname]!(request, response),
    );
    await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
    base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    // A busy machine must not be taken for a slow server.
    outbound = createOutbound({ timeoutSeconds: 30, maxBytes: MAX_BYTES });
    hasty = createOutbound({ timeoutSeconds: 0.5, maxBytes: MAX_BYTES });
  });
  after(async () => {
    await outbound.close();
    await hasty.close();
    server.closeAllConnections();
    await new Promise(resolve => server.close(resolve));
  });

  it('gives a whole answer with its status and headers', async () => {
    const response = await outbound.fetch(`${base}/fine`);

    assert.equal(response.headers.get('x-own'), 'kept');
    assert.equal(await response.text(), 'fine');
    assert.equal((await outbound.fetch(`${base}/no`)).status, 404);
    assert.equal(await (await outbound.fetch(`${base}/zipped`)).text(), 'unzipped');
    assert.equal(
      (await (await outbound.fetch(`${base}/exact`)).arrayBuffer()).byteLength,
      MAX_BYTES,
    );
  });

  it('names another host than that of the address, where the request was signed for it', async () => {
    const host = 'sts.eu-west-1.amazonaws.com';
    for (const headers of [{ host }, { Host: host }, new Headers({ host }), [['host', host]]])
      assert.equal(
        await (await outbound.fetch(`${base}/host`, { headers: headers as HeadersInit })).text(),
        host,
      );
    assert.equal(await (await outbound.fetch(`${base}/host`)).text(), new URL(base).host);
  });

  const REFUSED: readonly [path: string, says: RegExp][] = [
    ['/large', /the answer is larger than 65536 bytes/],
    ['/endless', /the answer is larger than 65536 bytes/],
    ['/bomb', /the answer is larger than 65536 bytes|the answer is compressed/],
    ['/redirect', /redirect \(302\), which is not followed/],
    ['/redirect-unfinished', /redirect \(302\), which is not followed/],
    ['/silent', /no complete answer within 0\.5 s/],
    ['/half', /no complete answer within 0\.5 s/],
    ['/cut', /cannot be reached|terminated/],
  ];
  const SLOW = ['/silent', '/half', '/redirect-unfinished'];
  for (const [name, send] of Object.entries(SENDERS)) {
    for (const [path, says] of REFUSED)
      it(`refuses ${path} by ${name}, and says why without the query`, async () => {
        const by = SLOW.includes(path) ? hasty : outbound;
        await assert.rejects(
          send(by, `${base}${path}?secret=s3cret`),
          (thrown: unknown) =>
            thrown instanceof OutboundFault &&
            says.test(thrown.message) &&
            !thrown.message.includes('s3cret'),
        );
      });

    it(`names a port without a listener, by ${name}`, async () => {
      const free = createTcpServer();
      await new Promise<void>(resolve => free.listen(0, '127.0.0.1', resolve));
      const { port } = free.address() as AddressInfo;
      await new Promise(resolve => free.close(resolve));
      await assert.rejects(send(outbound, `http://127.0.0.1:${port}/`), {
        kind: 'unreachable',
        message: /cannot be reached \(ECONNREFUSED\)/,
      });
    });

    it(`keeps the caller's own limit, by ${name}`, async () => {
      const limit = AbortSignal.timeout(20);
      await assert.rejects(send(outbound, `${base}/silent`, limit), OutboundFault);
      // One that has ended before sends nothing.
      await assert.rejects(send(outbound, `${base}/fine`, limit), OutboundFault);
    });

    it(`sends no plain http beyond loopback, by ${name}`, async () => {
      await assert.rejects(send(outbound, 'http://idp.example/'), { kind: 'insecure' });
    });
  }

  it('gives the answer to a request, with its status and headers', async () => {
    const answer = await outbound.request(`${base}/echo`, {
      method: 'POST',
      headers: { 'content-type': 'text/plain' },
      body: 'gr\u00fcn',
    });

    assert.equal(answer.status, 200);
    assert.equal(Buffer.from(answer.body).toString(), 'gr\u00fcn');
    const { 'x-twice': twice, 'x-method': method, 'x-encoding': encoding } = answer.headers;
    assert.deepEqual([twice, method, encoding], ['a, b', 'POST', 'identity']);
    const get = { method: 'GET', headers: {} };
    assert.equal((await outbound.request(`${base}/no`, get)).status, 404);
    assert.equal((await outbound.request(`${base}/exact`, get)).body.byteLength, MAX_BYTES);
    const named = { method: 'GET', headers: { host: 'sts.eu-west-1.amazonaws.com' } };
    const { body } = await outbound.request(`${base}/host`, named);
    assert.equal(Buffer.from(body).toString(), 'sts.eu-west-1.amazonaws.com');
  });

  it('refuses an answer that is compressed although the request excludes that', async () => {
    for (const path of ['/zipped', '/bomb'])
      await assert.rejects(SENDERS.request!(outbound, base + path), /the answer is compressed/);
  });

  it('names where a redirect leads, for those who may follow it', async () => {
    for (const send of Object.values(SENDERS))
      await assert.rejects(send(outbound, `${base}/redirect`), {
        kind: 'redirect',
        answered: { status: 302, location: '/fine' },
      });
  });

  it('speaks plain http to loopback only', async () => {
    for (const url of [
      'https://idp.example/',
      'http://localhost:1/',
      'http://127.8.9.1/',
      'http://[::1]/',
      'http://keycloak.localhost/',
    ])
      assert.ok(isSecureUrl(new URL(url)), url);

    for (const url of [
      'http://idp.example/',
      'http://10.0.0.1/',
      'http://localhost.evil.example/',
      'ftp://localhost/',
      'file:///etc/passwd',
    ])
      assert.ok(!isSecureUrl(new URL(url)), url);
  });
});

describe('the way out through a proxy', () => {
  let proxy: Server;
  let port: number;
  const asked: string[] = [];
  before(async () => {
    proxy = createServer((_request, response) => void response.writeHead(500).end());
    proxy.on('connect', (request, socket) => {
      asked.push(`${request.url} ${request.headers['proxy-authorization'] ?? ''}`.trim());
      socket.end('HTTP/1.1 407 Proxy Authentication Required\r\n\r\n');
    });
    await new Promise<void>(resolve => proxy.listen(0, '127.0.0.1', resolve));
    ({ port } = proxy.address() as AddressInfo);
  });
  after(() => new Promise(resolve => proxy.close(resolve)));

  const saidWith = async (
    env: Record<string, string>,
    url = 'https://idp.example/',
  ): Promise<string> => {
    const outbound = createOutbound({ timeoutSeconds: 2, maxBytes: MAX_BYTES, env });
    try {
      const said: string[] = [];
      for (const send of Object.values(SENDERS))
        said.push(
          await send(outbound, url).then(
            () => 'an answer',
            (thrown: unknown) => (thrown as Error).message,
          ),
        );
      assert.equal(new Set(said).size, 1, said.join(' | '));
      return said[0]!;
    } finally {
      await outbound.close();
    }
  };

  it('takes an address without a scheme, and HTTPS_PROXY where https_proxy is empty', async () => {
    for (const env of [
      { HTTPS_PROXY: `127.0.0.1:${port}` },
      { https_proxy: '', HTTPS_PROXY: `http://127.0.0.1:${port}` },
      { ALL_PROXY: `http://127.0.0.1:${port}` },
    ] as Record<string, string>[]) {
      asked.length = 0;
      const said = await saidWith(env);
      assert.deepEqual(asked, ['idp.example:443', 'idp.example:443'], JSON.stringify(env));
      const variable = Object.keys(env).find(name => env[name] !== '')!;
      assert.equal(
        said,
        `https://idp.example/: the proxy rejected the connection (status 407) (through the proxy of ${variable})`,
      );
    }
  });

  it('sends the password of the variable to the proxy, and says it nowhere', async () => {
    asked.length = 0;
    const said = await saidWith({ HTTPS_PROXY: `alice:s3cr%40t@127.0.0.1:${port}` });
    const authorization = `Basic ${Buffer.from('alice:s3cr@t').toString('base64')}`;
    assert.deepEqual(asked, Array(2).fill(`idp.example:443 ${authorization}`));
    assert.doesNotMatch(said, /s3cr|alice/);
  });

  it('goes straight to this computer, and to what NO_PROXY covers', async () => {
    asked.length = 0;
    const env = { HTTPS_PROXY: `127.0.0.1:${port}`, NO_PROXY: 'idp.invalid' };

    assert.match(
      await saidWith(env, 'https://sso.idp.invalid/'),
      /cannot be reached \((?:ENOTFOUND|EAI_AGAIN)\)$/,
    );
    assert.match(
      await saidWith({ ...env, HTTP_PROXY: `127.0.0.1:${port}` }, `http://127.0.0.1:${port}/`),
      /^an answer$/,
    );
    assert.deepEqual(asked, []);
  });

  it('does not begin with a proxy that it cannot use', () => {
    assert.throws(
      () =>
        createOutbound({
          timeoutSeconds: 2,
          maxBytes: MAX_BYTES,
          env: { HTTPS_PROXY: 'socks5://alice:s3cret@proxy.corp' },
        }),
      (thrown: unknown) =>
        /^HTTPS_PROXY names a socks5 proxy/.test((thrown as Error).message) &&
        !/s3cret/.test((thrown as Error).message),
    );
  });
});
