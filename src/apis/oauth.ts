/**
 * The OAuth 2.0 endpoints that terminals talk to: device authorization (RFC 8628), token (RFC
 * 6749), revocation (RFC 7009), metadata (RFC 8414).
 *
 * Owns: the wire forms of requests and answers. Does not own: what a grant is worth (bridge), the
 * page of `/oauth/authorize` (flows).
 */
import { type Request, type Response, Router } from 'express';
import * as z from 'zod';
import type { Clients } from '../bridge/clients.ts';
import type { DeviceAuthorization } from '../bridge/device-authorization.ts';
import type { Tokens } from '../bridge/tokens.ts';
import { recordable } from '../core/audit-event.ts';
import { MAX_CLIENT_ID } from '../core/client-registration.ts';
import { formatUserCode } from '../core/device-grant.ts';
import { BridgeError } from '../core/errors.ts';
import { DEVICE_CODE_GRANT, isScope, MAX_DEVICE_NAME, SCOPE } from '../core/oauth-client.ts';
import type { Clock } from '../core/ports.ts';
import { anonymousFrom, type Requester } from '../core/requester.ts';
import { limitPerAddress } from '../http/guards.ts';
import { formBody, readForm, SMALL_FORM_BYTES, text } from '../http/read.ts';
import { contextOf } from '../http/request-context.ts';
import type { GrantFields, TerminalDoors } from './terminal-doors.ts';

export interface OAuthParts {
  readonly baseUrl: string;
  /** What AWS tools that log in here name as the region of Identity Center. */
  readonly identityCenterRegion: string;
  readonly clients: Clients;
  readonly deviceAuthorization: DeviceAuthorization;
  readonly tokens: Tokens;
  readonly terminals: TerminalDoors;
  readonly clock: Clock;
}

/** A terminal that polls every second, and a whole office of them behind one address. */
const REQUESTS_PER_MINUTE = 3000;
/** Short, so that a change of the configuration is seen soon. */
const METADATA_CACHE_CONTROL = 'public, max-age=300';

const DeviceRequest = z.object({
  client_id: text(MAX_CLIENT_ID),
  scope: text(256).optional(),
  device_name: text(256).optional(),
  prompt: z.enum(['login', 'consent']).optional(),
});
const AnyTokenRequest = z.object({
  grant_type: text(128),
  client_id: text(MAX_CLIENT_ID),
  scope: text(256).optional(),
});
const DeviceCodeExchange = z.object({ device_code: text(256) });
const CodeExchange = z.object({
  code: text(256),
  redirect_uri: text(512),
  code_verifier: text(256),
});
const Refresh = z.object({ refresh_token: text(256) });
const Revocation = z.object({
  token: text(256),
  client_id: text(MAX_CLIENT_ID),
  token_type_hint: text(64).optional(),
});

const ShownGrant = z
  .object({ device_code: text(256), code: text(256), refresh_token: text(256), token: text(256) })
  .partial();

export function oauth(parts: OAuthParts): Router {
  const { baseUrl, identityCenterRegion, clients, deviceAuthorization, tokens, terminals, clock } =
    parts;
  const body = formBody(SMALL_FORM_BYTES);
  // What a request shows is in its body, which is small.
  const shownLive = (request: Request): Promise<string | undefined> => {
    const { data } = ShownGrant.safeParse(request.body ?? {});
    return terminals.shownLive({
      deviceCode: data?.device_code,
      code: data?.code,
      token: data?.refresh_token ?? data?.token,
    });
  };
  const form = [body, limitPerAddress({ perMinute: REQUESTS_PER_MINUTE, shownLive })];
  const metadata = JSON.stringify(
    metadataOf(baseUrl, deviceAuthorization.enabled, identityCenterRegion),
  );
  const router = Router();

  const requireScope = (scope: string | undefined): void => {
    if (!isScope(scope))
      throw new BridgeError('scope_invalid', 'a scope was asked for that there is not');
  };

  router.get('/.well-known/oauth-authorization-server', (_request, response) => {
    response.setHeader('Cache-Control', METADATA_CACHE_CONTROL);
    response.type('application/json').send(metadata);
  });

  router.post(
    '/oauth/device_authorization',
    terminals.limitDeviceLogins,
    body,
    async (request: Request, response: Response) => {
      const { client_id, scope, device_name, prompt } = readForm(request, DeviceRequest);
      requireScope(scope);
      const { deviceCode, userCode, expiresInSeconds, intervalSeconds } =
        await deviceAuthorization.begin(requesterIn(response), {
          client: await clients.clientOf(client_id),
          deviceName:
            device_name === undefined ? undefined : recordable(device_name, MAX_DEVICE_NAME),
          reauthenticate: prompt === 'login',
        });
      const shown = formatUserCode(userCode);
      response.json({
        device_code: deviceCode,
        user_code: shown,
        verification_uri: `${baseUrl}/device`,
        verification_uri_complete: `${baseUrl}/device?user_code=${shown}`,
        expires_in: expiresInSeconds,
        interval: intervalSeconds,
      });
    },
  );

  router.post('/oauth/token', form, async (request: Request, response: Response) => {
    const { grant_type, client_id, scope } = readForm(request, AnyTokenRequest);
    requireScope(scope);
    const client = await clients.clientOf(client_id);
    const { accessToken, accessExpiresAt, refreshToken, sessionNotAfter } = await terminals.redeem(
      grant_type,
      grantFieldsIn(request),
      client,
      requesterIn(response),
    );
    const secondsTo = (instant: number): number =>
      Math.max(0, Math.floor((instant - clock.now()) / 1000));
    response.json({
      access_token: accessToken,
      token_type: 'Bearer',
      expires_in: secondsTo(accessExpiresAt),
      refresh_token: refreshToken,
      scope: SCOPE,
      session_expires_in: secondsTo(sessionNotAfter),
    });
  });

  router.post('/oauth/revoke', form, async (request: Request, response: Response) => {
    const { token, client_id } = readForm(request, Revocation);
    const client = (await clients.clientOf(client_id)).id;
    await tokens.revoke(requesterIn(response), { token, client });
    response.status(200).end();
  });

  return router;
}

function requesterIn(response: Response): Requester {
  return anonymousFrom(contextOf(response).origin);
}

function grantFieldsIn(request: Request): GrantFields {
  return {
    deviceCode: () => readForm(request, DeviceCodeExchange).device_code,
    codeExchange: () => {
      const {
        code,
        redirect_uri: redirectUri,
        code_verifier: codeVerifier,
      } = readForm(request, CodeExchange);
      return { code, redirectUri, codeVerifier };
    },
    refreshToken: () => readForm(request, Refresh).refresh_token,
  };
}

/** RFC 8414 section 2. */
function metadataOf(
  baseUrl: string,
  hasDeviceGrant: boolean,
  identityCenterRegion: string,
): object {
  const noSecret = ['none'];
  return {
    issuer: baseUrl,
    authorization_endpoint: `${baseUrl}/oauth/authorize`,
    token_endpoint: `${baseUrl}/oauth/token`,
    ...(hasDeviceGrant && {
      device_authorization_endpoint: `${baseUrl}/oauth/device_authorization`,
    }),
    revocation_endpoint: `${baseUrl}/oauth/revoke`,
    scopes_supported: [SCOPE],
    response_types_supported: ['code'],
    response_modes_supported: ['query'],
    grant_types_supported: [
      'authorization_code',
      'refresh_token',
      ...(hasDeviceGrant ? [DEVICE_CODE_GRANT] : []),
    ],
    code_challenge_methods_supported: ['S256'],
    prompt_values_supported: ['login', 'consent'],
    token_endpoint_auth_methods_supported: noSecret,
    revocation_endpoint_auth_methods_supported: noSecret,
    authorization_response_iss_parameter_supported: true,
    // Ours: what AWS tools are told as sso_region.
    identity_center_region: identityCenterRegion,
  };
}
