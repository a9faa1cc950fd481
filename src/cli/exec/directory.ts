/**
 * The private directory of a run of `exec`: mode 0700, in the directory of rolebridge or else in
 * that of temporary files.
 *
 * Owns: that it is removed at the end, and that the next run removes what a killed one has left.
 */
import { createHash } from 'node:crypto';
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isAlive, processSpace } from '../session/process-space.ts';
import { CliError, systemCode } from '../terminal/exit.ts';

const FOREIGN_AGE_MILLISECONDS = 30 * 24 * 60 * 60 * 1000;

export interface ExecDirectory {
  /** Writes a read-only file for the user alone. Gives its path. */
  write(name: string, content: string): string;
  /** Removes the directory. Gives the paths of files that were changed since they were written. */
  close(): readonly string[];
}

/** Throws `local` where no directory can be made. `home` is the directory of rolebridge. */
export function openExecDirectory(home: string): ExecDirectory {
  const directory = makeRunDirectory(home);
  const written = new Map<string, string>();
  const remove = (): void => rmSync(directory, { recursive: true, force: true });
  return {
    write: (name, content) => {
      const path = join(directory, name);
      try {
        writeReadOnly(path, content);
      } catch (thrown) {
        remove();
        throw notWritten(path, thrown);
      }
      written.set(path, content);
      return path;
    },
    close: () => {
      const changed = [...written]
        .filter(([path, content]) => hasChanged(path, content))
        .map(([path]) => path);
      remove();
      return changed;
    },
  };
}

/** In the directory of rolebridge, else in that of temporary files. */
function makeRunDirectory(home: string): string {
  const parent = join(home, 'exec');
  removeLeftovers(parent);
  const faults: string[] = [];
  for (const make of [
    () => {
      mkdirSync(parent, { recursive: true, mode: 0o700 });
      return mkdtempSync(join(parent, `${process.pid}-${hostMark()}-`));
    },
    () => mkdtempSync(join(tmpdir(), 'rolebridge-exec-')),
  ]) {
    try {
      return make();
    } catch (thrown) {
      const { path = home } = thrown as { path?: string };
      faults.push(`${path}: ${systemCode(thrown) ?? 'unknown fault'}`);
    }
  }
  throw new CliError(
    'local',
    `the command was not started: its AWS profile cannot be written (${faults.join('; ')})`,
    {
      lines: [
        'Make one of these directories writable, set ROLEBRIDGE_CONFIG_DIR or TMPDIR to another one, or use --env.',
      ],
    },
  );
}

function writeReadOnly(path: string, content: string): void {
  // Windows cannot remove a read-only file.
  const mode = process.platform === 'win32' ? 0o600 : 0o400;
  writeFileSync(path, content, { mode, flag: 'wx' });
}

function notWritten(path: string, thrown: unknown): CliError {
  return new CliError(
    'local',
    `the command was not started: ${path} cannot be written (${systemCode(thrown) ?? 'unknown fault'})`,
    {
      lines: ['Free disk space, set ROLEBRIDGE_CONFIG_DIR to another directory, or use --env.'],
      cause: thrown,
    },
  );
}

function hasChanged(path: string, content: string): boolean {
  try {
    return readFileSync(path, 'utf8') !== content;
  } catch {
    return true;
  }
}

/** A shared home has the directories of several computers and containers. */
function hostMark(): string {
  return createHash('sha256').update(processSpace()).digest('hex').slice(0, 8);
}

function removeLeftovers(parent: string): void {
  try {
    for (const name of readdirSync(parent)) {
      const [, pid, host] = /^(\d+)-([0-9a-f]{8})-/.exec(name) ?? [];
      if (pid === undefined) continue;
      const path = join(parent, name);
      const isOver =
        host === hostMark()
          ? !isAlive(Number(pid))
          : Date.now() - statSync(path).mtimeMs > FOREIGN_AGE_MILLISECONDS;
      if (isOver) rmSync(path, { recursive: true, force: true });
    }
  } catch {
    // There are none, or another run is removing them.
  }
}
