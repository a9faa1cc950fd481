/** What `init` needs from outside. */
import type { Clock } from '../../core/ports.ts';
import type { ProviderInspector } from '../../core/provider-facts.ts';

export interface Ports {
  readonly clock: Clock;
  readonly inspector: ProviderInspector;
  /** Creates missing signing keys (mode 0600) in a directory (0700); existing ones stay. */
  readonly createKeys: (directory: string) => Promise<void>;
  /** Creates a database with its tables, sealed by a key of the directory `keys`. */
  readonly createDatabase: (file: string, keys: string) => Promise<void>;
  /** A user types and reads here. */
  readonly isInteractive: boolean;
  /** Where the result goes. */
  readonly stdout: Screen;
  /** Where messages and questions go. */
  readonly stderr: Screen;
}

export interface Screen {
  /** The width of a terminal, in characters; undefined for a file or a pipe. */
  readonly columns?: number | undefined;
  write(text: string): unknown;
}
