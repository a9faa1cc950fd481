/** The ids of the keys in a directory, by use: what tells them from others (core/known-keys). */
import { createHmac } from 'node:crypto';
import type { PresentKeys } from '../core/known-keys.ts';
import type { SigningKeys } from './signing-keys.ts';

export function presentSigningKeys(keys: SigningKeys): readonly PresentKeys[] {
  const { serviceProviderEncryption: encryption } = keys;
  const rings = [
    ['saml', keys.saml] as const,
    ['web-identity', keys.webIdentity] as const,
    ['service-provider', keys.serviceProvider] as const,
    ...(encryption === undefined
      ? []
      : [
          [
            'service-provider-encryption',
            { active: encryption.active, published: encryption.decrypting },
          ] as const,
        ]),
  ];
  return rings.map(([use, { active, published }]) => ({
    use,
    active: active.kid,
    published: published.map(({ kid }) => kid),
    createdAt: active.certificateBeginsAt,
  }));
}

/** Its id says nothing about its 256 random bits. */
export function presentSealingKey(secret: Uint8Array): PresentKeys {
  const id = createHmac('sha256', secret).update('rolebridge sealing key id').digest('base64url');
  return { use: 'sealing', active: id, published: [id] };
}
