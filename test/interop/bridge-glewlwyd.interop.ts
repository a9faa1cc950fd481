/** Users sign in to the whole bridge through Glewlwyd by OpenID Connect. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { packageVersion, useRow } from '../support/compatibility.ts';
import { useFixture } from '../support/fixture.ts';
import { glewlwydMissing, startGlewlwyd } from './glewlwyd.ts';
import { glewlwydProvider, startFederation } from './glewlwyd-federation.ts';
import { arrive, assertSignedIn } from './provider-federation.ts';
import { showsRefresh, showsSignOut, showsUsers } from './provider-suite.ts';

describe('a bridge in front of Glewlwyd', { skip: glewlwydMissing() }, () => {
  const idp = useFixture(startGlewlwyd, server => server.stop());
  const world = useFixture(
    () => startFederation(idp),
    federation => federation.close(),
  );
  const row = useRow('glewlwyd-oidc', () => packageVersion('glewlwyd'));
  const at = glewlwydProvider(world, idp, 'glewlwyd');
  const byPost = glewlwydProvider(world, idp, 'post');
  showsUsers(row, at);
  showsSignOut(row, at);
  showsRefresh(row, at, {
    username: 'dana',
    leaveGroup: () => idp.admin.changeGroups('dana', ['guests']),
  });

  for (const [method, federation] of [
    ['client_secret_basic', at],
    ['client_secret_post', byPost],
  ] as const) {
    row.it(method, `accepts a secret with - _ . by ${method}`, async () => {
      assert.equal(await assertSignedIn(federation, await arrive(federation, 'alice'), 'alice'), 2);
    });
  }

  it('denies a role that requires a recent sign-in, because Glewlwyd states no auth_time', async () => {
    const { visitor } = await arrive(at, 'alice');
    const start = `${world.urls.bridge}/console?account=partner&role=Auditor`;
    const { page } = await arrive(at, 'alice', { visitor, start });
    assert.equal(page.status, 403);
    assert.match(page.text, /step_up_failed.*auth_time\s?not stated/);
  });
});
