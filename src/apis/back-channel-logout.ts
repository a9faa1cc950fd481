/**
 * Where OpenID providers post logout tokens (OpenID Connect Back-Channel Logout 1.0, section 2.5).
 * No browser takes part, so there is no session and no CSRF token: the signature is the proof.
 */
import * as z from 'zod';
import type { BackChannelLogouts } from '../bridge/back-channel-logout.ts';
import { empty } from '../http/answer.ts';
import { text } from '../http/read.ts';
import { api } from '../http/route.ts';

export interface BackChannelLogoutParts {
  readonly backChannelLogouts: BackChannelLogouts;
}

/** A token has few claims; its header can contain a certificate chain. */
const MAX_BODY_BYTES = 16 * 1024;

export const backChannelLogout = api({
  method: 'post',
  path: '/oidc/{connector}/backchannel-logout',
  who: 'anyone',
  limit: 'logout-tokens',
  face: 'oauth',
  reads: {
    path: z.object({ connector: z.string() }),
    form: z.object({ logout_token: text(MAX_BODY_BYTES).min(1) }),
    maxBytes: MAX_BODY_BYTES,
  },
  handle: async (
    { connector, logout_token: logoutToken },
    { origin },
    { backChannelLogouts }: BackChannelLogoutParts,
  ) => {
    await backChannelLogouts.accept({ connector, logoutToken, origin });
    return empty(200);
  },
});
