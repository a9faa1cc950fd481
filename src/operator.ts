/**
 * What operators do with sessions and users, on the host of the bridge: `rolebridge-server
 * sessions`, `end-sessions`, `block`, `unblock`.
 *
 * Works on the store of a bridge that runs: what is ended here is over for it at its next look.
 * Data goes to standard output, the audit events to the store, to standard error and, by the bridge
 * that runs, to its log.
 */
import { randomUUID } from 'node:crypto';
import { userInfo } from 'node:os';
import {
  type EndedSessions,
  type OperatorSessions,
  strangerOf,
} from './bridge/operator-sessions.ts';
import { composeForOperator } from './compose-operator.ts';
import type { Configuration } from './config/configuration.ts';
import { alignedRows } from './core/aligned.ts';
import { type Origin, recordable } from './core/audit-event.ts';
import type { CliSessionSummary } from './core/cli-session.ts';
import { BridgeError } from './core/errors.ts';
import { isPersonId } from './core/identity.ts';
import type { KnownPerson } from './core/person-record.ts';
import { printableJson, printableText } from './core/printable.ts';
import type { ContainerTokenSummary } from './core/tokens.ts';
import { createLog } from './log.ts';

export interface ListOptions {
  readonly user?: string | undefined;
  readonly json: boolean;
}

/** Exactly one of `user` and `person` is given. */
export interface PersonOptions extends ListOptions {
  readonly person?: string | undefined;
  readonly reason?: string | undefined;
}

const MAX_REASON = 256;

/** Throws `unavailable` when the store cannot be opened. */
export async function listSessions(
  configuration: Configuration,
  { user, json }: ListOptions,
): Promise<void> {
  await operate(configuration, async sessions => {
    const found = await sessions.list(user);
    const tokens = await sessions.containerTokens(found);
    if (json) say(true, found.map(withTokens(tokens)), '');
    else if (found.length === 0) process.stderr.write('Nobody is signed in from a terminal.\n');
    else process.stdout.write(sessionTable(found));
    if (!json && tokens.length > 0) process.stdout.write(`\n${containerTokenTable(tokens)}`);
    const blocked = await sessions.blocked();
    if (blocked.length > 0 && !json)
      process.stderr.write(`Blocked users: ${blocked.length}. List them: sessions --blocked\n`);
  });
}

export async function listBlocked(
  configuration: Configuration,
  { json }: Pick<ListOptions, 'json'>,
): Promise<void> {
  await operate(configuration, async sessions => {
    const found = await sessions.blocked();
    if (json) say(true, found.map(fieldsOfPerson), '');
    else if (found.length === 0) process.stderr.write('Nobody is blocked.\n');
    else process.stdout.write(personTable(found));
  });
}

/** Ends the session of one terminal. Throws an Error when there is none of that id. */
export async function endSession(
  configuration: Configuration,
  session: string,
  { json }: Pick<ListOptions, 'json'>,
): Promise<void> {
  await operate(configuration, async sessions => {
    const ended = await sessions.endSession(session, originOf());
    say(
      json,
      { ended: [fieldsOf(ended)] },
      `Ended the session ${ended.publicId} of ${ended.username}.`,
    );
  });
}

/**
 * Ends everything of one user. Throws an Error that says what to do when nobody or several are
 * meant.
 */
export async function endSessions(
  configuration: Configuration,
  options: PersonOptions,
): Promise<void> {
  await operate(configuration, async sessions => {
    const person = await personMeant(sessions, options);
    sayEnded(options, await sessions.end(person, originOf()));
  });
}

/** Blocks one user, known or not, and ends everything of theirs. Throws as `endSessions`. */
export async function blockPerson(
  configuration: Configuration,
  options: PersonOptions,
): Promise<void> {
  await operate(configuration, async sessions => {
    const reason = reasonIn(options);
    const { person: id } = options;
    const person = await personMeant(
      sessions,
      options,
      id !== undefined && isPersonId(id) ? strangerOf(id) : undefined,
    );
    const { isNew, ...ended } = await sessions.block(
      person,
      { by: operatorName(), reason },
      originOf(),
    );
    sayEnded(options, ended, isNew ? ' Blocked.' : ' Was blocked already.');
  });
}

/** Lets one user sign in again. Throws as `endSessions`. */
export async function unblockPerson(
  configuration: Configuration,
  options: PersonOptions,
): Promise<void> {
  await operate(configuration, async sessions => {
    const person = await personMeant(sessions, options);
    const wasBlocked = await sessions.unblock(person, { reason: reasonIn(options) }, originOf());
    const text = wasBlocked
      ? 'can sign in again. Earlier sessions stay ended.'
      : 'was not blocked.';
    say(
      options.json,
      { person: actorIn(person), was_blocked: wasBlocked },
      `${nameOf(person)}: ${text}`,
    );
  });
}

/**
 * The one user of a name or id. `stranger` stands for an id that is not known.
 * Throws an Error when it is nobody, and one that lists them when it is several: no command acts on
 * more than one user.
 */
async function personMeant(
  sessions: OperatorSessions,
  { user, person, json }: PersonOptions,
  stranger?: KnownPerson,
): Promise<KnownPerson> {
  if (person !== undefined && !isPersonId(person))
    throw new Error(
      'a person id has 16 characters of a-z and 2-7; the audit trail has it as "person"',
    );
  const found = await sessions.find(person === undefined ? { username: user! } : { person });
  const [only = stranger, ...others] = found;
  if (only === undefined) throw new Error(`unknown user. ${WHO_IS_MEANT}`);
  if (others.length === 0) return only;
  if (json) say(json, { several: found.map(fieldsOfPerson) }, '');
  throw new Error(
    `${found.length} users have signed in as ${user}. Nothing was done. Repeat with --person and one of these:\n${personTable(found)}`,
  );
}

const WHO_IS_MEANT =
  'Use the user name or the person id from the audit trail. Users who have never signed in are unknown; block them by --person.';

function originOf(): Origin {
  return {
    correlationId: randomUUID(),
    address: 'local',
    userAgent: recordable(`rolebridge-server, ${operatorName()}`, 128),
  };
}

/** A container may run under a user that has no name. */
function operatorName(): string {
  try {
    return userInfo().username;
  } catch {
    return `uid ${process.getuid?.() ?? 'unknown'}`;
  }
}

/** Throws an Error for a reason that is too long or has control characters. */
function reasonIn({ reason }: PersonOptions): string | undefined {
  if (reason === undefined) return undefined;
  if (reason.length > MAX_REASON || /[\p{Cc}\p{Cs}\p{Zl}\p{Zp}]/u.test(reason))
    throw new Error(`--reason takes at most ${MAX_REASON} characters on one line`);
  return reason;
}

function sayEnded(
  { json }: PersonOptions,
  { person, browserSessions, cliSessions }: EndedSessions,
  more = '',
): void {
  const note =
    'Credentials that AWS has already issued stay valid until they expire (docs/runbook.md).';
  const data = [
    {
      person: actorIn(person),
      browser_sessions: browserSessions,
      cli_sessions: cliSessions.map(fieldsOf),
    },
  ];
  const line = `${nameOf(person)}: ended ${browserSessions} in browsers and ${cliSessions.length} in terminals.${more}`;
  say(json, { people: data }, [line, note].join('\n'));
}

const actorIn = ({ person, connector, username }: KnownPerson) => ({ person, connector, username });
const nameOf = ({ username, person, connector }: KnownPerson) =>
  `${username} (${person}, ${connector})`;

async function operate(
  configuration: Configuration,
  act: (sessions: OperatorSessions) => Promise<void>,
): Promise<void> {
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
  process.stdout.write(
    `${json ? printableJson(JSON.stringify(data, null, 2)) : printableText(text)}\n`,
  );
}

const time = (instant: number): string => `${new Date(instant).toISOString().slice(0, 16)}Z`;

function fieldsOf(session: CliSessionSummary): object {
  return {
    session: session.publicId,
    user: session.username,
    person: session.person,
    client: session.client.id,
    device_name: session.deviceName ?? null,
    grant: session.grant,
    address: session.address,
    created_at: new Date(session.createdAt).toISOString(),
    last_used_at:
      session.lastUsedAt === undefined ? null : new Date(session.lastUsedAt).toISOString(),
    last_used_address: session.lastUsedAddress ?? null,
    expires_at: new Date(session.expiresAt).toISOString(),
  };
}

/** A session with the container tokens that end with it. */
function withTokens(
  tokens: readonly ContainerTokenSummary[],
): (session: CliSessionSummary) => object {
  const byCliSession = Map.groupBy(tokens, ({ cliSession }) => cliSession);
  return session => ({
    ...fieldsOf(session),
    container_tokens: (byCliSession.get(session.publicId) ?? []).map(token => ({
      container_token: token.publicId,
      account: token.account,
      account_name: token.accountName,
      role: token.role,
      address: token.address,
      created_at: new Date(token.createdAt).toISOString(),
      last_used_at:
        token.lastUsedAt === undefined ? null : new Date(token.lastUsedAt).toISOString(),
      last_used_address: token.lastUsedAddress ?? null,
      expires_at: new Date(token.expiresAt).toISOString(),
    })),
  });
}

function fieldsOfPerson({ person, connector, username, signedInAt, blocked }: KnownPerson): object {
  return {
    ...{
      person,
      connector,
      username,
      signed_in_at: signedInAt === undefined ? null : new Date(signedInAt).toISOString(),
    },
    blocked:
      blocked === undefined
        ? null
        : {
            at: new Date(blocked.at).toISOString(),
            by: blocked.by,
            reason: blocked.reason ?? null,
          },
  };
}

function sessionTable(sessions: readonly CliSessionSummary[]): string {
  return table([
    ['SESSION', 'USER', 'DEVICE', 'FROM', 'SINCE', 'LAST USE', 'ENDS'],
    ...sessions.map(
      ({ publicId, username, deviceName, address, createdAt, lastUsedAt, expiresAt }) => [
        publicId,
        username,
        deviceName ?? '-',
        address,
        time(createdAt),
        lastUsedAt === undefined ? 'waiting' : time(lastUsedAt),
        time(expiresAt),
      ],
    ),
  ]);
}

function containerTokenTable(tokens: readonly ContainerTokenSummary[]): string {
  return table([
    ['CONTAINER TOKEN', 'SESSION', 'ACCOUNT', 'ROLE', 'FROM', 'SINCE', 'LAST USE', 'BY'],
    ...tokens.map(
      ({
        publicId,
        cliSession,
        accountName,
        role,
        address,
        createdAt,
        lastUsedAt,
        lastUsedAddress,
      }) => [
        publicId,
        cliSession,
        accountName,
        role,
        address,
        time(createdAt),
        lastUsedAt === undefined ? 'never' : time(lastUsedAt),
        lastUsedAddress ?? '-',
      ],
    ),
  ]);
}

function personTable(people: readonly KnownPerson[]): string {
  return table([
    ['PERSON', 'USER', 'CONNECTOR', 'LAST SIGN-IN', 'BLOCKED', 'BY', 'REASON'],
    ...people.map(({ person, username, connector, signedInAt, blocked }) => [
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

function table(rows: readonly (readonly string[])[]): string {
  return alignedRows(rows.map(row => row.map(cell => recordable(cell, 64))))
    .map(line => `${line}\n`)
    .join('');
}
