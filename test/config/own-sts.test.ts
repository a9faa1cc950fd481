/** `endpoints.sts` of accounts in the file of an organization. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { GOOD, said, written } from './written.ts';

const LIST = JSON.stringify({
  Accounts: [
    { Id: '111122223333', Name: 'prod', State: 'ACTIVE' },
    { Id: '222233334444', Name: 'staging', State: 'ACTIVE' },
  ].map(account => ({
    ...account,
    Arn: `arn:aws:organizations::111122223333:account/o-1/${account.Id}`,
  })),
});

/** The good configuration, with these lines below `accounts`. */
function byFile(...lines: readonly string[]): string {
  const accounts = ['  file: accounts.json', ...lines].join('\n');
  return GOOD.replace(/^accounts:\n(?: {2}- .*\n)+/m, `accounts:\n${accounts}\n`);
}

describe('endpoints.sts in the file of an organization', () => {
  const STORE =
    '{ id: "555566667777", name: store, trust: web-identity, endpoints: { sts: "https://store.example.com/sts" } }';

  it('applies to the account of its entry alone', () =>
    written(async ({ put, check }) => {
      put('accounts.json', LIST);
      const { configuration, problems } = await check(byFile('  entries:', `    - ${STORE}`));
      assert.deepEqual(said(problems), []);
      const endpoints = configuration!.accounts.map(({ name, stsEndpoint, stsAudience }) => [
        ...[name, stsEndpoint, stsAudience],
      ]);
      const store = 'https://store.example.com/sts';
      assert.deepEqual(endpoints, [
        ['prod', undefined, undefined],
        ['staging', undefined, undefined],
        ['store', store, store],
      ]);
    }));

  it('applies as a default, and is rejected with a trust that requires AWS', () =>
    written(async ({ put, check }) => {
      put('accounts.json', LIST);
      const defaults = '  defaults: { endpoints: { sts: "https://store.example.com" } }';
      const { problems } = await check(byFile(defaults));
      const told = said(problems);
      assert.ok(told.length > 0);
      for (const line of told) assert.match(line, /"saml" needs an IAM SAML provider of AWS/);
    }));

  it('has the audience of its configuration, which several accounts of one STS share', () =>
    written(async ({ put, check }) => {
      put('accounts.json', LIST);
      const entries = ['555566667777', '666677778888'].map(
        (id, index) =>
          `    - { id: "${id}", name: store-${index}, trust: web-identity, endpoints: { sts: "https://store.example.com", audience: store } }`,
      );
      const { configuration, problems } = await check(byFile('  entries:', ...entries));
      assert.deepEqual(said(problems), []);
      const audiences = configuration!.accounts.map(({ stsAudience }) => stsAudience);
      assert.deepEqual(audiences, [undefined, undefined, 'store', 'store']);
    }));

  it("warns of users' own tokens that another STS accepts, too", () =>
    written(async ({ check }) => {
      const own = (name: string, more: string) =>
        `- { id: "${name}", name: a${name}, trust: corporate-web-identity${more} }`;
      const [store, ofAws] = [
        own('555566667777', ', endpoints: { sts: "https://store.example.com" }'),
        own('666677778888', ''),
      ];
      const warningsOf = async (...accounts: readonly string[]) => {
        const text = GOOD.replace(
          /^accounts:\n/m,
          `accounts:\n${accounts.map(line => `  ${line}\n`).join('')}`,
        );
        const { problems, warnings } = await check(text);
        assert.deepEqual(said(problems), []);
        return said(warnings).filter(line => line.includes('gives this STS the tokens'));
      };
      assert.deepEqual(await warningsOf(store), []);
      const [warning] = await warningsOf(store, ofAws);
      assert.match(warning!, /accounts\[0\]\.trust: .* that account "a666677778888" accepts, too/);
    }));
});
