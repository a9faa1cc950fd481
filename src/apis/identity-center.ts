/**
 * The wire of IAM Identity Center, so that the unmodified AWS CLI and SDKs log in here: SSO OIDC
 * and the SSO portal. A second face of the same core as `apis/oauth` and the bearer API.
 *
 * Owns: names, shapes and units of that wire (seconds here, milliseconds there). Does not own: what
 * a grant is worth (bridge), who gets what (bridge/access), where the browser is sent: `GET
 * /authorize` (flows/cli-browser-login) and the start URL (flows/aws-config).
 */
import { type Request, type Response, Router } from 'express';
import * as z from 'zod';
import { type Access, attainable } from '../bridge/access.ts';
import type { Clients } from '../bridge/clients.ts';
import type { DeviceAuthorization } from '../bridge/device-authorization.ts';
import type { Caller } from '../bridge/token-callers.ts';
import type { Tokens } from '../bridge/tokens.ts';
import { isStartUrlOf, startUrlOf } from '../core/aws-config.ts';
import { MAX_CLIENT_ID } from '../core/client-registration.ts';
import { formatUserCode } from '../core/device-grant.ts';
import { BridgeError } from '../core/errors.ts';
import { AWS_TOOLS_SCOPE } from '../core/oauth-client.ts';
import type { AuditSink, Clock, Secrets } from '../core/ports.ts';
import { anonymousFrom, type Requester } from '../core/requester.ts';
import { ssoOidcFace, ssoPortalFace } from '../http/error-responses.ts';
import { limitPerAddress } from '../http/guards.ts';
import { jsonBody, readJson, readQuery, text } from '../http/read.ts';
import { contextOf } from '../http/request-context.ts';
import type { HelpModel } from '../http/views.ts';
import type { GrantFields, TerminalDoors } from './terminal-doors.ts';

export interface IdentityCenterParts {
  readonly baseUrl: string;
  /** Of the address of AWS's form to which the start URL leads; nothing is asked there. */
  readonly identityCenterRegion: string;
  readonly access: Access;
  readonly clients: Clients;
  readonly deviceAuthorization: DeviceAuthorization;
  readonly tokens: Tokens;
  readonly terminals: TerminalDoors;
  readonly clock: Clock;
  readonly secrets: Secrets;
  readonly audit: AuditSink;
  readonly help: HelpModel | undefined;
}

const BODY_BYTES = 16 * 1024;
/** From one address: an office whose terminals poll every second. */
const REQUESTS_PER_MINUTE = 6000;
const MOST_LISTED = 100;
const TOKEN_HEADER = 'x-amz-sso_bearer_token';

// ---------------------------------------------------------------- what is read

const Registration = z.object({
  clientName: text(256).min(1),
  clientType: text(32),
  scopes: z.array(text(256)).max(20).optional(),
  redirectUris: z.array(text(512)).max(10).optional(),
  grantTypes: z.array(text(128)).max(10).optional(),
  issuerUrl: text(1024).optional(),
});
const DeviceRequest = z.object({
  clientId: text(MAX_CLIENT_ID),
  clientSecret: text(512).optional(),
  startUrl: text(1024),
});
const AnyTokenRequest = z.object({
  clientId: text(MAX_CLIENT_ID),
  clientSecret: text(512).optional(),
  grantType: text(128),
});
const DeviceExchange = z.object({ deviceCode: text(256) });
const CodeExchange = z.object({ code: text(256), redirectUri: text(512), codeVerifier: text(256) });
const Refresh = z.object({ refreshToken: text(256) });
const ShownGrant = z
  .object({ deviceCode: text(256), code: text(256), refreshToken: text(256) })
  .partial();
const Page = z.object({
  max_result: z.coerce.number().int().min(1).max(MOST_LISTED).optional(),
  // Names an item, and a role name of 512 characters is a third longer in base64url.
  next_token: text(1024).optional(),
});
const RolesQuery = Page.extend({ account_id: text(64).min(1) });
const CredentialsQuery = z.object({ account_id: text(64).min(1), role_name: text(512).min(1) });

// ---------------------------------------------------------------- the doors

export function identityCenter(parts: IdentityCenterParts): Router {
  const router = Router();
  router.use(ssoOidc(parts));
  router.use(ssoPortal(parts));
  return router;
}

function ssoOidc(parts: IdentityCenterParts): Router {
  const { baseUrl, identityCenterRegion, clients, deviceAuthorization, terminals, clock, secrets } =
    parts;
  const router = Router();
  const json = jsonBody(BODY_BYTES);
  // What a request shows is in its body, which is small.
  const limit = limitPerAddress({
    perMinute: REQUESTS_PER_MINUTE,
    shownLive: request => {
      const { data } = ShownGrant.safeParse(request.body ?? {});
      return terminals.shownLive({
        deviceCode: data?.deviceCode,
        code: data?.code,
        token: data?.refreshToken,
      });
    },
  });

  router.post(
    '/client/register',
    terminals.limitRegistrations,
    json,
    async (request: Request, response: Response) => {
      const {
        clientName,
        clientType,
        scopes = [],
        redirectUris = [],
        grantTypes = [],
        issuerUrl,
      } = readJson(request, Registration);
      if (clientType !== 'public')
        throw new BridgeError('client_metadata_invalid', 'a client that is not public');
      if (!grantTypes.every(terminals.hasGrantType))
        throw new BridgeError('grant_type_unsupported', 'a client registered another grant type');
      if (grantTypes.includes('authorization_code') && redirectUris.length === 0)
        throw new BridgeError(
          'client_metadata_invalid',
          'authorization_code without a redirect URI',
          { hint: 'Send redirectUris as well.' },
        );
      if (!scopes.every(scope => scope === AWS_TOOLS_SCOPE))
        throw new BridgeError('scope_invalid', 'a client registered another scope');
      if (issuerUrl !== undefined) requireStartUrl(issuerUrl);
      const { clientId, issuedAt, expiresAt } = await clients.register({
        name: clientName,
        redirectUris,
      });
      response.json({
        clientId,
        // AWS tools want one and send it back. A secret that everybody may have proves nothing (RFC
        // 8252 section 8.5), so nothing rests on it.
        clientSecret: secrets.token(),
        clientIdIssuedAt: issuedAt / 1000,
        clientSecretExpiresAt: expiresAt / 1000,
        authorizationEndpoint: `${baseUrl}/authorize`,
        tokenEndpoint: `${baseUrl}/token`,
      });
    },
  );

  router.post(
    '/device_authorization',
    terminals.limitDeviceLogins,
    json,
    async (request: Request, response: Response) => {
      const { clientId, startUrl: asked } = readJson(request, DeviceRequest);
      requireStartUrl(asked);
      const client = await clients.clientOf(clientId);
      const begun = await deviceAuthorization.begin(requesterIn(response), {
        client,
        reauthenticate: false,
      });
      const shown = formatUserCode(begun.userCode);
      response.json({
        deviceCode: begun.deviceCode,
        userCode: shown,
        verificationUri: `${baseUrl}/device`,
        verificationUriComplete: `${baseUrl}/device?user_code=${shown}`,
        expiresIn: begun.expiresInSeconds,
        interval: begun.intervalSeconds,
      });
    },
  );

  router.post('/token', json, limit, async (request: Request, response: Response) => {
    const { clientId, grantType } = readJson(request, AnyTokenRequest);
    const client = await clients.clientOf(clientId);
    const { accessToken, accessExpiresAt, refreshToken } = await terminals.redeem(
      grantType,
      grantFieldsIn(request),
      client,
      requesterIn(response),
    );
    const expiresIn = Math.max(0, Math.floor((accessExpiresAt - clock.now()) / 1000));
    response.json({ accessToken, tokenType: 'Bearer', expiresIn, refreshToken });
  });

  router.use(ssoOidcFace(parts));
  return router;

  function requireStartUrl(url: string): void {
    const own = { baseUrl, ssoRegion: identityCenterRegion };
    if (isStartUrlOf(own, url)) return;
    throw new BridgeError('bad_request', 'a start URL that is not this bridge’s', {
      hint: `Set sso_start_url to ${startUrlOf(own)}.`,
    });
  }
}

function ssoPortal(parts: IdentityCenterParts): Router {
  const { access, tokens, terminals } = parts;
  const limit = limitPerAddress({
    perMinute: REQUESTS_PER_MINUTE,
    shownLive: request => terminals.shownLive({ token: request.get(TOKEN_HEADER) }),
  });
  const router = Router();

  router.get('/assignment/accounts', limit, async (request, response) => {
    const page = readQuery(request, Page);
    const caller = await callerOf(request, response);
    const accounts = new Map(rolesOf(caller).map(({ account }) => [account.id, account]));
    const { items, nextToken } = pageOf([...accounts.values()], ({ name }) => name, page);
    response.json({
      nextToken,
      // Accounts of AWS have an address of their own; tools print it, and the partition says more
      // here.
      accountList: items.map(({ id, name, partition }) => ({
        accountId: id,
        accountName: name,
        emailAddress: partition,
      })),
    });
  });

  router.get('/assignment/roles', limit, async (request, response) => {
    const { account_id, ...page } = readQuery(request, RolesQuery);
    const caller = await callerOf(request, response);
    const roles = rolesOf(caller).filter(({ account }) => account.id === account_id);
    const { items, nextToken } = pageOf(roles, ({ role }) => role, page);
    response.json({
      nextToken,
      roleList: items.map(({ role, account }) => ({ roleName: role, accountId: account.id })),
    });
  });

  router.get('/federation/credentials', limit, async (request, response) => {
    const { account_id: account, role_name: role } = readQuery(request, CredentialsQuery);
    const caller = await callerOf(request, response);
    const { assumed } = await access.credentialsFor(caller, { account, role, mayShare: true });
    const { credentials } = assumed;
    response.json({
      roleCredentials: {
        accessKeyId: credentials.accessKeyId,
        secretAccessKey: credentials.secretAccessKey,
        sessionToken: credentials.sessionToken,
        expiration: credentials.expiresAt,
      },
    });
  });

  router.post('/logout', limit, async (request, response) => {
    // The CLI sends every token that it has, also those of AWS itself: what is not ours is none of
    // our business.
    const token = requiredTokenIn(request);
    await tokens.revoke(requesterIn(response), { token, client: undefined });
    response.status(200).end();
  });

  router.use(ssoPortalFace(parts));
  return router;

  function callerOf(request: Request, response: Response): Promise<Caller> {
    return tokens.callerOf(requiredTokenIn(request), contextOf(response).origin);
  }

  /** Those that lack a proof, too: whoever asks for one is told which. */
  function rolesOf(caller: Caller) {
    return attainable(access.rolesFor(caller));
  }
}

function requesterIn(response: Response): Requester {
  return anonymousFrom(contextOf(response).origin);
}

function grantFieldsIn(request: Request): GrantFields {
  return {
    deviceCode: () => readJson(request, DeviceExchange).deviceCode,
    codeExchange: () => readJson(request, CodeExchange),
    refreshToken: () => readJson(request, Refresh).refreshToken,
  };
}

/** Throws `token_invalid`. */
function requiredTokenIn(request: Request): string {
  const sent = request.get(TOKEN_HEADER);
  if (sent === undefined)
    throw new BridgeError(
      'token_invalid',
      `no ${TOKEN_HEADER} arrived; nginx drops headers with an underscore unless it is told not to`,
    );
  return sent;
}

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
