/**
 * How far apart two callers are, as far as their addresses tell, and which networks they are in.
 */
import ipaddr from 'ipaddr.js';

export type NetworkDistance = 'same-address' | 'same-network' | 'elsewhere';

/** The size of one office or home: an IPv4 /24, an IPv6 /56. */
const SITE_BITS = { ipv4: 24, ipv6: 56 } as const;

/** An invalid address counts as elsewhere. */
export function networkDistance(one: string, other: string): NetworkDistance {
  if (!ipaddr.isValid(one) || !ipaddr.isValid(other)) return 'elsewhere';
  const [a, b] = [ipaddr.process(one), ipaddr.process(other)];
  if (a.toNormalizedString() === b.toNormalizedString()) return 'same-address';
  return a.kind() === b.kind() && a.match(b, SITE_BITS[a.kind()]) ? 'same-network' : 'elsewhere';
}

/**
 * Whether two requests came from different networks. Addresses of one site count as one: IPv6 hosts
 * change their own within a prefix, and offices have several outgoing addresses. Anything else,
 * such as the name of a local caller, is compared as text.
 */
export function isElsewhere(one: string, other: string): boolean {
  return one !== other && networkDistance(one, other) === 'elsewhere';
}

/** Length of a network prefix, by the kind of address. */
export interface PrefixBits {
  readonly ipv4: number;
  readonly ipv6: number;
}

/**
 * The network of an address: `2001:db8::/32`, or the address alone where the prefix is its full
 * length. Anything else is returned unchanged.
 */
export function networkOf(address: string, bits: PrefixBits): string {
  if (!ipaddr.isValid(address)) return address;
  const parsed = ipaddr.process(address);
  const length = bits[parsed.kind()];
  const bytes = parsed.toByteArray();
  if (length === bytes.length * 8) return parsed.toString();
  const masked = bytes.map(
    (byte, index) => byte & (0xff << (8 - Math.min(8, Math.max(0, length - index * 8)))),
  );
  return `${ipaddr.fromByteArray(masked).toString()}/${length}`;
}

/** Whether the Internet routes to the address. */
export function isPublicAddress(address: string): boolean {
  return ipaddr.isValid(address) && ipaddr.process(address).range() === 'unicast';
}

/** Whether one of the CIDR blocks contains the address. */
export function isInNetworks(address: string, networks: readonly string[]): boolean {
  if (!ipaddr.isValid(address)) return false;
  const parsed = ipaddr.process(address);
  return networks.some(network => {
    const [block, bits] = ipaddr.parseCIDR(network);
    return block.kind() === parsed.kind() && parsed.match(block, bits);
  });
}
