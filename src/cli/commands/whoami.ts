import { formatDuration } from '../../core/time.ts';
import type { Run } from '../command-line/command.ts';
import { type CliSessionEntry, readWhoAmI } from '../server/who-am-i.ts';
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
  const now = client.server.now();
  const { person, authentication, session, sessions } = who;
  const ago = (instant: string): string =>
    `${formatDuration(Math.max(0, Math.floor((now - Date.parse(instant)) / 1000)))} ago`;
  const left = (instant: string): string =>
    formatDuration(Math.max(0, Math.floor((Date.parse(instant) - now) / 1000)));
  const facts = [
    [
      'Person',
      [person.username, person.display_name, person.email].filter(text => text !== null).join(', '),
    ],
    ['Id', `${person.id} (in CloudTrail)`],
    [
      'Signed in by',
      `${person.connector_label}${authentication.at === null ? '' : `, ${ago(authentication.at)}`}${authentication.multi_factor ? ', with a second factor' : ''}`,
    ],
    ['This login', `ends in ${left(session.expires_at)}`],
    ['Server', client.bridge.title],
  ];
  terminal.print(
    facts.map(([name, value]) => `${name!.padEnd(14)}${printable(value!)}\n`).join(''),
  );
  const rowOf = (entry: CliSessionEntry): string[] =>
    [
      entry.current ? '*' : '',
      entry.device_name ?? '-',
      entry.client.name,
      entry.address,
      entry.last_used_at === null
        ? 'waiting'
        : `${ago(entry.last_used_at)}${entry.last_used_address === null ? '' : ` from ${entry.last_used_address}`}`,
      left(entry.expires_at),
    ].map(printable);
  terminal.print(
    `\nSessions in terminals (* is this one)\n\n${table([['', 'DEVICE', 'PROGRAM', 'FROM', 'LAST USE', 'ENDS IN'], ...sessions.map(rowOf)], terminal.columns)}`,
  );
  if (client.bridge.others.length > 0)
    terminal.say(`\nOther bridges on this computer: ${listOf(client.bridge.others)}`);
  terminal.say(
    `\nEnd one: ${client.server.origin}/sessions    End all: rolebridge logout${client.bridge.selector} --everywhere`,
  );
};
