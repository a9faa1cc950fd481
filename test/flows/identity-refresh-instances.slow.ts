/** Two instances of the bridge never use one refresh token of a provider at the same time. */
import assert from 'node:assert/strict';
import { afterEach, before, describe, it } from 'node:test';
import { createApp } from '../../src/app.ts';
import { takeTurn } from '../../src/core/identity-refresh.ts';
import { goodManners } from '../../src/dev/oidc-idp/manners.ts';
import { callApi, loginByDevice, type TerminalLogin, viewerOf } from '../support/cli-login.ts';
import { postgresMissing, usePostgres } from '../support/postgres.ts';
import { answer, storedIn, useWorld, type World } from '../support/world.ts';

const SETTINGS = { everySeconds: 900, staleSeconds: 7200 };
const AT_ONCE = 20;

describe('two instances on one SQLite file read groups again', () => {
  instancesRefresh(useWorld());
});

describe('two instances on one PostgreSQL read groups again', { skip: postgresMissing() }, () => {
  const postgres = usePostgres();
  instancesRefresh(useWorld(() => storedIn(postgres)));
});

function instancesRefresh(world: World): void {
  before(async () => {
    const instances = [createApp(world.bridge), createApp(await world.compose())];
    let requests = 0;
    answer(world.servers.bridge, (request, response) =>
      instances[requests++ % 2]!(request, response),
    );
  });
  afterEach(() => {
    const { refresh, faults } = goodManners();
    Object.assign(world.oidcIdp.refresh, refresh);
    Object.assign(world.oidcIdp.faults, faults);
    world.oidcIdp.directory.enable('bob');
    world.oidcIdp.directory.change('bob', { groups: ['developers'] });
  });

  /** Statuses of hand-outs at once, every other one at the other instance. */
  async function handOuts(login: TerminalLogin): Promise<readonly number[]> {
    const made = await Promise.all(
      Array.from({ length: AT_ONCE }, () =>
        callApi(world, login.accessToken, {
          method: 'POST',
          path: '/credentials',
          body: { account: 'prod', role: 'Developer' },
        }),
      ),
    );
    return [...new Set(made.map(({ status }) => status))];
  }

  const becomesDue = (): void => world.clock.turn(SETTINGS.everySeconds);

  it('once for many hand-outs, by each new refresh token in turn', async () => {
    const login = await loginByDevice(world, 'bob', 'oidc');
    for (const groups of [['developers'], [], ['developers']]) {
      world.oidcIdp.directory.change('bob', { groups });
      becomesDue();
      const asked = world.oidcIdp.requests.refresh;
      assert.deepEqual(await handOuts(login), [groups.length > 0 ? 200 : 403]);
      assert.equal(world.oidcIdp.requests.refresh, asked + 1);
    }
  });

  it('once for the requests that come while the provider takes its time', async () => {
    const login = await loginByDevice(world, 'bob', 'oidc');
    becomesDue();
    const asked = world.oidcIdp.requests.refresh;
    const held = world.oidcIdp.holdRefreshes();
    const waiting = handOuts(login);
    await held.arrived;
    const more = handOuts(login);
    held.release();
    assert.deepEqual([await waiting, await more], [[200], [200]]);
    assert.equal(world.oidcIdp.requests.refresh, asked + 1);
  });

  it('twice when the answer is lost, and all have the second one', async () => {
    const login = await loginByDevice(world, 'bob', 'oidc');
    world.oidcIdp.refresh.rotation = 'lenient';
    world.oidcIdp.directory.change('bob', { groups: [] });
    world.oidcIdp.faults.lostTokenAnswers = 1;
    becomesDue();
    const asked = world.oidcIdp.requests.refresh;
    assert.deepEqual(await handOuts(login), [403]);
    assert.equal(world.oidcIdp.requests.refresh, asked + 2);
  });

  it('again when an instance has died with the lease', async () => {
    const login = await loginByDevice(world, 'bob', 'oidc');
    const { session } = await viewerOf(world, login.visitor);
    becomesDue();
    const now = world.clock.now();
    const dead = { holder: 'an instance that has died', settings: SETTINGS, now };
    const { providerSessions } = world.bridge.storage.store;
    const turn = await providerSessions.update(session.providerSession!, now, found =>
      takeTurn(found, dead),
    );
    assert.equal(turn?.kind, 'ask');
    world.clock.turn(60);
    const asked = world.oidcIdp.requests.refresh;
    assert.deepEqual(await handOuts(login), [200]);
    assert.equal(world.oidcIdp.requests.refresh, asked + 1);
  });

  it('and all requests learn of a denial', async () => {
    const login = await loginByDevice(world, 'bob', 'oidc');
    world.oidcIdp.directory.disable('bob');
    becomesDue();
    const asked = world.oidcIdp.requests.refresh;
    assert.deepEqual(await handOuts(login), [401]);
    assert.equal(world.oidcIdp.requests.refresh, asked + 1);
    const ended = (await world.audit()).filter(({ type }) => type === 'sessions.ended-by-provider');
    assert.equal(ended.length, 1);
  });
}
