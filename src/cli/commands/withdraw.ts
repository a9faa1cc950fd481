import type { Run } from '../command-line/command.ts';
import { act, idIn } from '../elevations/calls.ts';
import { tellResult } from '../elevations/deciding.ts';

export const run: Run = async ({ words, options, client: open }) => {
  const client = open();
  const id = idIn(client, words[0]);
  const elevation = await act(client, { id, action: 'withdraw' });
  tellResult(client, elevation, options.json === true);
  return undefined;
};
