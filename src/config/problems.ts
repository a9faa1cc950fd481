/**
 * Problems of a configuration file: where, what, and how to fix it. No problem contains the value
 * of a secret.
 */

/** Keys and list positions from the root: `['access', 0, 'session', 'duration']`. */
export type Path = readonly (string | number)[];

/** What is wrong with a value, and what to write instead. Both are whole sentences. */
export interface Problem {
  readonly message: string;
  readonly fix: string;
  /** The configuration is accepted, but hardly does what its author meant. */
  readonly warning?: true;
}

/** A problem and the value that has it. */
export interface ProblemAt extends Problem {
  readonly path: Path;
}

/** Problems of one kind that are told; a wrong file has thousands of them. */
const MAX_OF_A_KIND = 20;

/** The first problems, and how many more there are. */
export function bounded<P extends Problem>(problems: readonly P[]): readonly P[] {
  const [last, ...more] = problems.slice(MAX_OF_A_KIND - 1);
  if (last === undefined || more.length === 0) return problems;
  const message = `${last.message.replace(/\.$/, '')}, and ${more.length} more are alike.`;
  return [...problems.slice(0, MAX_OF_A_KIND - 1), { ...last, message }];
}

/** A problem and its position in the file. */
export interface LocatedProblem extends Problem {
  readonly file: string;
  /** 1-based; of the key, or of the list item. */
  readonly line: number;
  readonly column: number;
  /** `access[0].session.duration`; empty for the file as a whole. */
  readonly path: string;
}

/** The configuration cannot be used. `problems` lists all of them, in the order of the file. */
export class ConfigurationError extends Error {
  override readonly name = 'ConfigurationError';
  readonly problems: readonly LocatedProblem[];

  constructor(problems: readonly LocatedProblem[]) {
    super(
      `the configuration has ${problems.length === 1 ? 'a problem' : `${problems.length} problems`}\n${formatProblems(problems)}`,
    );
    this.problems = problems;
  }
}

/**
 * Returns one line for each problem, as compilers do:
 * `rolebridge.yaml:44:7 access[0].session.duration: what is wrong. What to do.`
 */
export function formatProblems(problems: readonly LocatedProblem[]): string {
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

/** Returns a value of the file as messages show it: quoted, on one line, 60 characters at most. */
export function quoted(text: string): string {
  const characters = [...text];
  const shown = characters.length > 60 ? `${characters.slice(0, 59).join('')}…` : text;
  return JSON.stringify(shown).replace(
    /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu,
    character => `\\u{${character.codePointAt(0)!.toString(16)}}`,
  );
}
