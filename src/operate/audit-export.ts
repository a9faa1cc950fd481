/** `audit export`: the audit trail as lines of JSON, to a file or to standard output. */
import { type FileHandle, open, rename, rm, stat } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { lineOf } from '../core/audit-line.ts';
import { counted } from '../core/listed.ts';
import { formatInstant, type Instant } from '../core/time.ts';
import { type Options, UsageError } from './command.ts';
import type { UseCases } from './use-cases.ts';

/** An export that takes longer than the first tells how far it is, and then every few seconds. */
const QUIET_MILLISECONDS = 1_000;
const TELL_EVERY_MILLISECONDS = 5_000;

export async function exportAudit({ trail, now }: UseCases, options: Options): Promise<void> {
  const { from, to, output } = options;
  const span = {
    from: from === undefined ? 0 : instantIn('--from', from),
    to: to === undefined ? now() + 1 : instantIn('--to', to),
  };
  if (span.from >= span.to) throw new UsageError('--from must be before --to');
  const progress = createProgress();
  const lines = (): Readable => Readable.from(linesOf(trail.events(span), progress));
  if (output === undefined) await pipeline(lines(), process.stdout, { end: false });
  else await writeFileOnce(output, lines());
  progress.end(output);
  const archived = await trail.archived();
  if (archived !== undefined)
    process.stderr.write(
      `Older events are not in the database since ${formatInstant(archived.at)}: they are in the archives of audit.archive.directory.\n`,
    );
}

async function* linesOf(
  events: ReturnType<UseCases['trail']['events']>,
  progress: Progress,
): AsyncGenerator<string> {
  for await (const event of events) {
    progress.count(event.at);
    yield `${lineOf(event)}\n`;
  }
}

interface Progress {
  count(at: Instant): void;
  end(output: string | undefined): void;
}

function createProgress(): Progress {
  const began = performance.now();
  let count = 0;
  let tellAt = began + QUIET_MILLISECONDS;
  return {
    count: at => {
      count += 1;
      const time = performance.now();
      if (time < tellAt) return;
      tellAt = time + TELL_EVERY_MILLISECONDS;
      process.stderr.write(`${counted(count, 'event')}, up to ${formatInstant(at)}\n`);
    },
    end: output => {
      if (output !== undefined)
        process.stderr.write(`${counted(count, 'event')} written to ${output}\n`);
      else if (performance.now() - began > QUIET_MILLISECONDS)
        process.stderr.write(`${counted(count, 'event')}\n`);
    },
  };
}

/** A day (UTC) or a time with its zone, as ISO 8601 writes them. Throws `UsageError`. */
function instantIn(option: string, text: string): Instant {
  const [, day] =
    /^(\d{4}-\d\d-\d\d)(?:T\d\d:\d\d(?::\d\d(?:\.\d{1,3})?)?(?:Z|[+-]\d\d:\d\d))?$/.exec(text) ??
    [];
  const at = Date.parse(text);
  const isDay = day !== undefined && !Number.isNaN(Date.parse(day));
  // Date.parse reads the 30th of February as a day of March.
  if (isDay && !Number.isNaN(at) && new Date(day).toISOString().startsWith(day)) return at;
  throw new UsageError(
    `${option} "${text}" is not a day or a time. Write 2026-03-01, or 2026-03-01T09:00:00Z.`,
  );
}

/** Writes a file for its owner alone: whole, or not at all. Replaces none. */
async function writeFileOnce(path: string, content: Readable): Promise<void> {
  if ((await stat(path).catch(() => undefined)) !== undefined)
    throw new Error(`${path} exists. Name another file, or move it away.`);
  const draft = `${path}.${process.pid}.tmp`;
  let handle: FileHandle | undefined;
  try {
    handle = await open(draft, 'wx', 0o600);
    for await (const lines of content) await handle.appendFile(lines as string);
    await handle.sync();
    await handle.close();
    await rename(draft, path);
  } catch (cause) {
    await handle?.close().catch(() => undefined);
    if (handle !== undefined) await rm(draft, { force: true });
    throw whyNotWritten(path, cause);
  }
}

function whyNotWritten(path: string, cause: unknown): unknown {
  const { code, syscall } = cause as NodeJS.ErrnoException;
  if (code === undefined || syscall === undefined) return cause;
  return new Error(`${path} cannot be written (${code}). Check the directory and its space.`, {
    cause,
  });
}
