import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { helpAddress, helpAddressProblem } from '../../src/core/help-address.ts';

const TEMPLATE = 'https://help.acme.example/aws/{account}?role={role}&who={username}#{reference}';

describe('the address of a help page', () => {
  it('contains what the refusal is about, percent-encoded', () => {
    assert.equal(
      helpAddress(TEMPLATE, {
        ...{ account: 'prod & co', role: 'team/Admin', username: 'ålice@acme.example' },
        reference: 'c-1',
      }),
      'https://help.acme.example/aws/prod%20%26%20co?role=team%2FAdmin&who=%C3%A5lice%40acme.example#c-1',
    );
  });

  it('leaves out what is not known', () => {
    assert.equal(helpAddress(TEMPLATE, {}), 'https://help.acme.example/aws/?role=&who=#');
  });

  for (const value of [
    '..',
    '.',
    '../..',
    '//evil.example',
    '\\',
    '@evil.example',
    '?a',
    '#a',
    '\ud800',
  ])
    it(`stays below its path for the value ${JSON.stringify(value)}`, () => {
      const url = new URL(
        helpAddress('https://help.acme.example/a/{account}/b', { account: value }),
      );
      assert.equal(url.origin, 'https://help.acme.example');
      assert.match(url.pathname, /^\/a\/[^/]*\/b$/);
      assert.equal(url.search + url.hash, '');
    });

  for (const [template, problem] of [
    ['https://{account}.acme.example/', 'a placeholder in the host'],
    ['https://help.acme.example{role}', 'a placeholder in the host'],
    ['https://{username}@acme.example/', 'a placeholder in the host'],
    ['https://help.acme.example:{code}/', 'a placeholder in the host'],
    ['{code}://help.acme.example/', 'a placeholder in the host'],
    ['https://help.acme.example/{acount}', 'unknown placeholder {acount}; did you mean {account}?'],
    ['https://help.acme.example/{}', 'unknown placeholder {}'],
    ['https://help.acme.example/{role', 'a brace without a placeholder'],
    ['https://help.acme.example/{{role}}', 'a brace without a placeholder'],
    [TEMPLATE, undefined],
    ['https://help.acme.example?{code}', undefined],
  ] as const)
    it(`${problem === undefined ? 'accepts' : 'rejects'} ${template}`, () => {
      assert.equal(helpAddressProblem(template), problem);
    });
});
