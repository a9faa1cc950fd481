/**
 * Reads the configuration for a command, and prints its problems and warnings to standard error.
 *
 * Does not own: what is checked (config/load).
 */
import type {
  Configuration,
  ConfigurationBySecrets,
  SecretsRead,
} from '../config/configuration.ts';
import type { Judges } from '../config/judges.ts';
import { type CheckedConfiguration, checkConfiguration, formatProblems } from '../config/load.ts';
import { readProxySettings } from '../core/proxy.ts';

interface Reading<S extends SecretsRead> {
  /** What the command opens. It gets no other secret, and does not miss one that is not there. */
  readonly secrets: S;
  /** Warns of the secrets that are not here and that the server needs. */
  readonly warnsOfAbsent?: boolean;
  /** Also judges the content of files, which a running bridge reads by itself. */
  readonly judges?: Judges;
}

/** Undefined if the configuration has problems, which are printed then. */
export async function readConfiguration<S extends SecretsRead>(
  file: string,
  reading: Reading<S>,
): Promise<ConfigurationBySecrets[S] | undefined> {
  return (await checkAndPrint(file, reading)).configuration;
}

/** The same, without its warnings: `doctor` tells them as findings. */
export async function readWithoutWarnings(file: string): Promise<Configuration | undefined> {
  const { configuration, problems } = await checkConfiguration(file, { secrets: 'all' });
  if (problems.length > 0) process.stderr.write(`${formatProblems(problems)}\n`);
  return configuration;
}

/**
 * Reads the configuration for a reload. Throws an Error with the first problem, for the log;
 * standard error, which has all of them, can go elsewhere.
 */
export async function readAgain(file: string): Promise<Configuration> {
  const { configuration, problems } = await checkAndPrint(file, { secrets: 'all' });
  if (configuration !== undefined) return configuration;
  const more = problems.length > 1 ? ` (the first of ${problems.length} mistakes)` : '';
  throw new Error(`the configuration has mistakes: ${formatProblems(problems.slice(0, 1))}${more}`);
}

/** Checks the configuration of a command, and prints what was found. */
export async function checkAndPrint<S extends SecretsRead>(
  file: string,
  { warnsOfAbsent = false, ...reading }: Reading<S>,
): Promise<CheckedConfiguration<S>> {
  const checked = await checkConfiguration(file, reading);
  const { problems, warnings, absentSecrets } = checked;
  for (const told of [warnings, warnsOfAbsent ? absentSecrets : [], problems])
    if (told.length > 0) process.stderr.write(`${formatProblems(told)}\n`);
  return checked;
}

/** Prints why the proxy of the environment cannot be used. */
export function isProxyUsable(): boolean {
  const { fault } = readProxySettings(process.env);
  if (fault !== undefined)
    process.stderr.write(`environment: ${fault.variable} ${fault.message} ${fault.fix}\n`);
  return fault === undefined;
}
