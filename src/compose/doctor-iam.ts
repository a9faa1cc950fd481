/** What `doctor` compares the data of IAM with: our key, and what connectors publish. */
import { X509Certificate } from 'node:crypto';
import type { Configuration } from '../config/configuration.ts';
import { readIdpDocument } from '../connectors/saml/idp-metadata.ts';
import { BridgeError } from '../core/errors.ts';
import type { Signer, SigningFacts } from '../core/iam/provider-diagnosis.ts';
import type { ConnectorId } from '../core/identity.ts';
import type { Clock } from '../core/ports.ts';
import type { Seconds } from '../core/time.ts';
import { openSigningKeys } from '../issuer/signing-keys.ts';
import type { Options } from '../operate/command.ts';
import { iamSection } from '../operate/doctor/iam-section.ts';
import type { Section } from '../operate/doctor/section.ts';
import { createOutbound } from '../outbound.ts';
import { openProviderInspector } from './provider-inspector.ts';

/** Of one call to IAM. A page has up to a thousand roles with their policies. */
const TIMEOUT: Seconds = 60;
const MAX_BYTES = 32 * 1024 * 1024;

/** Undefined if the command line names no data. */
export function openIamSection(
  configuration: Configuration,
  { iam: files = [], 'aws-profile': profiles = [] }: Options,
  clock: Clock,
): Section | undefined {
  if (files.length === 0 && profiles.length === 0) return undefined;
  return iamSection({
    ...{ files, profiles, readMetadata },
    readerFor: async profile => {
      const { createIamReader } = await import('../aws/iam.ts');
      const outbound = createOutbound({ timeoutSeconds: TIMEOUT, maxBytes: MAX_BYTES });
      const reader = createIamReader({ profile, outbound });
      return { read: progress => reader.read(progress).finally(() => outbound.close()) };
    },
    signers: async connectors => {
      const signers = new Map<Signer, SigningFacts>();
      const bridge = await ownFacts(configuration, clock);
      if (bridge !== undefined) signers.set('bridge', bridge);
      for (const [id, facts] of await connectorFacts(configuration, connectors, clock))
        signers.set(id, facts);
      return signers;
    },
  });
}

function readMetadata(xml: string): SigningFacts | { readonly unreadable: string } {
  try {
    const { entityId, keys, validUntil } = readIdpDocument(xml);
    const certificates = keys.flatMap(({ certificate = [] }) => certificate).map(fingerprintOf);
    return { entityId, validUntil, certificates };
  } catch (error) {
    if (error instanceof BridgeError) return { unreadable: 'cannot be read as SAML metadata' };
    throw error;
  }
}

function fingerprintOf({ fingerprint256 }: X509Certificate): string {
  return fingerprint256.replaceAll(':', '').toLowerCase();
}

/** Undefined if the key cannot be read, which is a finding about this host. */
async function ownFacts(
  { issuer }: Configuration,
  clock: Clock,
): Promise<SigningFacts | undefined> {
  try {
    const { directory } = issuer.keys;
    const { saml } = await openSigningKeys({ directory, create: false, clock });
    const certificate = new X509Certificate(saml.active.certificatePem);
    return { entityId: issuer.saml.entityId, certificates: [fingerprintOf(certificate)] };
  } catch (error) {
    if (error instanceof BridgeError) return undefined;
    throw error;
  }
}

async function connectorFacts(
  { connectors }: Configuration,
  wanted: readonly ConnectorId[],
  clock: Clock,
): Promise<readonly (readonly [ConnectorId, SigningFacts])[]> {
  const { inspector, close } = openProviderInspector(clock);
  try {
    const found: (readonly [ConnectorId, SigningFacts])[] = [];
    for (const connector of connectors) {
      if (connector.protocol !== 'saml' || !wanted.includes(connector.id)) continue;
      // A connector that cannot be read is a finding about connectors.
      const facts = await inspector.saml(connector.metadata).catch(() => undefined);
      if (facts === undefined) continue;
      // A key without a certificate has no end.
      const certified = facts.keys.filter(({ endsAt }) => endsAt !== undefined);
      const certificates = certified.map(({ name }) => name);
      found.push([connector.id, { entityId: facts.entityId, certificates }]);
    }
    return found;
  } finally {
    await close();
  }
}
