/** Whether a host means this machine: the one place where http is as good as https. */
import ipaddr from 'ipaddr.js';

/**
 * Takes a host as URLs write it: a name, an IPv4 address, or an IPv6 address with or without its
 * brackets.
 */
export function isLoopbackHost(hostname: string): boolean {
  const host = hostname.replace(/^\[|\]$/g, '');
  if (host === 'localhost' || host.endsWith('.localhost')) return true;
  if (ipaddr.IPv4.isValidFourPartDecimal(host))
    return ipaddr.IPv4.parse(host).range() === 'loopback';
  return ipaddr.IPv6.isValid(host) && ipaddr.IPv6.parse(host).range() === 'loopback';
}
