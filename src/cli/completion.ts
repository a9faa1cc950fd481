/** What the shell suggests: commands, options and cached role names. The server is not asked. */
import { join } from 'node:path';
import { isPlain } from '../core/aws-config.ts';
import { readProfiles } from './aws/profiles.ts';
import { type CommandSpec, optionsOf } from './command-line/command.ts';
import { COMMANDS, commandNamed } from './commands.ts';
import { keptIds } from './elevations/kept-ids.ts';
import { keptRoles, nameOf, type Role } from './roles/list.ts';
import { type BridgeChoice, hashedName, knownBridges, selectBridge } from './warm/bridges.ts';
import { configDirectory, readSettings } from './warm/settings.ts';

type Environment = Readonly<Record<string, string | undefined>>;

/** Suggestions for the last word, one a line. `typed` are the words after `rolebridge`. */
export function complete(typed: readonly string[], env: Environment): string {
  const words = whole(typed);
  const current = words.at(-1) ?? '';
  return suggestions(words.slice(0, -1), env)
    .filter(suggestion => suggestion.startsWith(current))
    .filter(
      suggestion =>
        suggestion.startsWith('-') === current.startsWith('-') || !suggestion.startsWith('-'),
    )
    .map(suggestion => `${suggestion}\n`)
    .join('');
}

function suggestions(before: readonly string[], env: Environment): string[] {
  const [name, ...rest] = before;
  if (name === undefined) return [...COMMANDS.map(command => command.name), 'help'];
  if (name === 'help') return [...COMMANDS.map(command => command.name), 'exit-codes'];
  const command = commandNamed(name);
  if (command === undefined || (command.passesOn === true && rest.includes('--'))) return [];
  const options = optionsOf(command);
  const last = rest.at(-1);
  const asked = last?.startsWith('--') === true ? options[last.slice(2)] : undefined;
  if (last === '--bridge' || (name === 'login' && last === '--as')) return bridgeNames(env);
  if (name === 'mfa' && last === '--profile') return awsProfiles(env);
  const choice = choiceIn(rest);
  if (asked?.type === 'string')
    return asked.value === 'ACCOUNT/ROLE' ? roleNames(choice, env) : [...(asked.values ?? [])];
  const names = Object.keys(options).map(option => `--${option}`);
  return [...wordsOf(command, choice, env), ...names];
}

function wordsOf(
  { name, completes = [] }: CommandSpec,
  choice: BridgeChoice,
  env: Environment,
): readonly string[] {
  if (completes === 'roles') return roleNames(choice, env);
  if (completes === 'eligible-roles') return roleNames(choice, env, isEligible);
  if (completes === 'elevations') return elevationIds(name, choice, env);
  return completes;
}

/** Bash breaks words at `:` and `=`, so an address arrives in pieces. */
function whole(typed: readonly string[]): readonly string[] {
  const words: string[] = [];
  let joins = false;
  for (const piece of typed) {
    const isBreak = piece === ':' || piece === '=';
    if (words.length > 0 && (isBreak || joins)) words.push(words.pop()! + piece);
    else words.push(piece);
    joins = isBreak;
  }
  return words;
}

/** The bridge that the typed words name: `--bridge lab`, `--server=https://...`. */
function choiceIn(words: readonly string[]): BridgeChoice {
  const optionIn = (option: string): string | undefined => {
    const at = words.findLastIndex(word => word === option || word.startsWith(`${option}=`));
    return at < 0
      ? undefined
      : words[at] === option
        ? words[at + 1]
        : words[at]!.slice(option.length + 1);
  };
  return { server: optionIn('--server'), bridge: optionIn('--bridge') };
}

function bridgeNames(env: Environment): string[] {
  try {
    return knownBridges(readSettings(configDirectory(env))).map(({ name }) => name);
  } catch {
    return [];
  }
}

/** Suggestions become part of a command line, so only names without a meaning for shells. */
function awsProfiles(env: Environment): string[] {
  try {
    return readProfiles(env).names.filter(name => /^[\w.@+-]+$/.test(name));
  } catch {
    return [];
  }
}

function roleNames(
  choice: BridgeChoice,
  env: Environment,
  isOffered = ({ usable }: Role): boolean => usable,
): string[] {
  try {
    const kept = keptRoles(fileOf('roles', choice, env));
    // Suggestions become part of a command line.
    return (kept?.roles ?? []).filter(role => isOffered(role) && isPlain(role)).map(nameOf);
  } catch {
    return [];
  }
}

function isEligible({ request_url }: Role): boolean {
  return typeof request_url === 'string';
}

function elevationIds(command: string, choice: BridgeChoice, env: Environment): readonly string[] {
  try {
    return keptIds(fileOf('elevations', choice, env), command);
  } catch {
    return [];
  }
}

/** A file of the bridge that is meant. */
function fileOf(name: string, choice: BridgeChoice, env: Environment): string {
  const directory = configDirectory(env);
  const { origin } = selectBridge(choice, env, readSettings(directory));
  return join(directory, `${name}.${hashedName(origin)}`);
}
