/**
 * `doctor`: names what is wrong between the identity provider and the role.
 *
 * Owns: the order of the sections, what is printed, the exit code. Does not own: what each section
 * looks at.
 */
import type { Configuration } from '../../config/configuration.ts';
import { levelOf } from '../../core/finding.ts';
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
  { connectors, accounts }: Configuration,
): Scope {
  for (const id of connector)
    if (!connectors.some(known => known.id === id))
      throw new UsageError(`the configuration has no connector "${id}"`);
  for (const text of account)
    if (!accounts.some(({ id, name }) => id === text || name === text))
      throw new UsageError(`the configuration has no account "${text}"`);
  return { connectors: connector, accounts: account, roles: role };
}
