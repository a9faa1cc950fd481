/** How ~/.aws/config calls this program, so that botocore (words, no shell), the JavaScript SDK (a shell) and Windows read the same. */
import { existsSync, realpathSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { CliError } from './exit.ts';

export interface WrittenCommand {
  /** The origin of the bridge: what is written reaches it, and no other one. */
  readonly server: string;
  /** Further options, each with a blank before it. */
  readonly options?: string;
}

/** `rolebridge` where the PATH leads to this very program, else Node and the script by their places. */
export function ownCommand(
  env: Readonly<Record<string, string | undefined>>,
  { server, options = '' }: WrittenCommand,
): (role: string) => string {
  const script = realpathSync(process.argv[1]!);
  const program = isOnPath(env, script) ? 'rolebridge' : `${quoted(process.execPath)} ${quoted(script)}`;
  return role => `${program} credential-process ${role} --server ${quoted(server)}${options}`;
}

function isOnPath(env: Readonly<Record<string, string | undefined>>, script: string): boolean {
  for (const directory of (env.PATH ?? '').split(delimiter).filter(Boolean)) {
    const candidate = join(directory, 'rolebridge');
    if (existsSync(candidate)) return realpathSync(candidate) === script;
  }
  return false;
}

function quoted(path: string): string {
  if (/^[\w./:+@-]+$/.test(path)) return path;
  if (/["$`\r\n!%]/.test(path)) {
    throw new CliError('local', `${path} cannot be written into ~/.aws/config: shells give meaning to a character in it`, {
      lines: ['Install rolebridge in another directory, or put it on the PATH.'],
    });
  }
  return `"${path}"`;
}
