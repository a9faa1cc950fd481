/** Requests for roles at the bridge: reading, making and deciding them. */
import {
  type ElevationDetail,
  type ElevationLists,
  isElevationId,
  readElevation,
  readElevations,
  readLists,
} from '../server/elevation-answers.ts';
import type { Client } from '../session/client.ts';
import { signedIn } from '../session/signed-in.ts';
import { CliError } from '../terminal/exit.ts';
import { keepIds } from './kept-ids.ts';

export type Action = 'approve' | 'deny' | 'withdraw' | 'revoke' | 'review';

/** Fields of `POST /api/v1/elevations`. */
export interface NewRequest {
  readonly roles: readonly { readonly account: string; readonly role: string }[];
  readonly duration_seconds: number;
  readonly reason?: string | undefined;
  readonly ticket?: string | undefined;
  readonly starts_at?: string | undefined;
  readonly break_glass?: boolean | undefined;
}

export async function readMine(client: Client): Promise<ElevationLists> {
  const answer = await client.terminal.progress('Asking for your requests', () =>
    signedIn(client).call('GET', '/elevations'),
  );
  const lists = readLists(answer, client.server.origin);
  keepIds(client, lists);
  return lists;
}

export async function makeRequest(
  client: Client,
  request: NewRequest,
): Promise<readonly ElevationDetail[]> {
  const answer = await client.terminal.progress('Sending the request', () =>
    signedIn(client).call('POST', '/elevations', request),
  );
  return readElevations(answer, client.server.origin);
}

export async function readOne(client: Client, id: string): Promise<ElevationDetail> {
  const answer = await signedIn(client).call('GET', `/elevations/${encodeURIComponent(id)}`);
  return readElevation(answer, client.server.origin);
}

/** `body` is what the action reads; nothing for `withdraw`. */
export async function act(
  client: Client,
  { id, action, body }: { readonly id: string; readonly action: Action; readonly body?: object },
): Promise<ElevationDetail> {
  const answer = await client.terminal.progress(`Sending the decision on ${id}`, () =>
    signedIn(client).call('POST', `/elevations/${encodeURIComponent(id)}/${action}`, body),
  );
  return readElevation(answer, client.server.origin);
}

/** The id in a command line: as `rolebridge requests` prints it, or the address of its page. */
export function idIn({ server, bridge }: Client, written: string | undefined): string {
  const page = `${server.origin}/elevations/`;
  const id = written?.startsWith(page) === true ? written.slice(page.length) : written;
  if (id !== undefined && isElevationId(id)) return id;
  const said =
    written === undefined ? 'no id was given' : `"${written}" is not the id of a request`;
  throw new CliError('usage', said, {
    lines: [`List them: rolebridge requests${bridge.selector}`],
  });
}
