import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import { beginDevice } from '../support/cli-login.ts';
import type { Page, Visitor } from '../support/visitor.ts';
import { useWorld } from '../support/world.ts';

/** The edge and colour of production, and the word in it. */
const wordIn = (page: Page): string => page.$('.marked.production.tone-red .mark').first().text();

describe('production', () => {
  const world = useWorld();
  let bob: Visitor;
  before(async () => {
    bob = (await world.signIn('bob', 'oidc')).visitor;
  });
  const open = (path: string): Promise<Page> => bob.get(`${world.urls.bridge}${path}`);

  it('is marked by word, edge and colour where credentials are asked for and shown', async () => {
    const asking = await open('/credentials?account=prod&role=Developer');
    assert.equal(wordIn(asking), 'Production');
    const shown = await bob.submit(asking, 'form[action="/credentials"]');
    assert.equal(wordIn(shown), 'Production');
    const staging = await open('/credentials?account=staging&role=Developer');
    assert.equal(staging.$('.marked.tone-blue .mark').text(), 'Staging');
    assert.equal(wordIn(staging), '');
  });

  it('is marked where a role is requested and decided', async () => {
    const asking = await open('/elevations/new?account=prod&role=Operator');
    assert.equal(wordIn(asking), 'Production');
    const made = await bob.submit(asking, '.request-form', { reason: 'restore the index' });
    assert.match(made.text, /Waiting for approval/);
    assert.equal(made.$('.mark.production').text(), 'Production');
    assert.equal(made.$('.card.marked.production').length, 1);

    const { visitor: alice } = await world.signIn('alice', 'oidc');
    const decided = await alice.get(made.url.split('?')[0]!);
    assert.equal(decided.$('.mark.production').text(), 'Production');
  });

  it('is named where a terminal is confirmed that would reach it', async () => {
    const confirming = async (visitor: Visitor): Promise<Page> => {
      const { json } = await beginDevice(world);
      const form = await visitor.get(`${world.urls.bridge}/device`);
      return visitor.submit(form, 'form[action="/device"]', { user_code: json.user_code });
    };
    const page = await confirming(bob);
    assert.equal(wordIn(page), 'Production');
    assert.match(page.text, /Production\s*Production\s*prod/);

    const { visitor: carol } = await world.signIn('carol', 'oidc');
    const withoutRoles = await confirming(carol);
    assert.match(withoutRoles.text, /Is this your terminal/);
    assert.equal(wordIn(withoutRoles), '');
  });
});
