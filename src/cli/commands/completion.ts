import type { Run } from '../command-line/command.ts';
import { CliError } from '../terminal/exit.ts';

const SCRIPTS: Readonly<Record<string, string>> = {
  bash: `_rolebridge() {
  local IFS=$'\\n'
  # Bash breaks words at = and :, which role names may contain; the line itself is what was typed.
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

export const run: Run = async ({ words, terminal }) => {
  const shell = words[0] ?? '';
  const script = Object.hasOwn(SCRIPTS, shell) ? SCRIPTS[shell] : undefined;
  if (script === undefined)
    throw new CliError('usage', 'no shell was given: bash, zsh, fish or powershell', {
      lines: ['See: rolebridge completion --help'],
    });
  terminal.print(script);
  return undefined;
};
