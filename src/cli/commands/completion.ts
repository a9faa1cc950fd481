import type { Run } from '../command-line/command.ts';
import { completionScript } from '../completion.ts';
import { CliError } from '../terminal/exit.ts';

export const run: Run = async ({ words, terminal }) => {
  const script = completionScript(words[0] ?? '');
  if (script === undefined)
    throw new CliError('usage', 'say for which shell: bash, zsh, fish or powershell', {
      lines: ['See: rolebridge completion --help'],
    });
  terminal.print(script);
  return undefined;
};
