/** Retention of the audit trail for one snapshot: after its start, then once an hour. */
import { randomUUID } from 'node:crypto';
import { setTimeout as rest } from 'node:timers/promises';
import { type ArchivingParts, archiveTrail } from '../audit/archiving.ts';
import type { AuditConfiguration } from '../config/configuration.ts';
import { MINUTE } from '../core/time.ts';
import type { Logger } from '../log.ts';

export interface TrailUpkeep {
  /** One run. Does not reject: the log tells of a fault. */
  run(): Promise<void>;
  close(): Promise<void>;
}

/** Not at once: a start has other work. */
const FIRST_MILLISECONDS: number = MINUTE * 1000;
const EVERY_MILLISECONDS: number = 60 * MINUTE * 1000;

export function openTrailUpkeep(
  ports: Pick<ArchivingParts, 'trail' | 'audit' | 'clock'>,
  { retention }: AuditConfiguration,
  log: Logger,
): TrailUpkeep {
  if (retention === undefined) return { run: async () => {}, close: async () => {} };
  const stopping = new AbortController();
  const parts: ArchivingParts = {
    ...{ ...ports, ...retention, holder: randomUUID(), rest },
    onArchived: ({ file, count }) => log.info({ file, count }, 'audit events archived'),
  };
  let running = Promise.resolve();
  const run = (): Promise<void> => {
    running = running.then(() =>
      archiveTrail(parts, stopping.signal).catch((thrown: unknown) => {
        const why = thrown instanceof Error ? thrown.message : String(thrown);
        log.error({ why }, 'audit events cannot be archived; none is removed');
      }),
    );
    return running;
  };
  const timers = [
    setTimeout(() => void run(), FIRST_MILLISECONDS).unref(),
    setInterval(() => void run(), EVERY_MILLISECONDS).unref(),
  ];
  return {
    run,
    close: async () => {
      for (const timer of timers) clearTimeout(timer);
      stopping.abort();
      await running;
    },
  };
}
