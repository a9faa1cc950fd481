/** `proxy.trusted` against what arrives: whose address the bridge takes for that of a caller. */
import type { Arrival } from '../../core/arrival.ts';
import type { Finding } from '../../core/finding.ts';
import { isLoopbackAddress } from '../../core/loopback.ts';
import { isInNetworks } from '../../core/network-distance.ts';
import type { Look } from './address-look.ts';

const EFFECT = 'In the audit trail, for require.networks and for rate limits';

/** Of a request without forwarded headers of its own. */
export function* forwardedFindings(arrival: Arrival, look: Look): Generator<Finding> {
  const { base } = look;
  const { peer, peer_trusted: isTrusted, address, protocol } = arrival;
  const chain = chainOf(arrival);
  const isBehindProxy = base.protocol === 'https:' || arrival.forwarded.length > 0;
  if (!isBehindProxy) return;
  if (!isTrusted) {
    yield notTrusted(peer, look, chain);
    return;
  }
  if (chain.length === 0)
    yield {
      ...{ id: 'address.forwarded-for-missing', subject: `proxy ${peer}` },
      message: `The proxy sends no X-Forwarded-For. ${EFFECT}, every user has its address.`,
      fix: 'nginx: proxy_set_header X-Forwarded-For $remote_addr. AWS load balancer: routing.http.xff_header_processing.mode=append.',
      found: toldHeaders(arrival),
    };
  // Doctor sent none, so the first is its own address, and the others are proxies.
  else if (address !== chain[0]) yield notTrusted(address, look, chain);
  if (base.protocol === 'https:' && protocol !== 'https')
    yield {
      ...{ id: 'address.forwarded-proto-missing', subject: `proxy ${peer}` },
      message: 'The proxy sends no X-Forwarded-Proto: https. The bridge works without it.',
      fix: 'nginx: proxy_set_header X-Forwarded-Proto https.',
      found: toldHeaders(arrival),
    };
}

function notTrusted(proxy: string, { configuration }: Look, chain: readonly string[]): Finding {
  const { trusted } = configuration.proxy;
  const entry = `${proxy}/${proxy.includes(':') ? 128 : 32}`;
  return {
    ...{ id: 'address.proxy-not-trusted', subject: `proxy ${proxy}` },
    message: `The proxy is not in proxy.trusted. ${EFFECT}, every user has its address.`,
    fix: `Add ${entry} to proxy.trusted, if it is your proxy.`,
    expected: `proxy.trusted with ${entry}`,
    found: `proxy.trusted ${JSON.stringify(trusted)}, X-Forwarded-For ${chain.join(', ') || 'none'}`,
  };
}

/** Only what comes from a trusted peer is believed. */
export function isWorthForging({ peer_trusted: isTrusted }: Arrival): boolean {
  return isTrusted;
}

/** Why the bridge believed the address that doctor had invented. */
export function forgedFinding(arrival: Arrival, look: Look): Finding {
  const { peer, address } = arrival;
  const after = chainOf(arrival).slice(1);
  const hosts = after.length > 0 ? after : [peer];
  const own = new Set(look.ownAddresses());
  const isHere = (host: string): boolean => isLoopbackAddress(host) || own.has(host);
  const found = `X-Forwarded-For ${chainOf(arrival).join(', ')} from ${peer}`;
  const isDirect = look.base.protocol === 'http:';
  if (after.length === 0 && !isDirect)
    return {
      ...{ id: 'address.forged-address', subject: `proxy ${peer}`, found },
      message: `The proxy passes on the X-Forwarded-For of callers: the bridge believed the invented address ${address}.`,
      fix: 'nginx: proxy_set_header X-Forwarded-For $remote_addr. AWS load balancer: routing.http.xff_header_processing.mode=append.',
    };
  const other = after.find(
    host => !isHere(host) && isInNetworks(host, look.configuration.proxy.trusted),
  );
  if (other !== undefined)
    return {
      ...{ id: 'address.trusted-too-wide', subject: `proxy.trusted contains ${other}`, found },
      message: `Doctor came from ${other}, which is no proxy, and the bridge believed the address that it invented.`,
      fix: 'Name only the addresses of proxies in proxy.trusted.',
    };
  return {
    ...{ id: 'address.forged-from-here', subject: hosts.join(', '), found },
    message:
      'Doctor runs on a host of proxy.trusted, which can claim any address. Whether others can was not seen.',
    fix: 'To know it, run doctor on another host with the same configuration and keys.',
  };
}

/** The addresses of X-Forwarded-For, the caller first. */
function chainOf({ forwarded }: Arrival): string[] {
  return forwarded
    .filter(({ name }) => name === 'x-forwarded-for')
    .flatMap(({ value }) => value.split(','))
    .map(address => address.trim())
    .filter(address => address !== '');
}

function toldHeaders({ forwarded }: Arrival): string {
  return forwarded.map(({ name, value }) => `${name}: ${value}`).join('; ') || 'no such header';
}
