import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { browserName } from '../../src/http/browser-name.ts';

const WEBKIT = 'AppleWebKit/537.36 (KHTML, like Gecko)';
const UNKNOWN = 'an unknown browser';

describe('the name of a browser', () => {
  for (const [name, userAgent] of [
    ['Firefox on Linux', 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0'],
    [
      'Microsoft Edge on Windows',
      `Mozilla/5.0 (Windows NT 10.0; Win64; x64) ${WEBKIT} Chrome/140.0.0.0 Safari/537.36 Edg/140.0.0.0`,
    ],
    [
      'Chrome on Android',
      `Mozilla/5.0 (Linux; Android 10; K) ${WEBKIT} Chrome/140.0.0.0 Mobile Safari/537.36`,
    ],
    [
      'Safari on macOS',
      'Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.0 Safari/605.1.15',
    ],
    [
      'Safari on iOS',
      'Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.0 Mobile/15E148 Safari/604.1',
    ],
  ])
    it(`is found in a user agent: ${name}`, () => {
      assert.equal(browserName(userAgent), name);
    });

  for (const [what, userAgent, name] of [
    ['that is missing', undefined, UNKNOWN],
    ['that is empty', '', UNKNOWN],
    ['of a program', 'curl/8.1', UNKNOWN],
    ['that contains markup', 'Evil<script>alert(1)</script>/1 x', UNKNOWN],
    ['that claims to be another product', 'Your administrator/1.0 (trust me)', UNKNOWN],
    ['of an object member', 'constructor/1 __proto__/1', UNKNOWN],
    ['of an unknown browser on a known system', 'Evil/1 (Linux)', `${UNKNOWN} on Linux`],
  ] as const)
    it(`is not taken from a user agent ${what}`, () => {
      assert.equal(browserName(userAgent), name);
    });

  it('is found in bounded time in any user agent of 256 characters', () => {
    const started = performance.now();
    for (const part of ['(', 'a', ' ', '/', 'Version/', 'Mozilla/5.0 ', ';', 'Linux '])
      browserName(part.repeat(256).slice(0, 256));
    assert.ok(performance.now() - started < 200);
  });
});
