/**
 * The mark of a browser with an earlier sign-in: the bridge's signature of the secret in its
 * attempt cookie. It is stored nowhere and proves no identity. Rate limits count by it, so that
 * other callers of the same address cannot use up the limit of such a browser (threats R43).
 */
import { createHmac, hkdfSync } from 'node:crypto';
import type { KnownBrowsers } from '../core/ports.ts';

/** `secret`: the sealing secret of the bridge. */
export function createKnownBrowsers(secret: Uint8Array): KnownBrowsers {
  const key = new Uint8Array(hkdfSync('sha256', secret, '', 'rolebridge known browsers v1', 32));
  return { markOf: browser => createHmac('sha256', key).update(browser).digest('base64url') };
}
