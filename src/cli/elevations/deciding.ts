/** What the commands that decide have in common. */
import type { ElevationDetail } from '../server/elevation-answers.ts';
import type { Client } from '../session/client.ts';
import { CliError } from '../terminal/exit.ts';
import { jsonText } from '../terminal/printable.ts';
import { roleOf, statusOf } from './describing.ts';

/** `--reason`, `--note`; undefined when absent. */
export function textIn(
  options: Readonly<Record<string, string | boolean | undefined>>,
  name: string,
): string | undefined {
  const written = options[name];
  return typeof written === 'string' ? written : undefined;
}

export interface Confirming {
  readonly message: string;
  /** What was not done. */
  readonly otherwise: string;
}

/** Throws `interrupted` if the user says no, `usage` where no user can be asked. */
export async function requireConfirmed(
  { terminal }: Client,
  { message, otherwise }: Confirming,
): Promise<void> {
  if (!terminal.isInteractive)
    throw new CliError('usage', `no terminal to confirm it, so ${otherwise}`, {
      lines: ['Add --yes to confirm without a terminal.'],
    });
  const { confirm } = await import('../terminal/prompts.ts');
  if (!(await confirm(terminal, { message, initial: false })))
    throw new CliError('interrupted', otherwise);
}

/** The elevation after a decision, for a user or a program. */
export function tellResult(
  { terminal, server }: Client,
  elevation: ElevationDetail,
  isJson: boolean,
): void {
  if (isJson) terminal.print(jsonText(elevation));
  else terminal.say(`${roleOf(elevation)}: ${statusOf(elevation, server)}.`);
}
