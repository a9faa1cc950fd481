/** The library's settings that are the same for every provider. */
import type { Configuration, KoaContextWithOIDC } from 'oidc-provider';
import { Html, html } from '../html.ts';
import { PAGE_HEADERS, page } from '../page.ts';
import { CONTEXTS } from './authentication.ts';
import { fault, IDP_NAME } from './sign-in.ts';

const SCOPES = ['openid', 'offline_access', 'profile', 'email', 'groups'];
/** Claims that the `claims` parameter can request by name. */
const CLAIMS: Readonly<Record<string, string[]>> = {
  openid: ['sub', 'amr', 'acr', 'auth_time', 'sid'],
  profile: ['name', 'preferred_username', 'department'],
  email: ['email', 'email_verified'],
  groups: ['groups'],
};
/** Entra ID's, which no scope gives. */
const REQUESTED_ALONE = 'acrs';

const HOUR = 3600;
const DAY = 24 * HOUR;

export const SETTINGS: Configuration = {
  scopes: SCOPES,
  claims: { ...CLAIMS, [REQUESTED_ALONE]: null },
  // Claims come with the id_token, as corporate providers send them, and not from userinfo alone.
  conformIdTokenClaims: false,
  acrValues: CONTEXTS,
  responseTypes: ['code'],
  pkce: { required: () => true },
  features: {
    devInteractions: { enabled: false },
    claimsParameter: { enabled: true },
    revocation: {
      enabled: true,
      allowedPolicy: (_ctx, client, token) => token.clientId === client.clientId,
    },
    backchannelLogout: { enabled: true },
    rpInitiatedLogout: {
      enabled: true,
      logoutSource: (ctx, form) => {
        const body = html`<h1>${IDP_NAME}</h1><p>Do you want to sign out of ${IDP_NAME} as well?</p>${new Html(form)}
<button type="submit" form="op.logoutForm" name="logout" value="yes" autofocus>Sign out</button>
<button type="submit" form="op.logoutForm">Stay signed in</button>`;
        show(ctx, page({ title: IDP_NAME, body }));
      },
      postLogoutSuccessSource: ctx =>
        show(
          ctx,
          page({ title: IDP_NAME, body: html`<h1>${IDP_NAME}</h1><p>You are signed out.</p>` }),
        ),
    },
  },
  renderError: (ctx, out) =>
    show(ctx, fault(`${out.error}: ${out.error_description ?? 'the request cannot be answered'}`)),
  interactions: { url: (_ctx, interaction) => `/interaction/${interaction.uid}` },
  clientBasedCORS: () => false,
  // No consent page: the company decides what its own applications can know.
  loadExistingGrant: async ctx => {
    const { client, session, provider } = ctx.oidc;
    if (!client || !session?.accountId) return undefined;
    const known = session.grantIdFor(client.clientId);
    const grant =
      (known && (await provider.Grant.find(known))) ||
      new provider.Grant({ clientId: client.clientId, accountId: session.accountId });
    grant.addOIDCScope(SCOPES.join(' '));
    grant.addOIDCClaims([...Object.values(CLAIMS).flat(), REQUESTED_ALONE]);
    await grant.save();
    return grant;
  },
  ttl: {
    AccessToken: 600,
    AuthorizationCode: 60,
    IdToken: HOUR,
    Interaction: 600,
    RefreshToken: 14 * DAY,
    Session: 14 * DAY,
    Grant: 14 * DAY,
  },
};

/** A page that the library answers with; it has set the status. */
function show(ctx: KoaContextWithOIDC, text: string): void {
  ctx.set(PAGE_HEADERS);
  ctx.body = text;
}
