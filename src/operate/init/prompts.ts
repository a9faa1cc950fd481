/** Questions at a terminal, drawn on standard error. Loaded only when one is asked. */
import { confirm, isCancel, select, text } from '@clack/prompts';
import { printableText } from '../../core/printable.ts';

/** The user pressed Ctrl-C or Escape. */
export class Cancelled extends Error {
  constructor() {
    super('cancelled; nothing was written');
  }
}

export interface Option {
  readonly value: string;
  readonly label: string;
}

export interface TextQuestion {
  readonly message: string;
  readonly placeholder?: string | undefined;
  /** What an empty answer means; undefined: it is rejected, unless it may be empty. */
  readonly initial?: string | undefined;
  readonly mayBeEmpty?: boolean | undefined;
  /** Why an answer is rejected, as a sentence. */
  readonly problem: (typed: string) => string | undefined;
}

const TERMINAL = { input: process.stdin, output: process.stderr };

/** Throws `Cancelled`. */
export async function askText({
  message,
  placeholder,
  initial,
  mayBeEmpty = false,
  problem,
}: TextQuestion): Promise<string> {
  const answer = await text({
    message: printableText(message),
    ...(placeholder !== undefined && { placeholder }),
    ...(initial !== undefined && { defaultValue: initial, placeholder: initial }),
    validate: (typed = '') => {
      const given = typed.trim() || initial || '';
      if (given === '') return mayBeEmpty ? undefined : 'This cannot be empty.';
      return problem(given);
    },
    ...TERMINAL,
  });
  if (isCancel(answer)) throw new Cancelled();
  return (answer ?? '').trim();
}

/** Throws `Cancelled`. */
export async function askChoice(message: string, options: readonly Option[]): Promise<string> {
  const answer = await select<string>({ message, options: [...options], ...TERMINAL });
  if (isCancel(answer)) throw new Cancelled();
  return answer;
}

/** Throws `Cancelled`. */
export async function askYesNo(message: string): Promise<boolean> {
  const answer = await confirm({ message: printableText(message), ...TERMINAL });
  if (isCancel(answer)) throw new Cancelled();
  return answer;
}
