import type { Run } from '../command-line/command.ts';
import { act, idIn } from '../elevations/calls.ts';
import { textIn } from '../elevations/deciding.ts';
import { nameOf, roleOf } from '../elevations/describing.ts';
import { CliError } from '../terminal/exit.ts';
import { jsonText } from '../terminal/printable.ts';

export const run: Run = async ({ words, options, client: open, terminal }) => {
  const client = open();
  const id = idIn(client, words[0]);
  const note = textIn(options, 'reason');
  if (note === undefined)
    throw new CliError('usage', 'no --reason was given; say what you found', {
      lines: [`For example: rolebridge review ${id} --reason "The outage of OPS-12"`],
    });
  const elevation = await act(client, { id, action: 'review', body: { note } });
  if (options.json === true) terminal.print(jsonText(elevation));
  else
    terminal.say(
      `Reviewed the break-glass of ${nameOf(elevation.requester)}: ${roleOf(elevation)}.`,
    );
  return undefined;
};
