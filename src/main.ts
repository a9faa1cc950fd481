#!/usr/bin/env node
/**
 * The server's command: `rolebridge-server serve`, `check`, and the operator's commands
 * (operator.ts).
 *
 * Owns: arguments, signals and exit codes: 0 done, 1 failed, 2 wrong usage, 78 invalid
 * configuration.
 */
import { parseArgs } from 'node:util';
import { type Configuration, LOG_LEVELS, type LogLevel } from './config/configuration.ts';
import { printableText } from './core/printable.ts';
import {
  type Command,
  EXIT,
  type ExitCode,
  invocationOf,
  OPTIONS,
  type Options,
  UsageError,
} from './operate/command.ts';
import { isProxyUsable, readAgain, readConfiguration } from './operate/reading.ts';
import { optionFault, usage, whyUnknown } from './operate/usage.ts';
import { OPERATOR_COMMANDS } from './operator.ts';
import type { Serving } from './serving.ts';

const COMMANDS: readonly Command[] = [
  {
    name: 'serve',
    synopsis: '[CONFIG] [--log-level LEVEL]',
    help: 'start the server',
    arguments: ['[CONFIG]'],
    requires: [],
    allows: ['log-level'],
    run: runServer,
  },
  {
    name: 'check',
    synopsis: '[CONFIG]',
    help: 'check a configuration: all problems at once, with line and fix; then what its rules give',
    arguments: ['[CONFIG]'],
    requires: [],
    run: check,
  },
  ...OPERATOR_COMMANDS,
];

async function main(argv: readonly string[]): Promise<ExitCode> {
  const { values, positionals } = parseArgs({
    args: [...argv],
    allowPositionals: true,
    options: OPTIONS,
  });
  const { help, ...options } = values;
  if (help) {
    process.stdout.write(usage(COMMANDS, positionals));
    return EXIT.done;
  }
  const invocation = invocationOf(COMMANDS, positionals, options);
  if (invocation !== undefined) return invocation.command.run(invocation.options);
  const why = whyUnknown(COMMANDS, positionals);
  if (why !== undefined) process.stderr.write(`rolebridge-server: ${printableText(why)}\n\n`);
  process.stderr.write(usage(COMMANDS, positionals));
  return EXIT.usage;
}

/** Ends a command whose reader closes the pipe early, as `head` does. */
function endWithReader(fault: Error): void {
  if (codeOf(fault) === 'EPIPE') process.exit(process.exitCode);
  throw fault;
}

async function check(options: Options): Promise<ExitCode> {
  const { openJudges } = await import('./compose/judges.ts');
  const judges = openJudges({ now: () => Date.now() });
  return (await import('./operate/check.ts')).check(options, judges);
}

async function runServer({ config, 'log-level': level }: Options): Promise<ExitCode> {
  // A server that cannot log fails, so that a supervisor starts it again.
  process.stdout.off('error', endWithReader);
  const apply = withLogLevel(level);
  const configuration = await readConfiguration(config!, { secrets: 'all' });
  if (!isProxyUsable() || configuration === undefined) return EXIT.configuration;
  let serving: Serving | undefined;
  const stopped = stopSignal(() => serving?.hurry());
  process.on('SIGHUP', () => {
    void serving?.reload(async () => apply(await readAgain(config!)));
  });
  const { serve } = await import('./serving.ts');
  serving = await serve(apply(configuration));
  await stopped;
  await serving.stop();
  return EXIT.done;
}

/** Puts the level of the command line into a configuration. Throws `UsageError`. */
function withLogLevel(level: string | undefined): (read: Configuration) => Configuration {
  if (level === undefined) return configuration => configuration;
  if (!isLogLevel(level))
    throw new UsageError(`unknown log level "${level}". Use one of ${LOG_LEVELS.join(', ')}.`);
  return configuration => ({ ...configuration, log: { level } });
}

function isLogLevel(text: string): text is LogLevel {
  return LOG_LEVELS.some(level => level === text);
}

/** A terminal signals the whole process group, and npm passes it on: one key press comes twice. */
const ONE_PRESS_MILLISECONDS = 500;

/** Resolves at the first signal; `onNext` is called at each further one. */
function stopSignal(onNext: () => void): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  let last: number | undefined;
  const onSignal = (): void => {
    const now = performance.now();
    if (last !== undefined && now - last < ONE_PRESS_MILLISECONDS) return;
    if (last === undefined) resolve();
    else onNext();
    last = now;
  };
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, onSignal);
  return promise;
}

function isUsageError(thrown: unknown): boolean {
  return thrown instanceof UsageError || codeOf(thrown).startsWith('ERR_PARSE_ARGS');
}

/** Whether a package is missing or damaged, which rolebridge-server.js explains. */
function isIncomplete(thrown: unknown): boolean {
  return /MODULE_NOT_FOUND$|^ERR_INVALID_PACKAGE_CONFIG$/.test(codeOf(thrown));
}

function codeOf(thrown: unknown): string {
  return String((thrown as { code?: unknown } | undefined)?.code);
}

process.stdout.on('error', endWithReader);

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (thrown) {
  if (isIncomplete(thrown)) throw thrown;
  const raw = thrown instanceof Error ? thrown.message : String(thrown);
  const message = isUsageError(thrown) ? optionFault(raw) : raw;
  process.stderr.write(`rolebridge-server: ${printableText(message)}\n`);
  process.exitCode = isUsageError(thrown) ? EXIT.usage : EXIT.failed;
}
