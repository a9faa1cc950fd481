/**
 * The identity providers that `init` knows: what a connector to each says, and what to enter there.
 *
 * Steps are in the words of the provider; docs/identity-providers.md has their sources, and what is
 * not verified. A test holds both together.
 */

import { JUMPCLOUD, ONELOGIN, PING } from './more-provider-rows.ts';
import type { ProviderRow } from './provider-row.ts';
import { ADFS, ENTRA, GOOGLE, KEYCLOAK, OKTA, OTHER } from './provider-rows.ts';

/** In the order in which they are offered. */
export const PROVIDERS = {
  okta: OKTA,
  entra: ENTRA,
  adfs: ADFS,
  google: GOOGLE,
  keycloak: KEYCLOAK,
  ping: PING,
  onelogin: ONELOGIN,
  jumpcloud: JUMPCLOUD,
  other: OTHER,
} as const satisfies Readonly<Record<string, ProviderRow>>;

export type ProviderId = keyof typeof PROVIDERS;

export const PROVIDER_IDS = Object.keys(PROVIDERS) as ProviderId[];

export type Protocol = 'saml' | 'oidc';

/** The protocols of a provider, the recommended one first. */
export function protocolsOf(id: ProviderId): readonly Protocol[] {
  const { saml, oidc, prefers }: ProviderRow = PROVIDERS[id];
  const offered: Protocol[] = [];
  if (saml !== undefined) offered.push('saml');
  if (oidc !== undefined) offered.push('oidc');
  return offered.toSorted((a, b) => Number(b === prefers) - Number(a === prefers));
}
