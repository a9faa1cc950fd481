/**
 * A Kubernetes cluster of the demo, as far as others see it: the public keys of its service
 * accounts, and the token that one of its pods has (Kubernetes: service account token volumes).
 */
import { generateKeyPairSync, randomUUID, sign } from 'node:crypto';

/** As many clusters call themselves. */
export const DEMO_CLUSTER_ISSUER = 'https://kubernetes.default.svc.cluster.local';
export const DEMO_SERVICE_ACCOUNT = { namespace: 'demo', name: 'uploader' } as const;

const HOURS = 12;

export interface DemoCluster {
  /** JSON Web Key Set. */
  readonly keySet: string;
  /** Of `DEMO_SERVICE_ACCOUNT`; valid for 12 hours. */
  readonly token: string;
}

/** A new cluster: keys are made at every call. */
export function createDemoCluster(audience: string): DemoCluster {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const kid = randomUUID();
  const key = { ...publicKey.export({ format: 'jwk' }), kid, alg: 'ES256', use: 'sig' };
  const { namespace, name } = DEMO_SERVICE_ACCOUNT;
  const now = Math.floor(Date.now() / 1000);
  const claims = {
    iss: DEMO_CLUSTER_ISSUER,
    sub: `system:serviceaccount:${namespace}:${name}`,
    aud: [audience],
    iat: now,
    nbf: now,
    exp: now + HOURS * 3600,
    jti: randomUUID(),
    'kubernetes.io': {
      namespace,
      pod: { name: 'uploader-7d9f', uid: randomUUID() },
      serviceaccount: { name, uid: randomUUID() },
    },
  };
  const signed = [{ alg: 'ES256', kid }, claims].map(encoded).join('.');
  const signature = sign('sha256', Buffer.from(signed), {
    key: privateKey,
    dsaEncoding: 'ieee-p1363',
  });
  return {
    keySet: JSON.stringify({ keys: [key] }),
    token: `${signed}.${signature.toString('base64url')}`,
  };
}

function encoded(part: object): string {
  return Buffer.from(JSON.stringify(part)).toString('base64url');
}
