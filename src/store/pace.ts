/**
 * How fast rows are removed beside requests: few rows at once, then a rest.
 *
 * A statement on SQLite holds up the whole process, and one on PostgreSQL the server. How long it
 * takes depends on the rows: a sealed document costs a thousand times as much as a key. So each
 * statement is as large as the time of the one before allows.
 */

/**
 * The first statement on a table, whose rows can be large. Fewer gain nothing: the disk takes as
 * long for one row.
 */
const FEWEST_ROWS = 250;
/** Removing takes half of the time at most. */
const REST_FOR_EACH_MILLISECOND = 1;
/** A timer that fires late tells that the event loop has other work. */
const REST_FOR_EACH_LATE_MILLISECOND = 2;
/** However busy the process is, rows must go faster than they come. */
const LONGEST_REST_MILLISECONDS = 100;

export interface PaceLimits {
  readonly mostRows: number;
  /** What one statement should take at most. */
  readonly milliseconds: number;
}

/** Time as a pace sees it, in milliseconds on a clock that never jumps. */
export interface Turns {
  elapsed(): number;
  /** Lets everything else run. Ends early when the signal is aborted. */
  rest(milliseconds: number, signal: AbortSignal | undefined): Promise<void>;
}

export interface Pace {
  /** How many rows the next statement may remove. */
  rows(): number;
  /**
   * Runs a statement and learns from the time that it takes. Rests if there is more to do, and
   * returns whether there is.
   */
  step(run: () => Promise<boolean>, signal: AbortSignal | undefined): Promise<boolean>;
}

export function createPace({ mostRows, milliseconds }: PaceLimits, turns: Turns): Pace {
  let rows = Math.min(FEWEST_ROWS, mostRows);
  let late = 0;
  return {
    rows: () => rows,
    step: async (run, signal) => {
      const began = turns.elapsed();
      const isMore = await run();
      const ended = turns.elapsed();
      const cost = ended - began;
      if (cost > milliseconds) rows = Math.max(FEWEST_ROWS, Math.floor(rows / 2));
      else if (cost * 2 < milliseconds) rows = Math.min(mostRows, rows * 2);
      if (!isMore) return false;
      const rest = Math.min(
        Math.max(1, cost * REST_FOR_EACH_MILLISECOND + late * REST_FOR_EACH_LATE_MILLISECOND),
        LONGEST_REST_MILLISECONDS,
      );
      await turns.rest(rest, signal);
      late = Math.max(0, turns.elapsed() - ended - rest);
      return true;
    },
  };
}

/** The turns of this process. */
export const PROCESS_TURNS: Turns = {
  elapsed: () => performance.now(),
  rest: (milliseconds, signal) =>
    new Promise(resolve => {
      if (signal?.aborted === true) return resolve();
      const end = (): void => {
        clearTimeout(timer);
        signal?.removeEventListener('abort', end);
        resolve();
      };
      const timer = setTimeout(end, milliseconds);
      signal?.addEventListener('abort', end);
    }),
};
