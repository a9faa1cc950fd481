/**
 * The AWS files of the user as a run of `exec` takes them: what cannot be read counts as empty, and
 * the user is told.
 */
import { readFileSync, statSync } from 'node:fs';
import type { AwsIni } from '../aws/ini.ts';
import { awsFile } from '../aws/paths.ts';
import { systemCode } from '../terminal/exit.ts';
import type { Terminal } from '../terminal/terminal.ts';
import type { Environment } from './child-environment.ts';
import { readUserSettings, type UserSettings } from './profile.ts';

interface UserFile {
  readonly path: string;
  readonly text: string;
  /** Why it cannot be read. */
  readonly fault?: string | undefined;
}

/**
 * AWS tools take only regular files; what cannot be read counts as empty, and the role is right
 * without it.
 */
function readUserFile(env: Environment, kind: 'config' | 'credentials'): UserFile {
  const path = awsFile(env, kind);
  try {
    const isRegular = statSync(path).isFile();
    return { path, text: isRegular ? readFileSync(path, 'latin1') : '' };
  } catch (thrown) {
    const code = systemCode(thrown);
    return {
      path,
      text: '',
      fault: code === 'ENOENT' || code === 'ENOTDIR' ? undefined : (code ?? 'unknown fault'),
    };
  }
}

export interface UserFiles {
  readonly config: UserFile;
  readonly credentials: UserFile;
  readonly settings: UserSettings;
}

export function readUserFiles(env: Environment): UserFiles {
  const config = readUserFile(env, 'config');
  const credentials = readUserFile(env, 'credentials');
  const settings = readUserSettings(
    { config: config.text, credentials: credentials.text },
    env.AWS_PROFILE || env.AWS_DEFAULT_PROFILE || undefined,
  );
  return { config, credentials, settings };
}

/** Warns of files and lines that are ignored. */
export function sayWhatIsUnread(terminal: Terminal, files: UserFiles): void {
  const { config, credentials, settings } = files;
  warnOf(terminal, config, {
    lines: linesOf(settings.config),
    effect: 'These lines are ignored for this command.',
  });
  warnOf(terminal, credentials, {
    lines: linesOf(settings.credentials),
    effect: 'The file is ignored for this command.',
  });
}

const SHOWN_LINES = 5;

const linesOf = ({ faults }: AwsIni): readonly number[] => faults.map(({ line }) => line);

function warnOf(
  terminal: Terminal,
  { path, fault }: UserFile,
  { lines, effect }: { readonly lines: readonly number[]; readonly effect: string },
): void {
  if (fault !== undefined) terminal.warn(`${path} cannot be read (${fault}). ${effect}`);
  if (lines.length === 0) return;
  const more = lines.length > SHOWN_LINES ? ' and more' : '';
  const shown = `line${lines.length > 1 ? 's' : ''} ${lines.slice(0, SHOWN_LINES).join(', ')}${more}`;
  terminal.warn(`${path}: AWS tools cannot read ${shown}. ${effect}`);
}
