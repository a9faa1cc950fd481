import { DAY, formatDuration } from '../../core/time.ts';
import type { Run } from '../command-line/command.ts';
import { readMine } from '../elevations/calls.ts';
import { lengthOf, moment, nameOf, roleOf, statusOf } from '../elevations/describing.ts';
import type { Elevation, ElevationLists } from '../server/elevation-answers.ts';
import type { Client } from '../session/client.ts';
import { jsonText } from '../terminal/printable.ts';
import { table } from '../terminal/terminal.ts';

export const run: Run = async ({ options, client: open, terminal }) => {
  const client = open();
  const lists = await readMine(client);
  const { mine, to_decide, to_review, to_watch } = lists;
  if (options.json === true) {
    terminal.print(jsonText({ mine, to_decide, to_review, to_watch }));
    return;
  }
  const shown = options.all === true ? mine : mine.filter(of => isRecent(of, client));
  const sections = sectionsOf(client, { ...lists, mine: shown });
  terminal.print(sections.join('\n'));
  if (sections.length === 0) terminal.say('You have no requests, and none wait for your decision.');
  const hidden = mine.length - shown.length;
  if (hidden > 0)
    terminal.say(`\n${hidden} older requests: rolebridge requests${client.bridge.selector} --all`);
};

const RECENT_MILLISECONDS = 7 * DAY * 1000;

/** Open, or of the last days. */
function isRecent({ status, requested_at, ends_at }: Elevation, { server }: Client): boolean {
  if (status === 'waiting' || status === 'scheduled' || status === 'active') return true;
  return Date.parse(ends_at ?? requested_at) > server.now() - RECENT_MILLISECONDS;
}

interface Section {
  readonly title: string;
  readonly header: readonly string[];
  readonly elevations: readonly Elevation[];
  readonly cells: (elevation: Elevation) => readonly string[];
}

/** Every one that is not empty. Ids come first, so that they can be copied. */
function sectionsOf(client: Client, lists: ElevationLists): readonly string[] {
  const { server, terminal } = client;
  const status = (of: Elevation) => statusOf(of, server);
  const length = (of: Elevation) => lengthOf(of, server);
  const who = ({ requester }: Elevation) => nameOf(requester);
  const why = ({ reason, ticket }: Elevation) =>
    [ticket, reason].filter(said => said !== null).join(' ') || '-';
  const sections: readonly Section[] = [
    {
      title: 'Waiting for your decision (rolebridge approve ID, rolebridge deny ID)',
      header: ['ID', 'ROLE', 'WHO', 'FOR', 'DECIDE', 'REASON'],
      elevations: lists.to_decide,
      cells: of => [roleOf(of), who(of), length(of), until(of.decide_by, client), why(of)],
    },
    {
      title: 'Break-glass to review (rolebridge review ID --reason TEXT)',
      header: ['ID', 'ROLE', 'WHO', 'REVIEW', 'STATUS', 'REASON'],
      elevations: lists.to_review,
      cells: of => [roleOf(of), who(of), reviewOf(of, client), status(of), why(of)],
    },
    {
      title: 'Your requests',
      header: ['ID', 'ROLE', 'FOR', 'STATUS'],
      elevations: lists.mine,
      cells: of => [roleOf(of), length(of), status(of)],
    },
    {
      title: 'Active elevations of others (rolebridge revoke ID)',
      header: ['ID', 'ROLE', 'WHO', 'STATUS', 'REASON'],
      elevations: lists.to_watch,
      cells: of => [roleOf(of), who(of), status(of), why(of)],
    },
  ];
  return sections
    .filter(({ elevations }) => elevations.length > 0)
    .map(({ title, header, elevations, cells }) => {
      const rows = elevations.map(of => [of.id, ...cells(of)]);
      return `${title}\n\n${table([header, ...rows], terminal.columns)}`;
    });
}

/** `in 23 h 10 min` */
function until(text: string, { server }: Client): string {
  const seconds = Math.floor((Date.parse(text) - server.now()) / 1000);
  return seconds > 0 ? `in ${formatDuration(seconds)}` : 'overdue';
}

function reviewOf({ review }: Elevation, client: Client): string {
  return review === null ? '-' : `by ${moment(review.due_at, client.server)}`;
}
