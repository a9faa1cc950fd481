import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { bypassesProxy, hasProxy, readProxySettings } from '../../src/core/proxy.ts';

describe('the proxy of the environment', () => {
  const CHOSEN: readonly [
    env: Record<string, string>,
    variable: string | undefined,
    url?: string,
  ][] = [
    [{}, undefined],
    [{ HTTPS_PROXY: 'http://proxy.corp:3128' }, 'HTTPS_PROXY', 'http://proxy.corp:3128/'],
    [{ HTTPS_PROXY: 'proxy.corp:3128' }, 'HTTPS_PROXY', 'http://proxy.corp:3128/'],
    [{ HTTPS_PROXY: 'localhost:3128' }, 'HTTPS_PROXY', 'http://localhost:3128/'],
    [{ HTTPS_PROXY: '10.1.2.3:3128' }, 'HTTPS_PROXY', 'http://10.1.2.3:3128/'],
    [{ HTTPS_PROXY: '//proxy.corp:3128' }, 'HTTPS_PROXY', 'http://proxy.corp:3128/'],
    [{ HTTPS_PROXY: 'proxy.corp' }, 'HTTPS_PROXY', 'http://proxy.corp/'],
    [
      { HTTPS_PROXY: 'alice:p%40ss@proxy.corp:3128' },
      'HTTPS_PROXY',
      'http://alice:p%40ss@proxy.corp:3128/',
    ],
    [{ HTTPS_PROXY: ' HTTPS://proxy.corp:3129 ' }, 'HTTPS_PROXY', 'https://proxy.corp:3129/'],
    [{ HTTPS_PROXY: 'http://[::1]:3128' }, 'HTTPS_PROXY', 'http://[::1]:3128/'],
    [
      { https_proxy: 'http://lower:1', HTTPS_PROXY: 'http://upper:1' },
      'https_proxy',
      'http://lower:1/',
    ],
    [{ https_proxy: '', HTTPS_PROXY: 'http://upper:1' }, 'HTTPS_PROXY', 'http://upper:1/'],
    [
      { https_proxy: ' ', HTTPS_PROXY: '', http_proxy: 'http://plain:1' },
      'http_proxy',
      'http://plain:1/',
    ],
    [
      { HTTP_PROXY: 'http://plain:1', ALL_PROXY: 'socks5://all:1' },
      'HTTP_PROXY',
      'http://plain:1/',
    ],
    [{ ALL_PROXY: 'http://all:1' }, 'ALL_PROXY', 'http://all:1/'],
    [{ all_proxy: 'http://lower:1', ALL_PROXY: 'http://all:1' }, 'all_proxy', 'http://lower:1/'],
  ];
  for (const [env, variable, url] of CHOSEN) {
    it(`of ${JSON.stringify(env)} is ${url ?? 'none'}`, () => {
      const { proxy, fault } = readProxySettings(env);
      assert.equal(fault, undefined);
      assert.deepEqual(proxy, variable === undefined ? undefined : { variable, url });
      assert.equal(hasProxy(env), variable !== undefined);
    });
  }

  const UNUSABLE: readonly [value: string, says: RegExp][] = [
    ['socks5://alice:s3cret@proxy.corp:1080', /^names a socks5 proxy, which is not supported\.$/],
    ['SOCKS5H://proxy.corp:1080', /^names a socks5h proxy/],
    ['s3cret://proxy.corp', /^names a proxy that is neither http nor https/],
    ['http://', /^is not a valid proxy address\.$/],
    ['http://alice:s3cret/x@proxy.corp:3128', /^is not a valid proxy address/],
    ['http://alice:12/s3cret@proxy.corp:3128', /^is not a valid proxy address/],
    ['http://alice:12#s3cret@proxy.corp:3128', /^is not a valid proxy address/],
    ['http://alice:12?s3cret@proxy.corp:3128', /^is not a valid proxy address/],
    ['http://alice:100%s3cret@proxy.corp:3128', /^is not a valid proxy address/],
    ['http://proxy.corp:99999', /^is not a valid proxy address/],
    ['http://proxy.corp:0', /^is not a valid proxy address/],
    ['http://proxy.corp/proxy.pac', /^is not a valid proxy address/],
    ['http://one:1,http://s3cret:2', /^is not a valid proxy address/],
    ['proxy corp:3128', /^is not a valid proxy address/],
    ['http://proxy.corp:3128\nx-header: s3cret', /^is not a valid proxy address/],
    [':3128', /^is not a valid proxy address/],
  ];
  for (const [value, says] of UNUSABLE) {
    it(`rejects ${JSON.stringify(value)} without repeating it`, () => {
      for (const variable of ['https_proxy', 'HTTPS_PROXY', 'ALL_PROXY']) {
        const { proxy, fault } = readProxySettings({ [variable]: value });
        assert.equal(proxy, undefined);
        assert.equal(fault?.variable, variable);
        assert.match(fault.message, says);
        assert.doesNotMatch(JSON.stringify(fault), /s3cret|alice|proxy\.corp/);
      }
    });
  }

  it('is judged only where it is used', () => {
    assert.equal(
      readProxySettings({
        https_proxy: 'http://good:1',
        ALL_PROXY: 'socks5://x:1',
        HTTPS_PROXY: 'x y',
      }).fault,
      undefined,
    );
    assert.equal(
      readProxySettings({ HTTPS_PROXY: 'socks5://x:1', NO_PROXY: '*' }).fault,
      undefined,
    );
  });
});

describe('NO_PROXY', () => {
  const CASES: readonly [value: string, target: string, covered: boolean][] = [
    ['', 'https://aws.corp', false],
    ['*', 'https://aws.corp', true],
    ['x,*', 'https://aws.corp', true],
    ['aws.corp', 'https://aws.corp', true],
    ['AWS.Corp.', 'https://aws.corp', true],
    ['corp', 'https://aws.corp', true],
    ['.corp', 'https://aws.corp', true],
    ['*.corp', 'https://aws.corp', true],
    ['s.corp', 'https://aws.corp', false],
    ['aws.corp.example', 'https://aws.corp', false],
    ['x, aws.corp', 'https://aws.corp', true],
    ['x aws.corp\ty', 'https://aws.corp', true],
    ['aws.corp:443', 'https://aws.corp', true],
    ['aws.corp:8443', 'https://aws.corp', false],
    ['aws.corp:8443', 'https://aws.corp:8443', true],
    ['127.0.0.1', 'http://127.0.0.1:4000', true],
    ['::1', 'http://[::1]:4000', true],
    ['[::1]:4000', 'http://[::1]:4000', true],
    ['[::1]:4001', 'http://[::1]:4000', false],
    ['.', 'https://aws.corp', false],
  ];
  for (const [value, target, covered] of CASES) {
    it(`${JSON.stringify(value)} ${covered ? 'covers' : 'does not cover'} ${target}`, () => {
      assert.equal(bypassesProxy(value, new URL(target)), covered);
      assert.equal(readProxySettings({ NO_PROXY: value }).bypasses(new URL(target)), covered);
    });
  }

  it('in lower case counts before upper case, unless it is empty', () => {
    const covers = (env: Record<string, string>): boolean =>
      readProxySettings(env).bypasses(new URL('https://aws.corp'));
    assert.equal(covers({ no_proxy: 'other', NO_PROXY: 'aws.corp' }), false);
    assert.equal(covers({ no_proxy: '', NO_PROXY: 'aws.corp' }), true);
  });
});
