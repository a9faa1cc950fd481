/** Times of metadata: any `xs:dateTime`, where without a zone it is UTC (saml-core 1.3.3). */
import type { Instant } from '../../core/time.ts';

/** XML Schema Part 2, 3.2.7: years have four digits or more, and the day can end at 24:00:00. */
const DATE_TIME =
  /^(-?)(\d{4,})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(?:\.(\d+))?(?:Z|([+-])(\d\d):(\d\d))?$/;
const MOST_YEARS = 9999;
const FIRST: Instant = Date.parse('0001-01-01T00:00:00Z');
const LAST: Instant = Date.parse('9999-12-31T23:59:59Z');
const MINUTE = 60_000;

/**
 * Undefined if the text is no such time. A year beyond 9999 counts as the end of 9999, and one
 * before the common era as its beginning.
 */
export function instantOf(text: string): Instant | undefined {
  const [whole, minus, year = '', ...rest] = DATE_TIME.exec(text.trim()) ?? [];
  if (whole === undefined || Number(year) === 0 || /^0.{4}/.test(year)) return undefined;
  const [month, day, hour, minute, second] = rest.slice(0, 5).map(Number) as Clockwork;
  const [, , , , , fraction = '', sign, zoneHour = '0', zoneMinute = '0'] = rest;
  const isEndOfDay = hour === 24 && minute === 0 && second === 0 && Number(fraction) === 0;
  if ((hour > 23 && !isEndOfDay) || minute > 59 || second > 59) return undefined;
  const zone = Number(zoneHour) * 60 + Number(zoneMinute);
  if (Number(zoneMinute) > 59 || zone > 14 * 60) return undefined;
  // A date of the same month in a leap cycle that Date knows.
  const known = Math.min(Number(year), MOST_YEARS);
  const date = new Date(0);
  date.setUTCFullYear(
    Number(year) > MOST_YEARS ? 2000 + (Number(year) % 400) : known,
    month - 1,
    day,
  );
  if (date.getUTCMonth() !== month - 1 || date.getUTCDate() !== day) return undefined;
  if (minus === '-') return FIRST;
  if (Number(year) > MOST_YEARS) return LAST;
  const milliseconds = Number(`0.${fraction || '0'}`) * 1000;
  date.setUTCHours(hour, minute, second, Math.floor(milliseconds));
  return date.getTime() - (sign === '-' ? -zone : zone) * MINUTE;
}

type Clockwork = [number, number, number, number, number];

/** The earliest of these times. An invalid one counts as earliest, so that it is rejected later. */
export function earliestEnd(texts: readonly string[]): string | undefined {
  const order = (text: string): Instant => instantOf(text) ?? Number.NEGATIVE_INFINITY;
  return texts.toSorted((a, b) => order(a) - order(b))[0];
}
