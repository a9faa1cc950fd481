/** Loads a configuration: reads, parses, checks everything, and only then builds it. */
import { dirname, resolve } from 'node:path';
import { resolveLogo } from './brand-logo.ts';
import { buildConfiguration } from './build.ts';
import { claimNumberProblems } from './claim-numbers.ts';
import type { Configuration } from './configuration.ts';
import { crossProblems } from './cross-checks.ts';
import { readSmallFile, type SmallFile, UnreadableFile } from './files.ts';
import { optionalTagProblems } from './optional-tag-checks.ts';
import { permissionProblems } from './permissions.ts';
import {
  ConfigurationError,
  formatPath,
  type LocatedProblem,
  type Problem,
  type ProblemAt,
} from './problems.ts';
import { resolveReferences } from './references.ts';
import { documentSchema } from './schema.ts';
import { schemaProblems } from './schema-problems.ts';
import { readable } from './schema-walk.ts';
import { type Position, readYaml } from './yaml-source.ts';

/** Re-exported, because callers of this file print the problems. */
export { formatProblems } from './problems.ts';

/** 10,000 rules with their session settings fit several times over. */
const MAX_BYTES = 8 * 1024 * 1024;

type Environment = Readonly<Record<string, string | undefined>>;

/** The result of a check; problems and warnings are in the order of the file. */
export interface CheckedConfiguration {
  /** Absent when there are problems. */
  readonly configuration?: Configuration | undefined;
  /** What must be fixed before the file can be used. */
  readonly problems: readonly LocatedProblem[];
  /** What works, but hardly as meant. */
  readonly warnings: readonly LocatedProblem[];
}

/** A configuration that may be used, and its warnings. */
export interface LoadedConfiguration extends Configuration {
  readonly warnings: readonly LocatedProblem[];
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

/**
 * Reads and checks a configuration file and the secrets that it refers to. Never throws because of
 * its content.
 */
export async function checkConfiguration(
  path: string,
  env: Environment = process.env,
): Promise<CheckedConfiguration> {
  let file: SmallFile;
  try {
    file = await readSmallFile(path, MAX_BYTES);
  } catch (cause) {
    if (!(cause instanceof UnreadableFile)) throw cause;
    return rejected(path, {
      message: `the file ${cause.message}.`,
      fix: 'Name a readable YAML file of at most 8 MB.',
    });
  }
  // Secrets are in other files, so every user may read this one.
  const permissions = bySeverity(
    permissionProblems(path, file, { secret: false, self: process.getuid?.() }).map(problem =>
      atTop(path, problem),
    ),
  );
  const checked = await checkText(file.text, path, env);
  const problems = [...permissions.problems, ...checked.problems];
  return {
    configuration: problems.length > 0 ? undefined : checked.configuration,
    problems,
    warnings: [...permissions.warnings, ...checked.warnings],
  };
}

async function checkText(
  text: string,
  path: string,
  env: Environment,
): Promise<CheckedConfiguration> {
  if (/[^\P{Cc}\t\n\r]/u.test(text))
    return rejected(path, {
      message: 'the file contains control characters.',
      fix: 'Write it as plain UTF-8 text.',
    });
  const { value, problems: ofSyntax, positionOf, textAt } = readYaml(text);
  const syntax = ofSyntax.map(problem => located(path, problem, problem.position));
  if (value === undefined) return { problems: inOrder(syntax), warnings: [] };
  if (value === null)
    return rejected(path, {
      message: 'the file is empty.',
      fix: 'Begin with baseUrl, store, connectors, accounts and access.',
    });

  const parsed = documentSchema.safeParse(value);
  const document = parsed.success ? parsed.data : (readable(documentSchema, value) ?? {});
  const directory = dirname(resolve(path));
  const references = await resolveReferences(document, { directory, env });
  const { logo, problems: ofLogo } = await resolveLogo(document, directory);
  const ofContent = [
    ...schemaProblems(parsed.error?.issues ?? [], value),
    ...crossProblems(document, value),
    ...references.problems,
    ...ofLogo,
    ...optionalTagProblems(document, references),
    ...claimNumberProblems(value, textAt),
  ].map(problem => located(path, problem, positionOf(problem.path)));

  const { problems, warnings } = bySeverity(inOrder([...syntax, ...ofContent]));
  if (problems.length > 0 || !parsed.success) return { problems, warnings };
  return {
    configuration: buildConfiguration(parsed.data, { references, directory, logo }),
    problems,
    warnings,
  };
}

function rejected(file: string, problem: Problem): CheckedConfiguration {
  return { problems: [atTop(file, problem)], warnings: [] };
}

/** A problem of the file as a whole. */
function atTop(file: string, problem: Problem): LocatedProblem {
  return { ...problem, file, line: 1, column: 1, path: '' };
}

function located(file: string, problem: ProblemAt, position: Position): LocatedProblem {
  return { ...problem, ...position, file, path: formatPath(problem.path) };
}

function inOrder(problems: readonly LocatedProblem[]): LocatedProblem[] {
  return problems.toSorted((a, b) => a.line - b.line || a.column - b.column);
}

function bySeverity(
  all: readonly LocatedProblem[],
): Pick<CheckedConfiguration, 'problems' | 'warnings'> {
  return {
    problems: all.filter(({ warning }) => warning !== true),
    warnings: all.filter(({ warning }) => warning === true),
  };
}
