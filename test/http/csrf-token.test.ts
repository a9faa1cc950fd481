import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { maskCsrfToken, unmaskCsrfToken } from '../../src/http/csrf-token.ts';
import { systemSecrets } from '../../src/secrets.ts';

const token = systemSecrets.token();

describe('the CSRF token of a page', () => {
  it('is the token of the session under its mask, and looks different in each answer', () => {
    const masked = Array.from({ length: 50 }, () => maskCsrfToken(token, systemSecrets.token()));
    for (const shown of masked) {
      assert.match(shown, /^[\w-]{86}$/);
      assert.equal(unmaskCsrfToken(shown), token);
    }
    const parts = masked.flatMap(shown => [shown.slice(0, 12), shown.slice(44, 56)]);
    assert.equal(new Set(parts).size, 2 * masked.length);
  });

  it('is the token of another session when a bit of it is changed', () => {
    const masked = Buffer.from(maskCsrfToken(token, systemSecrets.token()), 'base64url');
    for (const index of masked.keys()) {
      const changed = Buffer.from(masked);
      changed[index]! ^= 1;
      assert.notEqual(unmaskCsrfToken(changed.toString('base64url')), token);
    }
  });

  it('is rejected in every other form', () => {
    const masked = maskCsrfToken(token, systemSecrets.token());
    for (const malformed of [
      '',
      token,
      token + token.slice(0, 42),
      masked.slice(1),
      `${masked}A`,
      `${masked.slice(0, 85)}=`,
      `${masked.slice(0, 85)}+`,
      `${masked}\n`,
      ` ${masked.slice(1)}`,
    ])
      assert.equal(unmaskCsrfToken(malformed), undefined, JSON.stringify(malformed));
  });
});
