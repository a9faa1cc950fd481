/** Checks that no other user can write a trusted file or read a secret. */
import type { SmallFile } from './files.ts';
import type { Problem } from './problems.ts';

const EVERYONE_READS = 0o004;
const EVERYONE_WRITES = 0o002;
const GROUP_WRITES = 0o020;

interface PermissionRules {
  readonly secret: boolean;
  /** The user id of this process; undefined on Windows, where the bits of a mode say nothing. */
  readonly self: number | undefined;
}

/**
 * Returns the problems of a file; `name` is shown in messages. Who can write the configuration, a
 * metadata file or a session policy decides who gets access to AWS.
 */
export function permissionProblems(
  name: string,
  { mode, owner }: Pick<SmallFile, 'mode' | 'owner'>,
  { secret, self }: PermissionRules,
): Problem[] {
  if (self === undefined) return [];
  const problems: Problem[] = [];
  if ((mode & EVERYONE_WRITES) !== 0) {
    problems.push({
      message: `the file ${name} is writable by every user of this machine.`,
      fix: `Run chmod go-w ${name}.`,
    });
  } else if ((mode & GROUP_WRITES) !== 0) {
    // Some systems give every user their own group and files this mode by default: no other user is
    // in the group.
    const message = `the file ${name} is writable by every user in its group.`;
    problems.push({ message, fix: `Run chmod g-w ${name}.`, warning: true });
  }
  if (secret && (mode & EVERYONE_READS) !== 0) {
    const message = `the file ${name} is readable by every user of this machine.`;
    const fix = `Run chmod o-rwx ${name}, or mount the secret with mode 0440.`;
    // Docker and Kubernetes mount secrets as files of root with mode 0444 or 0644, and a bridge
    // that is not root may have no other way to them, in a container that no other user can enter.
    // A file of our own user needs no such mode (OpenSSH draws the same line).
    problems.push({ message, fix, ...(owner !== self && { warning: true }) });
  }
  return problems;
}
