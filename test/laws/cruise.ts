/**
 * Runs the import laws over a tree and says what it saw: `npm run arch` over `src`, the tests over
 * trees with an injected violation.
 */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { cruise, type ICruiseResult } from 'dependency-cruiser';
import extractTSConfig from 'dependency-cruiser/config-utl/extract-ts-config';
// @ts-expect-error the configuration is plain JavaScript, as dependency-cruiser wants it
import configuration from '../../.dependency-cruiser.mjs';

export { configuration };

export interface Findings {
  /** `law: from -> to`, one a line. */
  readonly violations: readonly string[];
  /** Modules of the tree that were really read. */
  readonly modulesSeen: number;
  readonly modulesThere: number;
}

const ROOT = join(import.meta.dirname, '../..');

export async function cruiseTree(baseDir: string): Promise<Findings> {
  const { forbidden, options } = configuration;
  const { output } = await cruise(
    ['src'],
    { ...options, baseDir, ruleSet: { forbidden }, validate: true },
    undefined,
    {
      tsConfig: extractTSConfig(join(ROOT, 'tsconfig.json')),
    },
  );
  const { modules, summary } = output as ICruiseResult;
  return {
    violations: summary.violations.map(({ rule, from, to }) => `${rule.name}: ${from} -> ${to}`),
    modulesSeen: modules.filter(({ source }) => source.startsWith('src/')).length,
    modulesThere: readdirSync(join(baseDir, 'src'), { recursive: true, encoding: 'utf8' }).filter(
      name => name.endsWith('.ts'),
    ).length,
  };
}
