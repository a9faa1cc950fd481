/** What operators' commands print: JSON for programs, else tables. */
import { alignedRows } from '../core/aligned.ts';
import { recordable } from '../core/audit-event.ts';
import type { BrowserSessionSummary } from '../core/browser-session.ts';
import type { CliSessionSummary } from '../core/cli-session.ts';
import type { Block, KnownPerson } from '../core/person-record.ts';
import { printableJson, printableText } from '../core/printable.ts';
import type { Instant } from '../core/time.ts';

export function printJson(data: object): void {
  process.stdout.write(`${printableJson(JSON.stringify(data, null, 2))}\n`);
}

export function printText(text: string): void {
  process.stdout.write(`${printableText(text)}\n`);
}

/** What no command can end. Roles have sessions of at most 12 hours (IAM). */
export const AWS_CREDENTIALS_STAY =
  'Credentials that AWS has already issued stay valid until they expire, at most 12 hours. docs/runbook.md says how to end them earlier.';

const MAX_CELL = 64;

/** Cells have at most `maxCell` characters. */
export function table(rows: readonly (readonly string[])[], maxCell = MAX_CELL): string {
  return alignedRows(rows.map(row => row.map(cell => recordable(cell, maxCell))))
    .map(line => `${line}\n`)
    .join('');
}

/** To the minute, as tables show it. */
export function time(instant: Instant): string {
  return `${dateTime(instant).slice(0, 16)}Z`;
}

export function dateTime(instant: Instant): string {
  return new Date(instant).toISOString();
}

export function dateTimeOrNull(instant: Instant | undefined): string | null {
  return instant === undefined ? null : dateTime(instant);
}

export function fieldsOfSession(session: CliSessionSummary): object {
  return {
    session: session.publicId,
    user: session.username,
    person: session.person,
    client: session.client.id,
    client_kind: session.client.kind ?? null,
    device_name: session.deviceName ?? null,
    grant: session.grant,
    address: session.address,
    created_at: dateTime(session.createdAt),
    last_used_at: dateTimeOrNull(session.lastUsedAt),
    last_used_address: session.lastUsedAddress ?? null,
    expires_at: dateTime(session.expiresAt),
  };
}

export function fieldsOfBrowser(session: BrowserSessionSummary): object {
  const { publicId, username, person, connector, openedFrom, steppedUpAt } = session;
  return {
    ...{ session: publicId, user: username, person, connector },
    address: openedFrom.address,
    user_agent: openedFrom.userAgent ?? null,
    created_at: dateTime(session.createdAt),
    last_used_at: dateTime(session.lastUsedAt),
    stepped_up_at: dateTimeOrNull(steppedUpAt),
    expires_at: dateTime(session.expiresAt),
  };
}

export function fieldsOfUser(user: KnownPerson): object {
  const { person, connector, username, signedInAt, blocked } = user;
  return {
    ...{ person, connector, username, signed_in_at: dateTimeOrNull(signedInAt) },
    blocked: blocked ? fieldsOfBlock(blocked) : null,
  };
}

export function fieldsOfBlock({ at, by, reason }: Block): object {
  return { at: dateTime(at), by, reason: reason ?? null };
}

export function userTable(users: readonly KnownPerson[]): string {
  return table([
    ['PERSON', 'USER', 'CONNECTOR', 'LAST SIGN-IN', 'BLOCKED', 'BY', 'REASON'],
    ...users.map(({ person, username, connector, signedInAt, blocked }) => [
      person,
      username,
      connector,
      signedInAt === undefined ? 'never' : time(signedInAt),
      blocked === undefined ? '-' : time(blocked.at),
      blocked?.by ?? '-',
      blocked?.reason ?? '-',
    ]),
  ]);
}
