/**
 * What the people who run the bridge do with sessions, from its own host: `rolebridge-server sessions` and `end-sessions`.
 *
 * Works on the store beside a bridge that runs: what is ended here is over for it at its next look. Data goes to standard output, the audit
 * events to the store and as log lines to standard error.
 */
import { randomUUID } from 'node:crypto';
import { userInfo } from 'node:os';
import type { OperatorSessions } from './bridge/operator-sessions.ts';
import { composeForOperator } from './compose.ts';
import type { Configuration } from './config/configuration.ts';
import { type Origin, recordable } from './core/audit-event.ts';
import type { CliSessionSummary } from './core/cli-session.ts';
import { BridgeError } from './core/errors.ts';
import { isPersonId } from './core/identity.ts';
import { printableJson, printableText } from './core/printable.ts';
import { createLog } from './log.ts';

export interface ListOptions {
  readonly user?: string | undefined;
  readonly json: boolean;
}

/** Exactly one of them is given. */
export interface EndOptions extends ListOptions {
  readonly person?: string | undefined;
  readonly session?: string | undefined;
}

/** Throws `unavailable` when the store cannot be opened. */
export async function listSessions(configuration: Configuration, { user, json }: ListOptions): Promise<void> {
  await operate(configuration, async sessions => {
    const found = await sessions.list(user);
    if (json) say(json, found.map(fieldsOf), '');
    else if (found.length === 0) process.stderr.write('Nobody is signed in from a terminal.\n');
    else process.stdout.write(table(found));
  });
}

/** Throws an Error that says what to do when nobody is meant. */
export async function endSessions(configuration: Configuration, { user, person, session, json }: EndOptions): Promise<void> {
  await operate(configuration, async sessions => {
    const origin: Origin = {
      correlationId: randomUUID(),
      address: 'local',
      userAgent: recordable(`rolebridge-server, ${userInfo().username}`, 128),
    };
    if (session !== undefined) {
      const ended = await sessions.endSession(session, origin);
      say(json, { ended: [fieldsOf(ended)] }, `Ended the session ${ended.handle} of ${ended.username}.`);
      return;
    }
    if (person !== undefined && !isPersonId(person))
      throw new Error('a person id has 16 characters of a-z and 2-7; the audit trail has it as "person"');
    const ended = await sessions.endPeople(person === undefined ? { username: user! } : { person }, origin);
    const lines = ended.map(
      ({ person: { username, person, connector }, browserSessions, cliSessions }) =>
        `${username} (${person}, ${connector}): ended ${browserSessions} in browsers and ${cliSessions.length} in terminals.`,
    );
    const note = 'Credentials that AWS has given already stay valid until their own end (docs/operations.md).';
    const data = ended.map(one => ({
      person: one.person,
      browser_sessions: one.browserSessions,
      cli_sessions: one.cliSessions.map(fieldsOf),
    }));
    say(json, { people: data }, [...lines, note].join('\n'));
  });
}

async function operate(configuration: Configuration, act: (sessions: OperatorSessions) => Promise<void>): Promise<void> {
  const sessions = await composeForOperator(configuration, {
    log: createLog({ level: configuration.log.level, destination: process.stderr }),
  });
  try {
    await act(sessions);
  } catch (thrown) {
    throw thrown instanceof BridgeError && thrown.code === 'not_found'
      ? new Error(`${thrown.message}. ${thrown.hint}`, { cause: thrown })
      : thrown;
  } finally {
    await sessions.close();
  }
}

function say(json: boolean, data: object, text: string): void {
  process.stdout.write(`${json ? printableJson(JSON.stringify(data, null, 2)) : printableText(text)}\n`);
}

const time = (instant: number): string => `${new Date(instant).toISOString().slice(0, 16)}Z`;

function fieldsOf(session: CliSessionSummary): object {
  return {
    session: session.handle,
    user: session.username,
    person: session.person,
    client: session.client.id,
    device_name: session.deviceName ?? null,
    grant: session.grant,
    address: session.address,
    created_at: new Date(session.createdAt).toISOString(),
    last_used_at: session.lastUsedAt === undefined ? null : new Date(session.lastUsedAt).toISOString(),
    last_used_address: session.lastUsedAddress ?? null,
    expires_at: new Date(session.expiresAt).toISOString(),
  };
}

function table(sessions: readonly CliSessionSummary[]): string {
  const rows = [
    ['SESSION', 'USER', 'DEVICE', 'FROM', 'SINCE', 'LAST USE', 'ENDS'],
    ...sessions.map(({ handle, username, deviceName, address, createdAt, lastUsedAt, expiresAt }) => [
      handle,
      username,
      deviceName ?? '-',
      address,
      time(createdAt),
      lastUsedAt === undefined ? 'waiting' : time(lastUsedAt),
      time(expiresAt),
    ]),
  ].map(row => row.map(cell => recordable(cell, 64)));
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map(row => row[column]!.length)));
  return rows
    .map(
      row =>
        `${row
          .map((cell, column) => cell.padEnd(widths[column]!))
          .join('  ')
          .trimEnd()}\n`,
    )
    .join('');
}
