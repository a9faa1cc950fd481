/** What a person must prove beyond being in a group, and what of it is missing. */
import ipaddr from 'ipaddr.js';
import type { Requirements } from './access-rule.ts';
import type { MissingProof } from './decision-trace.ts';
import type { Identity } from './identity.ts';
import type { Instant } from './time.ts';

/** What a decision depends on beside the person. */
export interface Circumstances {
  readonly now: Instant;
  readonly address: string;
}

/**
 * Requirements with their networks read. Rules that require the same share one, so that it is
 * checked once for a person.
 */
export interface Proofs extends Requirements {
  readonly blocks: readonly [ipaddr.IPv4 | ipaddr.IPv6, number][];
}

/** Reads the requirements of many rules; equal ones come out as one object. */
export function proofsReader(): (require: Requirements) => Proofs {
  const known = new Map<string, Proofs>();
  return require => {
    const text = JSON.stringify([
      require.multiFactor,
      require.authenticatedWithinSeconds,
      require.networks,
    ]);
    const proofs = known.get(text) ?? { ...require, blocks: require.networks.map(readNetwork) };
    known.set(text, proofs);
    return proofs;
  };
}

/** Says what is missing; each set of requirements is looked at once. */
export function proofChecker(
  identity: Identity,
  circumstances: Circumstances,
): (proofs: Proofs) => readonly MissingProof[] {
  const known = new Map<Proofs, readonly MissingProof[]>();
  return proofs => {
    const missing = known.get(proofs) ?? missingProofs(proofs, identity, circumstances);
    known.set(proofs, missing);
    return missing;
  };
}

function missingProofs(
  proofs: Proofs,
  identity: Identity,
  { now, address }: Circumstances,
): readonly MissingProof[] {
  const missing: MissingProof[] = [];
  const { multiFactor, authenticatedWithinSeconds: withinSeconds, networks } = proofs;
  if (multiFactor && !identity.authentication.multiFactor) missing.push({ proof: 'multi-factor' });
  if (withinSeconds !== undefined) {
    const { at } = identity.authentication;
    const ageSeconds = at === undefined ? undefined : Math.max(0, Math.floor((now - at) / 1000));
    if (ageSeconds === undefined || ageSeconds > withinSeconds)
      missing.push({ proof: 'authenticated-within', withinSeconds, ageSeconds });
  }
  if (networks.length > 0 && !isInside(address, proofs))
    missing.push({ proof: 'network', networks, address });
  return missing;
}

function readNetwork(network: string): [ipaddr.IPv4 | ipaddr.IPv6, number] {
  return ipaddr.parseCIDR(
    network.includes('/') ? network : `${network}/${network.includes(':') ? 128 : 32}`,
  );
}

function isInside(address: string, { blocks }: Proofs): boolean {
  if (!ipaddr.isValid(address)) return false;
  const parsed = ipaddr.process(address);
  return blocks.some(
    ([network, bits]) => network.kind() === parsed.kind() && parsed.match(network, bits),
  );
}
