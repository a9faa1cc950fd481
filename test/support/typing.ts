/** Runs a command at a real terminal (util-linux's script), and types as a user does. */
import { spawn } from 'node:child_process';
import { stripVTControlCharacters } from 'node:util';

export const SCRIPT = '/usr/bin/script';

export interface Typed {
  readonly code: number | null;
  /** All that was on the screen, without control characters. */
  readonly screen: string;
}

/** What is waited for on the screen since the turn before, and what is typed then. */
export type Turn = readonly [RegExp, string];

export async function typeAt(
  command: string,
  turns: readonly Turn[],
  { cwd, env }: { readonly cwd: string; readonly env: NodeJS.ProcessEnv },
): Promise<Typed> {
  // A terminal without a size has no room for a list.
  const sized = `stty cols 100 rows 40 && exec ${command}`;
  const child = spawn(SCRIPT, ['-qfec', sized, '/dev/null'], {
    ...{ cwd, env },
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const waiting = [...turns];
  let [raw, seen] = ['', 0];
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    raw += chunk;
    const [next] = waiting;
    if (next === undefined || !next[0].test(stripVTControlCharacters(raw.slice(seen)))) return;
    waiting.shift();
    seen = raw.length;
    child.stdin.write(next[1]);
  });
  const code = await new Promise<number | null>(resolve => child.once('close', resolve));
  return { code, screen: stripVTControlCharacters(raw) };
}
