/**
 * From a command line to an exit code: finds the command, runs it, and prints its error.
 *
 * Owns: help, version, how an error becomes text on stderr. Does not own: what commands do
 * (commands/).
 */
import { nearest } from '../core/nearest.ts';
import type { CommandSpec } from './command-line/command.ts';
import { helpFor } from './command-line/help.ts';
import { bridgeChoice, parseWords } from './command-line/parse.ts';
import { version } from './command-line/version.ts';
import { COMMANDS, commandNamed } from './commands.ts';
import { outsideOfExec } from './exec/child-environment.ts';
import { openClient } from './session/client.ts';
import { CliError, EXIT, EXIT_MEANINGS, type ExitName, systemCode } from './terminal/exit.ts';
import { openTerminal, type Terminal } from './terminal/terminal.ts';
import { PathFault } from './warm/private-files.ts';

/** The command that completion scripts run. */
const COMPLETE = '__complete';

export async function runProgram(argv: readonly string[]): Promise<number> {
  const terminal = openTerminal(process);
  // A reader may close the pipe early, as `head` does.
  process.stdout.on('error', (fault: unknown) => {
    if (systemCode(fault) === 'EPIPE') process.exit(EXIT.done);
    throw fault;
  });
  try {
    return await dispatch(argv, terminal);
  } catch (thrown) {
    return failed(thrown, terminal);
  }
}

async function dispatch([name, ...args]: readonly string[], terminal: Terminal): Promise<number> {
  if (name === COMPLETE) {
    const { complete } = await import('./completion.ts');
    terminal.print(complete(args, process.env));
    return EXIT.done;
  }
  if (name === undefined) {
    terminal.say(overview());
    return EXIT.usage;
  }
  if (name === '--version' || name === 'version') {
    terminal.print(`rolebridge ${version()}\n`);
    return EXIT.done;
  }
  if (name === 'help' || name === '--help' || name === '-h') {
    terminal.print(helpOn(args[0]));
    return EXIT.done;
  }
  const command = commandNamed(name);
  if (command === undefined) throw unknownCommand(name);
  return run(command, args, terminal);
}

async function run(
  command: CommandSpec,
  args: readonly string[],
  terminal: Terminal,
): Promise<number> {
  const { words, options, passedOn } = parseWords(command, args);
  if (options.help === true) {
    terminal.print(helpFor(command));
    return EXIT.done;
  }
  const env = outsideOfExec(process.env);
  const { run } = await command.load();
  const client = (choice = bridgeChoice(options)) =>
    openClient({ env, terminal, choice, mayLogIn: options['no-login'] !== true });
  return (await run({ words, options, passedOn, terminal, env, client })) ?? EXIT.done;
}

function failed(thrown: unknown, terminal: Terminal): number {
  const error = thrown instanceof CliError ? thrown : asCliError(thrown);
  terminal.warn(/[.!?]$/.test(error.message) ? error.message : `${error.message}.`);
  for (const line of error.lines) terminal.say(line);
  return EXIT[error.exit];
}

/** System errors of files and directories. */
const FILE_FAULTS: Readonly<Record<string, string>> = {
  EACCES: 'cannot be read or written: permission denied',
  EPERM: 'cannot be read or written: permission denied',
  EROFS: 'is on a read-only file system',
  ENOSPC: 'cannot be written: the disk is full',
  EDQUOT: 'cannot be written: your quota is used up',
  ENOTDIR: 'cannot be used: a file is where a directory should be',
  EEXIST: 'cannot be used: a file is where a directory should be',
  EISDIR: 'cannot be used: a directory is where a file should be',
  ERR_FS_EISDIR: 'cannot be used: a directory is where a file should be',
  ELOOP: 'cannot be used: its symbolic links lead back to themselves',
  ENAMETOOLONG: 'cannot be used: a name in it is too long',
  EBUSY: 'is in use',
  ETXTBSY: 'is in use',
  EINVAL: 'cannot be used here',
  ENXIO: 'cannot be opened',
  ENODEV: 'cannot be opened',
  ENOENT: 'does not exist',
  EMFILE: 'cannot be opened: too many files are open',
};

function asCliError(thrown: unknown): CliError {
  if (thrown instanceof PathFault) {
    return new CliError('local', thrown.message, {
      lines: [
        'Nothing was written. Use a regular file, or name another path in AWS_CONFIG_FILE, AWS_SHARED_CREDENTIALS_FILE or ROLEBRIDGE_CONFIG_DIR.',
      ],
      cause: thrown,
    });
  }
  const code = systemCode(thrown);
  const path = (thrown as { path?: unknown } | undefined)?.path;
  const fault = code === undefined ? undefined : FILE_FAULTS[code];
  if (fault !== undefined && typeof path === 'string') {
    return new CliError('local', `${path} ${fault} (${code})`, {
      lines: [
        'Nothing was lost. Fix that, or name another path in ROLEBRIDGE_CONFIG_DIR, AWS_CONFIG_FILE or AWS_SHARED_CREDENTIALS_FILE.',
      ],
      cause: thrown,
    });
  }
  const message = thrown instanceof Error ? thrown.message : String(thrown);
  return new CliError('failed', `unexpected error: ${message.split('\n')[0]}`, {
    lines: ['This is a bug in rolebridge. Please report it, including the command you ran.'],
    cause: thrown,
  });
}

function unknownCommand(name: string): CliError {
  const near = nearest(
    name,
    COMMANDS.map(command => command.name),
  );
  return new CliError('usage', `unknown command ${JSON.stringify(name)}`, {
    lines: [...(near === undefined ? [] : [`Did you mean ${near}?`]), 'See: rolebridge help'],
  });
}

// ---------------------------------------------------------------- help

function helpOn(topic: string | undefined): string {
  if (topic === undefined) return overview();
  if (topic === 'exit-codes') return exitCodes();
  const command = commandNamed(topic);
  if (command === undefined) throw unknownCommand(topic);
  return helpFor(command);
}

function overview(): string {
  const width = Math.max(...COMMANDS.map(({ name }) => name.length));
  return `rolebridge: AWS roles with your company login

Usage: rolebridge COMMAND [OPTION ...]

Commands
${COMMANDS.map(({ name, summary }) => `  ${name.padEnd(width)}  ${summary}`).join('\n')}

More help
  rolebridge COMMAND --help     options and examples of a command
  rolebridge help exit-codes    exit codes of all commands
  rolebridge --version          version of this program

Start with: rolebridge login --server https://aws.example.com
`;
}

function exitCodes(): string {
  const rows = (Object.entries(EXIT) as [ExitName, number][]).map(
    ([name, code]) => `  ${String(code).padStart(3)}  ${EXIT_MEANINGS[name]}`,
  );
  return `Exit codes

${rows.join('\n')}

exec exits with the code of the command that it ran, with 126 if the command cannot be run, and with 127 if it was not found.
`;
}
