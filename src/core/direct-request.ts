/** A single request of `doctor` and what comes back, with everything that the connection shows. */
import type { Instant } from './time.ts';

export interface DirectRequest {
  readonly url: URL;
  /** Default: GET. */
  readonly method?: string | undefined;
  /** With lower-case names, as HTTP/2 has them. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
  readonly body?: Buffer | undefined;
  /** Default: http/1.1. */
  readonly protocol?: 'http/1.1' | 'h2' | undefined;
}

export interface DirectAnswer {
  readonly status: number;
  /** By lower-case name. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** The certificate of a TLS server, verified or not. */
export interface ServerCertificate {
  readonly startsAt: Instant;
  readonly endsAt: Instant;
  /** Organization or name of who issued it. */
  readonly issuer: string;
  /** Why this process does not trust it: a code of Node.js; undefined if it does. */
  readonly fault: string | undefined;
  /** Whether it is trusted without a private authority. */
  readonly isPublic: boolean;
  readonly speaksHttp2: boolean;
}
