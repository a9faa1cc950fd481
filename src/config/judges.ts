/**
 * What only the parts of a running bridge can say of an operator's files. `check` asks them; a
 * bridge that starts does not, because it reads the files itself.
 */
import type { JudgeMetadata } from './metadata-files.ts';
import type { Problem } from './problems.ts';

export interface Judges {
  readonly metadata: JudgeMetadata;
  /** What keeps a bridge from starting with the keys in this directory. */
  readonly keys: (directory: string) => Promise<readonly Problem[]>;
  readonly keySet: JudgeKeySet;
  /** What keeps a bridge from starting with the store in this file, which can be missing. */
  readonly store: (file: string) => Promise<readonly Problem[]>;
}

/**
 * Judges a key set of an entry of `workloads`; repeats nothing of its text. Messages are sentences
 * after the key of the configuration: `points at ...`.
 */
export type JudgeKeySet = (
  text: string,
  entry: { readonly isSpiffe: boolean },
) => readonly Problem[];
