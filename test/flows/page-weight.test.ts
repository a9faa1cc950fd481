/** What the pages of a user with 2,000 roles weigh. `npm run bench:portal` measures their speed. */
import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import { brotliDecompressSync, gunzipSync } from 'node:zlib';
import { load } from 'cheerio';
import { request } from 'undici';
import { ACCOUNTS, MANY_ROLES, manyRoles, ROLES } from '../support/many-roles.ts';
import { useWorld } from '../support/world.ts';

/** Bytes on the wire by encoding, and elements. */
const LIMITS = {
  '/': { br: 42_000, gzip: 55_000, elements: 18_000 },
  '/aws-config': { br: 20_000, gzip: 25_000, elements: 150 },
} as const;
const DECOMPRESS = { br: brotliDecompressSync, gzip: gunzipSync } as const;

describe(`a user with ${ROLES} roles in ${ACCOUNTS} accounts`, () => {
  const world = useWorld(manyRoles({ details: true }));
  let cookie: string;
  before(async () => {
    const { visitor, page } = await world.signIn(MANY_ROLES.username, 'saml');
    assert.match(page.text, new RegExp(`${ROLES} roles in ${ACCOUNTS} accounts`));
    cookie = `rolebridge=${visitor.cookie(world.urls.bridge, 'rolebridge')}`;
  });

  for (const [path, limits] of Object.entries(LIMITS))
    for (const encoding of ['br', 'gzip'] as const)
      it(`gets ${path} in at most ${limits[encoding]} bytes by ${encoding}, with few elements`, async () => {
        const { headers, body } = await request(world.urls.bridge + path, {
          headers: { cookie, 'accept-encoding': encoding },
        });
        assert.equal(headers['content-encoding'], encoding);
        const bytes = Buffer.from(await body.arrayBuffer());
        const html = DECOMPRESS[encoding](bytes).toString();
        assert.match(html, /<\/html>\s*$/);
        assert.match(html, /payments-prod/);
        assert.ok(bytes.length < limits[encoding], `${bytes.length} bytes`);
        const elements = load(html)('*').length;
        assert.ok(elements < limits.elements, `${elements} elements`);
      });
});
