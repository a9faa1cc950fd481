/** The application Photos, as a page of another site: its key, its proofs, its login. */
import assert from 'node:assert/strict';
import { createHash, randomBytes, randomUUID } from 'node:crypto';
import { exportJWK, type GenerateKeyPairResult, generateKeyPair, SignJWT } from 'jose';
import type { WorldInput } from '../../src/dev/local-aws/world.ts';
import { type Answer, answerOf } from './cli-login.ts';
import type { Visitor } from './visitor.ts';
import type { World, WorldOptions } from './world.ts';

export const PHOTOS = {
  id: 'photos',
  origin: 'https://photos.example.com',
  redirectUri: 'https://photos.example.com/callback',
  role: { account: 'prod', role: 'PhotoUser' },
} as const;
/** On a phone: no page, and so no origin. */
export const PHOTOS_MOBILE = {
  id: 'photos-mobile',
  redirectUri: 'https://photos.example.com/app',
} as const;
/** Another application, of another origin. */
export const NOTES = { id: 'notes', origin: 'https://notes.example.com' } as const;

const APPLICATIONS = `
applications:
  - { id: ${PHOTOS.id}, name: Photos, kind: spa, redirectUris: ["${PHOTOS.redirectUri}"], origins: ["${PHOTOS.origin}"], roles: [{ account: prod, role: PhotoUser }, { account: prod, role: Operator }], max: 8h }
  - { id: ${PHOTOS_MOBILE.id}, name: Photos for phones, kind: mobile, redirectUris: ["${PHOTOS_MOBILE.redirectUri}"], roles: [{ account: prod, role: PhotoUser }] }
  - { id: ${NOTES.id}, name: Notes, kind: spa, redirectUris: ["${NOTES.origin}/"], origins: ["${NOTES.origin}"], roles: [{ account: prod, role: ReadOnly }] }
`;
const RULE = `
  - name: photos
    groups: [developers, aws-admins]
    connectors: [corp-oidc, corp-saml]
    accounts: [prod]
    roles: [PhotoUser]
    session: { sourceIdentity: "{sessionName}", tags: { User: "{username}" } }
`;

/** A world that has these applications, a role for them, and a rule that gives it. */
export const WITH_APPLICATIONS: WorldOptions = {
  configure: yaml => yaml.replace('\naccess:\n', () => `${APPLICATIONS}\naccess:\n${RULE}`),
  aws: withPhotoUser,
};

function withPhotoUser(world: WorldInput): WorldInput {
  const roles = world.roles ?? [];
  if (roles.some(({ name }) => name === 'PhotoUser')) return world;
  const developer = roles.find(
    ({ name, account }) => name === 'Developer' && account !== undefined,
  )!;
  return { ...world, roles: [...roles, { ...developer, name: 'PhotoUser' }] };
}

export type Key = GenerateKeyPairResult;
export const newKey = (): Promise<Key> => generateKeyPair('ES256', { extractable: true });

/** Changes to a proof that fits; `undefined` leaves a claim or header parameter out. */
export interface ProofChanges {
  readonly claims?: Readonly<Record<string, unknown>>;
  readonly header?: Readonly<Record<string, unknown>>;
}

interface ProofRequest {
  readonly method: string;
  /** Path and query below the address of the bridge. */
  readonly path: string;
  readonly accessToken?: string | undefined;
  readonly nonce?: string | undefined;
}

export async function proofOf(
  world: World,
  key: Key,
  { method, path, accessToken, nonce }: ProofRequest,
  changes: ProofChanges = {},
): Promise<string> {
  const claims = {
    jti: randomUUID(),
    htm: method,
    htu: world.urls.bridge + path.split('?')[0],
    iat: Math.floor(world.clock.now() / 1000),
    ...(nonce !== undefined && { nonce }),
    ...(accessToken !== undefined && { ath: digestOf(accessToken) }),
    ...changes.claims,
  };
  const header = { typ: 'dpop+jwt', alg: 'ES256', jwk: await publicJwk(key), ...changes.header };
  return new SignJWT(claims).setProtectedHeader(header as never).sign(key.privateKey);
}

export async function publicJwk({ publicKey }: Key): Promise<Readonly<Record<string, unknown>>> {
  const { kty, crv, x, y } = await exportJWK(publicKey);
  return { kty, crv, x, y };
}

/** RFC 7638. */
export async function thumbprintOf(key: Key): Promise<string> {
  const { crv, kty, x, y } = await publicJwk(key);
  return digestOf(JSON.stringify({ crv, kty, x, y }));
}

export const digestOf = (text: string): string =>
  createHash('sha256').update(text).digest('base64url');

// ---------------------------------------------------------------- login

export interface Consent {
  readonly client?: string;
  readonly redirectUri?: string;
  readonly query?: Readonly<Record<string, string>>;
  readonly decision?: 'approve' | 'deny';
}

/** Where the browser of a user goes after the consent page, and what redeems the code. */
export async function consented(
  world: World,
  visitor: Visitor,
  { client = PHOTOS.id, redirectUri = PHOTOS.redirectUri, query, decision }: Consent = {},
): Promise<{ readonly answer: URLSearchParams; readonly verifier: string }> {
  const verifier = randomBytes(32).toString('base64url');
  const asked = new URLSearchParams({
    response_type: 'code',
    client_id: client,
    redirect_uri: redirectUri,
    state: 'the-state',
    code_challenge: digestOf(verifier),
    code_challenge_method: 'S256',
    ...query,
  });
  const page = await visitor.get(`${world.urls.bridge}/oauth/authorize?${asked}`);
  const stopAt = (url: string): boolean => url.startsWith(redirectUri);
  const button = `button[value=${decision ?? 'approve'}]`;
  const done = await visitor.submit(page, button, {}, { stopAt });
  return { answer: new URL(done.path.at(-1)!).searchParams, verifier };
}

export interface TokenRequest {
  readonly fields: Readonly<Record<string, string>>;
  /** Undefined: no header DPoP. */
  readonly proof?: string | undefined;
  readonly origin?: string | undefined;
}

export async function postToken(
  world: World,
  { fields, proof, origin }: TokenRequest,
  path = '/oauth/token',
): Promise<Answer> {
  return answerOf(
    await fetch(world.urls.bridge + path, {
      method: 'POST',
      headers: {
        ...(proof !== undefined && { dpop: proof }),
        ...(origin !== undefined && { origin }),
      },
      body: new URLSearchParams(fields),
    }),
  );
}

/** The nonce that the bridge gives now. */
export async function nonceOf(world: World): Promise<string> {
  const { headers } = await postToken(world, { fields: {} });
  return headers.get('dpop-nonce')!;
}

/** A proof for the token endpoint. */
export async function tokenProof(
  world: World,
  key: Key,
  changes: ProofChanges = {},
): Promise<string> {
  const nonce = await nonceOf(world);
  return proofOf(world, key, { method: 'POST', path: '/oauth/token', nonce }, changes);
}

export interface ApplicationLogin {
  readonly key: Key;
  readonly visitor: Visitor;
  readonly accessToken: string;
  readonly refreshToken: string;
}

/** A whole login of Photos, in a browser where the user is signed in. */
export async function applicationLogin(
  world: World,
  visitor: Visitor,
  consent: Consent = {},
): Promise<ApplicationLogin> {
  const key = await newKey();
  const { answer, verifier } = await consented(world, visitor, consent);
  const { status, json } = await postToken(world, {
    fields: codeFields(answer.get('code')!, verifier, consent),
    proof: await tokenProof(world, key),
  });
  assert.equal(status, 200, JSON.stringify(json));
  assert.equal(json.token_type, 'DPoP');
  return { key, visitor, accessToken: json.access_token, refreshToken: json.refresh_token };
}

export function codeFields(
  code: string,
  verifier: string,
  { client = PHOTOS.id, redirectUri = PHOTOS.redirectUri }: Consent = {},
): Readonly<Record<string, string>> {
  return {
    grant_type: 'authorization_code',
    client_id: client,
    redirect_uri: redirectUri,
    code,
    code_verifier: verifier,
  };
}

export const refreshFields = (
  refreshToken: string,
  client: string = PHOTOS.id,
): Readonly<Record<string, string>> => ({
  grant_type: 'refresh_token',
  client_id: client,
  refresh_token: refreshToken,
});

// ---------------------------------------------------------------- calls

export interface Call {
  readonly method?: string;
  /** Below the root of the API. */
  readonly path: string;
  readonly body?: unknown;
  readonly origin?: string | undefined;
}

/** An operation of the bearer API, as the application calls it. */
export async function callAs(
  world: World,
  { key, accessToken }: Pick<ApplicationLogin, 'key' | 'accessToken'>,
  { method = 'GET', path, body, origin }: Call,
): Promise<Answer> {
  const proof = await proofOf(world, key, { method, path: `/api/v1${path}`, accessToken });
  return callWith(world, {
    ...{ method, path, body },
    headers: {
      authorization: `DPoP ${accessToken}`,
      dpop: proof,
      ...(origin !== undefined && { origin }),
    },
  });
}

/** An operation with headers of the test. */
export async function callWith(
  world: World,
  {
    method = 'GET',
    path,
    body,
    headers,
  }: Omit<Call, 'origin'> & { readonly headers: Readonly<Record<string, string>> },
): Promise<Answer> {
  return answerOf(
    await fetch(`${world.urls.bridge}/api/v1${path}`, {
      method,
      headers: {
        ...headers,
        ...(body !== undefined && { 'content-type': 'application/json' }),
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    }),
  );
}
