import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { localPath, queryValue } from '../../src/core/local-path.ts';

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
