import type { Run } from '../command-line/command.ts';
import { act, idIn } from '../elevations/calls.ts';
import { tellResult, textIn } from '../elevations/deciding.ts';

export const run: Run = async ({ words, options, client: open }) => {
  const client = open();
  const id = idIn(client, words[0]);
  const body = { note: textIn(options, 'reason') };
  const elevation = await act(client, { id, action: 'deny', body });
  tellResult(client, elevation, options.json === true);
  return undefined;
};
