/** The words and options of a command line, read by the row of its command. */
import { parseArgs } from 'node:util';
import { nearest } from '../../core/nearest.ts';
import { CliError } from '../terminal/exit.ts';
import type { BridgeChoice } from '../warm/bridges.ts';
import { type CommandSpec, type Invocation, optionsOf } from './command.ts';

export interface ParsedWords {
  readonly words: readonly string[];
  readonly options: Readonly<Record<string, string | boolean | undefined>>;
  readonly passedOn: readonly string[];
}

/** Throws `usage`. */
export function parseWords(command: CommandSpec, args: readonly string[]): ParsedWords {
  const known = optionsOf(command);
  const end = command.passesOn === true ? args.indexOf('--') : -1;
  const own = end < 0 ? args : args.slice(0, end);
  const passedOn = end < 0 ? [] : args.slice(end + 1);
  try {
    const { values, positionals } = parseArgs({
      args: [...own],
      allowPositionals: true,
      options: Object.fromEntries(
        Object.entries(known).map(([name, { type, short }]) => [
          name,
          { type, ...(short !== undefined && { short }) },
        ]),
      ),
    });
    if (positionals.length > command.words)
      throw new CliError(
        'usage',
        `unexpected argument ${JSON.stringify(positionals[command.words])}`,
        {
          lines: [seeHelp(command)],
        },
      );
    return { words: positionals, options: values, passedOn };
  } catch (thrown) {
    if (thrown instanceof CliError) throw thrown;
    const unknown = /^Unknown option '(-[^']*)'/.exec((thrown as Error).message)?.[1];
    const near =
      unknown === undefined ? undefined : nearest(unknown.replace(/^-+/, ''), Object.keys(known));
    const message = unknown === undefined ? firstSentence(thrown) : `unknown option ${unknown}`;
    throw new CliError('usage', message, {
      lines: [...(near === undefined ? [] : [`Did you mean --${near}?`]), seeHelp(command)],
    });
  }
}

/** The bridge that the options name. */
export function bridgeChoice({ server, bridge }: Invocation['options']): BridgeChoice {
  return {
    server: typeof server === 'string' ? server : undefined,
    bridge: typeof bridge === 'string' ? bridge : undefined,
  };
}

function firstSentence(thrown: unknown): string {
  return (thrown as Error).message.split(/\. |\n/)[0]!.replace(/\.$/, '');
}

function seeHelp({ name }: CommandSpec): string {
  return `See: rolebridge ${name} --help`;
}
