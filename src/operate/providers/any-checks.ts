/** Checks of every identity provider: clock, TLS certificate, signing keys, endpoints. */
import type { ConnectorDescription } from '../../config/configuration.ts';
import type { FindingId } from '../../core/finding.ts';
import { listed } from '../../core/listed.ts';
import type {
  OidcProviderFacts,
  PublishedEndpoint,
  PublishedKey,
  SamlProviderFacts,
} from '../../core/provider-facts.ts';
import type { Seconds } from '../../core/time.ts';
import { daysUntil, formatDay } from '../../core/time.ts';
import { type Check, type Found, inDays } from './check.ts';
import { endpointsUsed, isSafe } from './endpoints.ts';

type AnyCheck = Check<SamlProviderFacts | OidcProviderFacts, ConnectorDescription>;

/** How far the clocks can differ for id_tokens and logout tokens (connectors/oidc-id-token). */
const OIDC_CLOCK_SKEW: Seconds = 60;

export const ANY_CHECKS: readonly AnyCheck[] = [
  clock,
  tlsCertificate,
  signingCertificates,
  usableKeys,
  insecureEndpoints,
];

function* clock({ facts, connector }: Parameters<AnyCheck>[0]): Generator<Found> {
  const { skewSeconds = 0 } = facts.served;
  const allowed = connector.protocol === 'saml' ? connector.clockSkewSeconds : OIDC_CLOCK_SKEW;
  const skew = Math.abs(skewSeconds);
  if (skew <= allowed / 2) return;
  const which = skewSeconds > 0 ? 'ahead of' : 'behind';
  yield {
    id: skew > allowed ? 'connectors.clock-skew' : 'connectors.clock-drift',
    message: `The clock of the provider is ${skew} s ${which} the clock of this host.`,
    expected: `at most ${allowed} s`,
    found: `${skew} s`,
    fix: 'Compare both clocks with a third one, and synchronize the wrong one (NTP).',
  };
}

/** Certificates of 45 to 90 days are renewed 15 to 30 days before their end. */
const TLS_ENDS: readonly (readonly [number, FindingId])[] = [
  [3, 'connectors.tls-ends-in-3-days'],
  [14, 'connectors.tls-ends-in-14-days'],
];

function* tlsCertificate({ facts, now }: Parameters<AnyCheck>[0]): Generator<Found> {
  const { tlsEndsAt } = facts.served;
  if (tlsEndsAt === undefined) return;
  const days = daysUntil(tlsEndsAt, now);
  const id = rowFor(days, TLS_ENDS);
  if (id !== undefined)
    yield {
      id,
      message: `The TLS certificate of the provider ends ${inDays(days)} (${formatDay(tlsEndsAt)}).`,
      fix: 'Renew it at the provider. After its end, the bridge cannot read keys or tokens there.',
    };
}

const CERTIFICATE_ENDS: readonly (readonly [number, FindingId])[] = [
  [7, 'connectors.certificate-ends-in-7-days'],
  [30, 'connectors.certificate-ends-in-30-days'],
  [90, 'connectors.certificate-ends-in-90-days'],
];

/** Only the certificate that ends last counts: others are left over from a change of keys. */
function* signingCertificates({ facts, now }: Parameters<AnyCheck>[0]): Generator<Found> {
  const ends = facts.keys.filter(({ unused }) => unused === undefined).map(({ endsAt }) => endsAt);
  if (ends.length === 0 || ends.includes(undefined)) return;
  const last = Math.max(...(ends as number[]));
  const days = daysUntil(last, now);
  const id = last <= now ? 'connectors.certificate-expired' : rowFor(days, CERTIFICATE_ENDS);
  if (id === undefined) return;
  const when = last <= now ? 'has expired' : `ends ${inDays(days)}`;
  yield {
    id,
    message: `The signing certificate of the provider ${when} (${formatDay(last)}).`,
    fix: 'Prepare the next certificate at the provider. The bridge follows the metadata; a metadata file must be replaced, and so must the IAM SAML provider of accounts with trust: corporate-saml.',
  };
}

function rowFor(
  days: number,
  rows: readonly (readonly [number, FindingId])[],
): FindingId | undefined {
  return rows.find(([limit]) => days < limit)?.[1];
}

function* usableKeys({ facts, connector }: Parameters<AnyCheck>[0]): Generator<Found> {
  const { keys } = facts;
  // Keys that were not fetched have their own finding.
  if (facts.protocol === 'oidc' && !facts.endpoints.some(isKeys(connector))) return;
  const unused = keys.filter(key => key.unused !== undefined);
  if (unused.length === keys.length) {
    yield {
      id: 'connectors.keys-unusable',
      message: 'The provider publishes no signing key that the bridge uses.',
      expected: 'RSA of 2048 bits or more; with OpenID Connect also EC or Ed25519',
      found: keys.length === 0 ? 'no key' : listed(keys.map(described)),
      fix: 'Create a new signing key at the provider.',
    };
    return;
  }
  for (const key of unused.filter(isSurprising))
    yield { id: 'connectors.key-unused', message: `The key ${described(key)}, and is not used.` };
  for (const key of keys.filter(({ algorithm }) => /sha1|md5/i.test(algorithm ?? '')))
    yield {
      id: 'connectors.certificate-sha1',
      message: `The certificate ${shortened(key.name)} is signed with SHA-1.`,
      fix: 'The bridge uses only its key. Signatures of assertions must be SHA-256 or SHA-512.',
    };
}

function isKeys(connector: ConnectorDescription): (endpoint: PublishedEndpoint) => boolean {
  return ({ name, url }) => name === 'jwks_uri' && isSafe(url, connector);
}

/** Keys for encryption are in most key sets. */
function isSurprising({ unused }: PublishedKey): boolean {
  return unused !== 'is for encryption';
}

function described({ name, place, type, bits, unused }: PublishedKey): string {
  const size = bits === undefined ? '' : ` of ${bits} bits`;
  const where = place === undefined ? '' : `, ${place}`;
  return `${shortened(name)} (${type}${size}${where}) ${unused}`;
}

function shortened(name: string): string {
  return name.length > 20 ? `${name.slice(0, 16)}...` : name;
}

function* insecureEndpoints({ facts, connector }: Parameters<AnyCheck>[0]): Generator<Found> {
  for (const { name, url } of endpointsUsed(facts, connector)) {
    if (isSafe(url, connector)) continue;
    yield {
      id: 'connectors.endpoint-insecure',
      message: `The ${name} of the provider is not https.`,
      found: URL.parse(url)?.origin ?? 'not a URL',
      fix: 'Set the external address of the provider to https in its settings.',
    };
  }
}
