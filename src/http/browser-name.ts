/** What a browser is called, from a user agent that anyone can have written. */
import { BROWSER_MAP, OS_MAP, parse } from 'bowser';

/** Text that is no name of the library comes from the user agent itself, and is not shown. */
const BROWSERS: ReadonlySet<string> = new Set(Object.values(BROWSER_MAP));
const SYSTEMS: ReadonlySet<string> = new Set(Object.values(OS_MAP));

/** `Firefox on Linux`; `an unknown browser` if there is no known name in it. */
export function browserName(userAgent: string | undefined): string {
  if (userAgent === undefined || userAgent === '') return UNKNOWN;
  const { browser, os } = parse(userAgent);
  const name = known(BROWSERS, browser.name);
  const system = known(SYSTEMS, os.name);
  if (name === undefined) return system === undefined ? UNKNOWN : `${UNKNOWN} on ${system}`;
  return system === undefined ? name : `${name} on ${system}`;
}

const UNKNOWN = 'an unknown browser';

function known(names: ReadonlySet<string>, name: string | undefined): string | undefined {
  return name !== undefined && names.has(name) ? name : undefined;
}
