/**
 * The command that `exec` runs: started as a shell would start it, and waited for, with the signals
 * that are meant for it.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { statSync } from 'node:fs';
import { constants } from 'node:os';
import { win32 } from 'node:path';
import { CliError, systemCode } from '../terminal/exit.ts';

const CANNOT_RUN = 126;
const NOT_FOUND = 127;

/**
 * The command's own exit code, or 128 and the number of the signal that ended it. Throws `usage`
 * for arguments that cannot be passed on.
 */
export async function runChild(
  command: string,
  args: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
): Promise<number> {
  const start = await starter(command, args, env);
  const child = start();
  const stop = forwardSignals(child);
  try {
    return await new Promise((resolve, reject) => {
      child.once('error', thrown => {
        const isMissing = systemCode(thrown) === 'ENOENT';
        process.stderr.write(
          `rolebridge: ${command} ${isMissing ? 'was not found' : `cannot be run (${systemCode(thrown) ?? 'unknown fault'})`}.\n`,
        );
        resolve(isMissing ? NOT_FOUND : CANNOT_RUN);
      });
      child.once('exit', (code, signal) => {
        if (code !== null) resolve(code);
        else if (signal !== null) resolve(128 + constants.signals[signal]);
        else reject(new Error('the command ended without an exit code or signal'));
      });
    });
  } finally {
    stop();
  }
}

/**
 * On Windows many tools are .cmd files, which Node starts only by cmd.exe: cross-spawn finds them
 * by PATHEXT and quotes their arguments.
 */
async function starter(
  command: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv,
): Promise<() => ChildProcess> {
  if (process.platform !== 'win32') return () => spawn(command, args, { stdio: 'inherit', env });
  if (isBatchFile(command, { env, isFile }) && !args.every(isSafeForBatchFile)) {
    throw new CliError(
      'usage',
      `${command} is a batch file, and cmd.exe would run a part of an argument as a command`,
      {
        lines: [
          'Arguments with double quotes and one of & | < > ^ % ! ( ), or with line breaks, cannot be passed to it. Pass a file instead.',
        ],
      },
    );
  }
  const { default: crossSpawn } = await import('cross-spawn');
  return () => crossSpawn(command, [...args], { stdio: 'inherit', env });
}

function isFile(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isFile() === true;
}

export interface WindowsSearch {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly isFile: (path: string) => boolean;
}

/**
 * Whether Windows would run a batch file under this name: PATH and PATHEXT, the current directory
 * first.
 */
export function isBatchFile(command: string, { env, isFile }: WindowsSearch): boolean {
  const variable = (wanted: string): string =>
    Object.entries(env).find(([name]) => name.toUpperCase() === wanted)?.[1] ?? '';
  const extensions = (variable('PATHEXT') || '.COM;.EXE;.BAT;.CMD').split(';').filter(Boolean);
  const hasExtension = extensions.some(extension =>
    command.toLowerCase().endsWith(extension.toLowerCase()),
  );
  const names = [
    ...(hasExtension ? [command] : []),
    ...extensions.map(extension => command + extension),
  ];
  const directories = /[\\/]/.test(command)
    ? ['']
    : ['.', ...variable('PATH').split(';').filter(Boolean)];
  const candidates = directories.flatMap(directory =>
    names.map(name => (directory === '' ? name : win32.join(directory, name))),
  );
  return /\.(?:bat|cmd)$/i.test(candidates.find(isFile) ?? '');
}

/**
 * A batch file passes its arguments on by `%*`, which cmd.exe reads a second time: what a double
 * quote lets out of quotes is a command then.
 */
export function isSafeForBatchFile(arg: string): boolean {
  return !/[\r\n]/.test(arg) && !(arg.includes('"') && /[&|<>^%!()]/.test(arg));
}

/**
 * This process waits for the command. A terminal sends Ctrl-C to both; a second one would make
 * terraform abort at once, so it is passed on only without a terminal.
 */
function forwardSignals(child: ChildProcess): () => void {
  const isFromTerminal = process.stdin.isTTY === true;
  const handlers = (['SIGINT', 'SIGQUIT', 'SIGTERM', 'SIGHUP'] as const).map(signal => {
    const handler = (): void => {
      if (!isFromTerminal || signal === 'SIGTERM' || signal === 'SIGHUP') child.kill(signal);
    };
    process.on(signal, handler);
    return () => process.off(signal, handler);
  });
  return () => {
    for (const remove of handlers) remove();
  };
}
