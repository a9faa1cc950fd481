/**
 * Signs the provider's tokens with its current key and by its own clock. The library composes them,
 * with the time of the machine and the key that it began with.
 */
import { randomBytes } from 'node:crypto';
import {
  CompactSign,
  createLocalJWKSet,
  decodeJwt,
  decodeProtectedHeader,
  exportJWK,
  generateKeyPair,
  type JWK,
  jwtVerify,
} from 'jose';
import type { Provider } from 'oidc-provider';

export interface SigningKey {
  readonly kid: string;
  readonly privateKey: CryptoKey;
  readonly publicJwk: JWK;
  readonly privateJwk: JWK;
}

type Claims = Readonly<Record<string, unknown>>;

/** A new RS256 key unless one is given, which must be extractable. */
export async function createOidcSigningKey(given?: CryptoKeyPair): Promise<SigningKey> {
  const { privateKey, publicKey } =
    given ?? (await generateKeyPair('RS256', { extractable: true, modulusLength: 2048 }));
  const kid = randomBytes(8).toString('hex');
  const common = { use: 'sig', alg: 'RS256', kid };
  return {
    kid,
    privateKey,
    publicJwk: { ...(await exportJWK(publicKey)), ...common },
    privateJwk: { ...(await exportJWK(privateKey)), ...common },
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
  const keys = [firstKey];
  const { IdToken } = provider;
  const issue = IdToken.prototype.issue;
  IdToken.prototype.issue = async function (options) {
    const token = await issue.call(this, options);
    const { iat = 0, exp = 0, ...claims } = decodeJwt(token);
    const issuedAt = Math.floor(now() / 1000);
    const refreshed = this.ctx?.oidc.params?.grant_type === 'refresh_token';
    const payload = {
      ...(options.use === 'idtoken' ? stated(claims, { refreshed }) : claims),
      iat: issuedAt,
      exp: issuedAt + exp - iat,
    };
    const key = keys[0]!;
    return new CompactSign(Buffer.from(JSON.stringify(payload)))
      .setProtectedHeader({ ...decodeProtectedHeader(token), alg: 'RS256', kid: key.kid })
      .sign(key.privateKey);
  };
  IdToken.validate = async (token, client) => {
    const verified = await jwtVerify(
      token,
      createLocalJWKSet({ keys: keys.map(({ publicJwk }) => publicJwk) }),
      {
        issuer: provider.issuer,
        audience: client.clientId,
        // A hint may have expired (RP-Initiated Logout 1.0, 2).
        currentDate: new Date((decodeJwt(token).iat ?? 0) * 1000),
      },
    );
    return { header: { ...verified.protectedHeader }, payload: verified.payload };
  };
  return {
    jwks: () => ({ keys: [keys[0]!.publicJwk] }),
    rotate: async () => void keys.unshift(await createOidcSigningKey()),
  };
}
