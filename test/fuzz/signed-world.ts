/**
 * The bridge and the providers that the signed inputs of the corpus were made for. Their time never
 * passes, so a signature of the corpus is good forever.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { JWK } from 'jose';
import type { Clock } from '../../src/core/ports.ts';
import type { Outbound } from '../../src/outbound.ts';

export const NOW = Date.parse('2026-01-15T12:00:00Z');
export const clock: Clock = { now: () => NOW };

export const SAML = {
  idpEntityId: 'https://idp.example.test/metadata',
  entityId: 'https://bridge.example.test/saml/acme/metadata',
  acsUrl: 'https://bridge.example.test/saml/acme/acs',
  requestId: '_request',
} as const;

export const OIDC = {
  issuer: 'https://idp.example.test',
  clientId: 'bridge',
  nonce: 'a-nonce',
  accessToken: 'an-access-token',
} as const;

/** The public halves of the keys that signed the corpus; the others were thrown away. */
export interface CorpusKeys {
  /** PEM. */
  readonly samlCertificate: string;
  readonly jwks: { readonly keys: readonly JWK[] };
}

export const KEYS_FILE = join(import.meta.dirname, 'corpus/keys.json');

export function corpusKeys(): CorpusKeys {
  return JSON.parse(readFileSync(KEYS_FILE, 'utf8'));
}

/** The discovery document of the provider. */
export const PROVIDER = {
  issuer: OIDC.issuer,
  authorization_endpoint: `${OIDC.issuer}/authorize`,
  token_endpoint: `${OIDC.issuer}/token`,
  jwks_uri: `${OIDC.issuer}/jwks`,
  response_types_supported: ['code'],
  subject_types_supported: ['public'],
  id_token_signing_alg_values_supported: ['ES256', 'RS256'],
} as const;

/** Answers from memory, by the path of the address; no request leaves the process. */
export function outboundOf(answers: Readonly<Record<string, () => unknown>>): Outbound {
  return {
    fetch: async input => {
      const { pathname } = new URL(input instanceof Request ? input.url : input);
      const answer = answers[pathname];
      return answer === undefined
        ? new Response(null, { status: 404 })
        : Response.json(answer(), { headers: { 'content-type': 'application/json' } });
    },
    close: async () => {},
  };
}
