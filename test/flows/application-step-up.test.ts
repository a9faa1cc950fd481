/** Step-up of a session of an application, by the address that its refusal contains. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { applicationLogin, callAs, WITH_APPLICATIONS } from '../support/application.ts';
import { enterPassword, useWorld } from '../support/world.ts';

describe('an application whose role requires more', () => {
  const world = useWorld({
    ...WITH_APPLICATIONS,
    configure: (yaml, urls) =>
      WITH_APPLICATIONS.configure!(yaml, urls).replace(
        '{ account: prod, role: Operator }',
        '{ account: prod, role: Admin }',
      ),
  });

  it('gets an address with the refusal, a page that names it, and the role by the same session', async () => {
    const { visitor } = await world.signIn('alice', 'oidc', { secondFactor: false });
    const login = await applicationLogin(world, visitor);
    const credentials = () =>
      callAs(world, login, {
        method: 'POST',
        path: '/credentials',
        body: { account: 'prod', role: 'Admin' },
      });
    const { status, json } = await credentials();
    assert.deepEqual([status, json.code], [403, 'proof_missing']);

    const question = await visitor.get(json.step_up_url);
    assert.equal(question.$('h1').text(), 'Verify for this application?');
    assert.match(question.$('.facts').text(), /Web application\s*Photos/);
    const asked = await visitor.submit(question, 'form[action="/step-up"]');
    const done = await enterPassword(visitor, asked, { username: 'alice' });
    assert.equal(done.$('h1').text(), 'Your application is verified');

    assert.equal((await credentials()).status, 200);
  });

  it('is not stepped up for a role that is not on its list', async () => {
    const { visitor } = await world.signIn('alice', 'oidc', { secondFactor: false });
    const login = await applicationLogin(world, visitor);
    const { json } = await callAs(world, login, { path: '/whoami' });
    const query = new URLSearchParams({
      session: json.session.id,
      account: 'staging',
      role: 'Admin',
    });
    const refused = await visitor.get(`${world.urls.bridge}/step-up?${query}`);
    assert.equal(refused.status, 403);
    assert.equal(refused.$('.status-line code').text(), 'role_not_for_application');
  });
});
