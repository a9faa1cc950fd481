/** Configuration files in a directory of their own, and what the bridge says of them. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parse } from 'yaml';
import {
  type CheckedConfiguration,
  checkConfiguration,
  formatProblems,
} from '../../src/config/load.ts';

interface Problems {
  readonly good: string;
  readonly cases: readonly {
    readonly title: string;
    readonly from: string;
    readonly to: string;
    readonly says: readonly string[];
  }[];
}

export const problems = parse(
  readFileSync(new URL('problems.yaml', import.meta.url), 'utf8'),
) as Problems;

/** A configuration without a problem, and the environment that it needs. */
export const GOOD = problems.good;
export const ENV = { OKTA_SECRET: 'correct-horse-battery' } as const;

/** `GOOD` with one text replaced by another; a text that is not there is a problem of the test. */
export function spoiled(from: string, to: string): string {
  if (!GOOD.includes(from))
    throw new Error(`the good configuration has no ${JSON.stringify(from)}`);
  return GOOD.replace(from, () => to);
}

/** Further lines at the end of the last rule, which are keys of it or rules after it. */
export function continued(yaml: string, ...lines: readonly string[]): string {
  return yaml.replace(/^trustGroupsOf:/m, end => lines.join('') + end);
}

export interface Written {
  readonly directory: string;
  readonly file: string;
  /** Writes a file into the directory of the configuration; returns its name. */
  put(name: string, content: string | Uint8Array, mode?: number): string;
  check(
    content: string | Uint8Array,
    env?: Readonly<Record<string, string | undefined>>,
  ): Promise<CheckedConfiguration>;
}

/** Runs a test with a directory that is gone afterwards. */
export async function written(test: (files: Written) => Promise<void>): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), 'rolebridge-config-'));
  const file = join(directory, 'rolebridge.yaml');
  const put = (name: string, content: string | Uint8Array, mode = 0o600): string => {
    writeFileSync(join(directory, name), content, { mode });
    return join(directory, name);
  };
  try {
    await test({
      directory,
      file,
      put,
      check: (content, env = ENV) =>
        checkConfiguration(put('rolebridge.yaml', content), { secrets: 'all', env }),
    });
  } finally {
    rmSync(directory, { recursive: true });
  }
}

/** One line for each problem, without the name of the file. */
export function said(problems: CheckedConfiguration['problems']): string[] {
  return problems.map(problem => formatProblems([problem]).slice(problem.file.length + 1));
}
