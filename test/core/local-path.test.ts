import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { localPath, queryValue, withoutOwnOrigin } from '../../src/core/local-path.ts';

describe('the path that a user returns to', () => {
  for (const path of [
    '/',
    '/console?account=prod&role=Admin',
    '/credentials?account=prod&role=team%2FAdmin',
    '/a/b?q=%2F%2Fevil.example',
    `/console?destination=${'%2F'.repeat(4096)}`,
  ]) {
    it(`can be ${path.slice(0, 60)}`, () => assert.equal(localPath(path), path));
  }

  const ELSEWHERE: readonly unknown[] = [
    'https://evil.example/',
    '//evil.example',
    '/\\evil.example',
    '\\\\evil.example',
    '/\t/evil.example',
    '/a/..//evil.example',
    '/.//evil.example',
    '/%0d%0aSet-Cookie:x',
    'javascript:alert(1)',
    '',
    'console',
    ' /',
    '/ä',
    '/a b',
    `/${'a'.repeat(3000)}`,
    `/console?destination=${'a'.repeat(15_000)}`,
    undefined,
    null,
    7,
    ['/'],
    { toString: () => '/x' },
  ];
  for (const text of ELSEWHERE) {
    it(`is the portal instead of ${JSON.stringify(text)?.slice(0, 50)}`, () => {
      const path = localPath(text);
      assert.equal(new URL(path, 'https://bridge.example').origin, 'https://bridge.example');
      if (text !== '/%0d%0aSet-Cookie:x') assert.equal(path, '/');
    });
  }
});

describe('a whole address as a way back', () => {
  const HERE = 'https://bridge.example';
  const SAME: readonly (readonly [string, string])[] = [
    ['https://bridge.example/console?account=prod&role=Admin', '/console?account=prod&role=Admin'],
    ['https://bridge.example', '/'],
    ['https://bridge.example/', '/'],
    ['https://bridge.example?q=gov', '/?q=gov'],
    ['https://bridge.example#top', '/'],
    ['https://bridge.example:443/sessions', '/sessions'],
    ['HTTPS://Bridge.EXAMPLE/sessions', '/sessions'],
    [
      `${HERE}/console?destination=https://x.example/?a=@b`,
      '/console?destination=https://x.example/?a=@b',
    ],
  ];
  for (const [text, path] of SAME)
    it(`is its path for ${text}`, () => {
      assert.equal(localPath(withoutOwnOrigin(text, HERE)), path);
    });

  const OTHERS: readonly string[] = [
    'https://evil.example/sessions',
    'https://bridge.example.evil.example/sessions',
    'https://bridge.example./sessions',
    'http://bridge.example/sessions',
    'https://bridge.example:8443/sessions',
    'https://user@bridge.example/sessions',
    'https://user:pass@bridge.example/sessions',
    'https://@bridge.example/sessions',
    'https://bridge.example@evil.example/sessions',
    'https://evil.example#@bridge.example/sessions',
    'https://bridge%2eexample/sessions',
    'https://bridge.example%2f@evil.example/sessions',
    'https://bridge.example%00.evil.example/sessions',
    'https:\\\\bridge.example/sessions',
    'https://bridge.example\\@evil.example/sessions',
    'https://bridge.example/\\evil.example',
    'https://bridge.example//evil.example',
    'https://bridge.example/a/..//evil.example',
    'https://bridge.example/\t/evil.example',
    'https://bridge.example/a b',
    'https://bridge.example/\nevil',
    'https:///bridge.example/sessions',
    'https:bridge.example/sessions',
    '//bridge.example/sessions',
    ' https://bridge.example/sessions',
    'https://bri\tdge.example/sessions',
    'https://bridge．example/sessions',
    'wss://bridge.example/sessions',
    'blob:https://bridge.example/sessions',
    'javascript:https://bridge.example/sessions',
  ];
  for (const text of OTHERS)
    it(`is the portal for ${JSON.stringify(text)}`, () => {
      assert.equal(localPath(withoutOwnOrigin(text, HERE)), '/');
    });

  it('is its path at a bridge with a port', () => {
    const text = 'http://127.0.0.1:3000/sessions';
    assert.equal(localPath(withoutOwnOrigin(text, 'http://127.0.0.1:3000')), '/sessions');
    assert.equal(localPath(withoutOwnOrigin(text, 'http://127.0.0.1:3001')), '/');
  });

  it('leaves every other text as it is', () => {
    for (const text of ['/sessions', 'A'.repeat(43), '', undefined])
      assert.equal(withoutOwnOrigin(text, HERE), text);
  });
});

describe('a value of a query', () => {
  it('decodes to the same text as encodeURIComponent, and is shorter', () => {
    for (const value of [
      '',
      'a b&c=d#e%f+g',
      "~(end~0~start~-3600)*'x'",
      '/console?a=b:@,;$',
      'é€😀',
      '%2526',
      '"<>\\^`{|}[]',
    ])
      assert.equal(new URLSearchParams(`a=${queryValue(value)}&b=c`).get('a'), value);
    assert.equal(queryValue("/a?b=c:@,$~('*)!"), "/a?b=c:@,$~('*)!");
    assert.match(
      queryValue(String.fromCharCode(...Array.from({ length: 127 }, (_, code) => code))),
      /^[\x21-\x7e]+$/,
    );
  });
});
