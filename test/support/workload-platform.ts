/**
 * Platforms that vouch for machines: their keys, and tokens with the claims that they publish. It
 * shares no code with the bridge.
 */
import { randomUUID } from 'node:crypto';
import { exportJWK, generateKeyPair, type JWK, SignJWT } from 'jose';

export type PlatformClaims = Readonly<Record<string, unknown>>;

export interface Platform {
  readonly issuer: string;
  /** The key set, as its file contains it. */
  readonly jwks: string;
  /** A token; claims override those of `usual`, and one that is undefined is left out. */
  token(claims?: PlatformClaims): Promise<string>;
}

export interface PlatformOptions {
  readonly issuer: string;
  readonly audience: string;
  readonly usual: PlatformClaims;
  readonly now: () => number;
}

const LIFETIME_SECONDS = 300;

export async function createPlatform(
  options: Omit<PlatformOptions, 'now'>,
): Promise<(now: () => number) => Platform> {
  const { issuer, audience, usual } = options;
  const kid = randomUUID();
  const { privateKey, publicKey } = await generateKeyPair('RS256', { extractable: true });
  const jwk: JWK = { ...(await exportJWK(publicKey)), kid, alg: 'RS256', use: 'sig' };
  return now => ({
    issuer,
    jwks: JSON.stringify({ keys: [jwk] }),
    token: async (claims = {}) => {
      const at = Math.floor(now() / 1000);
      const payload = {
        ...{ iss: issuer, aud: audience, iat: at, nbf: at, exp: at + LIFETIME_SECONDS },
        ...{ jti: randomUUID(), ...usual, ...claims },
      };
      return new SignJWT(payload)
        .setProtectedHeader({ alg: 'RS256', kid, typ: 'JWT' })
        .sign(privateKey);
    },
  });
}

/** As GitHub documents them ("OpenID Connect reference"), in the form of repositories with ids. */
export const GITHUB_CLAIMS: PlatformClaims = {
  sub: 'repo:acme@1234/api@5678:environment:production',
  repository: 'acme/api',
  repository_id: '5678',
  repository_owner: 'acme',
  repository_owner_id: '1234',
  environment: 'production',
  ref: 'refs/heads/main',
  ref_type: 'branch',
  event_name: 'push',
  job_workflow_ref: 'acme/api/.github/workflows/deploy.yml@refs/heads/main',
  run_id: '42',
};

/** A projected token of a service account. */
export const CLUSTER_CLAIMS: PlatformClaims = {
  sub: 'system:serviceaccount:demo:uploader',
  'kubernetes.io': {
    namespace: 'demo',
    pod: { name: 'uploader-1', uid: '1d2b' },
    serviceaccount: { name: 'uploader', uid: '9c3e' },
  },
};
