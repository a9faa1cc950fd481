/** Times as XML writes them (XML Schema part 2, section 3.2.7 dateTime). */

const DATE_TIME = /^(\d{4})-(\d\d)-(\d\d)T\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:\d\d)$/;

/** Epoch milliseconds; undefined for a text that is no time, such as the 30th of February. */
export function readDateTime(text: string): number | undefined {
  const [, year, month, day] = DATE_TIME.exec(text) ?? [];
  const time = Date.parse(text);
  if (year === undefined || Number.isNaN(time)) return undefined;
  // Date.parse goes on to the next month for a day that the month does not have.
  const date = new Date(Date.UTC(Number(year), Number(month) - 1, Number(day)));
  return date.getUTCDate() === Number(day) ? time : undefined;
}

/** The same in UTC alone, as SAML core section 1.3.3 requires it. */
export function readUtcTime(text: string): number | undefined {
  return text.endsWith('Z') ? readDateTime(text) : undefined;
}
