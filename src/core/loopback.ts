/** Whether a host means this machine: the only one for which http is as good as https. */

const OCTET = '(?:0|[1-9]\\d?|1\\d\\d|2[0-4]\\d|25[0-5])';
const IPV4_LOOPBACK = new RegExp(`^127(?:\\.${OCTET}){3}$`);

/** A literal address: 127.0.0.0/8, or `::1` in any spelling, with or without its brackets. */
export function isLoopbackAddress(hostname: string): boolean {
  const host = hostname.replace(/^\[|\]$/g, '');
  return IPV4_LOOPBACK.test(host) || isLoopbackIpv6(host);
}

/** An address as above, `localhost`, or a name below it (RFC 6761 section 6.3). */
export function isLoopbackHost(hostname: string): boolean {
  const host = hostname.replace(/^\[|\]$/g, '');
  return host === 'localhost' || host.endsWith('.localhost') || isLoopbackAddress(host);
}

/** A URL contains an IPv6 address in its shortest form, and no zone. */
function isLoopbackIpv6(address: string): boolean {
  const withoutZone = address.replace(/%\w+$/, '');
  if (!/^[\da-f:]+$/i.test(withoutZone) || !URL.canParse(`http://[${withoutZone}]`)) return false;
  return new URL(`http://[${withoutZone}]`).hostname === '[::1]';
}
