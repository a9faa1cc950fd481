/**
 * The role that a command line means.
 *
 * At a terminal (stdin and stderr are one, `CI` is not set, no `--json`), the user may give a part
 * of a name, or choose from a list. In scripts the name must be exact: nothing is guessed.
 */
import { arrayOf, isText } from '../server/answers.ts';
import type { Client } from '../session/client.ts';
import { CliError } from '../terminal/exit.ts';
import { printable } from '../terminal/printable.ts';
import { knownBridges, listOf } from '../warm/bridges.ts';
import { readIfThere, writePrivately } from '../warm/private-files.ts';
import { type Named, nameOf, type Role, rolesOf, warningOf } from './list.ts';
import {
  exactly,
  matching,
  type NamedRole,
  nearestNames,
  readRoleName,
  searching,
} from './matching.ts';

export interface ChoiceOptions {
  readonly written: string | undefined;
  /** `--json`, `--format process`: a program reads the output. */
  readonly forProgram?: boolean;
}

export interface ChosenRole extends NamedRole {
  /** `production`, if the account is and a user has chosen it at a terminal. */
  readonly warning?: string | undefined;
}

const MOST_RECENT = 20;
const isNames = arrayOf(isText);

/**
 * Throws `usage` in scripts without an exact role, or without a bridge where several are known;
 * `refused` at a terminal when no role matches.
 */
export async function chooseRole(
  client: Client,
  { written, forProgram = false }: ChoiceOptions,
): Promise<ChosenRole> {
  if (!mayGuess(client, forProgram)) return exactName(client, written);
  const roles = await rolesOf(client);
  const chosen = await chooseAtTerminal(client, roles, written);
  remember(client, nameOf(chosen));
  const { account, role } = chosen;
  return { account: account.name, role, warning: warningOf(account) };
}

/**
 * Whether a user is there to be asked. Throws `usage` in scripts without a bridge, where several
 * are known.
 */
export function mayGuess(client: Client, forProgram: boolean): boolean {
  const { isChosen, others, title } = client.bridge;
  const isAmbiguous = !isChosen && others.length > 0;
  if (!client.terminal.isInteractive || forProgram) {
    if (isAmbiguous) throw namesNoBridge(client);
    return false;
  }
  if (isAmbiguous) client.terminal.say(client.terminal.dim(`at ${title}`));
  return true;
}

/** A script must not get another identity because the user signs in to another bridge. */
function namesNoBridge({ bridge, settings }: Client): CliError {
  const [other] = bridge.others;
  return new CliError('usage', 'this computer knows several bridges, and the command names none', {
    lines: [
      `Known bridges: ${listOf(knownBridges(settings))}`,
      `Name one, for example: --bridge ${other!.name}. For a whole shell or script: ROLEBRIDGE_BRIDGE=${other!.name}`,
    ],
  });
}

/** Throws `usage`. */
export function exactName({ bridge }: Client, written: string | undefined): NamedRole {
  const named = written === undefined ? undefined : readRoleName(written);
  if (named !== undefined) return named;
  throw new CliError(
    'usage',
    written === undefined ? 'no role was given' : `"${written}" is not a role name`,
    {
      lines: [
        `Write ACCOUNT/ROLE, for example prod/Admin. List your roles: rolebridge roles${bridge.selector}`,
      ],
    },
  );
}

async function chooseAtTerminal(
  client: Client,
  roles: readonly Role[],
  written: string | undefined,
): Promise<Role> {
  if (written === undefined && roles.length === 0)
    throw new CliError('refused', 'you have no role', {
      lines: [`See ${client.server.origin}/ for how to request one.`],
    });
  const hintOf = (role: Role) => (role.usable ? role.account.id : role.missing.join(' '));
  const chosen = await pickMatching(client, { roles, written, hintOf });
  if (chosen !== undefined) return chosen;
  // It may be new.
  const asked = exactly(await rolesOf(client, { fresh: true }), written!);
  if (asked !== undefined) return asked;
  throw new CliError('refused', `you have no role like "${written}"`, {
    lines: [
      `List your roles: rolebridge roles${client.bridge.selector}. With --all, also those that require another proof.`,
    ],
  });
}

export interface Picking<R extends Named> {
  /** Not empty where nothing is written. */
  readonly roles: readonly R[];
  readonly written: string | undefined;
  readonly hintOf: (role: R) => string;
}

/** The role that a user means who is asked where several match; undefined if none does. */
export async function pickMatching<R extends Named>(
  client: Client,
  { roles, written, hintOf }: Picking<R>,
): Promise<R | undefined> {
  if (written === undefined) return pickRole(client, roles, hintOf);
  const exact = exactly(roles, written);
  if (exact !== undefined) return exact;
  const words = written.replace('/', ' ');
  const named = matching(roles, words);
  const [best, ...others] = named.length > 0 ? named : searching(roles, words);
  if (best === undefined) return undefined;
  if (others.length > 0) return pickRole(client, [best, ...others], hintOf);
  const { terminal } = client;
  const warning = warningOf(best.account);
  const mark = warning === undefined ? '' : ` ${terminal.red(warning)}`;
  terminal.say(`${terminal.dim(printable(nameOf(best)))}${mark}`);
  return best;
}

async function pickRole<R extends Named>(
  client: Client,
  roles: readonly R[],
  hintOf: (role: R) => string,
): Promise<R> {
  const recent = recentNames(client);
  const rank = (role: R): number => {
    const at = recent.indexOf(nameOf(role));
    return at < 0 ? recent.length : at;
  };
  const sorted = [...roles].sort((a, b) => rank(a) - rank(b));
  const choiceOf = (role: R) => ({
    value: nameOf(role),
    label: nameOf(role),
    hint: hintOf(role),
    mark: warningOf(role.account),
  });
  const { pick } = await import('../terminal/prompts.ts');
  const name = await pick(client.terminal, {
    message: 'Which role?',
    choices: sorted.map(choiceOf),
    search: typed => searching(roles, typed).map(choiceOf),
  });
  return roles.find(role => nameOf(role) === name)!;
}

/** The denial of a role, with the names of similar roles. A user who lost it may still list it. */
export async function withSuggestions(
  client: Client,
  { account, role }: NamedRole,
  refusal: CliError,
): Promise<CliError> {
  if (refusal.code !== 'access_denied') return refusal;
  const asked = `${account}/${role}`;
  const roles = await rolesOf(client).catch(() => []);
  const others = roles.filter(each => exactly([each], asked) === undefined);
  const near = nearestNames(others, asked, 3);
  if (near.length === 0) return refusal;
  return new CliError(refusal.exit, refusal.message, {
    lines: [...refusal.lines, `Did you mean: ${near.join(', ')}?`],
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
    // It is only the order of a list.
  }
}
