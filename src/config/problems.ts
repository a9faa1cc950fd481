/**
 * What is wrong with a configuration file: where, what, and how to mend it. No problem ever holds a
 * secret's value.
 */

/** Keys and list positions from the root: `['access', 0, 'session', 'duration']`. */
export type Path = readonly (string | number)[];

/**
 * What is wrong with a value, and what to write instead. Both are whole sentences; neither repeats
 * a secret.
 */
export interface Mistake {
  readonly message: string;
  readonly fix: string;
}

/** A mistake, or something that works but hardly as meant. */
export interface Judgement extends Mistake {
  /** The configuration is accepted. */
  readonly warning?: true;
}

/** A judgement of a place of the document. */
export interface Finding extends Judgement {
  readonly path: Path;
}

/** A finding with its place in the file. */
export interface Problem extends Mistake {
  readonly file: string;
  /** 1-based; of the key, or of the list item. */
  readonly line: number;
  readonly column: number;
  /** `access[0].session.duration`; empty for the file as a whole. */
  readonly path: string;
}

/**
 * The configuration cannot be used. `problems` holds every mistake that could be found, in the
 * order of the file.
 */
export class ConfigurationError extends Error {
  override readonly name = 'ConfigurationError';
  readonly problems: readonly Problem[];

  constructor(problems: readonly Problem[]) {
    super(
      `the configuration has ${problems.length === 1 ? 'a problem' : `${problems.length} problems`}\n${formatProblems(problems)}`,
    );
    this.problems = problems;
  }
}

/**
 * One line for each problem, as compilers write them: `rolebridge.yaml:44:7
 * access[0].session.duration: what is wrong. What to do.`
 */
export function formatProblems(problems: readonly Problem[]): string {
  return problems
    .map(
      ({ file, line, column, path, message, fix }) =>
        `${file}:${line}:${column}${path === '' ? '' : ` ${path}`}: ${message} ${fix}`,
    )
    .join('\n');
}

export function formatPath(path: Path): string {
  return path
    .map((step, index) => (typeof step === 'number' ? `[${step}]` : keyStep(step, index === 0)))
    .join('');
}

function keyStep(key: string, first: boolean): string {
  if (!/^[A-Za-z_][\w-]*$/.test(key)) return `[${quoted(key)}]`;
  return first ? key : `.${key}`;
}

/** A value from the file as a message may show it: on one line, and not for long. */
export function quoted(text: string): string {
  const characters = [...text];
  const shown = characters.length > 60 ? `${characters.slice(0, 59).join('')}…` : text;
  return JSON.stringify(shown).replace(
    /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu,
    character => `\\u{${character.codePointAt(0)!.toString(16)}}`,
  );
}
