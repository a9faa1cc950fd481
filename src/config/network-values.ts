/** Kinds of values on the network: URLs, hosts, blocks of addresses. */
import ipaddr from 'ipaddr.js';
import { HELP_PLACEHOLDERS, helpAddress, helpAddressProblem } from '../core/help-address.ts';
import { isLoopbackHost } from '../core/loopback.ts';
import { type Problem, quoted } from './problems.ts';
import { INVISIBLE, word } from './values.ts';

/** Returns why a URL is rejected, without the URL: it may contain a password. */
export function urlProblem(value: string): Problem | undefined {
  // URL.canParse drops tabs, turns backslashes and takes `https:host`: what an operator reads
  // must be what a machine reads.
  if (!/^https?:\/\/[^\s\\]+$/i.test(value) || INVISIBLE.test(value) || !URL.canParse(value)) {
    return {
      message: 'is not an http or https URL.',
      fix: 'Write a whole URL, such as https://idp.example.com/path.',
    };
  }
  const url = new URL(value);
  if (url.username !== '' || url.password !== '')
    return {
      message: 'contains a user name or a password.',
      fix: 'Remove the part before the @.',
    };
  if (url.hash !== '' || value.includes('#'))
    return { message: 'contains a fragment.', fix: 'Remove the # and what follows.' };
  if (url.protocol === 'http:' && !isLoopbackHost(url.hostname)) {
    return {
      message: 'is http, which anyone on the way can read and change.',
      fix: 'Use https; http is for loopback only (localhost, 127.0.0.1).',
    };
  }
  return undefined;
}

/** https anywhere, http on loopback. Kept as written: issuers are compared letter by letter. */
export const url = () => word('URL', urlProblem);

const PLACEHOLDERS = HELP_PLACEHOLDERS.map(name => `{${name}}`).join(', ');

/** The address of a help page: a template (core/help-address). */
export const helpUrl = () =>
  word('URL template', value => {
    const problem = helpAddressProblem(value);
    if (problem !== undefined)
      return {
        message: `cannot be filled in: ${problem}.`,
        fix: `Use ${PLACEHOLDERS} in the path, the query or the fragment alone.`,
      };
    return urlProblem(helpAddress(value, {}).replace(/#.*/s, ''));
  });

/** A URL without path and query; becomes its origin, without a trailing slash. */
export const origin = () =>
  originWith(bare => ({
    message: 'has a path or a query; the bridge is served at the root of its host.',
    fix: `Write ${bare}, and give the bridge its own host name.`,
  }));

/** The same of a site that is not the bridge. */
export const siteOrigin = () =>
  originWith(bare => ({
    message: 'has a path or a query, which no origin has.',
    fix: `Write ${bare}.`,
  }));

const originWith = (tooLong: (bare: string) => Problem) =>
  word('URL without path', value => {
    const problem = urlProblem(value);
    if (problem !== undefined) return problem;
    const { origin: bare, pathname, search } = new URL(value);
    const isBare = pathname === '/' && search === '' && !value.includes('?');
    return isBare ? undefined : tooLong(bare);
  }).transform(value => new URL(value).origin);

/** A host name or an IP address to listen on. */
export const host = () =>
  word('host', value => {
    const isName =
      /^(?=.{1,253}$)[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*$/i.test(value);
    const isAddress =
      ipaddr.IPv4.isValidFourPartDecimal(value) ||
      (ipaddr.IPv6.isValid(value) && !value.includes('%'));
    if (isAddress || (isName && !/^[\d.]+$/.test(value))) return undefined;
    return {
      message: `${quoted(value)} is not a host name or IP address.`,
      fix: 'Write an address without a port, such as 127.0.0.1 or "::".',
    };
  });

/**
 * Domains below which AWS customers have hosts of their own: buckets, functions, distributions,
 * applications.
 */
const SHARED_DOMAINS = [
  'amazonaws.com',
  'amazonaws.com.cn',
  'amazonaws.eu',
  'api.aws',
  'on.aws',
  'app.aws',
  'awsapps.com',
  'amplifyapp.com',
  'amazoncognito.com',
  'cloudfront.net',
  'elasticbeanstalk.com',
  'awsapprunner.com',
];

/** A host of a console, or `*.` and a domain for all hosts below it. */
export const consoleHost = () =>
  word('host, or `*.` and a domain', value => {
    const domain = value.startsWith('*.') ? value.slice(2) : value;
    if (
      !/^(?=.{1,253}$)(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z](?:[a-z0-9-]{0,61}[a-z0-9])?$/.test(
        domain,
      )
    ) {
      return {
        message: `${quoted(value)} is not a host name.`,
        fix: 'Write a whole host name in lower case, such as console.example.com, or *.console.example.com for all hosts below it.',
      };
    }
    const isShared = SHARED_DOMAINS.some(
      shared => shared === domain || shared.endsWith(`.${domain}`),
    );
    if (value !== domain && (isShared || domain.split('.').length < 3)) {
      return {
        message: `${quoted(value)} includes hosts that belong to others.`,
        fix: 'Write the hosts one by one, or a longer domain after *. (three parts or more).',
      };
    }
    return undefined;
  });

/** A block of addresses in CIDR notation (RFC 4632), with no bit set beyond its prefix. */
export const network = () =>
  word('CIDR block', value => {
    const [address = '', prefix = ''] = value.split('/');
    const isV4 = ipaddr.IPv4.isValidFourPartDecimal(address);
    const isAddress = isV4 || (ipaddr.IPv6.isValid(address) && !address.includes('%'));
    if (isAddress && !value.includes('/'))
      return {
        message: `${quoted(value)} has no prefix length.`,
        fix: `Write ${value}/${isV4 ? 32 : 128} for one address.`,
      };
    if (
      !isAddress ||
      !/^\d{1,3}$/.test(prefix) ||
      value.split('/').length !== 2 ||
      Number(prefix) > (isV4 ? 32 : 128)
    ) {
      return {
        message: `${quoted(value)} is not a block of addresses.`,
        fix: 'Write CIDR notation, such as 10.0.0.0/8 or 2001:db8::/32.',
      };
    }
    const first = (isV4 ? ipaddr.IPv4 : ipaddr.IPv6).networkAddressFromCIDR(value);
    // Such addresses are compared as IPv4, so a rule would match no address, and ::ffff:0:0/96 is
    // every address.
    if (first instanceof ipaddr.IPv6 && first.isIPv4MappedAddress()) {
      const fix = `Write ${first.toIPv4Address().toString()}/${Number(prefix) - 96}.`;
      return { message: `${quoted(value)} is a block of IPv4 in the form of IPv6.`, fix };
    }
    if (first.toNormalizedString() === ipaddr.parse(address).toNormalizedString()) return undefined;
    return {
      message: `${quoted(value)} has bits set beyond its prefix.`,
      fix: `Write ${first.toString()}/${prefix}.`,
    };
  });
