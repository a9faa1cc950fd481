/** JWTs that are signed without any library of JWTs. */
import { type KeyObject, sign } from 'node:crypto';

export function signedJwt(key: KeyObject, header: object, claims: object): string {
  const signed = [{ alg: 'ES256', ...header }, claims]
    .map(part => Buffer.from(JSON.stringify(part)).toString('base64url'))
    .join('.');
  const signature = sign('sha256', Buffer.from(signed), { key, dsaEncoding: 'ieee-p1363' });
  return `${signed}.${signature.toString('base64url')}`;
}
