import assert from 'node:assert/strict';
import { createServer, type RequestListener, type Server } from 'node:http';
import { type AddressInfo, createServer as createTcpServer } from 'node:net';
import { after, before, describe, it } from 'node:test';
import { gzipSync } from 'node:zlib';
import { createOutbound, isSecureUrl, type Outbound } from '../src/outbound.ts';

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
  '/silent': () => {},
  '/half': (_request, response) =>
    void response.writeHead(200, { 'content-length': '10' }).write('half'),
  '/cut': (_request, response) => {
    response.writeHead(200, { 'content-length': '10' }).write('half');
    response.destroy();
  },
  '/host': ({ headers }, response) => void response.end(headers.host),
  '/no': (_request, response) => void response.writeHead(404).end('no'),
};

describe('the way out', () => {
  let server: Server;
  let outbound: Outbound;
  let hasty: Outbound;
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
    ['/bomb', /the answer is larger than 65536 bytes/],
    ['/redirect', /redirect \(302\), which is not followed/],
    ['/silent', /no complete answer within 0\.5 s/],
    ['/half', /no complete answer within 0\.5 s/],
    ['/cut', /cannot be reached|terminated/],
  ];
  const SLOW = ['/silent', '/half'];
  for (const [path, says] of REFUSED) {
    it(`refuses ${path} and says why without the query`, async () => {
      await assert.rejects(
        (SLOW.includes(path) ? hasty : outbound).fetch(`${base}${path}?secret=s3cret`),
        (thrown: unknown) =>
          thrown instanceof Error &&
          says.test(thrown.message) &&
          !thrown.message.includes('s3cret'),
      );
    });
  }

  it('names a port without a listener', async () => {
    const free = createTcpServer();
    await new Promise<void>(resolve => free.listen(0, '127.0.0.1', resolve));
    const { port } = free.address() as AddressInfo;
    await new Promise(resolve => free.close(resolve));
    await assert.rejects(
      outbound.fetch(`http://127.0.0.1:${port}/`),
      /cannot be reached \(ECONNREFUSED\)/,
    );
  });

  it("keeps the caller's own limit", async () => {
    await assert.rejects(outbound.fetch(`${base}/silent`, { signal: AbortSignal.timeout(20) }));
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
    await assert.rejects(outbound.fetch('http://idp.example/'), /is not https/);
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

  const fetchWith = async (
    env: Record<string, string>,
    url = 'https://idp.example/',
  ): Promise<string> => {
    const outbound = createOutbound({ timeoutSeconds: 2, maxBytes: MAX_BYTES, env });
    try {
      return await outbound.fetch(url).then(
        () => 'an answer',
        (thrown: unknown) => (thrown as Error).message,
      );
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
      const said = await fetchWith(env);
      assert.deepEqual(asked, ['idp.example:443'], JSON.stringify(env));
      const variable = Object.keys(env).find(name => env[name] !== '')!;
      assert.equal(
        said,
        `https://idp.example/: the proxy rejected the connection (status 407) (through the proxy of ${variable})`,
      );
    }
  });

  it('sends the password of the variable to the proxy, and says it nowhere', async () => {
    asked.length = 0;
    const said = await fetchWith({ HTTPS_PROXY: `alice:s3cr%40t@127.0.0.1:${port}` });
    assert.deepEqual(asked, [
      `idp.example:443 Basic ${Buffer.from('alice:s3cr@t').toString('base64')}`,
    ]);
    assert.doesNotMatch(said, /s3cr|alice/);
  });

  it('goes straight to this computer, and to what NO_PROXY covers', async () => {
    asked.length = 0;
    const env = { HTTPS_PROXY: `127.0.0.1:${port}`, NO_PROXY: 'idp.invalid' };

    assert.match(
      await fetchWith(env, 'https://sso.idp.invalid/'),
      /cannot be reached \((?:ENOTFOUND|EAI_AGAIN)\)$/,
    );
    assert.match(
      await fetchWith({ ...env, HTTP_PROXY: `127.0.0.1:${port}` }, `http://127.0.0.1:${port}/`),
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
