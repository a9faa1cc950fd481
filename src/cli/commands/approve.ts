import { formatDuration } from '../../core/time.ts';
import type { Run } from '../command-line/command.ts';
import { durationOf } from '../command-line/times.ts';
import { act, idIn, readOne } from '../elevations/calls.ts';
import { requireConfirmed, tellResult, textIn } from '../elevations/deciding.ts';
import {
  factsOf,
  markedRoleOf,
  missingOf,
  nameOf,
  roleOf,
  statusOf,
} from '../elevations/describing.ts';
import type { ElevationDetail } from '../server/elevation-answers.ts';
import type { Client } from '../session/client.ts';
import { CliError } from '../terminal/exit.ts';

export const run: Run = async ({ words, options, client: open, terminal }) => {
  const client = open();
  const id = idIn(client, words[0]);
  const seconds = durationOf(options, 'for');
  const asked = await terminal.progress('Asking for the request', () => readOne(client, id));
  for (const line of factsOf(asked, client.server)) terminal.say(line);
  requireRightToApprove(client, asked);
  if (options.yes !== true) {
    const length = formatDuration(
      seconds ?? Math.min(asked.requested_seconds, asked.longest_seconds),
    );
    await requireConfirmed(client, {
      message: `Approve ${markedRoleOf(asked)} for ${nameOf(asked.requester)}, for ${length}?`,
      otherwise: 'nothing was approved',
    });
  }
  const body = {
    ...(seconds !== undefined && { duration_seconds: seconds }),
    note: textIn(options, 'note'),
  };
  const approved = await act(client, { id, action: 'approve', body });
  tellResult(client, approved, options.json === true);
  if (options.json !== true && approved.outstanding.length > 0)
    terminal.say(`It still waits for ${missingOf(approved)}.`);
  return undefined;
};

/** Nothing is confirmed that cannot be done. Throws `refused`. */
function requireRightToApprove({ server }: Client, asked: ElevationDetail): void {
  if (asked.rights.includes('approve')) return;
  throw new CliError('refused', 'you cannot approve this request', {
    lines: [asked.why_not_approve ?? `${roleOf(asked)}: ${statusOf(asked, server)}.`],
  });
}
