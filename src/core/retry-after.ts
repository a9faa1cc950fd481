/** The header `Retry-After` (RFC 9110, section 10.2.3). */
import type { Instant, Seconds } from './time.ts';

/** The wait that the header asks for; undefined if it is absent or unreadable. */
export function retryAfterIn(header: string | null | undefined, now: Instant): Seconds | undefined {
  const value = header?.trim() ?? '';
  if (/^\d{1,9}$/.test(value)) return Number(value);
  const at = /^[A-Z][a-z]{2}, /.test(value) ? Date.parse(value) : Number.NaN;
  return Number.isNaN(at) ? undefined : Math.max(0, Math.ceil((at - now) / 1000));
}
