import assert from 'node:assert/strict';
import { it } from 'node:test';
import { RATE_LIMITS } from '../../src/http/rate-limits.ts';
import { routesPage } from '../../src/routes.ts';
import { readPage } from './pages.ts';

it('docs/routes.md is what npm run docs:routes writes', () => {
  assert.equal(readPage('routes.md'), routesPage());
});

it('docs/rate-limits.md says the effect of other callers for every limit', () => {
  const cells = [...readPage('rate-limits.md').matchAll(/^\| ((?:`[\w-]+`(?:, )?)+) \| .+ \|$/gm)];
  const named = cells.flatMap(([, cell]) => [...cell!.matchAll(/`([^`]+)`/g)].map(([, n]) => n!));
  assert.deepEqual(named.sort(), Object.keys(RATE_LIMITS).sort());
});
