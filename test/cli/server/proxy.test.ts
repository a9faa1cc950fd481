/** Proxy variables as users have them, and what the client says about those that it cannot use. */
import assert from 'node:assert/strict';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, describe, it } from 'node:test';
import { type CliResult, useComputer } from '../../support/cli.ts';
import { freePort } from '../../support/free-port.ts';

const SERVER = 'https://aws.corp.invalid';

describe('the client with a proxy variable', () => {
  let proxy: Server;
  let address: string;
  const computer = useComputer();
  let status: string;
  const asked: string[] = [];
  before(async () => {
    proxy = createServer();
    proxy.on('connect', (request, socket) => {
      asked.push(request.url!);
      socket.end(`HTTP/1.1 ${status}\r\n\r\n`);
    });
    await new Promise<void>(resolve => proxy.listen(0, '127.0.0.1', resolve));
    address = `127.0.0.1:${(proxy.address() as AddressInfo).port}`;
  });
  after(() => new Promise(resolve => proxy.close(resolve)));
  const logIn = (env: Record<string, string>, server = SERVER): Promise<CliResult> => {
    asked.length = 0;
    status = '502 Bad Gateway';
    return computer.run(['login', '--device', '--server', server], { env });
  };

  it('uses an address without a scheme, and the first variable that is not empty', async () => {
    for (const env of [
      { HTTPS_PROXY: address },
      { https_proxy: '', HTTPS_PROXY: `http://${address}` },
      { https_proxy: address, HTTPS_PROXY: 'socks5://other.invalid' },
      { https_proxy: address, all_proxy: 'socks5://other.invalid' },
      { ALL_PROXY: address },
      { http_proxy: address },
    ] as Record<string, string>[]) {
      const { code, stderr } = await logIn(env);
      const variable = Object.keys(env).find(name => env[name] !== '')!;
      assert.equal(code, 5, stderr);
      assert.deepEqual(asked, ['aws.corp.invalid:443'], JSON.stringify(env));
      assert.ok(
        stderr.includes(
          `the proxy of ${variable} rejected the connection to ${SERVER} (status 502)`,
        ),
        stderr,
      );
    }
  });

  it('does not use it where NO_PROXY covers the server, even if it is unusable', async () => {
    for (const HTTPS_PROXY of [address, 'socks5://proxy.corp']) {
      for (const NO_PROXY of ['*', 'corp.invalid', '.corp.invalid', 'x, aws.corp.invalid:443']) {
        const { code, stderr } = await logIn({ HTTPS_PROXY, NO_PROXY });
        assert.equal(code, 5);
        assert.match(stderr, /could not resolve https:\/\/aws\.corp\.invalid/);
        assert.deepEqual(asked, []);
      }
    }
  });

  const UNUSABLE: readonly [env: Record<string, string>, says: RegExp][] = [
    [
      { HTTPS_PROXY: 'socks5://alice:s3cret@proxy.corp:1080' },
      /HTTPS_PROXY names a socks5 proxy, which is not supported\./,
    ],
    [
      { https_proxy: 'http://alice:12/s3cret@proxy.corp:3128' },
      /https_proxy is not a valid proxy address\./,
    ],
    [
      { HTTPS_PROXY: 'http://alice:100%s3cret@proxy.corp' },
      /HTTPS_PROXY is not a valid proxy address\./,
    ],
    [{ https_proxy: '', HTTPS_PROXY: 'http://' }, /HTTPS_PROXY is not a valid proxy address\./],
    [{ ALL_PROXY: 'socks5h://alice:s3cret@proxy.corp' }, /ALL_PROXY names a socks5h proxy/],
  ];
  for (const [env, says] of UNUSABLE) {
    it(`${JSON.stringify(env)} is an error that names the variable, never its value`, async () => {
      const { code, stdout, stderr } = await logIn(env);
      assert.deepEqual([code, stdout], [6, ''], stderr);
      assert.match(stderr, says);
      assert.match(stderr, /http:\/\/HOST:PORT/);
      assert.doesNotMatch(stderr, /s3cret|alice|bug in rolebridge|\n {4}at /);
    });
  }

  it('reports a proxy that does not answer or requires a password', async () => {
    const silent = `alice:s3cret@127.0.0.1:${await freePort()}`;
    const { code, stderr } = await logIn({ HTTPS_PROXY: silent });
    assert.equal(code, 5);
    assert.match(stderr, /nothing answers at the proxy of HTTPS_PROXY\./);
    assert.doesNotMatch(stderr, /s3cret/);

    asked.length = 0;
    status = '407 Proxy Authentication Required';
    const refused = await computer.run(['login', '--device', '--server', SERVER], {
      env: { HTTPS_PROXY: address },
    });
    assert.match(
      refused.stderr,
      /rejected the connection to .* \(status 407\)[\s\S]*HTTPS_PROXY=http:\/\/USER:PASSWORD@HOST:PORT/,
    );
  });

  it('reaches a server on this computer without it', async () => {
    const { code, stderr } = await logIn(
      { HTTPS_PROXY: 'socks5://proxy.corp', HTTP_PROXY: 'x y' },
      `http://127.0.0.1:${await freePort()}`,
    );
    assert.equal(code, 5);
    assert.match(stderr, /nothing answers at http:\/\/127\.0\.0\.1/);
    assert.deepEqual(asked, []);
  });
});
