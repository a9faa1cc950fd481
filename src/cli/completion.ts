/** What the shell suggests: commands, options and cached role names. The server is not asked. */
import { join } from 'node:path';
import { isPlain } from '../core/aws-config.ts';
import { COMMON_OPTIONS } from './command-line/command.ts';
import { COMMANDS, commandNamed } from './commands.ts';
import { keptRoles, nameOf } from './roles/list.ts';
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
  const options = { ...command.options, ...COMMON_OPTIONS };
  const last = rest.at(-1);
  const asked = last?.startsWith('--') === true ? options[last.slice(2)] : undefined;
  if (last === '--bridge' || (name === 'login' && last === '--as')) return bridgeNames(env);
  const choice = choiceIn(rest);
  if (asked?.type === 'string')
    return asked.value === 'ACCOUNT/ROLE' ? roleNames(choice, env) : [...(asked.values ?? [])];
  const names = Object.keys(options).map(option => `--${option}`);
  const words =
    command.completes === 'roles' ? roleNames(choice, env) : [...(command.completes ?? [])];
  return [...words, ...names];
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

function roleNames(choice: BridgeChoice, env: Environment): string[] {
  try {
    const directory = configDirectory(env);
    const { origin } = selectBridge(choice, env, readSettings(directory));
    const kept = keptRoles(join(directory, `roles.${hashedName(origin)}`));
    // Suggestions become part of a command line.
    return (kept?.roles ?? []).filter(role => role.usable && isPlain(role)).map(nameOf);
  } catch {
    return [];
  }
}
