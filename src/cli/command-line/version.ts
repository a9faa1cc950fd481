import { readFileSync } from 'node:fs';

/** Returns the version of the client, or `unknown` if its package cannot be read. */
export function version(): string {
  // Above the compiled program, or above the sources.
  for (const path of ['../../package.json', '../../../package.json']) {
    try {
      return (
        JSON.parse(readFileSync(new URL(path, import.meta.url), 'utf8')) as { version: string }
      ).version;
    } catch {
      // Not there: try the next one.
    }
  }
  return 'unknown';
}
