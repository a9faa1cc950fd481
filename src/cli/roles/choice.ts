/**
 * From what was written on the command line to one role, with the person's help where there is a
 * person.
 *
 * At a terminal (stdin and stderr are one, `CI` is not set, no `--json`) what was typed may be a
 * part of a name, or nothing at all. In scripts the name must be exact: the server is asked for
 * what was written, and nothing is guessed.
 */
import { arrayOf, isText } from '../server/answers.ts';
import type { Client } from '../session/client.ts';
import { CliError } from '../terminal/exit.ts';
import { printable } from '../terminal/printable.ts';
import { knownBridges, listOf } from '../warm/bridges.ts';
import { readIfThere, writePrivately } from '../warm/private-files.ts';
import { nameOf, type Role, rolesOf } from './list.ts';
import { exactly, matching, type NamedRole, nearestNames, readRoleName } from './matching.ts';

export interface ChoiceOptions {
  readonly written: string | undefined;
  /** `--json`, `--print` and the like: a program reads the answer. */
  readonly forProgram?: boolean;
}

const MOST_RECENT = 20;
const isNames = arrayOf(isText);

/**
 * Throws `usage` when nothing was named and nobody can be asked, or no bridge was named and several
 * are known; `refused` when a person means none of their roles.
 */
export async function chooseRole(
  client: Client,
  { written, forProgram = false }: ChoiceOptions,
): Promise<NamedRole> {
  const { isChosen, others, title } = client.bridge;
  const isAmbiguous = !isChosen && others.length > 0;
  if (!client.terminal.isInteractive || forProgram) {
    if (isAmbiguous) throw namesNoBridge(client);
    return exactName(client, written);
  }
  if (isAmbiguous) client.terminal.say(client.terminal.dim(`at ${title}`));
  const roles = await rolesOf(client);
  const chosen = await chooseAtTerminal(client, roles, written);
  remember(client, nameOf(chosen));
  return { account: chosen.account.name, role: chosen.role };
}

/** A script must not get another identity because somebody signs in to another bridge. */
function namesNoBridge({ bridge, settings }: Client): CliError {
  const [other] = bridge.others;
  return new CliError('usage', 'several bridges are known, and the command names none', {
    lines: [
      `Known bridges: ${listOf(knownBridges(settings))}`,
      `Name one, for example: --bridge ${other!.name}. For a whole shell or script: ROLEBRIDGE_BRIDGE=${other!.name}`,
    ],
  });
}

function exactName({ bridge }: Client, written: string | undefined): NamedRole {
  const named = written === undefined ? undefined : readRoleName(written);
  if (named !== undefined) return named;
  throw new CliError(
    'usage',
    written === undefined ? 'no role was named' : `"${written}" names no role`,
    {
      lines: [
        `Write ACCOUNT/ROLE, as in prod/Admin. rolebridge roles${bridge.selector} lists what you have.`,
      ],
    },
  );
}

async function chooseAtTerminal(
  client: Client,
  roles: readonly Role[],
  written: string | undefined,
): Promise<Role> {
  if (written === undefined) return pickRole(client, roles);
  const exact = exactly(roles, written);
  if (exact !== undefined) return exact;
  const [best, ...others] = matching(roles, written.replace('/', ' '));
  if (best !== undefined && others.length === 0) {
    client.terminal.say(client.terminal.dim(printable(nameOf(best))));
    return best;
  }
  if (best !== undefined) return pickRole(client, [best, ...others]);
  // Perhaps it was given a moment ago.
  const asked = exactly(await rolesOf(client, { fresh: true }), written);
  if (asked !== undefined) return asked;
  throw new CliError('refused', `you have no role like "${written}"`, {
    lines: [
      `rolebridge roles${client.bridge.selector} lists what you have, and --all what a proof is missing for.`,
    ],
  });
}

async function pickRole(client: Client, roles: readonly Role[]): Promise<Role> {
  if (roles.length === 0)
    throw new CliError('refused', 'you have no role', {
      lines: [`${client.server.origin}/ says how to ask for one.`],
    });
  const recent = recentNames(client);
  const rank = (role: Role): number => {
    const at = recent.indexOf(nameOf(role));
    return at < 0 ? recent.length : at;
  };
  const sorted = [...roles].sort((a, b) => rank(a) - rank(b));
  const choiceOf = (role: Role) => ({
    value: nameOf(role),
    label: nameOf(role),
    hint: role.usable ? role.account.id : role.missing.join(' '),
  });
  const { pick } = await import('../terminal/prompts.ts');
  const name = await pick(client.terminal, {
    message: 'Which role?',
    choices: sorted.map(choiceOf),
    search: typed => matching(roles, typed).map(choiceOf),
  });
  return roles.find(role => nameOf(role) === name)!;
}

/** The server said no to a name from a script: what it may have meant. */
export async function withSuggestions(
  client: Client,
  { account, role }: NamedRole,
  refusal: CliError,
): Promise<CliError> {
  if (refusal.code !== 'access_denied') return refusal;
  const roles = await rolesOf(client).catch(() => []);
  const near = nearestNames(roles, `${account}/${role}`, 3);
  if (near.length === 0) return refusal;
  return new CliError(refusal.exit, refusal.message, {
    lines: [...refusal.lines, `Yours are called: ${near.join(', ')}`],
    code: refusal.code,
  });
}

function recentNames(client: Client): readonly string[] {
  try {
    const names: unknown = JSON.parse(readIfThere(client.file('recent'))?.toString('utf8') ?? '[]');
    return isNames(names) ? (names as string[]) : [];
  } catch {
    return [];
  }
}

function remember(client: Client, name: string): void {
  try {
    const names = [name, ...recentNames(client).filter(other => other !== name)].slice(
      0,
      MOST_RECENT,
    );
    writePrivately(client.file('recent'), JSON.stringify(names));
  } catch {
    // Only the order of a list.
  }
}
