/** What `init` prints when it is done: data to standard output, the rest for a user. */
import { wrapped } from '../../core/aligned.ts';
import { printableJson, printableText } from '../../core/printable.ts';
import type { Options } from '../command.ts';
import { KEYS_DIRECTORY } from './document.ts';
import type { Instructions } from './instructions.ts';
import type { Ports, Screen } from './ports.ts';

/** What happened to the signing keys. */
export type KeysMade = 'created' | 'kept' | 'none';

interface Outcome {
  readonly file: string;
  readonly text: string;
  readonly keys: KeysMade;
  readonly instructions: Instructions;
}

/** With --print, the configuration alone is on standard output. */
export function tell(
  { file, text, keys, instructions }: Outcome,
  { json = false, print = false }: Options,
  { stdout, stderr }: Pick<Ports, 'stdout' | 'stderr'>,
): void {
  if (json) {
    const told = { file: print ? null : file, configuration: text, keys, ...instructions };
    stdout.write(`${printableJson(JSON.stringify(told, null, 2))}\n`);
    return;
  }
  const lines = linesOf(instructions);
  if (print) {
    stdout.write(text);
    writeLines(stderr, lines);
    return;
  }
  writeLines(stdout, [`Wrote ${file}. ${KEYS[keys]}`, ...lines]);
}

/** Lines end at the width of a terminal; commands can be copied as they are. */
function writeLines(screen: Screen, lines: readonly string[]): void {
  const { columns = Number.POSITIVE_INFINITY } = screen;
  for (const line of lines) {
    const width = line.startsWith(COMMAND) ? Number.POSITIVE_INFINITY : columns;
    const [{ length }] = /^(?: +(?:\d+\.|Note:) )?/.exec(line)!;
    screen.write(`${wrapped(printableText(line), width, length)}\n`);
  }
}

const COMMAND = '  rolebridge-server ';

const KEYS: { readonly [K in KeysMade]: string } = {
  created: `Created the signing keys in ${KEYS_DIRECTORY}/ beside it: back them up.`,
  kept: `Kept the signing keys that were in ${KEYS_DIRECTORY}/ beside it.`,
  none: '',
};

function linesOf({ heading, steps, remarks, secret, next }: Instructions): readonly string[] {
  return [
    '',
    `At the identity provider (docs/identity-providers.md, "${heading}"):`,
    ...steps.map((step, at) => `  ${at + 1}. ${step}`),
    ...remarks.map(remark => `  Note: ${remark}`),
    ...(secret === undefined ? [] : ['', secret]),
    '',
    'Next:',
    ...next.map(command => `  ${command}`),
  ];
}
