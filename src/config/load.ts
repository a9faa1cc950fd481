/** From a path to a configuration: read, parse, check everything, and only then build. */
import { dirname, resolve } from 'node:path';
import { buildConfiguration } from './build.ts';
import type { Configuration } from './configuration.ts';
import { crossFindings } from './cross-checks.ts';
import { readSmallFile, type SmallFile, UnreadableFile } from './files.ts';
import { permissionJudgements } from './permissions.ts';
import {
  ConfigurationError,
  type Finding,
  formatPath,
  type Mistake,
  type Problem,
} from './problems.ts';
import { resolveReferences } from './references.ts';
import { documentSchema } from './schema.ts';
import { schemaFindings } from './schema-problems.ts';
import { readable } from './schema-walk.ts';
import { type Place, readYaml } from './yaml-source.ts';

/** Whoever loads a configuration shows its problems. */
export { formatProblems } from './problems.ts';

/** 10,000 rules with their session settings fit several times over. */
const MAX_BYTES = 8 * 1024 * 1024;

type Environment = Readonly<Record<string, string | undefined>>;

export interface CheckedConfiguration {
  /** Absent when there are problems. */
  readonly configuration?: Configuration | undefined;
  /** What must be mended, in the order of the file. */
  readonly problems: readonly Problem[];
  /** What works, though hardly as meant. */
  readonly warnings: readonly Problem[];
}

/** A configuration that may be used, with what an operator should look at. */
export interface LoadedConfiguration extends Configuration {
  readonly warnings: readonly Problem[];
}

/**
 * Reads and checks a configuration file. Throws `ConfigurationError` with every problem at once.
 */
export async function loadConfiguration(
  path: string,
  { env = process.env }: { readonly env?: Environment } = {},
): Promise<LoadedConfiguration> {
  const { configuration, problems, warnings } = await checkConfiguration(path, env);
  if (configuration === undefined) throw new ConfigurationError(problems);
  return { ...configuration, warnings };
}

/** Reads and checks a configuration file; never throws for what is in it. Secrets are read, too. */
export async function checkConfiguration(
  path: string,
  env: Environment = process.env,
): Promise<CheckedConfiguration> {
  let file: SmallFile;
  try {
    file = await readSmallFile(path, MAX_BYTES);
  } catch (cause) {
    if (!(cause instanceof UnreadableFile)) throw cause;
    return refused(
      path,
      `the file ${cause.message}.`,
      'Name a readable YAML file of at most 8 MB.',
    );
  }
  // Secrets lie elsewhere, so anybody may read this one.
  const ofTheFile = permissionJudgements(path, file, { secret: false, self: process.getuid?.() });
  const { configuration, problems, warnings } = await checkText(file.text, path, env);
  const top = (wanted: boolean): Problem[] =>
    ofTheFile
      .filter(judgement => (judgement.warning === true) === wanted)
      .map(judgement => atTop(path, judgement));
  const all = [...top(false), ...problems];
  return {
    configuration: all.length > 0 ? undefined : configuration,
    problems: all,
    warnings: [...top(true), ...warnings],
  };
}

async function checkText(
  text: string,
  path: string,
  env: Environment,
): Promise<CheckedConfiguration> {
  const control = /[^\P{Cc}\t\n\r]/u.exec(text);
  if (control !== null)
    return refused(path, 'the file holds control characters.', 'Write it as plain UTF-8 text.');

  const { value, faults, placeOf } = readYaml(text);
  if (value === undefined)
    return {
      problems: inOrder(faults.map(fault => located(path, fault, fault.place))),
      warnings: [],
    };
  if (value === null)
    return refused(
      path,
      'the file is empty.',
      'Begin with baseUrl, store, connectors, accounts and access.',
    );

  const parsed = documentSchema.safeParse(value);
  const document = parsed.success ? parsed.data : (readable(documentSchema, value) ?? {});
  const directory = dirname(resolve(path));
  const references = await resolveReferences(document, { directory, env });
  const findings: Finding[] = [
    ...schemaFindings(parsed.error?.issues ?? [], value),
    ...crossFindings(document, value),
    ...references.findings,
  ];
  const placed = (wanted: boolean): Problem[] =>
    findings
      .filter(finding => (finding.warning === true) === wanted)
      .map(finding => located(path, finding, placeOf(finding.path)));
  const problems = inOrder([
    ...faults.map(fault => located(path, fault, fault.place)),
    ...placed(false),
  ]);
  const warnings = inOrder(placed(true));
  if (problems.length > 0 || !parsed.success) return { problems, warnings };
  return {
    configuration: buildConfiguration(parsed.data, { references, directory }),
    problems,
    warnings,
  };
}

function refused(file: string, message: string, fix: string): CheckedConfiguration {
  return { problems: [atTop(file, { message, fix })], warnings: [] };
}

/** A problem of the file as a whole. */
function atTop(file: string, { message, fix }: Mistake): Problem {
  return { file, line: 1, column: 1, path: '', message, fix };
}

function located(file: string, { path, message, fix }: Finding, { line, column }: Place): Problem {
  return { file, line, column, path: formatPath(path), message, fix };
}

function inOrder(problems: readonly Problem[]): Problem[] {
  return [...problems].sort((a, b) => a.line - b.line || a.column - b.column);
}
