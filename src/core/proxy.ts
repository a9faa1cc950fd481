/**
 * The proxy that the environment names for https requests, judged once for the server and the
 * client.
 *
 * The first variable that is not empty counts, in the order of `PROXY_VARIABLES`: lower case before
 * upper case, as in curl and undici. An empty variable counts as unset, as in curl.
 */

type Environment = Readonly<Record<string, string | undefined>>;

const PROXY_VARIABLES = [
  'https_proxy',
  'HTTPS_PROXY',
  'http_proxy',
  'HTTP_PROXY',
  'all_proxy',
  'ALL_PROXY',
] as const;

export interface ProxyAddress {
  /** The variable that names it. */
  readonly variable: string;
  /** With user name and password, where the variable contains them: a secret. */
  readonly url: string;
}

/** Why a variable cannot be used, in whole sentences that never repeat its value. */
export interface ProxyFault {
  readonly variable: string;
  readonly message: string;
  readonly fix: string;
}

export interface ProxySettings {
  readonly proxy?: ProxyAddress | undefined;
  /** Absent where every request bypasses the proxy. */
  readonly fault?: ProxyFault | undefined;
  /** Whether NO_PROXY covers a target. */
  bypasses(target: URL): boolean;
}

/** Any proxy variable that is set, in any spelling. */
export function hasProxy(env: Environment): boolean {
  return PROXY_VARIABLES.some(variable => isSet(env[variable]));
}

/** Never throws: a value that cannot be used is a fault. */
export function readProxySettings(env: Environment): ProxySettings {
  const noProxy = (isSet(env.no_proxy) ? env.no_proxy : env.NO_PROXY) ?? '';
  const bypasses = (target: URL): boolean => bypassesProxy(noProxy, target);
  const variable = PROXY_VARIABLES.find(name => isSet(env[name]));
  if (variable === undefined || entriesOf(noProxy).includes('*')) return { bypasses };
  const judged = judge(env[variable]!.trim());
  return 'url' in judged
    ? { proxy: { variable, url: judged.url }, bypasses }
    : { fault: { variable, ...judged }, bypasses };
}

function isSet(value: string | undefined): value is string {
  return value !== undefined && value.trim() !== '';
}

/**
 * The status with which a proxy rejected a tunnel. undici says it in words alone, in one of the
 * causes.
 */
export function tunnelStatus(thrown: unknown): string | undefined {
  for (
    let error = thrown, depth = 0;
    error instanceof Error && depth < 5;
    error = error.cause, depth++
  ) {
    const status = /Proxy response \((\d{3})\)/.exec(error.message)?.[1];
    if (status !== undefined) return status;
  }
  return undefined;
}

// ---------------------------------------------------------------- the value of a proxy variable

const KNOWN_SCHEMES = ['socks', 'socks4', 'socks4a', 'socks5', 'socks5h', 'ftp', 'quic'];
const FORM =
  'Write it as http://HOST:PORT, with percent-encoded special characters in user name and password, or unset it.';

function judge(written: string): { readonly url: string } | Omit<ProxyFault, 'variable'> {
  const scheme = /^([a-z][a-z0-9+.-]*):\/\//i.exec(written)?.[1]?.toLowerCase();
  if (scheme !== undefined && scheme !== 'http' && scheme !== 'https') {
    // An unknown scheme may be a part of a password.
    const named = KNOWN_SCHEMES.includes(scheme)
      ? `names a ${scheme} proxy`
      : 'names a proxy that is neither http nor https';
    return {
      message: `${named}, which is not supported.`,
      fix: 'Name an http or https proxy as http://HOST:PORT, or unset it.',
    };
  }
  const text = scheme === undefined ? `http://${written.replace(/^\/\//, '')}` : written;
  const unusable = { message: 'is not a valid proxy address.', fix: FORM };
  if (/[\s\p{Cc}\\]/u.test(text) || !URL.canParse(text)) return unusable;
  const { href, pathname, search, hash, port, username, password } = new URL(text);
  // A "/", "?" or "#" in a password ends the address there, and the rest of it would be taken for a
  // path.
  if (pathname !== '/' || search !== '' || hash !== '' || port === '0') return unusable;
  if (!isPercentEncoded(username) || !isPercentEncoded(password)) return unusable;
  return { url: href };
}

function isPercentEncoded(text: string): boolean {
  try {
    decodeURIComponent(text);
    return true;
  } catch {
    return false;
  }
}

// ---------------------------------------------------------------- NO_PROXY

const DEFAULT_PORT: Readonly<Record<string, string>> = { 'http:': '80', 'https:': '443' };

/**
 * Whether the value of a NO_PROXY variable covers a target: `*`, a host, a domain with its
 * subdomains (`.corp`, `*.corp` or `corp`), each also with a port. Entries are separated by commas
 * or whitespace. Networks (10.0.0.0/8) are not supported.
 */
export function bypassesProxy(noProxy: string, { protocol, hostname, port }: URL): boolean {
  const host = plainHost(hostname);
  const actualPort = port === '' ? DEFAULT_PORT[protocol] : port;
  return entriesOf(noProxy).some(entry => {
    if (entry === '*') return true;
    const { host: wanted, port: wantedPort } = splitPort(entry);
    if (wantedPort !== undefined && wantedPort !== actualPort) return false;
    return wanted !== '' && (host === wanted || host.endsWith(`.${wanted}`));
  });
}

function entriesOf(noProxy: string): string[] {
  return noProxy.split(/[,\s]+/).filter(Boolean);
}

function splitPort(entry: string): { readonly host: string; readonly port?: string | undefined } {
  const bracketed = /^(\[.*\])(?::(\d+))?$/.exec(entry);
  // An IPv6 address without brackets has no port.
  const [, host = entry, port] = bracketed ?? /^([^:]*):(\d+)$/.exec(entry) ?? [];
  return { host: plainHost(host.replace(/^\*?\./, '')), port };
}

function plainHost(host: string): string {
  return host
    .toLowerCase()
    .replace(/^\[|\]$/g, '')
    .replace(/\.$/, '');
}
