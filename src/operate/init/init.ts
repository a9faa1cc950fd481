/**
 * `init`: writes a configuration from answers, creates the signing keys and the database, and says
 * what to do next.
 *
 * Owns: the order of the steps. Writes nothing before every answer is known and the configuration
 * is checked, and never replaces a file.
 */
import { dirname, isAbsolute, join, relative, resolve } from 'node:path';
import { checkConfigurationText, formatProblems } from '../../config/load.ts';
import { EXIT, type ExitCode, type Options, UsageError } from '../command.ts';
import type { Answers } from './answers.ts';
import { commentedYaml } from './commented-yaml.ts';
import { configurationOf, KEYS_DIRECTORY } from './document.ts';
import { directoryFor, isThere, requireAbsent, writeNew } from './files.ts';
import { gathered } from './gathering.ts';
import { instructionsOf } from './instructions.ts';
import type { Ports } from './ports.ts';
import { type KeysMade, tell } from './telling.ts';

/** Throws `UsageError` for wrong or missing answers, and an Error for a file that exists. */
export async function init(options: Options, ports: Ports): Promise<ExitCode> {
  const file = options.config!;
  const writes = options.print !== true;
  if (writes) await requireAbsent(file);
  const { answers, facts } = await gathered(options, ports);
  const text = commentedYaml(
    configurationOf({ answers, facts, relative: path => relativeTo(file, path) }),
  );
  await requireGood(text, file);
  const keys = writes ? await write({ file, text, answers }, ports) : 'none';
  tell({ file, text, keys, instructions: instructionsOf(answers, file) }, options, ports);
  return EXIT.done;
}

/** A path as the configuration names it: relative to its directory, unless it is elsewhere. */
function relativeTo(file: string, path: string): string {
  const from = relative(dirname(resolve(file)), resolve(path));
  return isAbsolute(path) && from.startsWith('..') ? path : from;
}

/** The options are the cause of every problem: nothing else is in the file. */
async function requireGood(text: string, file: string): Promise<void> {
  const { problems } = await checkConfigurationText(text, file, { secrets: 'none' });
  if (problems.length > 0)
    throw new UsageError(`these answers make no valid configuration:\n${formatProblems(problems)}`);
}

interface Writing {
  readonly file: string;
  readonly text: string;
  readonly answers: Answers;
}

/** The keys come first: with the configuration, everything is there. */
async function write({ file, text, answers }: Writing, ports: Ports): Promise<KeysMade> {
  const directory = dirname(resolve(file));
  await directoryFor(resolve(file));
  const keys = join(directory, KEYS_DIRECTORY);
  const hadKeys = await isThere(join(keys, 'saml.pem'));
  await ports.createKeys(keys);
  if (answers.store !== ':memory:')
    await makeDatabase(resolve(directory, answers.store), keys, ports);
  await writeNew(file, text);
  return hadKeys ? 'kept' : 'created';
}

/** `doctor` records its probes there, before the server has run. A database that exists stays. */
async function makeDatabase(file: string, keys: string, { createDatabase }: Ports): Promise<void> {
  await directoryFor(file);
  if (!(await isThere(file))) await createDatabase(file, keys);
}
