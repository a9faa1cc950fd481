import { formatDuration } from '../../core/time.ts';
import type { Run } from '../command-line/command.ts';
import { PRODUCTION, type Role, rolesOf } from '../roles/list.ts';
import { speaksOf } from '../roles/matching.ts';
import type { Client } from '../session/client.ts';
import { jsonText } from '../terminal/printable.ts';
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
  terminal.print(tableOf(found, client));
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

interface Column {
  readonly head: string;
  readonly cell: (role: Role, client: Client) => string;
}

const ENVIRONMENT: Column = {
  head: 'ENVIRONMENT',
  cell: ({ account }) => account.environment ?? '',
};
const COLUMNS: readonly Column[] = [
  { head: 'ACCOUNT', cell: ({ account }) => account.name },
  { head: 'ID', cell: ({ account }) => account.id },
  { head: 'ROLE', cell: ({ role }) => role },
  ENVIRONMENT,
  { head: 'FOR', cell: lengthOf },
  { head: 'GIVEN BY', cell: sourceOf },
];

/** With the environments where one is configured. */
function tableOf(roles: readonly Role[], client: Client): string {
  const { terminal } = client;
  const hasEnvironments = roles.some(({ account }) => typeof account.environment === 'string');
  const columns = COLUMNS.filter(column => hasEnvironments || column !== ENVIRONMENT);
  const rows = roles.map(role => columns.map(({ cell }) => cell(role, client)));
  const text = table([columns.map(({ head }) => head), ...rows], terminal.columns);
  const isScreen = Number.isFinite(terminal.columns);
  return hasEnvironments && isScreen && terminal.hasColour ? inRed(text) : text;
}

/** The table with `production` in red, in the column of environments. */
function inRed(text: string): string {
  const at = text.indexOf(ENVIRONMENT.head);
  const end = at + PRODUCTION.length;
  const isMarked = (line: readonly string[]): boolean =>
    `${line.slice(at, end + 1).join('')} `.startsWith(`${PRODUCTION} `);
  return text
    .split('\n')
    .map(line => [...line])
    .map(line =>
      isMarked(line)
        ? [...line.slice(0, at), '\u001b[31m', PRODUCTION, '\u001b[39m', ...line.slice(end)]
        : line,
    )
    .map(line => line.join(''))
    .join('\n');
}

function sourceOf({ account, rule, group, usable, missing }: Role): string {
  if (!usable) return missing.join(' ');
  const via = account.via === null ? '' : `, ${account.via}`;
  const store = typeof account.sts_endpoint === 'string' ? ', no AWS console' : '';
  return `${group} (${rule})${via}${store}`;
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
