import { formatDuration } from '../../core/time.ts';
import type { Run } from '../command-line/command.ts';
import { type CliSessionEntry, readWhoAmI, type WhoAmI } from '../server/who-am-i.ts';
import type { Client } from '../session/client.ts';
import { signedIn } from '../session/signed-in.ts';
import { jsonText, printable } from '../terminal/printable.ts';
import { table } from '../terminal/terminal.ts';
import { listOf } from '../warm/bridges.ts';

export const run: Run = async ({ options, client: open, terminal }) => {
  const client = open();
  const who = readWhoAmI(
    await terminal.progress('Asking who you are', () => signedIn(client).call('GET', '/whoami')),
  );
  if (options.json === true) {
    terminal.print(jsonText(who));
    return;
  }
  terminal.print(factsOf(who, client));
  terminal.print(`\nSessions (* is this one)\n\n${sessionTable(who, client)}`);
  const { others, selector } = client.bridge;
  if (others.length > 0) terminal.say(`\nOther bridges on this computer: ${listOf(others)}`);
  terminal.say(
    `\nEnd one: ${client.server.origin}/sessions    End all: rolebridge logout${selector} --everywhere`,
  );
};

function factsOf({ person, authentication, session }: WhoAmI, client: Client): string {
  const names = [person.username, person.display_name, person.email];
  const at = authentication.at === null ? '' : `, ${ago(authentication.at, client)}`;
  const how = authentication.multi_factor ? ', with a second factor' : '';
  const facts = {
    Person: names.filter(text => text !== null).join(', '),
    Id: `${person.id} (in CloudTrail)`,
    'Signed in by': `${person.connector_label}${at}${how}`,
    'This login': `ends in ${left(session.expires_at, client)}`,
    Server: client.bridge.title,
  };
  return Object.entries(facts)
    .map(([name, value]) => `${name.padEnd(14)}${printable(value)}\n`)
    .join('');
}

function sessionTable({ sessions }: WhoAmI, client: Client): string {
  const header = ['', 'DEVICE', 'PROGRAM', 'FROM', 'LAST USE', 'ENDS IN'];
  const rows = sessions.map(entry => rowOf(entry, client).map(printable));
  return table([header, ...rows], client.terminal.columns);
}

function rowOf(entry: CliSessionEntry, client: Client): string[] {
  const from = entry.last_used_address === null ? '' : ` from ${entry.last_used_address}`;
  return [
    entry.current ? '*' : '',
    entry.device_name ?? '-',
    entry.client.name,
    entry.address,
    entry.last_used_at === null ? 'waiting' : `${ago(entry.last_used_at, client)}${from}`,
    left(entry.expires_at, client),
  ];
}

function ago(instant: string, { server }: Client): string {
  return `${formatDuration(Math.max(0, Math.floor((server.now() - Date.parse(instant)) / 1000)))} ago`;
}

function left(instant: string, { server }: Client): string {
  return formatDuration(Math.max(0, Math.floor((Date.parse(instant) - server.now()) / 1000)));
}
