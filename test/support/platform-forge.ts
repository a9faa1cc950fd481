/**
 * A platform that vouches for machines: signs tokens rightly and wrongly, and publishes its keys by
 * discovery. It shares no code with the bridge.
 */
import { createHmac, createPublicKey, type JsonWebKey } from 'node:crypto';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { TestContext } from 'node:test';
import { type CryptoKey, exportJWK, generateKeyPair, type JWK } from 'jose';
import { type Mischief, misbehave } from './mischief.ts';
import type { Claims } from './token-forge.ts';

export interface ForgedToken {
  /** Default: ES256. */
  readonly alg?: string;
  /** Changes the protected header. */
  readonly header?: (header: Claims) => Claims;
  /**
   * `hmac` signs with the public key as the secret (HS256); `other-key` names the right key id.
   * Default: `good`.
   */
  readonly signature?: 'good' | 'none' | 'hmac' | 'other-key' | 'cut' | 'changed';
}

export interface PlatformForge {
  /** `http://127.0.0.1:PORT`; tokens have the `iss` that a test gives. */
  readonly issuer: string;
  readonly keySetUrl: string;
  /** Requests for each document. */
  readonly asked: { discovery: number; jwks: number };
  readonly faults: {
    discovery: Mischief | undefined;
    jwks: Mischief | undefined;
    document: (document: Claims) => Claims;
    published: (keys: JWK[]) => JWK[];
  };
  /** As it is published. */
  keySet(): { readonly keys: readonly JWK[] };
  sign(claims: Claims, forged?: ForgedToken): Promise<string>;
  /** New keys with new ids; tokens are signed with them, and the old ones are withdrawn. */
  rotate(): Promise<void>;
  /** No answers until `start`. */
  stop(): Promise<void>;
  start(): Promise<void>;
}

interface Key {
  readonly kid: string;
  readonly privateKey: CryptoKey;
  readonly jwk: JWK;
}

/** Keys of each algorithm, generated once for a test file. */
const generated = new Map<string, Promise<Key>>();

/** `name` tells platforms, and the keys before and after a rotation, apart. */
function keyNamed(name: string, alg: string): Promise<Key> {
  const kid = `${name}-${alg}`;
  const known = generated.get(kid) ?? newKey(kid, alg);
  generated.set(kid, known);
  return known;
}

async function newKey(kid: string, alg: string): Promise<Key> {
  const { privateKey, publicKey } = await generateKeyPair(alg, { extractable: true });
  return { kid, privateKey, jwk: { ...(await exportJWK(publicKey)), kid, use: 'sig', alg } };
}

let platforms = 0;

export async function startPlatform(
  t: TestContext,
  algorithms: readonly string[] = ['ES256'],
): Promise<PlatformForge> {
  platforms += 1;
  const name = `platform-${platforms}`;
  let generation = 0;
  const keyOf = (alg: string): Promise<Key> => keyNamed(`${name}-${generation}`, alg);
  const keys = async (): Promise<JWK[]> =>
    (await Promise.all(algorithms.map(keyOf))).map(({ jwk }) => jwk);
  let published = await keys();

  const server = createServer((request, response) => {
    const document = { '/.well-known/openid-configuration': 'discovery', '/jwks': 'jwks' } as const;
    const asked = document[request.url as keyof typeof document];
    if (asked === undefined) return void response.writeHead(404).end();
    forge.asked[asked] += 1;
    const mischief = forge.faults[asked];
    if (mischief !== undefined) return misbehave(mischief, response);
    json(response, asked === 'jwks' ? forge.keySet() : forge.faults.document(discovery()));
  });
  const listen = (port: number): Promise<void> =>
    new Promise(resolve => server.listen(port, '127.0.0.1', resolve));
  await listen(0);
  const { port } = server.address() as AddressInfo;
  const issuer = `http://127.0.0.1:${port}`;
  const discovery = (): Claims => ({
    issuer,
    jwks_uri: `${issuer}/jwks`,
    response_types_supported: ['id_token'],
    subject_types_supported: ['public'],
    id_token_signing_alg_values_supported: algorithms,
  });

  const forge: PlatformForge = {
    issuer,
    keySetUrl: `${issuer}/jwks`,
    asked: { discovery: 0, jwks: 0 },
    faults: {
      ...{ discovery: undefined, jwks: undefined },
      ...{ document: same => same, published: same => same },
    },
    keySet: () => ({ keys: forge.faults.published([...published]) }),
    sign: async (claims, forged = {}) => signed(claims, forged, keyOf),
    rotate: async () => {
      generation += 1;
      published = await keys();
    },
    stop: () =>
      new Promise(resolve => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
    start: () => listen(port),
  };
  t.after(() => (server.listening ? forge.stop() : undefined));
  return forge;
}

async function signed(
  claims: Claims,
  { alg = 'ES256', header = same => same, signature = 'good' }: ForgedToken,
  keyOf: (alg: string) => Promise<Key>,
): Promise<string> {
  const key = await keyOf(alg);
  const signer = signature === 'other-key' ? await keyNamed('stranger', alg) : key;
  const protectedHeader = header({ alg, typ: 'JWT', kid: key.kid });
  if (signature === 'none') return `${part({ ...protectedHeader, alg: 'none' })}.${part(claims)}.`;
  if (signature === 'hmac') return signedWithPublicKey(claims, protectedHeader, key);
  const text = `${part(protectedHeader)}.${part(claims)}`;
  const made = await crypto.subtle.sign(parametersOf(alg), signer.privateKey, Buffer.from(text));
  const token = `${text}.${Buffer.from(made).toString('base64url')}`;
  if (signature === 'cut') return token.slice(0, -8);
  if (signature === 'changed') {
    const [head, , end] = token.split('.');
    return `${head}.${part({ ...claims, sub: `${claims.sub}-2` })}.${end}`;
  }
  return token;
}

/** Parameters of WebCrypto for a signature (RFC 7518 section 3.1). */
function parametersOf(alg: string): AlgorithmIdentifier | RsaPssParams | EcdsaParams {
  const bits = Number(alg.slice(2));
  if (alg.startsWith('RS')) return { name: 'RSASSA-PKCS1-v1_5' };
  if (alg.startsWith('PS')) return { name: 'RSA-PSS', saltLength: bits / 8 };
  if (alg.startsWith('ES')) return { name: 'ECDSA', hash: `SHA-${bits}` };
  return { name: 'Ed25519' };
}

/** The key confusion of RFC 8725 section 2.1. */
function signedWithPublicKey(claims: Claims, header: Claims, { jwk }: Key): string {
  const pem = createPublicKey({ key: jwk as JsonWebKey, format: 'jwk' }).export({
    ...{ type: 'spki', format: 'pem' },
  });
  const text = `${part({ ...header, alg: 'HS256' })}.${part(claims)}`;
  return `${text}.${createHmac('sha256', pem).update(text).digest('base64url')}`;
}

function part(value: Claims): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}

function json(response: ServerResponse, body: unknown): void {
  response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}
