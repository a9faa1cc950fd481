/**
 * The mark of a browser in which somebody has signed in: the bridge's signature over the secret of
 * its attempt cookie, kept nowhere. It proves nothing about who asks: it is counted by, so that
 * strangers behind the same address cannot use up what such a browser may ask (threats R43).
 */
import { createHmac, hkdfSync } from 'node:crypto';
import type { KnownBrowsers } from '../core/ports.ts';

/** `secret`: the sealing secret of the bridge. */
export function createKnownBrowsers(secret: Uint8Array): KnownBrowsers {
  const key = new Uint8Array(hkdfSync('sha256', secret, '', 'rolebridge known browsers v1', 32));
  return { markOf: browser => createHmac('sha256', key).update(browser).digest('base64url') };
}
