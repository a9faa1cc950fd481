/**
 * Files that the bridge trusts and that somebody else can change, and secrets that somebody else
 * can read.
 */
import type { SmallFile } from './files.ts';
import type { Problem } from './problems.ts';

const EVERYONE_READS = 0o004;
const EVERYONE_WRITES = 0o002;
const GROUP_WRITES = 0o020;

interface Circumstances {
  readonly secret: boolean;
  /** The user id of this process; undefined on Windows, where the bits of a mode say nothing. */
  readonly self: number | undefined;
}

/**
 * `name` is shown. Whoever writes the configuration, a metadata file or a session policy decides
 * who gets into AWS.
 */
export function permissionProblems(
  name: string,
  { mode, owner }: Pick<SmallFile, 'mode' | 'owner'>,
  { secret, self }: Circumstances,
): Problem[] {
  if (self === undefined) return [];
  const problems: Problem[] = [];
  if ((mode & EVERYONE_WRITES) !== 0) {
    problems.push({
      message: `the file ${name} can be changed by everyone on this machine.`,
      fix: `Run chmod go-w ${name}.`,
    });
  } else if ((mode & GROUP_WRITES) !== 0) {
    // Some systems give every user a group of their own and files like this by default: nobody else
    // is in there.
    const message = `the file ${name} can be changed by everyone in its group.`;
    problems.push({ message, fix: `Run chmod g-w ${name}.`, warning: true });
  }
  if (secret && (mode & EVERYONE_READS) !== 0) {
    const message = `the file ${name} can be read by everyone on this machine.`;
    const fix = `Run chmod o-rwx ${name}, or mount the secret with mode 0440.`;
    // Docker and Kubernetes mount secrets as files of root with mode 0444 or 0644, and a bridge
    // that is not root may have no other way to them, in a container that nobody else is in. A file
    // of our own user needs no such mode (OpenSSH draws the same line).
    problems.push({ message, fix, ...(owner !== self && { warning: true }) });
  }
  return problems;
}
