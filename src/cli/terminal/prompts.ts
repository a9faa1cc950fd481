/**
 * Questions to a user at a terminal, by @clack/prompts: drawn on stderr, so that stdout stays data.
 * Loaded only when one is asked.
 */
import { autocomplete, confirm as clackConfirm, isCancel, text } from '@clack/prompts';
import { CliError } from './exit.ts';
import { printable } from './printable.ts';
import type { Terminal } from './terminal.ts';

export interface Choice {
  readonly value: string;
  readonly label: string;
  readonly hint?: string | undefined;
  /** A warning behind the label, in red where there are colours. */
  readonly mark?: string | undefined;
}

export interface PickOptions {
  readonly message: string;
  readonly choices: readonly Choice[];
  /** The best first; every choice for an empty search. */
  readonly search: (typed: string) => readonly Choice[];
}

const LINES_AROUND_THE_LIST = 8;
const MOST_SHOWN = 12;

/** The value that the user chose. Throws `interrupted` after Escape or Ctrl-C. */
export async function pick(
  terminal: Terminal,
  { message, choices, search }: PickOptions,
): Promise<string> {
  const rows = (terminal.screen as { rows?: number }).rows ?? 24;
  const chosen = await autocomplete<string>({
    message: printable(message),
    placeholder: 'Type to search, arrows to move',
    maxItems: Math.max(3, Math.min(MOST_SHOWN, rows - LINES_AROUND_THE_LIST)),
    options() {
      const typed = this.userInput.trim();
      return (typed === '' ? choices : search(typed)).map(({ value, label, hint, mark }) => ({
        value,
        label: `${printable(label)}${mark === undefined ? '' : ` ${marked(terminal, mark)}`}`,
        ...(hint !== undefined && { hint: printable(hint) }),
      }));
    },
    // What the list gives is matched already, in its order.
    filter: () => true,
    input: terminal.input,
    output: terminal.screen,
  });
  if (isCancel(chosen) || chosen === undefined)
    throw new CliError('interrupted', 'nothing was chosen');
  return chosen;
}

function marked({ hasColour }: Terminal, mark: string): string {
  const word = printable(mark);
  return hasColour ? `\u001b[31m${word}\u001b[39m` : word;
}

/** Throws `interrupted`. */
export async function confirm(
  terminal: Terminal,
  { message, initial }: { readonly message: string; readonly initial: boolean },
): Promise<boolean> {
  const answer = await clackConfirm({
    message: printable(message),
    initialValue: initial,
    input: terminal.input,
    output: terminal.screen,
  });
  if (isCancel(answer)) throw new CliError('interrupted', 'nothing was changed');
  return answer;
}

/** One line of text; undefined if none was typed. Throws `interrupted`. */
export async function ask(
  terminal: Terminal,
  { message, isRequired }: { readonly message: string; readonly isRequired: boolean },
): Promise<string | undefined> {
  const answer = await text({
    message: printable(message),
    validate: typed =>
      isRequired && (typed ?? '').trim() === '' ? 'This cannot be empty.' : undefined,
    input: terminal.input,
    output: terminal.screen,
  });
  if (isCancel(answer)) throw new CliError('interrupted', 'nothing was sent');
  return (answer ?? '').trim() || undefined;
}
