/**
 * The wire of IAM Identity Center, so that the unmodified AWS CLI and SDKs log in here: SSO OIDC
 * and the SSO portal. It speaks to the same core as `apis/oauth` and the bearer API.
 *
 * Owns: names, shapes and units of that wire (seconds here, milliseconds there). Does not own: what
 * a grant is worth (bridge), who gets what (bridge/access), where the browser is sent
 * (flows/cli-browser-login, and flows/aws-config for the start URL).
 */
import * as z from 'zod';
import { type Access, attainable } from '../bridge/access.ts';
import type { Clients } from '../bridge/clients.ts';
import { isStartUrlOf, startUrlOf } from '../core/aws-config.ts';
import { MAX_CLIENT_ID } from '../core/client-registration.ts';
import { formatUserCode } from '../core/device-grant.ts';
import { BridgeError } from '../core/errors.ts';
import { AWS_TOOLS_SCOPE } from '../core/oauth-client.ts';
import type { Clock, Secrets } from '../core/ports.ts';
import { empty, json } from '../http/answer.ts';
import { readFields, text } from '../http/read.ts';
import { api } from '../http/route.ts';
import {
  type GrantFields,
  hasGrantType,
  redeemGrant,
  type TokenGrantParts,
} from './token-grants.ts';

export interface IdentityCenterParts extends TokenGrantParts {
  readonly baseUrl: string;
  /** Of the address of AWS's form to which the start URL leads; nothing is asked there. */
  readonly identityCenterRegion: string;
  readonly access: Access;
  readonly clients: Clients;
  readonly clock: Clock;
  readonly secrets: Secrets;
}

const BODY_BYTES = 16 * 1024;
const MOST_LISTED = 100;

// ---------------------------------------------------------------- what is read

const Registration = z.object({
  clientName: text(256).min(1),
  clientType: text(32),
  scopes: z.array(text(256)).max(20).optional(),
  redirectUris: z.array(text(512)).max(10).optional(),
  grantTypes: z.array(text(128)).max(10).optional(),
  issuerUrl: text(1024).optional(),
});
const DeviceAuthorizationBody = z.object({
  clientId: text(MAX_CLIENT_ID),
  clientSecret: text(512).optional(),
  startUrl: text(1024),
});
/** Loose: the fields of its grant are read later, by the grant. */
const TokenBody = z.looseObject({
  clientId: text(MAX_CLIENT_ID),
  clientSecret: text(512).optional(),
  grantType: text(128),
});
const DeviceCodeBody = z.object({ deviceCode: text(256) });
const AuthorizationCodeBody = z.object({
  code: text(256),
  redirectUri: text(512),
  codeVerifier: text(256),
});
const RefreshTokenBody = z.object({ refreshToken: text(256) });
const Page = z.object({
  max_result: z.coerce.number().int().min(1).max(MOST_LISTED).optional(),
  // Names an item, and a role name of 512 characters is a third longer in base64url.
  next_token: text(1024).optional(),
});
const RolesQuery = Page.extend({ account_id: text(64).min(1) });
const CredentialsQuery = z.object({ account_id: text(64).min(1), role_name: text(512).min(1) });

function grantFieldsIn(body: z.output<typeof TokenBody>): GrantFields {
  return {
    deviceCode: () => readFields(DeviceCodeBody, body).deviceCode,
    presentedCode: () => readFields(AuthorizationCodeBody, body),
    refreshToken: () => readFields(RefreshTokenBody, body).refreshToken,
  };
}

// ---------------------------------------------------------------- SSO OIDC

export const clientRegistration = api({
  method: 'post',
  path: '/client/register',
  who: 'anyone',
  limit: 'registrations',
  face: 'sso-oidc',
  reads: { json: Registration, maxBytes: BODY_BYTES },
  handle: async (registration, _asking, parts: IdentityCenterParts) => {
    requireRegistrable(registration, parts);
    const { clientName: name, redirectUris = [] } = registration;
    const registered = await parts.clients.register({ name, redirectUris });
    return json({
      clientId: registered.clientId,
      // AWS tools want one and send it back. A secret that everybody may have proves nothing (RFC
      // 8252 section 8.5), so nothing rests on it.
      clientSecret: parts.secrets.token(),
      clientIdIssuedAt: registered.issuedAt / 1000,
      clientSecretExpiresAt: registered.expiresAt / 1000,
      authorizationEndpoint: `${parts.baseUrl}/authorize`,
      tokenEndpoint: `${parts.baseUrl}/token`,
    });
  },
});

/** Throws `client_metadata_invalid`, `grant_type_unsupported`, `scope_invalid`, `bad_request`. */
function requireRegistrable(
  {
    clientType,
    scopes = [],
    redirectUris = [],
    grantTypes = [],
    issuerUrl,
  }: z.output<typeof Registration>,
  parts: IdentityCenterParts,
): void {
  if (clientType !== 'public')
    throw new BridgeError('client_metadata_invalid', 'a client that is not public');
  if (!grantTypes.every(hasGrantType))
    throw new BridgeError('grant_type_unsupported', 'a client registered another grant type');
  if (grantTypes.includes('authorization_code') && redirectUris.length === 0)
    throw new BridgeError('client_metadata_invalid', 'authorization_code without a redirect URI', {
      hint: 'Send redirectUris as well.',
    });
  if (!scopes.every(scope => scope === AWS_TOOLS_SCOPE))
    throw new BridgeError('scope_invalid', 'a client registered another scope');
  if (issuerUrl !== undefined) requireStartUrl(issuerUrl, parts);
}

export const awsDeviceAuthorization = api({
  method: 'post',
  path: '/device_authorization',
  who: 'anyone',
  limit: 'device-logins',
  face: 'sso-oidc',
  reads: { json: DeviceAuthorizationBody, maxBytes: BODY_BYTES },
  handle: async ({ clientId, startUrl }, requester, parts: IdentityCenterParts) => {
    requireStartUrl(startUrl, parts);
    const client = await parts.clients.clientOf(clientId);
    const request = { client, reauthenticate: false };
    const begun = await parts.deviceAuthorization.begin(requester, request);
    const shown = formatUserCode(begun.userCode);
    return json({
      deviceCode: begun.deviceCode,
      userCode: shown,
      verificationUri: `${parts.baseUrl}/device`,
      verificationUriComplete: `${parts.baseUrl}/device?user_code=${shown}`,
      expiresIn: begun.expiresInSeconds,
      interval: begun.intervalSeconds,
    });
  },
});

export const awsToken = api({
  method: 'post',
  path: '/token',
  who: 'anyone',
  limit: 'aws-oidc',
  face: 'sso-oidc',
  reads: { json: TokenBody, maxBytes: BODY_BYTES },
  handle: async (body, requester, parts: IdentityCenterParts) => {
    const { clientId, grantType } = body;
    const client = await parts.clients.clientOf(clientId);
    const fields = grantFieldsIn(body);
    const answer = await redeemGrant(requester, { grantType, fields, client }, parts);
    const { accessToken, accessExpiresAt, refreshToken } = answer;
    const expiresIn = Math.max(0, Math.floor((accessExpiresAt - parts.clock.now()) / 1000));
    return json({ accessToken, tokenType: 'Bearer', expiresIn, refreshToken });
  },
});

/** Throws `bad_request`. */
function requireStartUrl(
  url: string,
  { baseUrl, identityCenterRegion: ssoRegion }: IdentityCenterParts,
): void {
  const own = { baseUrl, ssoRegion };
  if (isStartUrlOf(own, url)) return;
  throw new BridgeError('bad_request', 'a start URL that is not this bridge’s', {
    hint: `Set sso_start_url to ${startUrlOf(own)}.`,
  });
}

// ---------------------------------------------------------------- the SSO portal

const PORTAL = {
  who: 'AWS tool token',
  limit: 'aws-portal',
  face: 'sso-portal',
  readsFirst: true,
} as const;

export const awsAccounts = api({
  ...PORTAL,
  method: 'get',
  path: '/assignment/accounts',
  reads: { query: Page },
  handle: async (page, caller, { access }: IdentityCenterParts) => {
    // Including roles with unmet requirements: a request for one names them.
    const roles = attainable(await access.rolesFor(caller));
    const accounts = new Map(roles.map(({ account }) => [account.id, account]));
    const { items, nextToken } = pageOf([...accounts.values()], ({ name }) => name, page);
    return json({
      nextToken,
      // Accounts of AWS have an address of their own; tools print it, and the partition says more
      // here.
      accountList: items.map(({ id, name, partition }) => ({
        accountId: id,
        accountName: name,
        emailAddress: partition,
      })),
    });
  },
});

export const awsRoles = api({
  ...PORTAL,
  method: 'get',
  path: '/assignment/roles',
  reads: { query: RolesQuery },
  handle: async ({ account_id, ...page }, caller, { access }: IdentityCenterParts) => {
    const roles = attainable(await access.rolesFor(caller)).filter(
      ({ account }) => account.id === account_id,
    );
    const { items, nextToken } = pageOf(roles, ({ role }) => role, page);
    return json({
      nextToken,
      roleList: items.map(({ role, account }) => ({ roleName: role, accountId: account.id })),
    });
  },
});

export const awsCredentials = api({
  ...PORTAL,
  method: 'get',
  path: '/federation/credentials',
  reads: { query: CredentialsQuery },
  handle: async (query, caller, { access }: IdentityCenterParts) => {
    const asked = { account: query.account_id, role: query.role_name, mayShare: true };
    const { credentials } = (await access.credentialsFor(caller, asked)).assumed;
    return json({
      roleCredentials: {
        accessKeyId: credentials.accessKeyId,
        secretAccessKey: credentials.secretAccessKey,
        sessionToken: credentials.sessionToken,
        expiration: credentials.expiresAt,
      },
    });
  },
});

export const awsLogout = api({
  ...PORTAL,
  method: 'post',
  path: '/logout',
  who: 'unchecked AWS tool token',
  handle: async (_input, holder, { tokens }: IdentityCenterParts) => {
    // The CLI sends every token that it has, also those of AWS itself: what is not ours is none of
    // our business.
    await tokens.revoke(holder, { token: holder.token, client: undefined });
    return empty(200);
  },
});

// ---------------------------------------------------------------- paging

/**
 * A page of the items in the order of their keys. Its token is the last key, so what comes and goes
 * meanwhile makes no other item appear twice or not at all.
 */
function pageOf<T>(
  items: readonly T[],
  key: (item: T) => string,
  { max_result = MOST_LISTED, next_token }: z.output<typeof Page>,
): { readonly items: readonly T[]; readonly nextToken: string | undefined } {
  const after = next_token === undefined ? undefined : keyIn(next_token);
  const rest = items
    .filter(item => after === undefined || key(item) > after)
    .sort((a, b) => (key(a) < key(b) ? -1 : 1));
  const page = rest.slice(0, max_result);
  return {
    items: page,
    nextToken: page.length < rest.length ? tokenFor(key(page.at(-1)!)) : undefined,
  };
}

const AFTER = 'after ';

function tokenFor(key: string): string {
  return Buffer.from(AFTER + key).toString('base64url');
}

/** Throws `bad_request`. */
function keyIn(token: string): string {
  const said = Buffer.from(token, 'base64url').toString('utf8');
  if (!said.startsWith(AFTER))
    throw new BridgeError('bad_request', 'a next_token that is none', {
      hint: 'Start the list again without next_token.',
    });
  return said.slice(AFTER.length);
}
