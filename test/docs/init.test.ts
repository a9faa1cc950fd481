/** The providers of `init` and the page that has the sources of their settings. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { ProviderRow } from '../../src/operate/init/provider-row.ts';
import { PROVIDER_IDS, PROVIDERS, protocolsOf } from '../../src/operate/init/providers.ts';
import { readPage } from './pages.ts';

/** What the section of a provider lacks: itself, or the names of its claims. */
function absentFrom(page: string, row: ProviderRow): string[] {
  const [, section] = new RegExp(`\n## ${row.heading}\n([\\s\\S]*?)(?=\n## )`).exec(page) ?? [];
  if (section === undefined) return [row.heading];
  const names = [row.saml?.claims, row.oidc?.claims].flatMap(claims => Object.values(claims ?? {}));
  return names.filter(name => !section.includes(name));
}

describe('docs/identity-providers.md', () => {
  const page = readPage('identity-providers.md');

  for (const id of PROVIDER_IDS.filter(name => name !== 'other'))
    it(`has the section of ${id}, with the claims that init writes`, () => {
      assert.deepEqual(absentFrom(page, PROVIDERS[id]), []);
      assert.ok(protocolsOf(id).length > 0);
    });

  it('is found incomplete when a section or a claim is missing', () => {
    const row = { ...PROVIDERS.okta, heading: 'Nowhere' };
    assert.deepEqual(absentFrom(page, row), ['Nowhere']);
    const claims = { username: 'uid', email: 'mail', groups: 'no-such-claim' };
    const saml = { ...PROVIDERS.okta.saml, claims };
    assert.deepEqual(absentFrom(page, { ...PROVIDERS.okta, saml } as ProviderRow), [
      'no-such-claim',
    ]);
  });
});
