/** Where forms of a page may lead: sources of its content security policy (CSP Level 3, 2.3.1). */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { sourceOf } from '../../src/http/guards.ts';

describe('the source of an address', () => {
  const SOURCES: readonly (readonly [string, string])[] = [
    ['https://idp.example.com/sso?a=b', 'https://idp.example.com'],
    ['https://idp.example.com:8443/', 'https://idp.example.com:8443'],
    ['http://127.0.0.1:4000/callback', 'http://127.0.0.1:4000'],
    ['https://bücher.example/', 'https://xn--bcher-kva.example'],
    ['http://[::1]:4000/callback', 'http:'],
  ];
  for (const [address, source] of SOURCES)
    it(`of ${address} is ${source}`, () => assert.equal(sourceOf(new URL(address)), source));

  // Each is a host for a parser of URLs.
  for (const host of ['x;frame-ancestors', 'a,b', "a'self'", '*.example.com', "a$'b", 'a&b'])
    it(`is none that adds to the policy: ${host}`, () =>
      assert.equal(sourceOf(new URL(`https://${host}/`)), 'https:'));
});
