/**
 * `doctor`: names what is wrong between the identity provider and the role.
 *
 * Owns: the order of the sections, what is printed, the exit code. Does not own: what each section
 * looks at.
 */
import type { Configuration } from '../../config/configuration.ts';
import { levelOf } from '../../core/finding.ts';
import { nearest } from '../../core/nearest.ts';
import type { Clock } from '../../core/ports.ts';
import { EXIT, type ExitCode, type Options, UsageError } from '../command.ts';
import {
  type Found,
  printFinding,
  printFindings,
  printSection,
  printSummary,
  progressOn,
} from './report.ts';
import type { Examination, Scope, Section } from './section.ts';

export interface Practice {
  readonly configuration: Configuration;
  readonly sections: readonly Section[];
  readonly clock: Clock;
}

/** Ends with 1 if a finding is an error. Throws `UsageError` for a scope that names nothing. */
export async function examine(
  { configuration, sections, clock }: Practice,
  options: Options,
): Promise<ExitCode> {
  const { json = false, config } = options;
  const scope = scopeOf(options, configuration);
  const { say, clear } = progressOn();
  const all: Found[] = [];
  for (const section of sections) {
    if (!json) printSection(section);
    const examination: Examination = {
      ...{ configuration, configFile: config!, scope, clock },
      progress: step => say(`${section.name}: ${step}`),
    };
    for await (const finding of section.examine(examination)) {
      all.push({ section: section.name, finding });
      clear();
      if (!json) printFinding(finding);
    }
    clear();
  }
  if (json) printFindings(all);
  else printSummary(all);
  return all.some(({ finding }) => levelOf(finding) === 'error') ? EXIT.failed : EXIT.done;
}

function scopeOf(
  { connector = [], account = [], role = [] }: Options,
  configuration: Configuration,
): Scope {
  const { connectors, accounts } = configuration;
  const ids = connectors.map(({ id }) => id);
  const names = accounts.map(({ name }) => name);
  requireKnown(connector, ids, id => `the configuration has no connector "${id}"`);
  requireKnown(
    account.filter(text => accounts.every(({ id }) => id !== text)),
    names,
    name => `the configuration has no account "${name}"`,
  );
  const roles = rolesOf(configuration);
  if (roles !== undefined)
    requireKnown(
      role.filter(name => roles.every(known => known.split('/').at(-1) !== name)),
      roles,
      name => `no rule gives a role "${name}"`,
    );
  return { connectors: connector, accounts: account, roles: role };
}

/** Throws `UsageError` with a suggestion for the first text that is unknown. */
function requireKnown(
  asked: readonly string[],
  known: readonly string[],
  messageOf: (text: string) => string,
): void {
  const unknown = asked.find(text => !known.includes(text));
  if (unknown === undefined) return;
  const guess = nearest(unknown, known);
  throw new UsageError(
    `${messageOf(unknown)}${guess === undefined ? '' : `; did you mean ${guess}?`}`,
  );
}

/** Every role that can be examined; undefined if the groups of users can name others. */
function rolesOf({
  access,
  workloadRules,
  accounts,
}: Configuration): readonly string[] | undefined {
  if (access.some(({ roles }) => roles.length === 0)) return undefined;
  const hubs = accounts.flatMap(({ trust }) => (trust.by === 'hub' ? [trust.role] : []));
  const given = [...access, ...workloadRules].flatMap(({ roles }) => roles);
  return [...new Set([...given, ...hubs])];
}
