/**
 * The OAuth 2.0 endpoints that terminals talk to: device authorization (RFC 8628), token (RFC
 * 6749), revocation (RFC 7009), metadata (RFC 8414).
 *
 * Owns: the wire forms of requests and answers. Does not own: what a grant is worth (bridge), the
 * authorization endpoint, which is a page (flows/cli-browser-login).
 */
import * as z from 'zod';
import type { Clients } from '../bridge/clients.ts';
import type { DeviceAuthorization } from '../bridge/device-authorization.ts';
import type { Tokens } from '../bridge/tokens.ts';
import { isWorkloadToken } from '../bridge/workload-callers.ts';
import { recordable } from '../core/audit-event.ts';
import { MAX_CLIENT_ID } from '../core/client-registration.ts';
import { formatUserCode } from '../core/device-grant.ts';
import { PROOF_ALGORITHM } from '../core/dpop.ts';
import { BridgeError } from '../core/errors.ts';
import {
  DEVICE_CODE_GRANT,
  isOwnOrigin,
  isScope,
  MAX_DEVICE_NAME,
  type OAuthClient,
  SCOPE,
  TOKEN_EXCHANGE_GRANT,
} from '../core/oauth-client.ts';
import type { Instant, Seconds } from '../core/time.ts';
import { content, empty, json } from '../http/answer.ts';
import { readFields, text } from '../http/read.ts';
import { type Anyone, api, document } from '../http/route.ts';
import { exchangeToken, TOKEN_FORM_BYTES, type TokenExchangeParts } from './token-exchange.ts';
import { type GrantFields, redeemGrant, type TokenGrantParts } from './token-grants.ts';

export interface OAuthParts extends TokenGrantParts, TokenExchangeParts {
  readonly clients: Clients;
  readonly deviceAuthorization: DeviceAuthorization;
  readonly tokens: Tokens;
  /** The answer of the metadata endpoint, as JSON. */
  readonly oauthMetadata: string;
}

// ---------------------------------------------------------------- what is read

const DeviceAuthorizationForm = z.object({
  client_id: text(MAX_CLIENT_ID),
  scope: text(256).optional(),
  device_name: text(256).optional(),
  prompt: z.enum(['login', 'consent']).optional(),
});
/** Loose: the fields of its grant are read later, by the grant. */
const TokenForm = z.looseObject({
  grant_type: text(128),
  scope: text(256).optional(),
});
const ClientField = z.object({ client_id: text(MAX_CLIENT_ID) });
const DeviceCodeFields = z.object({ device_code: text(256) });
const AuthorizationCodeFields = z.object({
  code: text(256),
  redirect_uri: text(512),
  code_verifier: text(256),
});
const RefreshTokenFields = z.object({ refresh_token: text(256) });
const RevocationForm = z.object({
  token: text(256),
  /** A workload is not a client. */
  client_id: text(MAX_CLIENT_ID).optional(),
  token_type_hint: text(64).optional(),
});

function grantFieldsIn(form: z.output<typeof TokenForm>): GrantFields {
  return {
    deviceCode: () => readFields(DeviceCodeFields, form).device_code,
    presentedCode: () => {
      const exchange = readFields(AuthorizationCodeFields, form);
      const { code, redirect_uri: redirectUri, code_verifier: codeVerifier } = exchange;
      return { code, redirectUri, codeVerifier };
    },
    refreshToken: () => readFields(RefreshTokenFields, form).refresh_token,
  };
}

/** Throws `scope_invalid`. */
function requireScope(scope: string | undefined): void {
  if (!isScope(scope)) throw new BridgeError('scope_invalid', 'unknown scope');
}

// ---------------------------------------------------------------- routes

/** Throws `origin_refused`. */
function requireOwnPage({ pageOrigin }: Anyone, client: OAuthClient): void {
  if (pageOrigin === undefined || isOwnOrigin(client, pageOrigin)) return;
  throw new BridgeError('origin_refused', `a page of another origin named the client ${client.id}`);
}

export const oauthMetadata = document({
  path: '/.well-known/oauth-authorization-server',
  face: 'oauth',
  forPages: true,
  // The first proof of a client can fit then.
  offersNonce: true,
  handle: (_input, _asking, parts: OAuthParts) => ({
    ...content('application/json', parts.oauthMetadata),
    // Short, so that a change of the configuration is seen soon.
    headers: { 'Cache-Control': 'public, max-age=300' },
  }),
});

export const deviceAuthorization = api({
  method: 'post',
  path: '/oauth/device_authorization',
  who: 'anyone',
  limit: 'device-logins',
  face: 'oauth',
  reads: { form: DeviceAuthorizationForm },
  handle: async (form, requester, { baseUrl, clients, ...parts }: OAuthParts) => {
    const { client_id, scope, device_name, prompt } = form;
    requireScope(scope);
    const begun = await parts.deviceAuthorization.begin(requester, {
      client: await clients.clientOf(client_id),
      deviceName: device_name === undefined ? undefined : recordable(device_name, MAX_DEVICE_NAME),
      reauthenticate: prompt === 'login',
    });
    const shown = formatUserCode(begun.userCode);
    return json({
      device_code: begun.deviceCode,
      user_code: shown,
      verification_uri: `${baseUrl}/device`,
      verification_uri_complete: `${baseUrl}/device?user_code=${shown}`,
      expires_in: begun.expiresInSeconds,
      interval: begun.intervalSeconds,
    });
  },
});

export const token = api({
  method: 'post',
  path: '/oauth/token',
  who: 'anyone',
  limit: 'oauth',
  face: 'oauth',
  forPages: true,
  offersNonce: true,
  reads: { form: TokenForm, maxBytes: TOKEN_FORM_BYTES },
  handle: async (form, requester, parts: OAuthParts) => {
    const { grant_type: grantType, scope } = form;
    requireScope(scope);
    if (grantType === TOKEN_EXCHANGE_GRANT)
      return json(await exchangeToken(form, requester, parts));
    const { client_id } = readFields(ClientField, form);
    const client = await parts.clients.clientOf(client_id);
    requireOwnPage(requester, client);
    const fields = grantFieldsIn(form);
    const { proof } = requester;
    const answer = await redeemGrant(requester, { grantType, fields, client, proof }, parts);
    const secondsTo = (instant: Instant): Seconds =>
      Math.max(0, Math.floor((instant - parts.clock.now()) / 1000));
    return json({
      access_token: answer.accessToken,
      token_type: answer.jkt === undefined ? 'Bearer' : 'DPoP',
      expires_in: secondsTo(answer.accessExpiresAt),
      refresh_token: answer.refreshToken,
      scope: SCOPE,
      session_expires_in: secondsTo(answer.sessionNotAfter),
    });
  },
});

export const revocation = api({
  method: 'post',
  path: '/oauth/revoke',
  who: 'anyone',
  limit: 'oauth',
  face: 'oauth',
  forPages: true,
  reads: { form: RevocationForm },
  handle: async (form, requester, { clients, tokens, workloads }: OAuthParts) => {
    const { token } = form;
    if (isWorkloadToken(token)) {
      await workloads.revoke(requester, token);
      return empty(200);
    }
    const { client_id } = readFields(ClientField, form);
    const client = await clients.clientOf(client_id);
    requireOwnPage(requester, client);
    await tokens.revoke(requester, { token, client: client.id });
    return empty(200);
  },
});

// ---------------------------------------------------------------- metadata

export interface OAuthMetadataParts {
  readonly baseUrl: string;
  readonly deviceAuthorization: Pick<DeviceAuthorization, 'enabled'>;
  /** Whether the configuration knows workloads. */
  readonly hasWorkloads: boolean;
  /** What AWS tools that log in here name as the region of Identity Center. */
  readonly identityCenterRegion: string;
}

/** RFC 8414 section 2. */
export function oauthMetadataOf({
  baseUrl,
  deviceAuthorization: { enabled: hasDeviceGrant },
  hasWorkloads,
  identityCenterRegion,
}: OAuthMetadataParts): object {
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
      ...(hasWorkloads ? [TOKEN_EXCHANGE_GRANT] : []),
    ],
    code_challenge_methods_supported: ['S256'],
    dpop_signing_alg_values_supported: [PROOF_ALGORITHM],
    prompt_values_supported: ['login', 'consent'],
    token_endpoint_auth_methods_supported: noSecret,
    revocation_endpoint_auth_methods_supported: noSecret,
    authorization_response_iss_parameter_supported: true,
    // Ours: what AWS tools are told as sso_region.
    identity_center_region: identityCenterRegion,
  };
}
