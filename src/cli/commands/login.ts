import { formatDuration } from '../../core/time.ts';
import type { Invocation, Run } from '../command-line/command.ts';
import { bridgeChoice } from '../command-line/parse.ts';
import { readWhoAmI, type WhoAmI } from '../server/who-am-i.ts';
import type { Client } from '../session/client.ts';
import { settingsIn } from '../session/home.ts';
import { rememberBridge, requireFreeName } from '../session/known-bridges.ts';
import { logIn } from '../session/login.ts';
import { signedIn } from '../session/signed-in.ts';
import { CliError } from '../terminal/exit.ts';
import { jsonText, printable } from '../terminal/printable.ts';
import { knownBridges, listOf } from '../warm/bridges.ts';
import { configDirectory, type Settings } from '../warm/settings.ts';

export const run: Run = async invocation => {
  const { options, terminal } = invocation;
  const client = clientFor(invocation);
  const name = typeof options.as === 'string' ? options.as : undefined;
  if (name !== undefined) requireFreeName(client.settings, client.server.origin, name);
  const isFresh = options.fresh === true;
  const already =
    isFresh || options.force === true || options['switch-person'] === true
      ? undefined
      : await whoIsSignedIn(client);
  const who =
    already ??
    (await logIn(client, {
      device: options.device === true,
      noBrowser: options['no-browser'] === true,
      fresh: isFresh,
      switchPerson: options['switch-person'] === true,
    }));
  await rememberBridge(client, { name, isCurrent: true });
  const renamed = name === undefined ? client : invocation.client({ bridge: name });
  if (name !== undefined) sayRenamed(client, name);
  sayCurrent(client.settings, renamed);
  if (options.json === true) {
    terminal.print(jsonText(who));
    return;
  }
  const { username, display_name, connector_label } = who.person;
  const shown =
    display_name === null
      ? printable(username)
      : `${printable(username)} (${printable(display_name)})`;
  terminal.say(
    `${already === undefined ? 'Signed in' : 'You are signed in'}${where(renamed)} as ${terminal.bold(shown)} via ${printable(connector_label)}, for ${timeLeft(who.session.expires_at, client)}.`,
  );
  if (already !== undefined)
    terminal.say(`To sign in again: ${renamed.bridge.loginCommand} --force`);
};

/**
 * A known name selects its bridge; a new name is for the selected bridge, or the only one. Throws
 * `usage`.
 */
function clientFor({ options, env, client: open }: Invocation): Client {
  const { server, bridge } = bridgeChoice(options);
  const isSelected =
    server !== undefined ||
    bridge !== undefined ||
    Boolean(env.ROLEBRIDGE_SERVER || env.ROLEBRIDGE_BRIDGE);
  const { as } = options;
  if (typeof as !== 'string' || isSelected) return open();
  const settings = settingsIn(configDirectory(env));
  const known = knownBridges(settings);
  const named = known.find(({ name }) => name.toLowerCase() === as.toLowerCase());
  if (named !== undefined) return open({ bridge: named.name });
  if (known.length < 2) return open();
  throw new CliError(
    'usage',
    `this computer knows several bridges, so --as ${JSON.stringify(as)} also requires --server`,
    {
      lines: [
        `Known bridges: ${listOf(known)}`,
        'Name the bridge: rolebridge login --server URL --as NAME',
      ],
    },
  );
}

function where({ bridge }: Client): string {
  return bridge.others.length > 0 ? ` to ${bridge.title}` : '';
}

/** Commands that name no bridge now use another one: the user must see that. */
function sayCurrent(before: Settings, { server, bridge, terminal }: Client): void {
  if (before.server === undefined || before.server === server.origin) return;
  terminal.say(
    `Now using ${bridge.title} (previously ${before.server}). Profiles keep the bridge that they were written for.`,
  );
}

/** Profile names contain the name of the bridge, so they are outdated after a rename. */
function sayRenamed({ settings, server, terminal }: Client, name: string): void {
  const known = knownBridges(settings).find(one => one.server === server.origin);
  if (known === undefined || known.name === name) return;
  terminal.say(
    `Renamed the bridge ${known.name} to ${name}. To rename its profiles: rolebridge configure --bridge ${name}`,
  );
}

/** The signed-in user; undefined when there is none. */
async function whoIsSignedIn(client: Client): Promise<WhoAmI | undefined> {
  try {
    return readWhoAmI(await signedIn({ ...client, mayLogIn: false }).call('GET', '/whoami'));
  } catch (thrown) {
    if (thrown instanceof CliError && thrown.exit === 'notSignedIn') return undefined;
    throw thrown;
  }
}

function timeLeft(expiresAt: string, { server }: Client): string {
  return formatDuration(Math.max(0, Math.floor((Date.parse(expiresAt) - server.now()) / 1000)));
}
