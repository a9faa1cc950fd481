/** What `doctor` sees of a bridge's host without changing it: its keys and its store. */
import type { KnownKey, PresentKeys } from './known-keys.ts';
import type { Instant } from './time.ts';

/** What every key of the directory is, by the name of its file. */
export interface KeyFileFacts {
  /** `saml.next.pem`, `sealing.key`. */
  readonly name: string;
  /** `open` can be read by other users; the bridge then rejects it. */
  readonly state: 'good' | 'missing' | 'unreadable' | 'open' | 'damaged';
  /** What is wrong with the content. */
  readonly why?: string | undefined;
  readonly changedAt?: Instant | undefined;
  /** Of a signing key. */
  readonly certificateEndsAt?: Instant | undefined;
}

export interface KeyDirectoryFacts {
  readonly state: 'present' | 'missing' | 'unreadable' | 'no-directory' | 'open';
  /** The user id of the owner; undefined without a directory. */
  readonly owner?: number | undefined;
  /** The active keys, present or not, and those of a rotation that are there. */
  readonly files: readonly KeyFileFacts[];
  /** Drafts of keys that a process left when it was killed. */
  readonly drafts: readonly string[];
  /** Of the uses whose keys are good. */
  readonly present: readonly PresentKeys[];
}

/** Why a store cannot be used, as the bridge would say it, with what to do. */
export interface StoreFault {
  readonly kind: 'unreachable' | 'read-only' | 'newer' | 'foreign' | 'no-file';
  readonly message: string;
}

export interface StoreFacts {
  /** The file, or server and database without the password. */
  readonly place: string;
  readonly fault?: StoreFault | undefined;
  /** Whether a bridge has made its tables. */
  readonly exists: boolean;
  /** Steps of the schema that the next start runs. */
  readonly pendingSteps: number;
  readonly knownKeys: readonly KnownKey[];
  /** Of the first audit event. */
  readonly usedSince: Instant | undefined;
  readonly disk?: DiskFacts | undefined;
  readonly server?: ServerFacts | undefined;
}

/** Of a store in a file. */
export interface DiskFacts {
  readonly freeBytes: number;
  /** The name of a file system over a network: `nfs`. */
  readonly network: string | undefined;
  /** Whether other users can read the file. */
  readonly isOpen: boolean;
}

/** Of a store on a server. */
export interface ServerFacts {
  readonly version: string;
  readonly isEncrypted: boolean;
}
