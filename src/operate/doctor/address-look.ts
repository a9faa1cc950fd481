/** What the parts of the address section share: the address, its ports, and faults in words. */
import type { DirectAnswer, DirectRequest, ServerCertificate } from '../../core/direct-request.ts';
import type { Finding } from '../../core/finding.ts';
import type { DoctorProofs } from '../../core/ports.ts';
import type { Examination } from './section.ts';

/** What this bridge would publish with the keys of its directory. */
export interface OwnDocuments {
  readonly samlMetadata: string;
  readonly issuer: string;
  /** `kid` of each key in the JWKS. */
  readonly kids: readonly string[];
  readonly proofs: DoctorProofs;
}

export interface AddressPorts {
  /** Addresses of a host name. Rejects with an Error that has the `code` of Node.js. */
  resolve(host: string): Promise<readonly string[]>;
  /** Addresses of this host. */
  ownAddresses(): readonly string[];
  /** Rejects with an Error that has a `code`. */
  send(request: DirectRequest): Promise<DirectAnswer>;
  /** Rejects as `send`. */
  certificateOf(url: URL): Promise<ServerCertificate>;
  /** Creates nothing. Rejects if a key cannot be read. */
  ownDocuments(): Promise<OwnDocuments>;
}

export interface Look extends Examination, AddressPorts {
  readonly base: URL;
  /** Undefined if a key cannot be read. */
  readonly own: OwnDocuments | undefined;
}

export type Findings = AsyncGenerator<Finding, void, undefined>;
/** Findings, and whether the section goes on. */
export type Gate = AsyncGenerator<Finding, boolean, undefined>;

/** The base URL with a path of the bridge. */
export function at({ base }: Pick<Look, 'base'>, path: string): URL {
  return new URL(path, base);
}

/** An answer, or the code of what prevented it. */
export type Sent =
  | { readonly answer: DirectAnswer; readonly fault?: undefined }
  | { readonly answer?: undefined; readonly fault: string };

export async function attempt(look: Look, request: DirectRequest): Promise<Sent> {
  try {
    return { answer: await look.send(request) };
  } catch (thrown) {
    return { fault: codeOf(thrown) };
  }
}

export function codeOf(thrown: unknown): string {
  const { code } = (thrown ?? {}) as { readonly code?: unknown };
  return typeof code === 'string' ? code : 'unknown fault';
}

const REASONS: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'the connection is refused',
  ECONNRESET: 'the connection is closed without an answer',
  EHOSTUNREACH: 'there is no route to the host',
  ENETUNREACH: 'there is no route to the network',
  EPROTO: 'the server does not speak TLS there',
  ERR_SSL_WRONG_VERSION_NUMBER: 'the server does not speak TLS there',
  ETIMEDOUT: 'no answer comes within 5 s',
  EPIPE: 'the connection is closed without an answer',
  HPE_HEADER_OVERFLOW: 'the headers of the answer are too large',
  HPE_INVALID_CONSTANT: 'the answer is not HTTP',
  TOO_LARGE: 'the answer is too large for one of the bridge',
};

/** Why nothing arrived, as the end of a sentence. */
export function reasonOf(fault: string): string {
  return REASONS[fault] ?? `it fails with ${fault}`;
}

/** An answer in a few words: `status 502`, `status 302 to https://login.example.com`. */
export function toldOf({ status, headers }: DirectAnswer): string {
  const origin = originOf(headers.location);
  return origin === undefined ? `status ${status}` : `status ${status} to ${origin}`;
}

/** The origin alone: a query can contain codes. */
function originOf(location: string | undefined): string | undefined {
  if (location === undefined) return undefined;
  return URL.canParse(location) ? new URL(location).origin : 'another path';
}
