import type { Run } from '../command-line/command.ts';
import { act, idIn } from '../elevations/calls.ts';
import { tellResult, textIn } from '../elevations/deciding.ts';
import { aliveTable } from '../elevations/describing.ts';
import { forgetCredentials } from '../roles/credentials.ts';

export const run: Run = async ({ words, options, client: open, terminal }) => {
  const client = open();
  const id = idIn(client, words[0]);
  const body = { note: textIn(options, 'reason') };
  const elevation = await act(client, { id, action: 'revoke', body });
  forgetCredentials(client, elevation);
  const isJson = options.json === true;
  tellResult(client, elevation, isJson);
  if (isJson) return;
  const { alive } = elevation;
  if (alive.length === 0) {
    terminal.say('It has no valid AWS credentials left.');
    return;
  }
  terminal.say('AWS does not take back credentials. These stay valid until they expire:');
  terminal.print(aliveTable(alive, client.server, terminal.columns));
};
