/** The help of one command, made from its row. */
import { type CommandSpec, type OptionSpec, optionsOf } from './command.ts';

export function helpFor(command: CommandSpec): string {
  const options = Object.entries(optionsOf(command)).map(
    ([name, option]) => [optionWords(name, option), option.description] as const,
  );
  const width = Math.max(...options.map(([words]) => words.length));
  const examples = command.examples.map(([line, meaning]) => `  ${line}\n      ${meaning}`);
  return [
    `Usage: rolebridge ${command.name} ${command.usage}`.trimEnd(),
    '',
    command.description,
    '',
    'Options',
    ...options.map(([words, description]) => `  ${words.padEnd(width)}  ${description}`),
    '',
    'Examples',
    ...examples,
    '',
    'Exit codes: rolebridge help exit-codes',
    '',
  ].join('\n');
}

function optionWords(name: string, { short, value }: OptionSpec): string {
  return `${short === undefined ? '    ' : `-${short}, `}--${name}${value === undefined ? '' : ` ${value}`}`;
}
