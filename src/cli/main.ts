#!/usr/bin/env node
/**
 * The program `rolebridge`. Runs on Node 20 or newer, compiled (docs/adr/0015).
 *
 * `credential-process` with a warm cache is answered from here: an AWS command pays for it at every
 * start, so nothing else is loaded before.
 */
import { warmCredentials } from './warm/warm-credentials.ts';

const [command, ...args] = process.argv.slice(2);
const warm =
  command === 'credential-process' ? await warmCredentials(args, process.env) : undefined;
if (warm === undefined) {
  const { runProgram } = await import('./program.ts');
  process.exitCode = await runProgram(process.argv.slice(2));
} else {
  // The stream of standard output costs milliseconds to set up, and one small write needs none.
  const bytes = Buffer.from(warm);
  let written = 0;
  try {
    written = process.getBuiltinModule('node:fs').writeSync(1, bytes);
  } catch {
    // A pipe that is full and does not block.
  }
  if (written < bytes.length) process.stdout.write(bytes.subarray(written));
}
