/** Facts of an OpenID provider: its discovery document and its keys. */
import type { JSONWebKeySet, JWK } from 'jose';
import type { ServerMetadata } from 'openid-client';
import { z } from 'zod';
import {
  type OidcProviderFacts,
  ProviderFault,
  type PublishedEndpoint,
  type PublishedKey,
} from '../core/provider-facts.ts';
import { fetchKeySet } from './key-set.ts';
import { type DiscoveryLocation, discoveryDocument } from './oidc-discovery.ts';
import { allowsHttp, checkedMetadata, isEndpoint, SIGNATURE_ALGORITHMS } from './oidc-metadata.ts';
import { type InspectorParts, providerFault, recording } from './provider-reading.ts';
import { MIN_RSA_BITS } from './rsa-weakness.ts';

const texts = z.array(z.string().max(1024)).max(1000).optional().catch(undefined);
const flag = z.boolean().optional().catch(undefined);

/** What a document says, also one that the bridge rejects. */
const Document = z.looseObject({
  issuer: z.string().max(1024).catch(''),
  id_token_signing_alg_values_supported: texts,
  scopes_supported: texts,
  claims_supported: texts,
  token_endpoint_auth_methods_supported: texts,
  response_types_supported: texts,
  grant_types_supported: texts,
  code_challenge_methods_supported: texts,
  acr_values_supported: texts,
  backchannel_logout_supported: flag,
  claims_parameter_supported: flag,
});

type Document = z.output<typeof Document>;

const ENDPOINTS = [
  'authorization_endpoint',
  'token_endpoint',
  'userinfo_endpoint',
  'jwks_uri',
  'end_session_endpoint',
  'revocation_endpoint',
] as const;

const CLIENT_ID = 'rolebridge';
const FIX = 'Name the issuer exactly as the provider does, without /.well-known/.';

/** Throws `ProviderFault`. */
export async function inspectOidc(
  { issuer, discovery }: DiscoveryLocation,
  parts: InspectorParts,
): Promise<OidcProviderFacts> {
  const { document, rejected, served } = await discovered({ issuer, discovery }, parts);
  const endpoints = ENDPOINTS.flatMap(name => endpointIn(document, name));
  // As a running bridge: a provider elsewhere cannot point us to plain local addresses.
  const isUsable = isEndpoint(allowsHttp(issuer));
  const keysUrl = endpoints.find(({ name, url }) => name === 'jwks_uri' && isUsable(url))?.url;
  const keys = keysUrl === undefined ? [] : await keysAt(keysUrl, parts);
  return {
    protocol: 'oidc',
    ...{ issuer: document.issuer, endpoints, served },
    keys: keys.map(publishedKey),
    idTokenAlgorithms: document.id_token_signing_alg_values_supported,
    scopes: document.scopes_supported,
    claims: document.claims_supported,
    clientAuthentication: document.token_endpoint_auth_methods_supported,
    responseTypes: document.response_types_supported,
    grantTypes: document.grant_types_supported,
    codeChallengeMethods: document.code_challenge_methods_supported,
    acrValues: document.acr_values_supported,
    backchannelLogout: document.backchannel_logout_supported === true,
    claimsParameter: document.claims_parameter_supported === true,
    rejected,
  };
}

interface Discovered {
  readonly document: Document;
  readonly rejected: string | undefined;
  readonly served: OidcProviderFacts['served'];
}

/** By the code of a running bridge, so that both agree on what is rejected. */
async function discovered(
  { issuer, discovery }: DiscoveryLocation,
  parts: InspectorParts,
): Promise<Discovered> {
  const { outbound, answer } = recording(parts);
  try {
    const asked = { issuer, discovery, clientId: CLIENT_ID, outbound };
    const metadata = await discoveryDocument(asked);
    const { text, served } = answer()!;
    return {
      document: Document.parse(JSON.parse(text())),
      rejected: whyRejected(metadata, issuer),
      served,
    };
  } catch (thrown) {
    const { status = 200, text, served = {} } = answer() ?? {};
    const document = status === 200 ? documentIn(text?.() ?? '') : undefined;
    if (document !== undefined) return { document, rejected: (thrown as Error).message, served };
    const kind = status === 200 ? 'document' : 'status';
    throw providerFault(thrown, { url: discovery ?? issuer }, { kind, fix: FIX });
  }
}

function documentIn(body: string): Document | undefined {
  try {
    const document = Document.parse(JSON.parse(body));
    return document.issuer === '' ? undefined : document;
  } catch {
    return undefined;
  }
}

function whyRejected(metadata: ServerMetadata, issuer: string): string | undefined {
  try {
    checkedMetadata(metadata, issuer);
    return undefined;
  } catch (thrown) {
    return (thrown as Error).message;
  }
}

function endpointIn(document: Document, name: string): PublishedEndpoint[] {
  const url = document[name];
  return typeof url === 'string' && URL.canParse(url) ? [{ name, url }] : [];
}

async function keysAt(url: string, { outbound }: InspectorParts): Promise<JSONWebKeySet['keys']> {
  try {
    return (await fetchKeySet(outbound, url)).keys;
  } catch (thrown) {
    const { message, fix } = providerFault(thrown, { url });
    throw new ProviderFault('keys', message, { fix, cause: thrown });
  }
}

function publishedKey(key: JWK, at: number): PublishedKey {
  const bits =
    key.kty === 'RSA' && typeof key.n === 'string'
      ? Buffer.from(key.n, 'base64url').byteLength * 8
      : undefined;
  return {
    name: typeof key.kid === 'string' ? key.kid : `number ${at + 1}`,
    type: String(key.kty).toLowerCase(),
    bits,
    algorithm: typeof key.alg === 'string' ? key.alg : undefined,
    unused: whyUnused(key, bits),
  };
}

function whyUnused({ kty, use, alg }: JWK, bits: number | undefined): string | undefined {
  if (use === 'enc') return 'is for encryption';
  if (alg !== undefined && !SIGNATURE_ALGORITHMS.includes(alg)) return 'has another algorithm';
  if (kty === 'oct') return 'is a shared secret';
  if (bits !== undefined && bits < MIN_RSA_BITS) return `has fewer than ${MIN_RSA_BITS} bits`;
  return ['RSA', 'EC', 'OKP'].includes(String(kty)) ? undefined : 'is of an unknown type';
}
