/**
 * Checks the language of everything that people read: `npm run spell` over the repository, the
 * tests over files with an injected mistake.
 *
 * Owns the phrases that are never right; single words that are never right are `flagWords` of
 * `.cspell.json`, and so is the set of files.
 */
import { readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type CSpellReporter, lint } from 'cspell';

export interface Finding {
  /** Relative to the root that was checked. */
  readonly file: string;
  readonly line: number;
  /** What was found, and what to write in its place. */
  readonly message: string;
}

export interface ProseOptions {
  /** The directory that is checked; absolute. */
  readonly root: string;
  readonly configFile: string;
  /** Keeps the words of unchanged files; no cache without it. */
  readonly cacheFile?: string;
}

const PHRASES: readonly (readonly [phrase: string, instead: string])[] = [
  ['there is no such', 'unknown ..., ... not found'],
  ['not any more', 'invalid or expired'],
  ['people who run', 'administrator, operator'],
  ['of ours', 'our own ..., ... of the bridge'],
  ['may not', 'cannot, must not, might not'],
  ['stronger proof', 'additional verification'],
  ['live until', 'are valid until, expire'],
  ['lives until', 'is valid until, expires'],
  ['that there is not', 'unknown ...'],
  ['go on asking', 'keep polling'],
  ['goes on asking', 'keeps polling'],
  ['clock that is off', 'clock skew, a clock that is out of sync'],
  ['no length of time', 'not a valid duration'],
];

/** What stands between two words of a phrase that is broken into lines of a comment. */
const GAP = '(?:\\s|\\*|//|#)+';

/** Throws an Error when no file was read, or when cspell cannot work. */
export async function checkProse(options: ProseOptions): Promise<readonly Finding[]> {
  const { root, configFile, cacheFile } = options;
  const nameOf = (url: string): string => relative(root, fileURLToPath(url));
  const files: string[] = [];
  const findings: Finding[] = [];
  const reporter: CSpellReporter = {
    progress: item => {
      if (item.type === 'ProgressFileComplete') files.push(relative(root, item.filename));
    },
    issue: ({ uri, row, text, isFlagged, suggestionsEx = [] }) => {
      const instead = suggestionsEx.map(({ word }) => word).join(', ') || undefined;
      const message = `${isFlagged ? 'forbidden' : 'unknown'} word "${text}"${hint(instead)}`;
      findings.push({ file: nameOf(uri!), line: row, message });
    },
    error: (message, error) => {
      throw new Error(message, { cause: error });
    },
  };
  await lint(
    [],
    {
      root,
      config: configFile,
      ...(cacheFile && { cache: true, cacheStrategy: 'content', cacheLocation: cacheFile }),
    },
    reporter,
  );
  if (files.length === 0) throw new Error(`${configFile} names no file below ${root}`);
  for (const file of files)
    findings.push(...phrasesIn(file, readFileSync(join(root, file), 'utf8')));
  return findings.sort((a, b) => a.file.localeCompare(b.file) || a.line - b.line);
}

function phrasesIn(file: string, text: string): Finding[] {
  return PHRASES.flatMap(([phrase, instead]) =>
    [...text.matchAll(patternOf(phrase))].map(({ index }) => ({
      file,
      line: text.slice(0, index).split('\n').length,
      message: `forbidden phrase "${phrase}"${hint(instead)}`,
    })),
  );
}

function patternOf(phrase: string): RegExp {
  return new RegExp(`\\b${phrase.split(' ').join(GAP)}\\b`, 'gi');
}

function hint(instead: string | undefined): string {
  return instead === undefined ? '' : `: write ${instead}`;
}
