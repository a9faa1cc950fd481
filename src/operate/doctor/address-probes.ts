/** Requests through the proxy that only this bridge answers: what of them arrives. */
import {
  Arrival,
  DOCTOR_PATH,
  DOCTOR_PROOF_HEADER,
  FILLER_PARAMETER,
  LOCATION_PARAMETER,
  longLocation,
  type MarkedHeader,
  markedHeaders,
} from '../../core/arrival.ts';
import { MAX_DESTINATION } from '../../core/console-destination.ts';
import type { DirectRequest } from '../../core/direct-request.ts';
import type { Finding } from '../../core/finding.ts';
import { MINUTE } from '../../core/time.ts';
import { forgedFinding, forwardedFindings, isWorthForging } from './address-forwarded.ts';
import {
  at,
  attempt,
  type Findings,
  type Look,
  reasonOf,
  type Sent,
  toldOf,
} from './address-look.ts';

type Protocol = NonNullable<DirectRequest['protocol']>;
const NAMES: { readonly [P in Protocol]: string } = { 'http/1.1': 'HTTP/1.1', h2: 'HTTP/2' };

interface Probe {
  readonly protocol?: Protocol;
  readonly method?: 'GET' | 'POST';
  readonly headers?: Readonly<Record<string, string>>;
  readonly query?: Readonly<Record<string, string>>;
  readonly body?: Buffer;
}

type Probed = Sent & { readonly nonce: string; readonly arrival: Arrival | undefined };

async function probe(
  look: Look,
  { query = {}, headers, method = 'GET', ...rest }: Probe,
): Promise<Probed> {
  const asked = { method, origin: look.configuration.baseUrl };
  const { proof, nonce } = look.own!.proofs.make(asked, look.clock.now());
  const sent = await attempt(look, {
    ...rest,
    method,
    url: at(look, `${DOCTOR_PATH}?${new URLSearchParams(query)}`),
    headers: { [DOCTOR_PROOF_HEADER]: proof, ...markedHeaders(nonce), ...headers },
  });
  return { ...sent, nonce, arrival: arrivalIn(sent) };
}

function arrivalIn({ answer }: Sent): Arrival | undefined {
  try {
    return answer?.status === 200 ? Arrival.parse(JSON.parse(answer.body)) : undefined;
  } catch {
    return undefined;
  }
}

/** `speaksHttp2`: whether clients and the proxy agree on it. */
export async function* examineArrivals(look: Look, speaksHttp2: boolean): Findings {
  look.progress('what arrives at the bridge');
  const first = await probe(look, {});
  const { arrival } = first;
  if (arrival === undefined) {
    yield refusedFinding(first, look);
    return;
  }
  if ([first, await probe(look, {})].some(isStored)) {
    yield cachedFinding(look);
    return;
  }
  yield* forwardedFindings(arrival, look);
  if (isWorthForging(arrival)) yield* examineForged(look);
  const dropped = headerFindings(arrival, look, 'http/1.1');
  yield* dropped;
  const cut = await locationFinding(look, 'http/1.1');
  if (cut !== undefined) yield cut;
  yield* examineSizes(look);
  if (speaksHttp2)
    yield* examineHttp2(look, { dropped: dropped.length > 0, cut: cut !== undefined });
}

/** What HTTP/1.1 has shown already is the same fault, and is not told again. */
async function* examineHttp2(
  look: Look,
  told: { readonly dropped: boolean; readonly cut: boolean },
): Findings {
  look.progress('what arrives over HTTP/2');
  const probed = await probe(look, { protocol: 'h2' });
  if (probed.arrival === undefined) {
    yield refusedFinding(probed, look);
    return;
  }
  if (!told.dropped) yield* headerFindings(probed.arrival, look, 'h2');
  const cut = told.cut ? undefined : await locationFinding(look, 'h2');
  if (cut !== undefined) yield cut;
}

function isStored({ arrival, nonce }: Probed): boolean {
  return arrival !== undefined && arrival.nonce !== nonce;
}

function refusedFinding({ answer, fault }: Sent, { base, clock }: Look): Finding {
  const seconds = (Date.parse(answer?.headers.date ?? '') - clock.now()) / 1000;
  const isOff = Math.abs(seconds) > MINUTE;
  const told = answer === undefined ? reasonOf(fault) : toldOf(answer);
  return {
    ...{ id: 'address.proof-refused', subject: base.origin },
    message: isOff
      ? `The bridge answers, but not what arrives there: the clocks of the two hosts differ by ${Math.round(Math.abs(seconds))} s.`
      : 'The bridge answers, but not what arrives there: it has another sealing.key, is an older version, or the proxy drops the question.',
    fix: isOff
      ? 'Let a service such as chrony or systemd-timesyncd set both clocks.'
      : 'Run doctor with the key directory of the bridge. Let the header x-rolebridge-doctor pass.',
    found: told,
  };
}

function cachedFinding({ base }: Look): Finding {
  return {
    ...{ id: 'address.cached', subject: base.origin },
    message: 'The answer to an earlier request came back: something in front stores answers.',
    fix: 'Turn caching off for this host; the bridge sends Cache-Control: no-store.',
  };
}

// ---------------------------------------------------------------- headers of callers

const NEEDED_FOR: { readonly [H in MarkedHeader]: string } = {
  authorization: 'terminals, applications and workloads',
  cookie: 'browsers',
  dpop: 'applications',
  'x-amz-sso_bearer_token': 'AWS tools',
};

function headerFindings(arrival: Arrival, look: Look, protocol: Protocol): Finding[] {
  const { applications } = look.configuration;
  return Object.entries(arrival.marked).flatMap(([header, mark]): Finding[] => {
    if (mark === 'unchanged' || (header === 'dpop' && applications.length === 0)) return [];
    const isToken = header === 'x-amz-sso_bearer_token';
    const verb = mark === 'missing' ? 'does not arrive' : 'arrives changed';
    return [
      {
        id: isToken ? 'address.token-header-dropped' : 'address.header-dropped',
        subject: `${header} over ${NAMES[protocol]}`,
        message: `The header ${verb}, which ${NEEDED_FOR[header as MarkedHeader]} need.`,
        fix: isToken
          ? 'nginx: underscores_in_headers on. AWS load balancer: routing.http.drop_invalid_header_fields.enabled=false; if that is set, turn HTTP/2 off.'
          : 'Let the proxy pass the header on unchanged, and no authentication of its own replace it.',
      },
    ];
  });
}

// ---------------------------------------------------------------- addresses that users could forge

/** An address of TEST-NET-3 (RFC 5737), which no caller has. */
const FORGED = '203.0.113.77';

async function* examineForged(look: Look): Findings {
  const { arrival } = await probe(look, { headers: { 'x-forwarded-for': FORGED } });
  if (arrival?.address === FORGED) yield forgedFinding(arrival, look);
}

// ---------------------------------------------------------------- sizes

const KIB = 1024;
/** A short console link, and the longest: a destination in percent-encoding, and its token. */
const SHORT_LOCATION: number = 4 * KIB;
const LONGER_LOCATIONS: readonly number[] = [8 * KIB, 16 * KIB, 3 * MAX_DESTINATION + 8 * KIB];

/** The shortest that does not arrive as it was sent. */
async function locationFinding(look: Look, protocol: Protocol): Promise<Finding | undefined> {
  for (const bytes of [SHORT_LOCATION, ...LONGER_LOCATIONS]) {
    look.progress(`a Location of ${bytes / KIB} KiB over ${NAMES[protocol]}`);
    const query = { [LOCATION_PARAMETER]: String(bytes) };
    const { answer, fault, nonce } = await probe(look, { protocol, query });
    const expected = longLocation(look.configuration.baseUrl, nonce, bytes);
    if (answer?.headers.location === expected) continue;
    const isShort = bytes === SHORT_LOCATION;
    return {
      id: isShort ? 'address.location-refused' : 'address.long-location-refused',
      subject: `Location of ${bytes / KIB} KiB over ${NAMES[protocol]}`,
      message: isShort
        ? 'The proxy does not pass on a redirect as long as a console link.'
        : 'The proxy does not pass on a redirect as long as a console link to a page with a long address.',
      fix: 'nginx: proxy_buffer_size 32k and proxy_buffers 8 32k. Other proxies: allow response headers of 32 KiB.',
      found:
        answer === undefined
          ? reasonOf(fault)
          : locationTold(answer.headers.location, toldOf(answer)),
    };
  }
  return undefined;
}

function locationTold(location: string | undefined, told: string): string {
  return location === undefined ? told : `another Location of ${location.length} bytes`;
}

/** A link to a console page with a long address, percent-encoded. */
const LONG_TARGET: number = 12 * KIB;
/** A SAML response of a user with many groups. The bridge accepts 160,000 bytes. */
const LARGE_BODY = 150_000;

async function* examineSizes(look: Look): Findings {
  const long = await probe(look, { query: { [FILLER_PARAMETER]: 'x'.repeat(LONG_TARGET) } });
  if ((long.arrival?.target_bytes ?? 0) < LONG_TARGET)
    yield {
      ...{ id: 'address.long-request-refused', subject: 'request line of 12 KiB' },
      message: 'The proxy refuses the address of a console page with a long query.',
      fix: 'nginx: large_client_header_buffers 4 16k. Other proxies: allow request lines of 16 KiB.',
      found: long.answer === undefined ? reasonOf(long.fault) : toldOf(long.answer),
    };
  const body = Buffer.alloc(LARGE_BODY, 'x');
  const large = await probe(look, { method: 'POST', body });
  if (large.arrival?.body_bytes !== LARGE_BODY)
    yield {
      ...{ id: 'address.body-refused', subject: 'body of 150 kB' },
      message: 'The proxy refuses a body as large as the SAML response of a user with many groups.',
      fix: 'nginx: client_max_body_size 256k. AWS WAF: exclude /saml/*/acs from SizeRestrictions_BODY.',
      found: large.answer === undefined ? reasonOf(large.fault) : toldOf(large.answer),
    };
}
