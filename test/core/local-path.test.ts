import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { localPath } from '../../src/core/local-path.ts';

describe('where a person comes back to', () => {
  for (const path of [
    '/',
    '/console?account=prod&role=Admin',
    '/credentials?account=prod&role=team%2FAdmin',
    '/a/b?q=%2F%2Fevil.example',
  ]) {
    it(`may be ${path}`, () => assert.equal(localPath(path), path));
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
