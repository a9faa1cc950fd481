/**
 * A command that runs several programs, two at a time, and prints their output as JSON. RUN_EACH
 * lists the programs as JSON.
 */
import { execFile } from 'node:child_process';

const waiting = Object.entries(
  JSON.parse(process.env.RUN_EACH!) as Record<string, readonly string[]>,
);
const said: Record<string, string> = {};

async function work(): Promise<void> {
  for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
    const [name, [command, ...args]] = next;
    said[name] = await new Promise(resolve => {
      execFile(command!, args, { timeout: 60_000 }, (fault, stdout, stderr) =>
        resolve(fault === null ? stdout.trim() : `${stdout}${stderr}`.trim() || fault.message),
      );
    });
  }
}

await Promise.all([work(), work()]);
process.stdout.write(JSON.stringify(said));
