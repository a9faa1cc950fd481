#!/usr/bin/env node
/**
 * The server's command: `rolebridge-server serve --config FILE`, `check FILE`, and what operators do with sessions (operator.ts).
 *
 * Owns: arguments, signals and exit codes: 0 done, 1 failed, 2 wrong usage, 78 wrong configuration.
 */
import { parseArgs } from 'node:util';
import type { Configuration } from './config/configuration.ts';
import { type CheckedConfiguration, checkConfiguration, formatProblems } from './config/load.ts';
import { printableText } from './core/printable.ts';
import { endSessions, listSessions } from './operator.ts';
import { type Serving, serve } from './serving.ts';

const USAGE = `rolebridge-server: a federation bridge for AWS

  rolebridge-server serve --config FILE   start the bridge
  rolebridge-server check FILE            check a configuration: every mistake at once, with line and fix

  rolebridge-server sessions --config FILE [--user NAME]        who is signed in from a terminal
  rolebridge-server end-sessions --config FILE --session ID     end the session of one terminal
  rolebridge-server end-sessions --config FILE --user NAME      end everything of a person: browsers and terminals
  rolebridge-server end-sessions --config FILE --person ID      the same, by the id in the audit trail

  --json          for programs
  -h, --help      this text

Signals: SIGTERM and SIGINT stop it gracefully, SIGHUP reads the configuration again.
Exit codes: 0 done, 1 failed, 2 wrong usage, 78 the configuration has mistakes.
`;

const EXIT = { done: 0, failed: 1, usage: 2, configuration: 78 } as const;

async function main(argv: readonly string[]): Promise<number> {
  const { values, positionals } = parseArgs({
    args: [...argv],
    allowPositionals: true,
    options: {
      config: { type: 'string' },
      user: { type: 'string' },
      person: { type: 'string' },
      session: { type: 'string' },
      json: { type: 'boolean' },
      help: { type: 'boolean', short: 'h' },
    },
  });
  const [command, file, ...more] = positionals;
  if (values.help) {
    process.stdout.write(USAGE);
    return EXIT.done;
  }
  if (command === 'check' && file !== undefined && more.length === 0) return check(file);
  if (command === 'serve' && values.config !== undefined && file === undefined) return run(values.config);
  const { config, user, person, session, json = false } = values;
  const named = [user, person, session].filter(value => value !== undefined).length;
  if (config !== undefined && file === undefined) {
    if (command === 'sessions' && person === undefined && session === undefined) {
      return withConfiguration(config, configuration => listSessions(configuration, { user, json }));
    }
    if (command === 'end-sessions' && named === 1) {
      return withConfiguration(config, configuration => endSessions(configuration, { user, person, session, json }));
    }
  }
  process.stderr.write(USAGE);
  return EXIT.usage;
}

async function check(file: string): Promise<number> {
  const configuration = await read(file);
  if (configuration === undefined) return EXIT.configuration;
  const { connectors, accounts, access } = configuration;
  process.stdout.write(
    `${file} is in order: ${connectors.length} connectors, ${accounts.length} accounts, ${access.length} access rules.\n`,
  );
  return EXIT.done;
}

/** The exit code of what is done with a configuration, if it is in order. */
async function withConfiguration(file: string, act: (configuration: Configuration) => Promise<void>): Promise<number> {
  const configuration = await read(file);
  if (configuration === undefined) return EXIT.configuration;
  await act(configuration);
  return EXIT.done;
}

/** Reads a configuration and prints its mistakes and warnings; undefined when it has mistakes. */
async function read(file: string): Promise<Configuration | undefined> {
  return (await readAloud(file)).configuration;
}

async function readAloud(file: string): Promise<CheckedConfiguration> {
  const checked = await checkConfiguration(file, process.env);
  const { problems, warnings } = checked;
  if (warnings.length > 0) process.stderr.write(`${formatProblems(warnings)}\n`);
  if (problems.length > 0) process.stderr.write(`${formatProblems(problems)}\n`);
  return checked;
}

/** Throws an Error with the first mistake, for the log: standard error, which has all of them, may go elsewhere. */
async function readAgain(file: string): Promise<Configuration> {
  const { configuration, problems } = await readAloud(file);
  if (configuration !== undefined) return configuration;
  const more = problems.length > 1 ? ` (the first of ${problems.length} mistakes)` : '';
  throw new Error(`the configuration has mistakes: ${formatProblems(problems.slice(0, 1))}${more}`);
}

async function run(file: string): Promise<number> {
  const configuration = await read(file);
  if (configuration === undefined) return EXIT.configuration;
  const stopped = stopSignal();
  let serving: Serving | undefined;
  process.on('SIGHUP', () => {
    void serving?.reload(() => readAgain(file));
  });
  serving = await serve(configuration);
  await stopped;
  await serving.stop();
  return EXIT.done;
}

function stopSignal(): Promise<void> {
  return new Promise(resolve => {
    // Stays: a terminal signals the whole process group, so the same signal may come twice.
    for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => resolve());
  });
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (thrown) {
  const usage = (thrown as { code?: unknown } | undefined)?.code;
  process.stderr.write(`rolebridge-server: ${printableText(thrown instanceof Error ? thrown.message : String(thrown))}\n`);
  process.exitCode = typeof usage === 'string' && usage.startsWith('ERR_PARSE_ARGS') ? EXIT.usage : EXIT.failed;
}
