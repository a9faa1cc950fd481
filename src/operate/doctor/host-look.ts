/** What the parts of the section on this host share: its ports. */
import type { StoreConfiguration } from '../../config/configuration.ts';
import type { KeyDirectoryFacts, StoreFacts } from '../../core/host-facts.ts';
import type { Instant } from '../../core/time.ts';
import type { Examination } from './section.ts';

/** What a server says of the time. */
export interface ServerTime {
  readonly at: Instant;
  /** When the request was sent and the answer came, by this host. */
  readonly sentAt: Instant;
  readonly receivedAt: Instant;
}

export interface HostPorts {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly node: { readonly version: string; readonly path: string };
  /** The user id of this process; undefined on Windows. */
  readonly user: number | undefined;
  /** Undefined if the file can be read. */
  readonly whyUnreadable: (file: string) => Promise<string | undefined>;
  readonly keys: (directory: string) => Promise<KeyDirectoryFacts>;
  /** Undefined for a store in memory. */
  readonly store: (configuration: StoreConfiguration) => Promise<StoreFacts | undefined>;
  /** Undefined if archives of the audit trail can be written into the directory. */
  readonly whyNoArchive: (directory: string) => Promise<string | undefined>;
  /** Undefined without an answer, or without its `Date`. */
  readonly timeAt: (url: URL) => Promise<ServerTime | undefined>;
  /** Of the STS endpoint of each region that the accounts use. */
  readonly stsUrls: () => readonly URL[];
}

/** What the parts share. */
export interface HostLook extends Examination, HostPorts {}
