/**
 * Client registrations without storage: the client id is the registration itself, signed by the
 * bridge.
 *
 * So anonymous registrations fill no disk, and every instance knows every client. HS256 under a key
 * that HKDF derives from the bridge's sealing secret.
 */
import { hkdfSync } from 'node:crypto';
import { jwtVerify, SignJWT } from 'jose';
import type { ClientRegistration } from '../core/client-registration.ts';
import type { ClientRegistrations } from '../core/ports.ts';
import type { Instant } from '../core/time.ts';

const TYPE = 'client-registration+jwt';
/** Verified registrations kept in memory: a polling terminal sends its own with every request. */
const MOST_REMEMBERED = 10_000;

/** `secret`: the sealing secret of the bridge. */
export function createClientRegistrations(secret: Uint8Array): ClientRegistrations {
  const key = new Uint8Array(
    hkdfSync('sha256', secret, '', 'rolebridge client registrations v1', 32),
  );
  const verified = new Map<string, ClientRegistration>();
  return {
    issue: ({ publicId, name, redirectUris, issuedAt, expiresAt }) =>
      new SignJWT({ name, uris: redirectUris })
        .setProtectedHeader({ alg: 'HS256', typ: TYPE })
        .setJti(publicId)
        .setIssuedAt(Math.floor(issuedAt / 1000))
        .setExpirationTime(Math.floor(expiresAt / 1000))
        .sign(key),

    read: async (clientId, now) => {
      const registration = verified.get(clientId) ?? (await verify(clientId, now));
      if (registration === undefined || now >= registration.expiresAt) return undefined;
      verified.set(clientId, registration);
      if (verified.size > MOST_REMEMBERED) verified.delete(verified.keys().next().value!);
      return registration;
    },
  };

  async function verify(clientId: string, now: Instant): Promise<ClientRegistration | undefined> {
    try {
      const { payload } = await jwtVerify<{ name: string; uris: readonly string[] }>(
        clientId,
        key,
        {
          algorithms: ['HS256'],
          typ: TYPE,
          currentDate: new Date(now),
          requiredClaims: ['jti', 'iat', 'exp'],
        },
      );
      const { jti, iat, exp, name, uris } = payload;
      return {
        publicId: jti!,
        name,
        redirectUris: uris,
        issuedAt: iat! * 1000,
        expiresAt: exp! * 1000,
      };
    } catch {
      // Not a registration of this bridge, or an expired one.
      return undefined;
    }
  }
}
