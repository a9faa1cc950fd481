/** What `init` prints when it is done: data to standard output, the rest for a user. */
import { printableJson, printableText } from '../../core/printable.ts';
import type { Options } from '../command.ts';
import { KEYS_DIRECTORY } from './document.ts';
import type { Instructions } from './instructions.ts';
import type { Ports } from './ports.ts';

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
  const lines = printableText(linesOf(instructions));
  if (print) {
    stdout.write(text);
    stderr.write(`${lines}\n`);
    return;
  }
  stdout.write(`${printableText(`Wrote ${file}. ${KEYS[keys]}`)}\n${lines}\n`);
}

const KEYS: { readonly [K in KeysMade]: string } = {
  created: `Created the signing keys in ${KEYS_DIRECTORY}/ beside it: back them up.`,
  kept: `Kept the signing keys that were in ${KEYS_DIRECTORY}/ beside it.`,
  none: '',
};

function linesOf({ heading, steps, remarks, secret, next }: Instructions): string {
  return [
    '',
    `At the identity provider (docs/identity-providers.md, "${heading}"):`,
    ...steps.map((step, at) => `  ${at + 1}. ${step}`),
    ...remarks.map(remark => `  Note: ${remark}`),
    ...(secret === undefined ? [] : ['', secret]),
    '',
    'Next:',
    ...next.map(command => `  ${command}`),
  ].join('\n');
}
