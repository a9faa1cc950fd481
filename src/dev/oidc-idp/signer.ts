/**
 * Signs the provider's tokens with its current key and by its own clock. The library composes them,
 * with the time of the machine and the key that it began with. Signatures are those of node:crypto,
 * because relying parties verify with jose.
 */
import { KeyObject, randomBytes, sign, verify } from 'node:crypto';
import { exportJWK, generateKeyPair, type JWK } from 'jose';
import { errors, type Provider } from 'oidc-provider';

export interface SigningKey {
  readonly kid: string;
  readonly privateKey: KeyObject;
  readonly publicKey: KeyObject;
  readonly publicJwk: JWK;
  readonly privateJwk: JWK;
}

type Claims = Readonly<Record<string, unknown>>;

/** A new RS256 key unless one is given, which must be extractable. */
export async function createOidcSigningKey(given?: CryptoKeyPair): Promise<SigningKey> {
  const pair = given ?? (await generateKeyPair('RS256', { extractable: true }));
  const kid = randomBytes(8).toString('hex');
  const common = { use: 'sig', alg: 'RS256', kid };
  return {
    kid,
    privateKey: KeyObject.from(pair.privateKey),
    publicKey: KeyObject.from(pair.publicKey),
    publicJwk: { ...(await exportJWK(pair.publicKey)), ...common },
    privateJwk: { ...(await exportJWK(pair.privateKey)), ...common },
  };
}

export interface Signer {
  /** The published key set: the current key alone. */
  jwks(): { readonly keys: readonly JWK[] };
  /** Signs with a new key from now on. Old tokens stay good as `id_token_hint`. */
  rotate(): Promise<void>;
}

export interface SignerOptions {
  readonly firstKey: SigningKey;
  /** Epoch milliseconds. */
  readonly now: () => number;
  /** Changes the claims of an id_token before it is signed. */
  readonly stated: (claims: Claims, options: { readonly refreshed: boolean }) => Claims;
}

/** Takes over the signatures of this provider. */
export function signFor(provider: Provider, { firstKey, now, stated }: SignerOptions): Signer {
  /** The newest first. */
  const keys = [firstKey];
  const { IdToken } = provider;
  const compose = IdToken.prototype.issue;
  IdToken.prototype.issue = async function (options) {
    const { header, payload } = partsOf(await compose.call(this, options));
    const { iat, exp, ...claims } = payload;
    const issuedAt = Math.floor(now() / 1000);
    const refreshed = this.ctx?.oidc.params?.grant_type === 'refresh_token';
    return signedBy(keys[0]!, header, {
      ...(options.use === 'idtoken' ? stated(claims, { refreshed }) : claims),
      iat: issuedAt,
      exp: issuedAt + Number(exp) - Number(iat),
    });
  };
  IdToken.validate = async (token, client) => {
    const { header, payload, signed, signature } = partsOf(token);
    const key = keys.find(({ kid }) => kid === header.kid);
    // A hint may have expired (RP-Initiated Logout 1.0, 2).
    const holds =
      key !== undefined &&
      header.alg === 'RS256' &&
      verify('sha256', signed, key.publicKey, signature) &&
      payload.iss === provider.issuer &&
      payload.aud === client.clientId;
    if (!holds) throw new errors.InvalidRequest('The id_token_hint is invalid.');
    return { header, payload };
  };
  return {
    jwks: () => ({ keys: [keys[0]!.publicJwk] }),
    rotate: async () => void keys.unshift(await createOidcSigningKey()),
  };
}

function signedBy({ kid, privateKey }: SigningKey, header: Claims, payload: Claims): string {
  const text = [{ ...header, alg: 'RS256', kid }, payload]
    .map(part => Buffer.from(JSON.stringify(part)).toString('base64url'))
    .join('.');
  return `${text}.${sign('sha256', Buffer.from(text), privateKey).toString('base64url')}`;
}

/** Of a compact JWS. */
function partsOf(token: string) {
  const [header = '', payload = '', signature = ''] = token.split('.');
  const read = (part: string): Record<string, unknown> =>
    JSON.parse(Buffer.from(part, 'base64url').toString());
  return {
    header: read(header),
    payload: read(payload),
    signed: Buffer.from(`${header}.${payload}`),
    signature: Buffer.from(signature, 'base64url'),
  };
}
