/**
 * Where a user wants to go after a sign-in (`return_to`, RelayState): whatever it says, a browser
 * stays on the site of the bridge.
 */
import { isTooLong, localPath, queryValue, withQuery } from '../../src/core/local-path.ts';
import { type FuzzTarget, promise } from './target.ts';

const BRIDGE = 'https://bridge.example.test';

export const target: FuzzTarget = {
  name: 'local-path',
  mostBytes: 4000,
  mostMilliseconds: 100,
  guidedBy: ['/src/core/local-path'],
  covers: ['src/core/local-path.ts'],
  check: input => {
    const path = localPath(input);
    promise(
      /^\/(?![/\\])[\x21-\x7e]*$/.test(path),
      'a path is plain text that begins with one slash',
    );
    // As a browser resolves it, on the page and in the Location of a redirect.
    for (const base of [`${BRIDGE}/`, `${BRIDGE}/saml/acme/acs?x=y`, `${BRIDGE}//a/b`])
      promise(new URL(path, base).origin === BRIDGE, 'a path stays on the site of the bridge');
    promise(new URL(BRIDGE + path).origin === BRIDGE, 'a path behind the origin stays there');
    promise(!isTooLong(path), 'a path is not too long');
    promise(localPath(path) === path, 'a path is its own path');
    if (!input.isWellFormed()) return;
    const value = new URL(withQuery('/go', { to: input, from: 'a' }), BRIDGE).searchParams;
    promise(
      value.get('to') === (input === '' ? null : input),
      'a value of a query arrives as it was',
    );
    promise(value.get('from') === 'a', 'a value of a query changes no other one');
    promise(/^[\x21-\x7e]*$/.test(queryValue(input)), 'a value of a query is plain text');
  },
};
