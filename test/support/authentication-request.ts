/** What a test reads of the request that a sign-in begins with. */
import assert from 'node:assert/strict';
import type { AuthenticationRequest } from '../../src/core/sign-in.ts';

/** The address of a request that a redirect carries. */
export function addressIn(request: AuthenticationRequest): string {
  assert.equal(request.binding, 'redirect');
  return request.url;
}
