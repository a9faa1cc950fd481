/** What came instead of what must come, in messages for the operator. */
import { printableExcerpt } from '../../core/printable.ts';

/** Foreign text in a message for the operator: printable, bounded, without query and userinfo. */
export function shown(text: string): string {
  const [address = ''] = text.replace(/^([a-z]+:\/\/)[^/?#]*@/i, '$1').split(/[?#]/);
  return JSON.stringify(printableExcerpt(address, MAX_SHOWN));
}

const MAX_SHOWN = 200;

/** What an address of the Response has instead of our own, and what to change. */
export function difference(came: string | undefined, ours: string): string {
  if (came === undefined) return ' (it has none)';
  const [theirs, here] = [URL.parse(came), new URL(ours)];
  const parts: readonly (keyof URL & ('protocol' | 'host' | 'pathname'))[] = [
    'protocol',
    'host',
    'pathname',
  ];
  const names = { protocol: 'scheme', host: 'host', pathname: 'path' } as const;
  const differing = theirs === null ? [] : parts.filter(part => theirs[part] !== here[part]);
  const what = differing.map(part => names[part]).join(', ') || 'spelling';
  const fix =
    differing.includes('protocol') || differing.includes('host')
      ? 'compare baseUrl with the address that the IdP has of this bridge'
      : 'set it at the IdP letter by letter';
  return ` (it is ${shown(came)}, and must be ${shown(ours)}: the ${what} differs; ${fix})`;
}
