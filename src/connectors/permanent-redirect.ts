/**
 * The one redirect that the bridge follows for a discovery document: a permanent one to another
 * path of the same host. For every other target, the operator sets the address.
 */
import { type Outbound, OutboundFault, type RedirectAnswer } from '../outbound.ts';

/** A temporary redirect can lead to a page for sign-in or maintenance. */
const PERMANENT: readonly number[] = [301, 308];

/**
 * An outbound that follows one such redirect. `setting` is where the operator can name the address
 * of the document, with what it has to name: "set X to the address of the document".
 */
export function followingPermanently(outbound: Outbound, setting: string): Outbound {
  const fetch = async (...[input, init]: Parameters<Outbound['fetch']>): Promise<Response> => {
    const from = new URL(input instanceof Request ? input.url : input);
    const refuse = (why: string, cause: unknown): never => {
      const message = `${from.origin}${from.pathname}: ${why}; ${setting}`;
      throw new OutboundFault(message, { kind: 'redirect', cause });
    };
    try {
      return await outbound.fetch(input, init);
    } catch (fault) {
      const answered = redirectIn(fault);
      if (answered === undefined) throw fault;
      const to = targetOf(answered, from);
      if (typeof to === 'string') return refuse(to, fault);
      return await outbound.fetch(to, init).catch((second: unknown) => {
        if (redirectIn(second) === undefined) throw second;
        return refuse('answered with a redirect to another redirect; one is followed', second);
      });
    }
  };
  return { ...outbound, fetch };
}

function redirectIn(fault: unknown): RedirectAnswer | undefined {
  return fault instanceof OutboundFault ? fault.answered : undefined;
}

/** Where it leads, or why it is not followed. */
function targetOf({ status, location = '' }: RedirectAnswer, from: URL): URL | string {
  const what = `answered with a redirect (${status})`;
  const to = URL.parse(location, from);
  if (!PERMANENT.includes(status))
    return `${what}, which is not followed, because it is not a permanent one`;
  if (location === '' || to === null) return `${what} to no address`;
  if (to.username !== '' || to.password !== '')
    return `${what} to an address with a user name or a password, which is not followed`;
  if (from.protocol === 'https:' && to.protocol !== 'https:')
    return `${what} from https to ${printable(to)}, which is not followed`;
  if (to.host !== from.host || to.protocol !== from.protocol)
    return `${what} to another host, ${printable(to)}, which is not followed`;
  return to;
}

/** Without the query, which can contain a secret. */
function printable({ origin, protocol, pathname }: URL): string {
  const text = origin === 'null' ? protocol : `${origin}${pathname}`;
  return text.length <= 200 ? text : `${text.slice(0, 200)}...`;
}
