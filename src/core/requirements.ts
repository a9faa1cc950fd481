/** What a rule requires beyond membership of a group, and which of it a user does not meet. */
import ipaddr from 'ipaddr.js';
import type { Requirements } from './access-rule.ts';
import type { UnmetRequirement } from './decision-trace.ts';
import type { Identity } from './identity.ts';
import type { Instant } from './time.ts';

/** What a decision depends on besides the user. */
export interface Circumstances {
  readonly now: Instant;
  readonly address: string;
}

/** Requirements with their networks parsed. Rules with equal requirements share one object. */
export interface CompiledRequirements extends Requirements {
  readonly blocks: readonly [ipaddr.IPv4 | ipaddr.IPv6, number][];
}

/** Compiles the requirements of many rules; equal ones come out as one object. */
export function requirementsCompiler(): (require: Requirements) => CompiledRequirements {
  const known = new Map<string, CompiledRequirements>();
  return require => {
    const { multiFactor, authenticatedWithinSeconds, networks } = require;
    const text = JSON.stringify([multiFactor, authenticatedWithinSeconds, networks]);
    const compiled = known.get(text) ?? { ...require, blocks: networks.map(parseNetwork) };
    known.set(text, compiled);
    return compiled;
  };
}

/** Finds what a user does not meet; requirements that rules share are checked once. */
export function requirementChecker(
  identity: Identity,
  circumstances: Circumstances,
): (requirements: CompiledRequirements) => readonly UnmetRequirement[] {
  const known = new Map<CompiledRequirements, readonly UnmetRequirement[]>();
  return requirements => {
    const unmet = known.get(requirements) ?? unmetOf(requirements, identity, circumstances);
    known.set(requirements, unmet);
    return unmet;
  };
}

function unmetOf(
  requirements: CompiledRequirements,
  { authentication }: Identity,
  { now, address }: Circumstances,
): readonly UnmetRequirement[] {
  const unmet: UnmetRequirement[] = [];
  const { multiFactor, authenticatedWithinSeconds: withinSeconds, networks } = requirements;
  if (multiFactor && !authentication.multiFactor) unmet.push({ requirement: 'multi-factor' });
  if (withinSeconds !== undefined) {
    const { at } = authentication;
    const ageSeconds = at === undefined ? undefined : Math.max(0, Math.floor((now - at) / 1000));
    if (ageSeconds === undefined || ageSeconds > withinSeconds)
      unmet.push({ requirement: 'authenticated-within', withinSeconds, ageSeconds });
  }
  if (networks.length > 0 && !isInside(address, requirements))
    unmet.push({ requirement: 'network', networks, address });
  return unmet;
}

function parseNetwork(network: string): [ipaddr.IPv4 | ipaddr.IPv6, number] {
  return ipaddr.parseCIDR(
    network.includes('/') ? network : `${network}/${network.includes(':') ? 128 : 32}`,
  );
}

function isInside(address: string, { blocks }: CompiledRequirements): boolean {
  if (!ipaddr.isValid(address)) return false;
  const parsed = ipaddr.process(address);
  return blocks.some(
    ([network, bits]) => network.kind() === parsed.kind() && parsed.match(network, bits),
  );
}
