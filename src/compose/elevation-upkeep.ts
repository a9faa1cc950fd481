/** The upkeep of elevations of one snapshot: at its start, then once a minute. */
import { originOfBridge } from '../audit/audit-trail.ts';
import { createElevationUpkeep, type ElevationUpkeepParts } from '../bridge/elevation-upkeep.ts';
import { MINUTE } from '../core/time.ts';
import type { Logger } from '../log.ts';

export interface ElevationUpkeep {
  /** One run. Does not reject: the log tells of a fault. */
  run(): Promise<void>;
  close(): Promise<void>;
}

const EVERY_MILLISECONDS: number = MINUTE * 1000;

export function openElevationUpkeep(
  parts: Omit<ElevationUpkeepParts, 'openedAt' | 'origin'>,
  log: Logger,
): ElevationUpkeep {
  const openedAt = parts.clock.now();
  const keepUp = createElevationUpkeep({ ...parts, openedAt, origin: originOfBridge });
  let running = Promise.resolve();
  const run = (): Promise<void> => {
    running = running.then(() =>
      keepUp().catch((cause: unknown) =>
        log.error({ cause: String(cause) }, 'the upkeep of elevations failed'),
      ),
    );
    return running;
  };
  const timer = setInterval(() => void run(), EVERY_MILLISECONDS).unref();
  void run();
  return {
    run,
    close: async () => {
      clearInterval(timer);
      await running;
    },
  };
}
