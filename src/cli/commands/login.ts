import { formatDuration } from '../../core/time.ts';
import { type Client, saveServer } from '../client.ts';
import type { Run } from '../command.ts';
import { CliError } from '../exit.ts';
import { logIn } from '../login.ts';
import { jsonText, printable } from '../printable.ts';
import { signedIn } from '../signed-in.ts';
import type { WhoAmI } from '../who-am-i.ts';

export const run: Run = async ({ options, client: open, terminal }) => {
  const client = open();
  const isFresh = options.fresh === true;
  const already = isFresh || options.force === true || options['switch-person'] === true ? undefined : await whoIsSignedIn(client);
  const who =
    already ??
    (await logIn(client, {
      device: options.device === true,
      noBrowser: options['no-browser'] === true,
      fresh: isFresh,
      switchPerson: options['switch-person'] === true,
    }));
  saveServer(client);
  if (options.json === true) {
    terminal.print(jsonText(who));
    return;
  }
  const { username, display_name, connector_label } = who.person;
  const name = display_name === null ? printable(username) : `${printable(username)} (${printable(display_name)})`;
  terminal.say(
    `${already === undefined ? 'Signed in' : 'You are signed in'} as ${terminal.bold(name)} via ${printable(connector_label)}, for ${timeLeft(who.session.expires_at, client)}.`,
  );
  if (already !== undefined) terminal.say('To sign in anew: rolebridge login --force');
};

/** Who is signed in already and for how long; undefined when nobody is. */
async function whoIsSignedIn(client: Client): Promise<WhoAmI | undefined> {
  try {
    return await signedIn({ ...client, mayLogIn: false }).call<WhoAmI>('GET', '/whoami');
  } catch (thrown) {
    if (thrown instanceof CliError && thrown.exit === 'notSignedIn') return undefined;
    throw thrown;
  }
}

function timeLeft(expiresAt: string, { server }: Client): string {
  return formatDuration(Math.max(0, Math.floor((Date.parse(expiresAt) - server.now()) / 1000)));
}
