/** Why an image is no logo. */
import type { Problem } from './problems.ts';

/** The messages are clauses after "the file NAME"; they repeat no text of the file. */
export class UnusableLogo extends Error {
  override readonly name = 'UnusableLogo';
  readonly problems: readonly Problem[];

  constructor(problems: readonly Problem[]) {
    super(problems.map(({ message }) => message).join('; '));
    this.problems = problems;
  }
}

export function unusable(message: string, fix: string): UnusableLogo {
  return new UnusableLogo([{ message, fix }]);
}
