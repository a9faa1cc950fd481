import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { applicationLogin, callAs, PHOTOS, WITH_APPLICATIONS } from '../support/application.ts';
import { useWorld } from '../support/world.ts';

describe('an application', () => {
  const world = useWorld(WITH_APPLICATIONS);

  it('gets credentials of a listed role, in the name of its user', async () => {
    const { visitor } = await world.signIn('bob', 'oidc');
    const login = await applicationLogin(world, visitor);
    const { status, json } = await callAs(world, login, {
      method: 'POST',
      path: '/credentials',
      body: PHOTOS.role,
      origin: PHOTOS.origin,
    });
    assert.equal(status, 200, JSON.stringify(json));
    assert.match(json.assumed_role_arn, /assumed-role\/PhotoUser\/bob-/);
  });
});
