import { formatDuration } from '../../core/time.ts';
import type { Run } from '../command-line/command.ts';
import { type Role, rolesOf } from '../roles/list.ts';
import { speaksOf } from '../roles/matching.ts';
import type { Client } from '../session/client.ts';
import { jsonText, printable } from '../terminal/printable.ts';
import { table } from '../terminal/terminal.ts';

export const run: Run = async ({ words, options, client: open, terminal }) => {
  const client = open();
  const searched = [...words, ...(typeof options.search === 'string' ? [options.search] : [])];
  const all = await rolesOf(client, { fresh: true });
  const found = all.filter(
    role => (options.all === true || isShown(role)) && speaksOf(role, searched),
  );
  if (options.json === true) {
    terminal.print(jsonText({ roles: found }));
    return;
  }
  if (client.bridge.others.length > 0)
    terminal.say(terminal.dim(`Roles at ${client.bridge.title}`));
  if (found.length === 0) {
    const withheld = all.some(role => !isShown(role) && speaksOf(role, searched));
    terminal.say(
      searched.length > 0
        ? `None of your roles matches ${JSON.stringify(searched.join(' '))}.`
        : 'You have no role.',
    );
    terminal.say(
      withheld
        ? `Some require another proof. To list them: rolebridge roles${client.bridge.selector} --all`
        : `See ${client.server.origin}/ for how to request one.`,
    );
    return;
  }
  terminal.print(
    table(
      [['ACCOUNT', 'ID', 'ROLE', 'FOR', 'GIVEN BY'], ...found.map(role => rowOf(role, client))],
      terminal.columns,
    ),
  );
  const hidden =
    options.all === true
      ? 0
      : all.filter(role => !isShown(role) && speaksOf(role, searched)).length;
  if (hidden > 0)
    terminal.say(
      `\n${hidden} more require another proof. To list them: rolebridge roles${client.bridge.selector} --all`,
    );
};

/** Usable, or to be had by a request. */
function isShown({ usable, request_url }: Role): boolean {
  return usable || typeof request_url === 'string';
}

function rowOf(entry: Role, client: Client): string[] {
  const { account, role, rule, group, usable, missing } = entry;
  const how = usable
    ? `${group} (${rule})${account.via === null ? '' : `, ${account.via}`}`
    : missing.join(' ');
  return [account.name, account.id, role, lengthOf(entry, client), how].map(printable);
}

function lengthOf(
  { usable, duration_seconds, elevation, request_url }: Role,
  { server }: Client,
): string {
  if (!usable) return typeof request_url === 'string' ? 'on request' : 'no';
  if (elevation === null || elevation === undefined) return formatDuration(duration_seconds);
  const left = Math.floor((Date.parse(elevation.ends_at) - server.now()) / 1000);
  return `${formatDuration(Math.max(0, left))} left`;
}
