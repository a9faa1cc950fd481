#!/usr/bin/env node
/**
 * The server's command: `rolebridge-server serve --config FILE`, `check FILE`, and what operators
 * do with sessions (operator.ts).
 *
 * Owns: arguments, signals and exit codes: 0 done, 1 failed, 2 wrong usage, 78 wrong configuration.
 */
import { parseArgs } from 'node:util';
import type { Configuration } from './config/configuration.ts';
import { type CheckedConfiguration, checkConfiguration, formatProblems } from './config/load.ts';
import { printableText } from './core/printable.ts';
import { readProxySettings } from './core/proxy.ts';
import type { Serving } from './serving.ts';

const USAGE = `rolebridge-server: a federation bridge for AWS

  rolebridge-server serve --config FILE   start the bridge
  rolebridge-server check FILE            check a configuration: every mistake at once, with line and fix

  rolebridge-server sessions --config FILE [--user NAME]        which users are signed in from a terminal
  rolebridge-server sessions --config FILE --blocked            who is blocked
  rolebridge-server end-sessions --config FILE --session ID     end the session of one terminal
  rolebridge-server end-sessions --config FILE --user NAME      end everything of a user: browsers and terminals
  rolebridge-server end-sessions --config FILE --user NAME --block   and block the user
  rolebridge-server block --config FILE --user NAME             end everything of a user, and refuse every further sign-in
  rolebridge-server unblock --config FILE --user NAME           let the user sign in again

  --person ID     in place of --user: the id in the audit trail
  --reason TEXT   with block and unblock: for the audit trail
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
      reason: { type: 'string' },
      block: { type: 'boolean' },
      blocked: { type: 'boolean' },
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
  if (command === 'serve' && values.config !== undefined && file === undefined)
    return run(values.config);
  const act =
    values.config !== undefined && file === undefined ? operatorAction(command, values) : undefined;
  if (act !== undefined) return withConfiguration(values.config!, act);
  process.stderr.write(USAGE);
  return EXIT.usage;
}

interface OperatorValues {
  readonly user?: string | undefined;
  readonly person?: string | undefined;
  readonly session?: string | undefined;
  readonly reason?: string | undefined;
  readonly block?: boolean | undefined;
  readonly blocked?: boolean | undefined;
  readonly json?: boolean | undefined;
}

type Action = (configuration: Configuration) => Promise<void>;

/**
 * What an operator's command does; undefined for a command that there is not, and for options that
 * do not belong together.
 */
function operatorAction(command: string | undefined, values: OperatorValues): Action | undefined {
  const { user, person, session: publicId, reason, block, blocked, json = false } = values;
  const named = { user, person, session: publicId, reason };
  const given = Object.entries(named).flatMap(([name, value]) =>
    value === undefined ? [] : [name],
  );
  const options = { ...named, json };
  const isOf = (...names: readonly string[]): boolean => given.every(name => names.includes(name));
  const isOnePerson =
    isOf('user', 'person', 'reason') && (named.user === undefined) !== (named.person === undefined);
  // Loaded when needed: serving needs none of it, and a command in an emergency nothing of a
  // bridge.
  const act = (
    run: (operator: typeof import('./operator.ts'), configuration: Configuration) => Promise<void>,
  ): Action => {
    return async configuration => run(await import('./operator.ts'), configuration);
  };
  if (command === 'sessions' && !block) {
    if (blocked)
      return isOf()
        ? act((operator, configuration) => operator.listBlocked(configuration, options))
        : undefined;
    return isOf('user')
      ? act((operator, configuration) => operator.listSessions(configuration, options))
      : undefined;
  }
  if (blocked) return undefined;
  if (command === 'end-sessions') {
    const { session } = named;
    if (session !== undefined)
      return isOf('session') && !block
        ? act((operator, configuration) => operator.endSession(configuration, session, options))
        : undefined;
    if (!isOnePerson) return undefined;
    if (block)
      return act((operator, configuration) => operator.blockPerson(configuration, options));
    return named.reason === undefined
      ? act((operator, configuration) => operator.endSessions(configuration, options))
      : undefined;
  }
  if (block || !isOnePerson) return undefined;
  if (command === 'block')
    return act((operator, configuration) => operator.blockPerson(configuration, options));
  if (command === 'unblock')
    return act((operator, configuration) => operator.unblockPerson(configuration, options));
  return undefined;
}

async function check(file: string): Promise<number> {
  const configuration = await read(file);
  if (!isProxyUsable() || configuration === undefined) return EXIT.configuration;
  const { connectors, accounts, access } = configuration;
  process.stdout.write(
    `${file} is in order: ${connectors.length} connectors, ${accounts.length} accounts, ${access.length} access rules.\n`,
  );
  return EXIT.done;
}

/** The exit code of what is done with a configuration, if it is in order. */
async function withConfiguration(file: string, act: Action): Promise<number> {
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

/**
 * Throws an Error with the first mistake, for the log: standard error, which has all of them, may
 * go elsewhere.
 */
async function readAgain(file: string): Promise<Configuration> {
  const { configuration, problems } = await readAloud(file);
  if (configuration !== undefined) return configuration;
  const more = problems.length > 1 ? ` (the first of ${problems.length} mistakes)` : '';
  throw new Error(`the configuration has mistakes: ${formatProblems(problems.slice(0, 1))}${more}`);
}

/**
 * Prints why the proxy of the environment cannot be used. Commands that send nothing out do not
 * need it.
 */
function isProxyUsable(): boolean {
  const { fault } = readProxySettings(process.env);
  if (fault !== undefined)
    process.stderr.write(`environment: ${fault.variable} ${fault.message} ${fault.fix}\n`);
  return fault === undefined;
}

async function run(file: string): Promise<number> {
  const configuration = await read(file);
  if (!isProxyUsable() || configuration === undefined) return EXIT.configuration;
  const stopped = stopSignal();
  let serving: Serving | undefined;
  process.on('SIGHUP', () => {
    void serving?.reload(() => readAgain(file));
  });
  const { serve } = await import('./serving.ts');
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
  process.stderr.write(
    `rolebridge-server: ${printableText(thrown instanceof Error ? thrown.message : String(thrown))}\n`,
  );
  process.exitCode =
    typeof usage === 'string' && usage.startsWith('ERR_PARSE_ARGS') ? EXIT.usage : EXIT.failed;
}
