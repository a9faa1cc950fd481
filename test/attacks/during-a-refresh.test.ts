/** What ends a user's access while their provider is asked about them counts for that request. */
import assert from 'node:assert/strict';
import type { RequestListener } from 'node:http';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { run } from '../main/server-process.ts';
import { callApi, loginByDevice, type TerminalLogin } from '../support/cli-login.ts';
import { useWorld } from '../support/world.ts';

/** Of the configuration of the demo, in seconds. */
const EVERY = 15 * 60;
const ROLE = { account: 'prod', role: 'Developer' };

describe('while a refresh is in progress,', () => {
  let meanwhile: (() => Promise<unknown>) | undefined;
  const interrupted =
    (provider: RequestListener): RequestListener =>
    async (request, response) => {
      const act = request.url!.includes('/token') ? meanwhile : undefined;
      if (act !== undefined) meanwhile = undefined;
      await act?.();
      provider(request, response);
    };
  const world = useWorld({ through: { oidc: interrupted } });

  const credentials = ({ accessToken }: TerminalLogin) =>
    callApi(world, accessToken, { method: 'POST', path: '/credentials', body: ROLE });
  const operate = async (command: string) => {
    const config = join(world.directory, 'rolebridge.yaml');
    assert.equal((await run(command, '--config', config, '--user', 'bob')).code, 0);
  };
  const issued = async () =>
    (await world.audit()).filter(({ type }) => type === 'credentials.issued').length;

  it('the block of an operator holds, and an end to it does not bring the session back', async () => {
    const login = await loginByDevice(world, 'bob', 'oidc');
    const before = await issued();
    world.clock.turn(EVERY);
    meanwhile = () => operate('block');
    assert.equal((await credentials(login)).status, 401);
    assert.equal(meanwhile, undefined);
    await operate('unblock');
    assert.equal((await credentials(login)).status, 401);
    assert.equal(await issued(), before);
  });

  it('a sign-out everywhere holds in browser and terminal', async () => {
    const login = await loginByDevice(world, 'bob', 'oidc');
    const { visitor } = login;
    const other = await world.signIn('bob', 'oidc');
    const sessions = await other.visitor.get(`${world.urls.bridge}/sessions`);
    world.clock.turn(EVERY);
    meanwhile = async () => {
      const { status } = await other.visitor.submit(sessions, 'button[value=everywhere]');
      assert.equal(status, 200);
    };
    assert.equal((await credentials(login)).status, 401);
    assert.match((await visitor.get(`${world.urls.bridge}/sessions`)).url, /\/sign-in\?/);
  });
});
