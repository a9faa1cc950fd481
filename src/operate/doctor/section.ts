/** A part of what `doctor` looks at, and what it is given. */
import type { Configuration } from '../../config/configuration.ts';
import type { Finding } from '../../core/finding.ts';
import type { Clock } from '../../core/ports.ts';

/** What the command line limits the examination to; empty lists are no limit. */
export interface Scope {
  readonly connectors: readonly string[];
  /** Names or ids. */
  readonly accounts: readonly string[];
  readonly roles: readonly string[];
}

export interface Examination {
  readonly configuration: Configuration;
  /** Where the configuration was read from. */
  readonly configFile: string;
  readonly scope: Scope;
  readonly clock: Clock;
  /** Says what is being looked at: `account 12 of 300`. */
  readonly progress: (step: string) => void;
}

export interface Section {
  /** A word for JSON and messages: `connectors`. */
  readonly name: string;
  readonly title: string;
  /**
   * Yields each finding as soon as it is known, also that something is in order. A fault of what it
   * looks at is a finding; it throws only for a fault of its own.
   */
  examine(examination: Examination): AsyncIterable<Finding>;
}
