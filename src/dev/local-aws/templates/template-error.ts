/** What is wrong with a template: one sentence for each mistake, with its place in front. */
import { QueryError } from '../query-error.ts';

export class TemplateError extends Error {
  override readonly name = 'TemplateError';
  readonly mistakes: readonly string[];

  constructor(mistakes: readonly string[]) {
    super(mistakes.join('\n'));
    this.mistakes = mistakes;
  }
}

/** A mistake at a place that the caller of the function knows. */
export function mistake(sentence: string): TemplateError {
  return new TemplateError([sentence]);
}

/** Runs the work; what is wrong there, also what IAM rejects, gets the place in front. */
export function at<T>(place: string, work: () => T): T {
  try {
    return work();
  } catch (cause) {
    throw placed(place, cause);
  }
}

function placed(place: string, cause: unknown): unknown {
  if (cause instanceof TemplateError)
    return new TemplateError(cause.mistakes.map(line => `${place}: ${line}`));
  if (!(cause instanceof QueryError)) return cause;
  const { code, wireMessage, reason } = cause;
  const why = reason === wireMessage ? '' : ` (${reason})`;
  return new TemplateError([`${place}: IAM rejects it: ${code}: ${wireMessage}${why}`]);
}

/** Runs the work for each; all mistakes are reported together. */
export function forEachPlace<T>(items: Iterable<T>, work: (item: T) => void): void {
  const mistakes = new Set<string>();
  for (const item of items) {
    try {
      work(item);
    } catch (cause) {
      if (!(cause instanceof TemplateError)) throw cause;
      for (const line of cause.mistakes) mistakes.add(line);
    }
  }
  if (mistakes.size > 0) throw new TemplateError([...mistakes]);
}
