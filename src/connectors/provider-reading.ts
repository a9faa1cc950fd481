/**
 * How `init` and `doctor` read documents of identity providers, and why these cannot be read: with
 * the clock skew and the end of the TLS certificate; faults as sentences with a fix.
 */
import type { Clock } from '../core/ports.ts';
import {
  type DocumentLocation,
  ProviderFault,
  type ProviderFaultKind,
  type Served,
} from '../core/provider-facts.ts';
import type { Instant } from '../core/time.ts';
import { type Outbound, OutboundFault, type OutboundFaultKind } from '../outbound.ts';

export interface InspectorParts {
  readonly clock: Clock;
  readonly outbound: Outbound;
  /** For the metadata of a federation. */
  readonly toFederations: Outbound;
  /** End of the TLS certificate of a host that was connected to. */
  readonly certificateEnd: (hostname: string) => Instant | undefined;
}

/** An `Outbound` that keeps the last answer. */
export interface Recorded {
  readonly outbound: Outbound;
  /** Undefined until something answered. */
  readonly answer: () => RecordedAnswer | undefined;
}

interface RecordedAnswer {
  readonly status: number;
  /** The body, read as UTF-8. */
  readonly text: () => string;
  readonly served: Served;
}

export function recording({
  clock,
  outbound,
  certificateEnd,
}: Omit<InspectorParts, 'toFederations'>): Recorded {
  let answer: RecordedAnswer | undefined;
  const fetch = async (...asked: Parameters<Outbound['fetch']>): Promise<Response> => {
    const response = await outbound.fetch(...asked);
    const [input] = asked;
    const { hostname } = new URL(input instanceof Request ? input.url : input);
    const body = new Uint8Array(await response.arrayBuffer());
    const { status, headers } = response;
    answer = {
      ...{ status, text: () => new TextDecoder().decode(body) },
      served: {
        skewSeconds: skewOf(headers.get('date'), clock.now()),
        tlsEndsAt: certificateEnd(hostname),
      },
    };
    return new Response(body.length === 0 ? null : body, { status, headers });
  };
  return { outbound: { ...outbound, fetch }, answer: () => answer };
}

/** The header has whole seconds, so up to a second of difference is none. */
function skewOf(date: string | null, now: Instant): number | undefined {
  const instant = Date.parse(date ?? '');
  if (Number.isNaN(instant)) return undefined;
  const skew = Math.round((instant - now) / 1000);
  return Math.abs(skew) <= 1 ? 0 : skew;
}

/** The fault of the network or the file that a thrown error has in its causes, else of `kind`. */
export function providerFault(
  thrown: unknown,
  location: DocumentLocation,
  { kind, fix }: { readonly kind: ProviderFaultKind; readonly fix: string } = UNREADABLE,
): ProviderFault {
  if (thrown instanceof ProviderFault) return thrown;
  for (const error of causesOf(thrown)) {
    if (error instanceof OutboundFault) return outboundFault(error);
    const { code } = error as { code?: unknown };
    if ('file' in location && typeof code === 'string' && /^E[A-Z]+$/.test(code))
      return new ProviderFault('file', `${location.file} cannot be read (${code})`, {
        fix: 'Name a file that exists and that the user of the bridge can read.',
        cause: thrown,
      });
  }
  const message = thrown instanceof Error ? thrown.message : 'the provider cannot be read';
  const where = nameOf(location);
  const told = message.startsWith(where) ? message : `${where}: ${message}`;
  return new ProviderFault(kind, told, { fix, cause: thrown });
}

/** Without the query, which can contain a secret. */
function nameOf(location: DocumentLocation): string {
  if ('file' in location) return location.file;
  const { origin, pathname } = URL.parse(location.url) ?? {};
  return origin === undefined ? 'the address' : `${origin}${pathname}`;
}

const UNREADABLE = {
  kind: 'document',
  fix: 'Check the address: open it in a browser.',
} as const;

function* causesOf(thrown: unknown): Generator<Error> {
  for (let error = thrown, depth = 0; error instanceof Error && depth < 10; depth++) {
    yield error;
    error = error.cause;
  }
}

function outboundFault(fault: OutboundFault): ProviderFault {
  const { kind, code, message } = fault;
  const [as, fix] = FIXES[kind];
  return new ProviderFault(as, message, {
    fix: (kind === 'tls' && code !== undefined && TLS_FIXES[code]) || fix,
    cause: fault,
  });
}

const FIXES: { readonly [K in OutboundFaultKind]: readonly [ProviderFaultKind, string] } = {
  insecure: ['address', 'Use https; http is for loopback only.'],
  timeout: ['timeout', 'Check that a firewall lets this host through, or set HTTPS_PROXY.'],
  'too-large': ['too-large', 'Check the address: no provider publishes such a large document.'],
  redirect: ['redirect', 'Use the address that it redirects to, if it is that of your provider.'],
  proxy: ['proxy', 'Allow the address at the proxy, or list its host in NO_PROXY.'],
  name: ['name', 'Check the spelling of the host name, and the DNS settings of this host.'],
  tls: [
    'tls',
    'If the certificate is from a private CA, set NODE_EXTRA_CA_CERTS to the PEM file of that CA, for this command and for the server.',
  ],
  unreachable: [
    'unreachable',
    'Check that the provider runs, and that a firewall lets this host through.',
  ],
};

const TLS_FIXES: Readonly<Record<string, string>> = {
  CERT_HAS_EXPIRED: 'Renew the TLS certificate of the provider.',
  CERT_NOT_YET_VALID: 'Check the clock of this host, and the TLS certificate of the provider.',
  ERR_TLS_CERT_ALTNAME_INVALID:
    'The certificate is for another host name. Use that name, or correct the certificate.',
};
