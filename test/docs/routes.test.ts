import assert from 'node:assert/strict';
import { it } from 'node:test';
import { routesPage } from '../../src/routes.ts';
import { readPage } from './pages.ts';

it('docs/routes.md is what npm run docs:routes writes', () => {
  assert.equal(readPage('routes.md'), routesPage());
});
