/** `end-sessions`, `block` and `unblock`: end sessions, deny and allow the sign-ins of a user. */
import {
  type EndedSession,
  type EndedSessions,
  type OperatorSessions,
  strangerOf,
} from '../bridge/operator-sessions.ts';
import { isPersonId } from '../core/identity.ts';
import type { KnownPerson } from '../core/person-record.ts';
import type { Options } from './command.ts';
import { operatorName, originOf, reasonIn } from './operator.ts';
import {
  AWS_CREDENTIALS_STAY,
  fieldsOfBrowser,
  fieldsOfSession,
  fieldsOfUser,
  printJson,
  printText,
  userTable,
} from './output.ts';
import type { UseCases } from './use-cases.ts';

const HOW_TO_NAME_A_USER =
  'Use the user name or the person id from the audit trail. Users who have never signed in are unknown; block them by --person.';

/** Throws an Error if the session is unknown. */
export async function endSession(
  { sessions }: UseCases,
  { session, json }: Options,
): Promise<void> {
  const ended = await sessions.endSession(session!, originOf());
  if (json) return printJson({ ended: [fieldsOfEnded(ended)] });
  printText(`Ended the session ${ended.session.publicId} of ${ended.session.username}.`);
}

function fieldsOfEnded(ended: EndedSession): object {
  return ended.kind === 'browser' ? fieldsOfBrowser(ended.session) : fieldsOfSession(ended.session);
}

/** Throws an Error that says what to do if the user is unknown or ambiguous. */
export async function endSessions({ sessions }: UseCases, options: Options): Promise<void> {
  const user = await userNamed(sessions, options);
  printEnded(options, await sessions.end(user, originOf()));
}

/** A person id may be unknown. Throws as `endSessions`. */
export async function blockUser({ sessions }: UseCases, options: Options): Promise<void> {
  const reason = reasonIn(options);
  const { person: id } = options;
  const stranger = id !== undefined && isPersonId(id) ? strangerOf(id) : undefined;
  const user = await userNamed(sessions, options, stranger);
  const request = { by: operatorName(), reason };
  const { isNew, ...ended } = await sessions.block(user, request, originOf());
  printEnded(options, ended, isNew ? ' Blocked.' : ' Was blocked already.');
}

/** Throws as `endSessions`. */
export async function unblockUser({ sessions }: UseCases, options: Options): Promise<void> {
  const user = await userNamed(sessions, options);
  const wasBlocked = await sessions.unblock(user, { reason: reasonIn(options) }, originOf());
  if (options.json) return printJson({ person: actorIn(user), was_blocked: wasBlocked });
  const outcome = wasBlocked
    ? 'can sign in again. Earlier sessions stay ended.'
    : 'was not blocked.';
  printText(`${nameOf(user)}: ${outcome}`);
}

/**
 * The one user of a name or person id; `stranger` stands for an unknown id. Throws an Error for no
 * user, and one that lists them for several: a command acts on one user only.
 */
async function userNamed(
  sessions: OperatorSessions,
  { user, person, json }: Options,
  stranger?: KnownPerson,
): Promise<KnownPerson> {
  if (person !== undefined && !isPersonId(person))
    throw new Error(
      'a person id has 16 characters of a-z and 2-7; the audit trail has it as "person"',
    );
  const found = await sessions.find(person === undefined ? { username: user! } : { person });
  const [only = stranger, ...others] = found;
  if (only === undefined) throw new Error(`unknown user. ${HOW_TO_NAME_A_USER}`);
  if (others.length === 0) return only;
  if (json) printJson({ several: found.map(fieldsOfUser) });
  throw new Error(
    `${found.length} users have signed in as ${user}. Nothing was done. Repeat with --person and one of these:\n${userTable(found)}`,
  );
}

function printEnded({ json }: Options, ended: EndedSessions, more = ''): void {
  const { person: user, browserSessions, cliSessions } = ended;
  if (json) {
    const sessions = {
      browser_sessions: browserSessions,
      cli_sessions: cliSessions.map(fieldsOfSession),
    };
    printJson({ people: [{ person: actorIn(user), ...sessions }] });
    return;
  }
  printText(
    `${nameOf(user)}: ended ${browserSessions} in browsers and ${cliSessions.length} in terminals.${more}\n${AWS_CREDENTIALS_STAY}`,
  );
}

function actorIn({ person, connector, username }: KnownPerson): object {
  return { person, connector, username };
}

function nameOf({ username, person, connector }: KnownPerson): string {
  return `${username} (${person}, ${connector})`;
}
