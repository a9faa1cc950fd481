/**
 * What arrives at the bridge of a request that `doctor` sends through the proxy: the wire form
 * between the two (`GET /doctor`).
 *
 * Owns: names, the marked headers, the long Location and the form of the answer. Does not own: the
 * proof (issuer/doctor-proofs), what an answer means (operate/doctor).
 */
import * as z from 'zod';

export const DOCTOR_PATH = '/doctor';
/** The header with the proof that `doctor` may ask. */
export const DOCTOR_PROOF_HEADER = 'x-rolebridge-doctor';
/** The query parameter that asks for a redirect whose Location has so many bytes. */
export const LOCATION_PARAMETER = 'location';
/** The query parameter that makes a request line long. */
export const FILLER_PARAMETER = 'filler';

/** The longest Location that is made on request, and the largest body that is counted. */
export const MOST_LOCATION_BYTES: number = 32 * 1024;
export const MOST_BODY_BYTES: number = 256 * 1024;

/** Headers by which callers prove who they are. `doctor` sends its nonce in each of them. */
export const MARKED_HEADERS = [
  'authorization',
  'cookie',
  'dpop',
  'x-amz-sso_bearer_token',
] as const;
export type MarkedHeader = (typeof MARKED_HEADERS)[number];

const MARKED_VALUES: { readonly [H in MarkedHeader]: (nonce: string) => string } = {
  authorization: nonce => `Bearer ${nonce}`,
  cookie: nonce => `rolebridge_doctor=${nonce}`,
  dpop: nonce => nonce,
  'x-amz-sso_bearer_token': nonce => nonce,
};

/** The marked headers, as `doctor` sends them. */
export function markedHeaders(nonce: string): Readonly<Record<MarkedHeader, string>> {
  const entries = MARKED_HEADERS.map(name => [name, MARKED_VALUES[name](nonce)]);
  return Object.fromEntries(entries) as Record<MarkedHeader, string>;
}

/** How a marked header arrived. A proxy can add cookies of its own; any other change counts. */
export function markOf(header: MarkedHeader, nonce: string, arrived: string | undefined): Mark {
  if (arrived === undefined) return 'missing';
  const sent = MARKED_VALUES[header](nonce);
  const values = header === 'cookie' ? arrived.split(/; */) : [arrived];
  return values.includes(sent) ? 'unchanged' : 'changed';
}

const Mark = z.enum(['unchanged', 'changed', 'missing']);
export type Mark = z.output<typeof Mark>;

/** What the bridge saw of one request. */
export const Arrival = z.object({
  /** The nonce of the request, so that a stored answer is recognised. */
  nonce: z.string().max(64),
  /** Of the last hop: `1.1`. */
  http_version: z.string().max(8),
  /** Path and query. */
  target_bytes: z.number(),
  body_bytes: z.number(),
  /** The other end of the connection. */
  peer: z.string().max(64),
  peer_trusted: z.boolean(),
  /** The caller's address, as the bridge takes it. */
  address: z.string().max(64),
  /** The scheme, as the bridge takes it. */
  protocol: z.string().max(16),
  /** Headers in which proxies say for whom they ask, in their order. Values are cut. */
  forwarded: z.array(z.object({ name: z.string().max(64), value: z.string().max(300) })).max(16),
  marked: z.record(z.enum(MARKED_HEADERS), Mark),
});
export type Arrival = z.output<typeof Arrival>;

/** An address of the bridge itself with exactly so many bytes. */
export function longLocation(baseUrl: string, nonce: string, bytes: number): string {
  const start = `${baseUrl}${DOCTOR_PATH}?${FILLER_PARAMETER}=`;
  const filler = nonce.repeat(Math.ceil(bytes / nonce.length));
  return (start + filler).slice(0, Math.max(bytes, start.length));
}
