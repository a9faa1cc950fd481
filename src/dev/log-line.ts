/** Turns a line of the bridge's log into one that is read at a terminal, for `npm run dev`. */
import { styleText } from 'node:util';

type Style = Parameters<typeof styleText>[0];

const STYLES: Readonly<Record<string, Style>> = {
  warn: 'yellow',
  error: 'red',
  fatal: ['red', 'bold'],
};

/**
 * `22:10:03 info  sign-in started  connector=corp-saml`, with the stack of an error below it. A
 * line that is not JSON stays as it is. Colours only where standard output is a terminal.
 */
export function readableLogLine(line: string): string {
  const entry = parse(line);
  if (entry === undefined) return printable(line);
  const { time, level, msg, err, ...fields } = entry;
  const words = [
    styleText('dim', String(time).slice(11, 19)),
    styleText(STYLES[String(level)] ?? 'dim', String(level).padEnd(5)),
    ...(msg === undefined ? [] : [printable(String(msg))]),
    ...Object.entries(fields).map(([name, value]) => styleText('dim', `${name}=`) + textOf(value)),
  ];
  return [words.join(' '), ...stackOf(err)].join('\n');
}

function parse(line: string): Readonly<Record<string, unknown>> | undefined {
  if (!line.startsWith('{')) return undefined;
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}

function textOf(value: unknown): string {
  return printable(typeof value === 'string' ? value : JSON.stringify(value));
}

function stackOf(err: unknown): string[] {
  if (typeof err !== 'object' || err === null) return [];
  const { stack, message } = err as { stack?: unknown; message?: unknown };
  return String(stack ?? message)
    .split('\n')
    .map(line => `    ${printable(line)}`);
}

/** A terminal obeys control characters, and a request can bring them into the log. */
function printable(text: string): string {
  return text.replaceAll(
    /[\p{Cc}\p{Cf}\u2028\u2029]/gu,
    character => `\\u{${character.codePointAt(0)!.toString(16)}}`,
  );
}
