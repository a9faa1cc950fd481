/** Loads a configuration: reads, parses, checks everything, and only then builds it. */
import { dirname, resolve } from 'node:path';
import type { SkippedAccount } from './account-facts.ts';
import { gatherAccounts } from './account-gathering.ts';
import { resolveLogo } from './brand-logo.ts';
import { BUILDERS } from './build.ts';
import { claimNumberProblems } from './claim-numbers.ts';
import type { Configuration, ConfigurationBySecrets, SecretsRead } from './configuration.ts';
import { crossProblems } from './cross-checks.ts';
import { readSmallFile, type SmallFile, UnreadableFile } from './files.ts';
import type { Judges } from './judges.ts';
import { metadataProblems } from './metadata-files.ts';
import { optionalTagProblems } from './optional-tag-checks.ts';
import { permissionProblems } from './permissions.ts';
import {
  ConfigurationError,
  formatPath,
  type LocatedProblem,
  type Problem,
  type ProblemAt,
} from './problems.ts';
import { absolutePath } from './reference-places.ts';
import { resolveReferences } from './references.ts';
import { type Document, schemaOf } from './schema.ts';
import { schemaProblems } from './schema-problems.ts';
import { type Readable, readable } from './schema-walk.ts';
import { type Position, readYaml } from './yaml-source.ts';

/** Re-exported, because callers of this file print the problems. */
export { formatProblems } from './problems.ts';

/** 10,000 rules with their session settings fit several times over. */
const MAX_BYTES = 8 * 1024 * 1024;

type Environment = Readonly<Record<string, string | undefined>>;

/** The result of a check; problems and warnings are in the order of the file. */
export interface CheckedConfiguration<S extends SecretsRead = 'all'> {
  /** Absent when there are problems. */
  readonly configuration?: ConfigurationBySecrets[S] | undefined;
  /** What must be fixed before the file can be used. */
  readonly problems: readonly LocatedProblem[];
  /** What works, but hardly as meant. */
  readonly warnings: readonly LocatedProblem[];
  /** Accounts of the organization that are not active, so no rule gives a role there. */
  readonly skippedAccounts?: readonly SkippedAccount[] | undefined;
  /** Secrets that are not there, and that only the server needs: warnings of `check`. */
  readonly absentSecrets: readonly LocatedProblem[];
}

/** Which secrets are read. Others are checked if they are there, and not kept. */
export interface Reading<S extends SecretsRead> {
  readonly secrets: S;
  readonly env?: Environment;
  /** Also judges the content of files as a running bridge does. */
  readonly judges?: Judges | undefined;
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
  const { configuration, problems, warnings } = await checkConfiguration(path, {
    secrets: 'all',
    env,
  });
  if (configuration === undefined) throw new ConfigurationError(problems);
  return { ...configuration, warnings };
}

/**
 * Reads and checks a configuration file and the secrets that it refers to. Never throws because of
 * its content.
 */
export async function checkConfiguration<S extends SecretsRead>(
  path: string,
  reading: Reading<S>,
): Promise<CheckedConfiguration<S>> {
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
  const checked = await checkConfigurationText(file.text, path, reading);
  const problems = [...permissions.problems, ...checked.problems];
  return {
    configuration: problems.length > 0 ? undefined : checked.configuration,
    problems,
    warnings: [...permissions.warnings, ...checked.warnings],
    absentSecrets: checked.absentSecrets,
    skippedAccounts: checked.skippedAccounts,
  };
}

/** The same for a text that is to become the file at `path`. */
export async function checkConfigurationText<S extends SecretsRead>(
  text: string,
  path: string,
  { secrets, env = process.env, judges }: Reading<S>,
): Promise<CheckedConfiguration<S>> {
  if (/[^\P{Cc}\t\n\r]/u.test(text))
    return rejected(path, {
      message: 'the file contains control characters.',
      fix: 'Write it as plain UTF-8 text.',
    });
  const { value, problems: ofSyntax, positionOf, textAt } = readYaml(text);
  const syntax = ofSyntax.map(problem => located(path, problem, problem.position));
  if (value === undefined) return { problems: inOrder(syntax), warnings: [], absentSecrets: [] };
  if (value === null)
    return rejected(path, {
      message: 'the file is empty.',
      fix: 'Begin with baseUrl, store, connectors, accounts and access.',
    });

  const schema = schemaOf(value);
  const parsed = schema.safeParse(value);
  const directory = dirname(resolve(path));
  const gathered = await gatherAccounts(parsed.data ?? readable(schema, value) ?? {}, {
    raw: value,
    directory,
  });
  const { document, facts } = gathered;
  const references = await resolveReferences(document, {
    ...{ directory, env, secrets, judgeKeySet: judges?.keySet },
  });
  const { logo, problems: ofLogo } = await resolveLogo(document, directory);
  const ofMetadata = await metadataProblems(document, { directory, judge: judges?.metadata });
  const ofPlaces = judges === undefined ? [] : await placeProblems(document, judges, directory);
  const at = (problem: ProblemAt): LocatedProblem =>
    located(path, problem, positionOf(problem.path));
  const ofContent = [
    ...schemaProblems(parsed.error?.issues ?? [], value),
    ...gathered.problems,
    ...gathered.relocated([
      ...crossProblems(document, { raw: value, facts }),
      ...references.problems,
    ]),
    ...ofLogo,
    ...ofMetadata,
    ...ofPlaces,
    ...optionalTagProblems(document, references),
    ...claimNumberProblems(value, textAt),
  ].map(at);

  const { problems, warnings } = bySeverity(inOrder([...syntax, ...ofContent]));
  const found = {
    problems,
    warnings,
    absentSecrets: inOrder(gathered.relocated(references.absent).map(at)),
  };
  if (problems.length > 0 || !parsed.success) return found;
  // Without a problem, everything was read.
  const whole = document as Document;
  return {
    configuration: BUILDERS[secrets](whole, { references, directory, logo, facts }),
    skippedAccounts: facts.skipped,
    ...found,
  };
}

/** What the running bridge keeps for itself: its keys and its store. */
async function placeProblems(
  { issuer, store }: Readable<Document>,
  judges: Judges,
  directory: string,
): Promise<readonly ProblemAt[]> {
  const places = [
    { path: ['issuer', 'keys', 'directory'], place: issuer?.keys?.directory, judge: judges.keys },
    { path: ['store', 'sqlite'], place: store?.sqlite, judge: judges.store },
  ];
  const found = places.map(async ({ path, place, judge }) => {
    if (place === undefined || place === ':memory:') return [];
    const problems = await judge(absolutePath(place, directory));
    return problems.map(problem => ({ path, ...problem }));
  });
  return (await Promise.all(found)).flat();
}

function rejected(file: string, problem: Problem): CheckedConfiguration<never> {
  return { problems: [atTop(file, problem)], warnings: [], absentSecrets: [] };
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
