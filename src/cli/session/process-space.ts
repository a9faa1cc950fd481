/** The scope of process ids: this computer, and on Linux its PID namespace. */
import { readlinkSync } from 'node:fs';
import { hostname } from 'node:os';

let known: string | undefined;

/** Equal for processes that see each other; containers may share a host name, not a namespace. */
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

/** Whether a process of this space runs, also one of another user. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (thrown) {
    return (thrown as { code?: unknown }).code === 'EPERM';
  }
}
