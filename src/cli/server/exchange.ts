/**
 * One HTTP exchange with a server: bounded in time and size, through the company's proxy and with
 * its certificate authority where the environment names them.
 *
 * Owns: the transport, what its faults mean to a user, and the clock skew. Does not own: what an
 * answer means.
 */
import {
  type ProxyAddress,
  type ProxyFault,
  readProxySettings,
  tunnelStatus,
} from '../../core/proxy.ts';
import { CliError, systemCode } from '../terminal/exit.ts';
import { isThisComputer } from '../warm/bridges.ts';
import { PathFault, readIfThere } from '../warm/private-files.ts';

const TIMEOUT_MILLISECONDS = 10_000;
/** 10,000 roles are about 3 MB. */
const MAX_BYTES = 8 * 1024 * 1024;

export interface ExchangeRequest {
  readonly method: string;
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | URLSearchParams | undefined;
}

export interface ExchangeAnswer {
  /** A redirect is not followed. */
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  /** Milliseconds to add to the local clock for the server's; undefined when it did not say. */
  readonly clockOffset: number | undefined;
}

export interface ExchangeOptions {
  /** Its origin. */
  readonly server: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly caFile?: string | undefined;
}

export type Exchange = (request: ExchangeRequest) => Promise<ExchangeAnswer>;

/**
 * Throws `unreachable` with the reason and what to do, `local` for certificate authorities or a
 * proxy that cannot be used.
 */
export function openExchange(options: ExchangeOptions): Exchange {
  let transport: Promise<Transport> | undefined;
  return async request => {
    transport ??= chooseTransport(options);
    const { send, proxy } = await transport;
    const began = Date.now();
    const { response, text } = await exchange(send, options.server, request).catch(
      (thrown: unknown) => {
        if (thrown instanceof CliError) throw thrown;
        throw new CliError('unreachable', faultOf(thrown, options.server, proxy), {
          lines: adviceFor(thrown, proxy),
          cause: thrown,
        });
      },
    );
    const { status, headers } = response;
    return { status, headers, text, clockOffset: offsetOf(headers.get('date'), began, Date.now()) };
  };
}

async function exchange(
  send: typeof fetch,
  server: string,
  { method, path, headers, body }: ExchangeRequest,
): Promise<{ readonly response: Response; readonly text: string }> {
  const response = await send(`${server}${path}`, {
    method,
    headers: { ...headers },
    body: body ?? null,
    redirect: 'manual',
    signal: AbortSignal.timeout(TIMEOUT_MILLISECONDS),
  });
  return { response, text: await readBounded(response) };
}

interface Transport {
  readonly send: typeof fetch;
  readonly proxy?: ProxyAddress | undefined;
}

/** Node's own fetch, unless a proxy or a certificate authority is configured: it knows neither. */
async function chooseTransport({ server, env, caFile }: ExchangeOptions): Promise<Transport> {
  const caPath = caFile ?? env.SSL_CERT_FILE;
  const proxy = proxyFor(new URL(server), env);
  if (proxy === undefined && (caPath === undefined || server.startsWith('http:')))
    return { send: fetch };
  const [undici, tls] = await Promise.all([import('undici'), import('node:tls')]);
  const ca = caPath === undefined ? undefined : [...tls.rootCertificates, readAuthorities(caPath)];
  const dispatcher =
    proxy === undefined
      ? new undici.Agent({ connect: { ca } })
      : new undici.ProxyAgent({
          uri: proxy.url,
          connect: { ca },
          requestTls: { ca },
          proxyTls: { ca },
        });
  // The same shape as Node's own, which is an older undici.
  const send = ((url: string, init: RequestInit) =>
    undici.fetch(url, { ...(init as object), dispatcher })) as unknown as typeof fetch;
  return { send, proxy };
}

function proxyFor(server: URL, env: ExchangeOptions['env']): ProxyAddress | undefined {
  if (isThisComputer(server.hostname)) return undefined;
  const { proxy, fault, bypasses } = readProxySettings(env);
  if (bypasses(server)) return undefined;
  if (fault !== undefined) throw unusableProxy(fault);
  return proxy;
}

function unusableProxy({ variable, message, fix }: ProxyFault): CliError {
  return new CliError('local', `${variable} ${message}`, {
    lines: [fix, 'NO_PROXY lists servers that are reached without a proxy.'],
  });
}

function readAuthorities(file: string): string {
  try {
    const content = readIfThere(file);
    if (content !== undefined) return content.toString('utf8');
    throw Object.assign(new Error(), { code: 'ENOENT' });
  } catch (thrown) {
    const why =
      thrown instanceof PathFault ? 'not a regular file' : (systemCode(thrown) ?? 'unknown fault');
    throw new CliError('local', `the certificate authorities in ${file} cannot be read (${why})`, {
      lines: [
        'SSL_CERT_FILE, "caFile" in the settings, or AWS_CA_BUNDLE or ca_bundle for AWS, names this file. Correct the file or remove the setting.',
      ],
      cause: thrown,
    });
  }
}

async function readBounded(response: Response): Promise<string> {
  if (response.body === null) return '';
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of response.body as unknown as AsyncIterable<Uint8Array>) {
    size += chunk.length;
    if (size > MAX_BYTES)
      throw new CliError('unreachable', 'the response of the server is too large', {
        lines: ['Check its address.'],
      });
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

/** `Date` has whole seconds: half of one is the best guess of what it leaves out. */
function offsetOf(date: string | null, began: number, ended: number): number | undefined {
  const server = Date.parse(date ?? '');
  return Number.isNaN(server) ? undefined : server + 500 - (began + ended) / 2;
}

// ---------------------------------------------------------------- what went wrong

const CERTIFICATE = /CERT|SELF_SIGNED|UNABLE_TO_VERIFY|ERR_TLS/;

function codeIn(thrown: unknown): string {
  const { name, cause } = (thrown ?? {}) as { name?: unknown; cause?: unknown };
  if (name === 'TimeoutError' || name === 'AbortError') return 'TIMEOUT';
  return (
    systemCode(cause) ??
    systemCode((cause as { errors?: unknown[] } | undefined)?.errors?.[0]) ??
    systemCode(thrown) ??
    ''
  );
}

function faultOf(thrown: unknown, server: string, proxy: ProxyAddress | undefined): string {
  const code = codeIn(thrown);
  const status = tunnelStatus(thrown);
  if (proxy !== undefined && status !== undefined)
    return `the proxy of ${proxy.variable} rejected the connection to ${server} (status ${status})`;
  const through = proxy === undefined ? '' : ` through the proxy of ${proxy.variable}`;
  if (code === 'ECONNREFUSED')
    return proxy === undefined
      ? `nothing answers at ${server}`
      : `nothing answers at the proxy of ${proxy.variable}`;
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN')
    return `could not resolve ${proxy === undefined ? server : `the proxy of ${proxy.variable}`}`;
  if (code === 'TIMEOUT' || /TIMEOUT|ETIMEDOUT/.test(code))
    return `${server} did not answer within ${TIMEOUT_MILLISECONDS / 1000} s${through}`;
  if (CERTIFICATE.test(code)) return `the certificate of ${server} is not trusted here (${code})`;
  return `${server} cannot be reached${through}${code === '' ? '' : ` (${code})`}`;
}

function adviceFor(thrown: unknown, proxy: ProxyAddress | undefined): string[] {
  const code = codeIn(thrown);
  if (CERTIFICATE.test(code))
    return [
      'If your company has a certificate authority of its own, name its file in SSL_CERT_FILE or NODE_EXTRA_CA_CERTS.',
    ];
  if (proxy !== undefined) {
    return [
      tunnelStatus(thrown) === '407'
        ? `The proxy requires a user name and password: ${proxy.variable}=http://USER:PASSWORD@HOST:PORT.`
        : `Check ${proxy.variable} and the network (VPN), then try again.`,
    ];
  }
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN')
    return ['Check the address, and whether you need the VPN.'];
  return ['Check the address and the network (VPN, HTTPS_PROXY), then try again.'];
}
