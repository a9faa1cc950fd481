/** Loaded before a bridge (`--import`): answers each message with what its process is like. */
import { monitorEventLoopDelay } from 'node:perf_hooks';

/** Milliseconds and bytes, since the last message. */
export interface Vitals {
  readonly rss: number;
  readonly heapUsed: number;
  readonly delayP99: number;
  readonly delayMax: number;
}

const delay = monitorEventLoopDelay({ resolution: 10 });
delay.enable();

process.on('message', () => {
  const { rss, heapUsed } = process.memoryUsage();
  const vitals: Vitals = {
    ...{ rss, heapUsed },
    delayP99: delay.percentile(99) / 1e6,
    delayMax: delay.max / 1e6,
  };
  delay.reset();
  process.send!(vitals);
});
process.channel?.unref();
