/** Points in time and lengths of time, with their units in the type. */

/** Milliseconds since 1970-01-01T00:00:00Z. */
export type Instant = number;

/** A length of time in whole seconds, as AWS, SAML and OAuth count it. */
export type Seconds = number;

export const MINUTE: Seconds = 60;
export const HOUR: Seconds = 3600;
export const DAY: Seconds = 24 * HOUR;

const UNIT_SECONDS: Readonly<Record<string, number>> = { s: 1, m: MINUTE, h: HOUR, d: DAY };

/** Reads `15m`, `1h`, `90s`, `1h30m`; undefined when the text is no duration or is zero. */
export function parseDuration(text: string): Seconds | undefined {
  if (!/^(?:\d{1,6}[smhd])+$/.test(text)) return undefined;
  let total = 0;
  for (const [, count, unit] of text.matchAll(/(\d+)([smhd])/g))
    total += Number(count) * (UNIT_SECONDS[unit!] ?? 0);
  return total > 0 ? total : undefined;
}

/** A wait in words, never shorter than it is: `1 second`, `42 seconds`, `10 minutes`. */
export function formatWait(seconds: Seconds): string {
  if (seconds > 2 * MINUTE) return `${Math.ceil(seconds / MINUTE)} minutes`;
  return seconds === 1 ? '1 second' : `${seconds} seconds`;
}

/** Writes seconds for readers: `8 h`, `1 h 30 min`, `45 min`, `20 s`. */
export function formatDuration(seconds: Seconds): string {
  if (seconds < MINUTE) return `${Math.max(0, Math.floor(seconds))} s`;
  const hours = Math.floor(seconds / HOUR);
  const minutes = Math.floor((seconds % HOUR) / MINUTE);
  return [hours > 0 ? `${hours} h` : '', minutes > 0 ? `${minutes} min` : '']
    .filter(Boolean)
    .join(' ');
}

/** Writes a time for readers: `2026-11-30 10:05 UTC`. */
export function formatInstant(at: Instant): string {
  return `${new Date(at).toISOString().slice(0, 16).replace('T', ' ')} UTC`;
}

/** Writes a day for readers: `2026-11-30`; `unknown` for what is no time. */
export function formatDay(at: Instant): string {
  return Number.isFinite(at) ? new Date(at).toISOString().slice(0, 10) : 'unknown';
}

/** Whole days until then; negative once it has passed. */
export function daysUntil(end: Instant, now: Instant): number {
  return Math.floor((end - now) / (DAY * 1000));
}

/** How long ago something was, for readers: as `formatDuration`, and from two days on `12 days`. */
export function formatAge(seconds: Seconds): string {
  return seconds < 2 * DAY ? formatDuration(seconds) : `${Math.floor(seconds / DAY)} days`;
}
