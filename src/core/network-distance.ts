/** How far apart two callers are, as far as their addresses tell. */
import ipaddr from 'ipaddr.js';

export type NetworkDistance = 'same-address' | 'same-network' | 'elsewhere';

/** What one office or one home has: an IPv4 /24, an IPv6 /56. */
const SITE_BITS = { ipv4: 24, ipv6: 56 } as const;

/** Of what is no address, nothing is known: it is elsewhere. */
export function networkDistance(one: string, other: string): NetworkDistance {
  if (!ipaddr.isValid(one) || !ipaddr.isValid(other)) return 'elsewhere';
  const [a, b] = [ipaddr.process(one), ipaddr.process(other)];
  if (a.toNormalizedString() === b.toNormalizedString()) return 'same-address';
  return a.kind() === b.kind() && a.match(b, SITE_BITS[a.kind()]) ? 'same-network' : 'elsewhere';
}
