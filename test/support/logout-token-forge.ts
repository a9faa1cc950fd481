/**
 * Logout tokens (OpenID Connect Back-Channel Logout 1.0, 2.4), right by default and wrong in every
 * way.
 */
import { randomUUID } from 'node:crypto';
import type { Claims, Forged, Signature, TokenForge } from './token-forge.ts';

export const LOGOUT_EVENT = 'http://schemas.openid.net/event/backchannel-logout';

/** What is wrong with a logout token; nothing by default. */
export interface LogoutTokenFault {
  /** Changes the claims; an undefined claim is left out. */
  readonly claims?: (claims: Claims) => Claims;
  readonly header?: Forged['header'];
  readonly signature?: Signature;
}

export interface LogoutTokenOptions {
  readonly forge: TokenForge;
  readonly issuer: string;
  readonly clientId: string;
  readonly sub: string;
  readonly sid: string;
  /** Epoch seconds. */
  readonly issuedAt: number;
}

export function forgeLogoutToken(
  { forge, issuer, clientId, sub, sid, issuedAt }: LogoutTokenOptions,
  { claims = same => same, header = same => same, signature = 'good' }: LogoutTokenFault = {},
): Promise<string> {
  return forge.sign({
    claims: claims({
      iss: issuer,
      aud: clientId,
      iat: issuedAt,
      exp: issuedAt + 120,
      jti: randomUUID(),
      events: { [LOGOUT_EVENT]: {} },
      sub,
      sid,
    }),
    header: ({ alg, ...rest }) => header({ alg, typ: 'logout+jwt', ...rest }),
    signature,
  });
}

const stating =
  (changed: Claims): LogoutTokenFault['claims'] =>
  claims => ({ ...claims, ...changed });
const later =
  (seconds: number): LogoutTokenFault['claims'] =>
  claims => ({
    ...claims,
    iat: Number(claims.iat) + seconds,
    exp: Number(claims.exp) + seconds,
  });

/** Logout tokens that must end nothing: the title of a test, and what is wrong. */
export const WRONG_LOGOUT_TOKENS: Readonly<Record<string, LogoutTokenFault>> = {
  'for another client': { claims: stating({ aud: 'another-client' }) },
  'for this and another client, authorized for the other': {
    claims: claims => ({ ...claims, aud: [claims.aud, 'another-client'], azp: 'another-client' }),
  },
  'without an audience': { claims: stating({ aud: undefined }) },
  'of another issuer': { claims: stating({ iss: 'https://login.evil.example' }) },
  'of an issuer that differs by a slash': {
    claims: claims => ({ ...claims, iss: `${claims.iss}/` }),
  },
  'without an issuer': { claims: stating({ iss: undefined }) },
  'without a signature (alg none)': { signature: 'none' },
  'signed with the client secret (HS256)': { signature: 'hs256' },
  'signed with another key under the same key id': { signature: 'other-key' },
  'whose signature is cut': { signature: 'cut' },
  'with an unknown key id': { header: header => ({ ...header, kid: 'x' }) },
  'with an unknown critical extension': {
    header: header => ({ ...header, crit: ['urn:acme:extension'], 'urn:acme:extension': true }),
  },
  'that is an access token (typ at+jwt)': { header: header => ({ ...header, typ: 'at+jwt' }) },
  'with an unknown type': { header: header => ({ ...header, typ: 'token-introspection+jwt' }) },
  'with a nonce': { claims: stating({ nonce: 'n-0S6_WzA2Mj' }) },
  'with an empty nonce': { claims: stating({ nonce: '' }) },
  'without events': { claims: stating({ events: undefined }) },
  'whose events are a list': { claims: stating({ events: [LOGOUT_EVENT] }) },
  'whose events are text': { claims: stating({ events: LOGOUT_EVENT }) },
  'whose events contain another event alone': {
    claims: stating({ events: { 'urn:example:another-event': {} } }),
  },
  'whose logout event is no object': { claims: stating({ events: { [LOGOUT_EVENT]: true } }) },
  'whose logout event is null': { claims: stating({ events: { [LOGOUT_EVENT]: null } }) },
  'whose logout event is a list': { claims: stating({ events: { [LOGOUT_EVENT]: [] } }) },
  'with neither sub nor sid': { claims: stating({ sub: undefined, sid: undefined }) },
  'whose sid is a number and sub is missing': { claims: stating({ sub: undefined, sid: 7 }) },
  'whose sub is empty and sid is missing': { claims: stating({ sub: '', sid: undefined }) },
  'whose sub is an object': { claims: stating({ sub: { $ne: null } }) },
  'that was issued an hour ago': { claims: later(-3600) },
  'that was issued an hour ago and has no exp': {
    claims: claims => ({ ...claims, iat: Number(claims.iat) - 3600, exp: undefined }),
  },
  'that was issued an hour from now': { claims: later(3600) },
  'without iat': { claims: stating({ iat: undefined }) },
  'whose iat is text': { claims: claims => ({ ...claims, iat: String(claims.iat) }) },
  'that has expired': {
    claims: claims => ({ ...claims, exp: Number(claims.iat) - 600, iat: Number(claims.iat) - 600 }),
  },
  'without jti': { claims: stating({ jti: undefined }) },
  'whose jti is empty': { claims: stating({ jti: '' }) },
  'whose jti is a number': { claims: stating({ jti: 7 }) },
};

/** Logout tokens that providers send and that end sessions. */
export const RIGHT_LOGOUT_TOKENS: Readonly<Record<string, LogoutTokenFault>> = {
  'with sub and sid': {},
  'with sid alone': { claims: stating({ sub: undefined }) },
  'with sub alone': { claims: stating({ sid: undefined }) },
  'with the type JWT': { header: header => ({ ...header, typ: 'JWT' }) },
  'without a type': { header: ({ typ: _, ...header }) => header },
  'with a list of one audience': { claims: claims => ({ ...claims, aud: [claims.aud] }) },
  'with another event besides (Keycloak)': {
    claims: stating({ events: { [LOGOUT_EVENT]: {}, revoke_offline_access: true } }),
  },
  'without exp, as early drafts had it': { claims: stating({ exp: undefined }) },
};
