/** `what-can USER`: every role that a user can get with its reason, and rules that nearly match. */
import { type Outlook, rolesOf, type UserAnswer } from '../bridge/role-questions.ts';
import { type ConnectorId, type Identity, isPersonId, type PersonId } from '../core/identity.ts';
import { listed } from '../core/listed.ts';
import type { KnownPerson } from '../core/person-record.ts';
import { explainRule } from '../core/rule-report.ts';
import type { GivingParts } from '../core/who-can.ts';
import { type Options, UsageError } from './command.ts';
import { dateTime, fieldsOfUser, printJson, printText, table, time, userTable } from './output.ts';
import { fieldsOfKnown, fieldsOfOutlook, lackOf, leftOut, MOST_ROWS } from './role-output.ts';
import type { RoleAsking } from './who-can.ts';

/** By the record of the user. Throws an Error for no user, and one that lists them for several. */
export async function whatCan({ questions }: RoleAsking, options: Options): Promise<void> {
  const user = await userNamed(await questions.named(nameIn(options)), options);
  const answer = await questions.whatCan(user.person);
  if (answer === undefined)
    throw new Error(
      `the groups of ${user.username} are unknown: the record cannot be read, or is of an earlier version. The next sign-in writes it again; until then use --groups.`,
    );
  if (options.json) return printJson({ ...fieldsOfKnown(user), ...fieldsOf(answer) });
  const { username, person, connector, signedInAt, blocked } = user;
  const since = signedInAt === undefined ? 'never' : time(signedInAt);
  printText(`${username} (${person}, ${connector}), groups of the last sign-in at ${since}`);
  if (blocked !== undefined)
    printText(`Blocked since ${time(blocked.at)} by ${blocked.by}: gets no role until unblocked.`);
  print(answer, connector);
}

/** For a user of these groups, whom the bridge need not know. Throws `UsageError`. */
export function whatGroupsCan(
  giving: GivingParts,
  connectors: readonly ConnectorId[],
  options: Options,
): void {
  const username = nameIn(options);
  const connector = connectorIn(options, connectors);
  const groups = groupsIn(options);
  const identity: Identity = {
    ...{ person: ANYONE, connector, username, groups, subject: username, attributes: {} },
    source: { issuer: '', trustedBy: '' },
    assertedAt: 0,
    authentication: { methods: [], multiFactor: false },
  };
  const answer = rolesOf(giving, identity, { now: 0, address: '' });
  if (options.json) {
    printJson({ user: username, connector, groups, ...fieldsOf(answer) });
    return;
  }
  printText(`${username} of ${connector}, with the groups ${listed(groups)}`);
  print(answer, connector);
}

/** Of a user whom the bridge has never seen: no elevation is theirs. */
const ANYONE = 'aaaaaaaaaaaaaaaa' as PersonId;

// ---------------------------------------------------------------- which user

function nameIn({ arguments: [name] = [] }: Options): string {
  return name ?? '';
}

/** Throws an Error. */
function userNamed(found: readonly KnownPerson[], options: Options): KnownPerson {
  const { person, connector = [], json } = options;
  if (person !== undefined && !isPersonId(person))
    throw new UsageError(
      'a person id has 16 characters of a-z and 2-7; the audit trail has it as "person"',
    );
  const fitting = found
    .filter(user => person === undefined || user.person === person)
    .filter(user => connector.length === 0 || connector.includes(user.connector));
  const [only, ...others] = fitting;
  if (only === undefined) throw unknownUser(found, options);
  if (others.length === 0) return only;
  if (json) printJson({ several: fitting.map(fieldsOfUser) });
  throw new Error(
    `${fitting.length} users have signed in as ${nameIn(options)}. Repeat with --person and one of these:\n${userTable(fitting)}`,
  );
}

function unknownUser(found: readonly KnownPerson[], options: Options): Error {
  const name = nameIn(options);
  if (found.length > 0)
    return new Error(`${name} has signed in as another user only:\n${userTable(found)}`);
  return new Error(
    `unknown user ${name}. The bridge knows users who have signed in, by their exact names. For others, name their groups: --groups a,b --connector ID.`,
  );
}

/** Throws `UsageError`. */
function connectorIn(
  { connector: named = [] }: Options,
  known: readonly ConnectorId[],
): ConnectorId {
  const ids = named.length === 0 ? known : known.filter(id => named.includes(id));
  const [only, ...others] = ids;
  if (only !== undefined && others.length === 0 && named.length <= 1) return only;
  throw new UsageError(`--groups needs one --connector of: ${known.join(', ')}`);
}

/** Throws `UsageError`. */
function groupsIn({ groups = '' }: Options): readonly string[] {
  const names = groups.split(',').filter(name => name !== '');
  if (names.length > 0) return [...new Set(names)];
  throw new UsageError('--groups names no group. Write --groups a,b');
}

// ---------------------------------------------------------------- output

function print({ roles, near, lost, unnamed }: UserAnswer, connector: ConnectorId): void {
  if (roles.length === 0) printText('\nNo rule gives a role to these groups.');
  else {
    const head = ['ROLE', 'RULE', 'GROUP', 'LACKS'];
    process.stdout.write(`\n${table([head, ...roles.slice(0, MOST_ROWS).map(rowOf)])}`);
    const more = leftOut(roles);
    if (more !== undefined) printText(more);
  }
  const misses = [
    ...near.map(report => `${report.rule}: ${explainRule(report, connector)}`),
    ...lost.map(
      ({ name, since, roles: given }) =>
        `The group ${name}, lost at ${time(since)}, gave ${listed(given)}.`,
    ),
  ];
  if (misses.length > 0) printText(`\nNearly:\n${misses.map(miss => `  ${miss}`).join('\n')}`);
  if (unnamed.length > 0) printText(`\nGroups that no rule names: ${listed(unnamed)}`);
}

function rowOf(outlook: Outlook): readonly string[] {
  const { account, role, rule, group } = outlook.entitlement;
  return [`${account.name}/${role}`, rule.name, group, lackOf(outlook)];
}

function fieldsOf({ roles, near, lost, unnamed }: UserAnswer): object {
  return {
    roles: roles.map(outlook => {
      const { account, role, arn } = outlook.entitlement;
      return {
        ...{ account: account.id, account_name: account.name, role, arn },
        ...fieldsOfOutlook(outlook),
      };
    }),
    near,
    lost_groups: lost.map(({ name, since, roles: given }) => ({
      group: name,
      since: dateTime(since),
      roles: given,
    })),
    unnamed_groups: unnamed,
  };
}
