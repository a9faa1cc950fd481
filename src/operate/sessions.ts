/** `sessions`: who is signed in from a terminal, an application or a browser, who is blocked. */
import type { BrowserSessionSummary } from '../core/browser-session.ts';
import type { CliSessionSummary } from '../core/cli-session.ts';
import type { ContainerTokenSummary } from '../core/tokens.ts';
import type { Options } from './command.ts';
import {
  dateTime,
  dateTimeOrNull,
  fieldsOfBrowser,
  fieldsOfSession,
  fieldsOfUser,
  printJson,
  table,
  time,
  userTable,
} from './output.ts';
import type { UseCases } from './use-cases.ts';
import { blockedWorkloadTable, fieldsOfBlockedWorkload } from './workload-output.ts';

export async function listSessions(
  { sessions, workloads }: UseCases,
  { user, json }: Options,
): Promise<void> {
  const found = await sessions.list(user);
  const tokens = await sessions.containerTokens(found);
  if (json) return printJson(found.map(withTokens(tokens)));
  if (found.length === 0)
    process.stderr.write('No user is signed in from a terminal or an application.\n');
  else process.stdout.write(sessionTable(found));
  if (tokens.length > 0) process.stdout.write(`\n${containerTokenTable(tokens)}`);
  const [users, machines] = [await sessions.blocked(), await workloads.blocked()];
  if (users.length + machines.length > 0)
    process.stderr.write(
      `Blocked users: ${users.length}, workloads: ${machines.length}. List them: sessions --blocked\n`,
    );
}

export async function listBrowsers({ sessions }: UseCases, { user, json }: Options): Promise<void> {
  const found = await sessions.listBrowsers(user);
  if (json) return printJson(found.map(fieldsOfBrowser));
  if (found.length === 0) process.stderr.write('No user is signed in from a browser.\n');
  else process.stdout.write(browserTable(found));
}

/** Users, then workloads. */
export async function listBlocked(
  { sessions, workloads }: UseCases,
  { json }: Options,
): Promise<void> {
  const [users, machines] = [await sessions.blocked(), await workloads.blocked()];
  if (json)
    return printJson([...users.map(fieldsOfUser), ...machines.map(fieldsOfBlockedWorkload)]);
  if (users.length === 0) process.stderr.write('No user is blocked.\n');
  else process.stdout.write(userTable(users));
  if (machines.length === 0) process.stderr.write('No workload is blocked.\n');
  else process.stdout.write(`${users.length > 0 ? '\n' : ''}${blockedWorkloadTable(machines)}`);
}

/** A session with the container tokens that end with it. */
function withTokens(
  tokens: readonly ContainerTokenSummary[],
): (session: CliSessionSummary) => object {
  const byCliSession = Map.groupBy(tokens, ({ cliSession }) => cliSession);
  return session => ({
    ...fieldsOfSession(session),
    container_tokens: (byCliSession.get(session.publicId) ?? []).map(fieldsOfToken),
  });
}

function fieldsOfToken(token: ContainerTokenSummary): object {
  return {
    container_token: token.publicId,
    account: token.account,
    account_name: token.accountName,
    role: token.role,
    address: token.address,
    created_at: dateTime(token.createdAt),
    last_used_at: dateTimeOrNull(token.lastUsedAt),
    last_used_address: token.lastUsedAddress ?? null,
    expires_at: dateTime(token.expiresAt),
  };
}

function sessionTable(sessions: readonly CliSessionSummary[]): string {
  return table([
    ['SESSION', 'USER', 'DEVICE', 'FROM', 'SINCE', 'LAST USE', 'ENDS'],
    ...sessions.map(session => [
      session.publicId,
      session.username,
      session.client.kind === undefined ? (session.deviceName ?? '-') : session.client.name,
      session.address,
      time(session.createdAt),
      session.lastUsedAt === undefined ? 'waiting' : time(session.lastUsedAt),
      time(session.expiresAt),
    ]),
  ]);
}

function browserTable(sessions: readonly BrowserSessionSummary[]): string {
  return table([
    ['SESSION', 'USER', 'FROM', 'SINCE', 'LAST USE', 'ENDS', 'USER AGENT'],
    ...sessions.map(session => [
      session.publicId,
      session.username,
      session.openedFrom.address,
      time(session.createdAt),
      time(session.lastUsedAt),
      time(session.expiresAt),
      session.openedFrom.userAgent ?? '-',
    ]),
  ]);
}

function containerTokenTable(tokens: readonly ContainerTokenSummary[]): string {
  return table([
    ['CONTAINER TOKEN', 'SESSION', 'ACCOUNT', 'ROLE', 'FROM', 'SINCE', 'LAST USE', 'BY'],
    ...tokens.map(token => [
      token.publicId,
      token.cliSession,
      token.accountName,
      token.role,
      token.address,
      time(token.createdAt),
      token.lastUsedAt === undefined ? 'never' : time(token.lastUsedAt),
      token.lastUsedAddress ?? '-',
    ]),
  ]);
}
