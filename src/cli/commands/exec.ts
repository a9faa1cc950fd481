import type { Run } from '../command-line/command.ts';
import { durationOf } from '../command-line/times.ts';
import { commandIn, runInRole } from '../exec/run.ts';
import { chooseRole } from '../roles/choice.ts';
import { sayLacking } from '../roles/credentials.ts';
import { credentialsLasting, renewalOf } from '../roles/lasting-credentials.ts';

export const run: Run = async ({ words, options, passedOn, client: open, terminal, env }) => {
  const command = commandIn(passedOn, 'rolebridge exec prod/Admin -- aws s3 ls');
  const minimumSeconds = durationOf(options, 'minimum');
  const durationSeconds = durationOf(options, 'duration');
  const client = open();
  const role = await chooseRole(client, { written: words[0] });
  const asked = { minimumSeconds, durationSeconds };
  const first = await credentialsLasting(client, role, asked);
  sayLacking(client, first);
  // The user cannot be asked to sign in while a command runs.
  const quiet = { ...client, mayLogIn: false };
  return runInRole(
    { command, first, terminal, env, directory: client.directory, isFixed: options.env === true },
    {
      fetch: renewalOf(quiet, role, { ...asked, first }),
      minimumSeconds,
      loginCommand: client.bridge.loginCommand,
    },
  );
};
