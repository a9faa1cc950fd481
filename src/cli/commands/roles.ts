import { formatDuration } from '../../core/time.ts';
import type { Run } from '../command-line/command.ts';
import { type Role, rolesOf } from '../roles/list.ts';
import { speaksOf } from '../roles/matching.ts';
import { jsonText, printable } from '../terminal/printable.ts';
import { table } from '../terminal/terminal.ts';

export const run: Run = async ({ words, options, client: open, terminal }) => {
  const client = open();
  const searched = [...words, ...(typeof options.search === 'string' ? [options.search] : [])];
  const all = await rolesOf(client, { fresh: true });
  const found = all.filter(
    role => (options.all === true || role.usable) && speaksOf(role, searched),
  );
  if (options.json === true) {
    terminal.print(jsonText({ roles: found }));
    return;
  }
  if (client.bridge.others.length > 0)
    terminal.say(terminal.dim(`Roles at ${client.bridge.title}`));
  if (found.length === 0) {
    const withheld = all.some(role => !role.usable && speaksOf(role, searched));
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
    table([['ACCOUNT', 'ID', 'ROLE', 'FOR', 'GIVEN BY'], ...found.map(rowOf)], terminal.columns),
  );
  const hidden =
    options.all === true ? 0 : all.filter(role => !role.usable && speaksOf(role, searched)).length;
  if (hidden > 0)
    terminal.say(
      `\n${hidden} more require another proof. To list them: rolebridge roles${client.bridge.selector} --all`,
    );
};

function rowOf({ account, role, duration_seconds, rule, group, usable, missing }: Role): string[] {
  const how = usable
    ? `${group} (${rule})${account.via === null ? '' : `, ${account.via}`}`
    : missing.join(' ');
  return [
    account.name,
    account.id,
    role,
    usable ? formatDuration(duration_seconds) : 'no',
    how,
  ].map(printable);
}
