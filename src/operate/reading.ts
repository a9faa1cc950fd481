/**
 * Reads the configuration for a command, and prints its problems and warnings to standard error.
 *
 * Does not own: what is checked (config/load).
 */
import type { Configuration } from '../config/configuration.ts';
import { type CheckedConfiguration, checkConfiguration, formatProblems } from '../config/load.ts';
import { readProxySettings } from '../core/proxy.ts';

/** Undefined if the configuration has problems, which are printed then. */
export async function readConfiguration(file: string): Promise<Configuration | undefined> {
  return (await readAndPrint(file)).configuration;
}

/**
 * Reads the configuration for a reload. Throws an Error with the first problem, for the log;
 * standard error, which has all of them, can go elsewhere.
 */
export async function readAgain(file: string): Promise<Configuration> {
  const { configuration, problems } = await readAndPrint(file);
  if (configuration !== undefined) return configuration;
  const more = problems.length > 1 ? ` (the first of ${problems.length} mistakes)` : '';
  throw new Error(`the configuration has mistakes: ${formatProblems(problems.slice(0, 1))}${more}`);
}

async function readAndPrint(file: string): Promise<CheckedConfiguration> {
  const checked = await checkConfiguration(file, process.env);
  const { problems, warnings } = checked;
  if (warnings.length > 0) process.stderr.write(`${formatProblems(warnings)}\n`);
  if (problems.length > 0) process.stderr.write(`${formatProblems(problems)}\n`);
  return checked;
}

/** Prints why the proxy of the environment cannot be used. */
export function isProxyUsable(): boolean {
  const { fault } = readProxySettings(process.env);
  if (fault !== undefined)
    process.stderr.write(`environment: ${fault.variable} ${fault.message} ${fault.fix}\n`);
  return fault === undefined;
}
