/** Where a process id means a process: this computer, and on Linux this container of it. */
import { readlinkSync } from 'node:fs';
import { hostname } from 'node:os';

let known: string | undefined;

/**
 * The same text for all processes that see each other; two containers may have one host name, and
 * each its own process 7.
 */
export function processSpace(): string {
  known ??= `${hostname()} ${namespace()}`.trimEnd();
  return known;
}

function namespace(): string {
  try {
    return readlinkSync('/proc/self/ns/pid');
  } catch {
    return '';
  }
}
