/** One login, one store, and two bridges that differ in their configuration alone. */
import { createApp } from '../../src/app.ts';
import type { Configuration } from '../../src/config/configuration.ts';
import { loginByDevice } from '../support/cli-login.ts';
import type { World } from '../support/world.ts';
import { listenOnLoopback } from './loopback.ts';
import { type Comparison, type Contest, compare } from './stopwatch.ts';

const PATH = 'federation/credentials?account_id=111122223333&role_name=Developer';

/**
 * What it costs bob to get role credentials by an AWS tool, from a warm cache: at a bridge of the
 * world, against one whose configuration is changed.
 */
export async function compareHandOuts(
  world: World,
  change: (configuration: Configuration) => Configuration,
  names: Pick<Contest, 'name' | 'floorName'>,
): Promise<Comparison> {
  const [bridge, floor] = [
    await listenOnLoopback(createApp(await world.compose())),
    await listenOnLoopback(createApp(await world.compose(change))),
  ];
  try {
    const { accessToken } = await loginByDevice(world, 'bob', 'oidc');
    const headers = { 'x-amz-sso_bearer_token': accessToken };
    const handOut = async (url: string): Promise<void> => {
      const response = await fetch(url + PATH, { headers });
      await response.arrayBuffer();
      if (response.status !== 200) throw new Error(`a hand-out failed with ${response.status}`);
    };
    return await compare({
      ...names,
      run: () => handOut(bridge.url),
      floor: () => handOut(floor.url),
      calls: 300,
      warmUp: 2000,
    });
  } finally {
    await Promise.all([bridge.close(), floor.close()]);
  }
}
