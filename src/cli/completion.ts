/** What the shell may suggest: commands, options and role names as they were last seen. Nothing is asked of anybody for it. */
import { join } from 'node:path';
import { isPlain } from '../core/aws-config.ts';
import { COMMON_OPTIONS } from './command.ts';
import { COMMANDS, commandNamed } from './commands.ts';
import { configDirectory, hashedName, readSettings, serverOrigin } from './places.ts';
import { keptRoles, nameOf } from './role-list.ts';

type Environment = Readonly<Record<string, string | undefined>>;

/** Suggestions for the last of the words, one on a line. The words are those behind `rolebridge`. */
export function complete(words: readonly string[], env: Environment): string {
  const current = words.at(-1) ?? '';
  return suggestions(words.slice(0, -1), env)
    .filter(suggestion => suggestion.startsWith(current))
    .filter(suggestion => suggestion.startsWith('-') === current.startsWith('-') || !suggestion.startsWith('-'))
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
  if (asked?.type === 'string') return asked.value === 'ACCOUNT/ROLE' ? roleNames(env) : [...(asked.values ?? [])];
  const names = Object.keys(options).map(option => `--${option}`);
  const words = command.completes === 'roles' ? roleNames(env) : [...(command.completes ?? [])];
  return [...words, ...names];
}

function roleNames(env: Environment): string[] {
  try {
    const directory = configDirectory(env);
    const server = serverOrigin(env.ROLEBRIDGE_SERVER ?? readSettings(directory).server ?? '');
    const kept = server === undefined ? undefined : keptRoles(join(directory, `roles.${hashedName(server)}`));
    // What is offered becomes part of a command line.
    return (kept?.roles ?? []).filter(role => role.usable && isPlain(role)).map(nameOf);
  } catch {
    return [];
  }
}

const SCRIPTS: Readonly<Record<string, string>> = {
  bash: `_rolebridge() {
  local IFS=$'\\n'
  # Bash breaks words at = and :, which role names may hold; the line itself is what was typed.
  local words=("\${COMP_WORDS[@]:1:COMP_CWORD}")
  COMPREPLY=($(rolebridge __complete "\${words[@]}" 2>/dev/null))
}
complete -o bashdefault -o default -F _rolebridge rolebridge
`,
  zsh: `#compdef rolebridge
_rolebridge() {
  local -a found
  found=("\${(@f)$(rolebridge __complete "\${(@)words[2,CURRENT]}" 2>/dev/null)}")
  if (( \${#found} && \${#found[1]} )); then compadd -a found; else _files; fi
}
if (( $+functions[compdef] )); then compdef _rolebridge rolebridge; fi
`,
  fish: `function __rolebridge_complete
    set -l words (commandline -opc) (commandline -ct)
    rolebridge __complete $words[2..-1] 2>/dev/null
end
complete -c rolebridge -f -a '(__rolebridge_complete)'
complete -c rolebridge -n '__fish_seen_subcommand_from exec; and contains -- -- (commandline -opc)' -F
`,
  powershell: `Register-ArgumentCompleter -Native -CommandName rolebridge -ScriptBlock {
  param($wordToComplete, $commandAst, $cursorPosition)
  $words = @($commandAst.CommandElements | Select-Object -Skip 1 | ForEach-Object { $_.ToString() })
  if ($wordToComplete -eq '') { $words += '""' }
  rolebridge __complete @words 2>$null | ForEach-Object { [System.Management.Automation.CompletionResult]::new($_, $_, 'ParameterValue', $_) }
}
`,
};

export function completionScript(shell: string): string | undefined {
  return Object.hasOwn(SCRIPTS, shell) ? SCRIPTS[shell] : undefined;
}
