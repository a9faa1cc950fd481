import type { Run } from '../command-line/command.ts';
import { CLIENT_ID, OAuthRefusal } from '../server/server.ts';
import { forgetBridge } from '../session/known-bridges.ts';
import { withLock } from '../session/lock.ts';
import {
  forgetPerson,
  loginLock,
  readLogin,
  removeLogin,
  removePerson,
} from '../session/login-state.ts';
import { signedIn } from '../session/signed-in.ts';
import { CliError } from '../terminal/exit.ts';

export const run: Run = async ({ options, client: open, terminal }) => {
  const client = open();
  const state = await readLogin(client);
  const endAtServer = async (): Promise<void> => {
    if (options.everywhere === true)
      await signedIn({ ...client, mayLogIn: false }).call('DELETE', '/sessions');
    else if (state !== undefined)
      await client.server.form('/oauth/revoke', {
        client_id: CLIENT_ID,
        token: state.refreshToken,
      });
  };
  let fault: unknown;
  try {
    await terminal.progress('Ending the login', endAtServer);
  } catch (thrown) {
    fault = thrown;
  }
  // Whatever the server says: what lies here is of no use to anybody but a thief.
  await withLock(
    loginLock(client),
    { patienceSeconds: 30, what: 'another rolebridge process that renews the login' },
    async () => {
      removeLogin(client);
      forgetPerson(client);
      if (options.forget === true) removePerson(client);
    },
  );
  if (options.forget === true) await forgetBridge(client);
  if (fault === undefined || fault instanceof OAuthRefusal) {
    const { isChosen, others, title } = client.bridge;
    const of = isChosen || others.length > 0 ? ` of ${title}` : '';
    const done = options.everywhere === true ? `Signed out${of} everywhere.` : `Signed out${of}.`;
    terminal.say(
      state === undefined && options.everywhere !== true
        ? `You were not signed in${of === '' ? '' : ` to ${title}`}.`
        : done,
    );
    return;
  }
  if (!(fault instanceof CliError)) throw fault;
  throw new CliError(fault.exit, `removed here, but not ended at the server: ${fault.message}`, {
    lines: [...fault.lines, `End it on the page ${client.server.origin}/sessions.`],
    cause: fault,
  });
};
