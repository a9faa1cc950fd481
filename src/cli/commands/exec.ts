import type { Run } from '../command-line/command.ts';
import { durationOf } from '../command-line/times.ts';
import { commandIn, runFixed, runRenewing } from '../exec/run.ts';
import { readUserFiles } from '../exec/user-files.ts';
import { chooseRole } from '../roles/choice.ts';
import { credentialsFor, sayLacking } from '../roles/credentials.ts';

export const run: Run = async ({ words, options, passedOn, client: open, terminal, env }) => {
  const command = commandIn(passedOn, 'rolebridge exec prod/Admin -- aws s3 ls');
  const minimumSeconds = durationOf(options, 'minimum');
  const client = open();
  const role = await chooseRole(client, { written: words[0] });
  const first = await credentialsFor(client, role, { minimumSeconds });
  sayLacking(client, first);
  const files = readUserFiles(env);
  const run = {
    command,
    role: `${first.account.name}/${first.role}`,
    region: files.settings.region ?? first.account.region,
    first,
    files,
    ...{ terminal, env, directory: client.directory },
  };
  if (options.env === true) return runFixed(run);
  // The user cannot be asked to sign in while a command runs.
  const quiet = { ...client, mayLogIn: false };
  return runRenewing(run, {
    fetch: () => credentialsFor(quiet, role, { minimumSeconds }),
    minimumSeconds,
    loginCommand: client.bridge.loginCommand,
  });
};
