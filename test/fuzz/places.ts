/** Where the inputs of the targets are. */
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** Inputs that runs on this machine have kept; not in the repository. */
export const GROWN = join(import.meta.dirname, '../../node_modules/.cache/rolebridge-fuzz/grown');

/** Inputs to begin with, in the repository. */
export function corpusOf(name: string): string {
  return join(import.meta.dirname, 'corpus', name);
}

/**
 * The dictionary of a target, in the format of libFuzzer: words of the language of its inputs,
 * which random changes find slowly.
 */
export function wordsOf(name: string): string {
  return join(import.meta.dirname, 'words', `${name}.dict`);
}

/** What a run has found, until it is fixed and becomes a test. */
export function findingsOf(name: string): string {
  return join(import.meta.dirname, 'findings', name);
}

/** The inputs of a target in these directories. */
export function inputsIn(...directories: readonly string[]): ReadonlyMap<string, Buffer> {
  const files = directories.flatMap(directory =>
    globSync('*', { cwd: directory })
      .filter(name => !name.endsWith('.why'))
      .map(name => join(directory, name)),
  );
  return new Map(files.map(file => [file, readFileSync(file)]));
}
