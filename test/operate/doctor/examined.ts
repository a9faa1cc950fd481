/** Runs the section of `doctor` on identity providers for a connector of a test. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after } from 'node:test';
import { openProviderInspector } from '../../../src/compose/provider-inspector.ts';
import type { Configuration } from '../../../src/config/configuration.ts';
import { checkConfiguration, formatProblems } from '../../../src/config/load.ts';
import { type Finding, levelOf } from '../../../src/core/finding.ts';
import type { Seconds } from '../../../src/core/time.ts';
import { connectorsSection } from '../../../src/operate/doctor/connectors-section.ts';

export const clock = { now: () => Date.now() };

/** `patience` is how long a provider may take. */
export async function examined(
  configuration: Configuration,
  {
    connectors = [],
    patience,
  }: { connectors?: readonly string[]; patience?: Seconds | undefined } = {},
): Promise<Finding[]> {
  const section = connectorsSection(() => openProviderInspector(clock, patience));
  const found: Finding[] = [];
  const scope = { connectors, accounts: [], roles: [] };
  const examination = { configuration, configFile: 'x.yaml', scope, clock, progress: () => {} };
  for await (const finding of section.examine(examination)) found.push(finding);
  return found;
}

export const directory = mkdtempSync(join(tmpdir(), 'rolebridge-connectors-'));
after(() => rmSync(directory, { recursive: true }));

/** A configuration with this connector. */
export async function configured(connector: object): Promise<Configuration> {
  const file = join(directory, 'rolebridge.yaml');
  const document = {
    baseUrl: 'https://aws.example.com',
    store: { sqlite: ':memory:' },
    connectors: [{ id: 'acme', label: 'Acme', ...connector }],
    accounts: [{ id: '111122223333', name: 'prod', trust: 'web-identity' }],
    access: [{ groups: ['admins'], accounts: ['prod'], roles: ['Admin'] }],
  };
  writeFileSync(file, JSON.stringify(document), { mode: 0o600 });
  const { configuration, problems } = await checkConfiguration(file, {
    secrets: 'all',
    env: { SECRET: 'x' },
  });
  assert.equal(formatProblems(problems), '');
  return configuration!;
}

export function faultsOf(found: readonly Finding[]): string[] {
  return found.filter(finding => !['ok', 'note'].includes(levelOf(finding))).map(({ id }) => id);
}

export function idsOf(found: readonly Finding[]): string[] {
  return found.map(({ id }) => id);
}
