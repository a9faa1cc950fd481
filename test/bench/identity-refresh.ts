/** What it costs that groups are read again, while a refresh is not due. */
import { createApp } from '../../src/app.ts';
import type { Configuration } from '../../src/config/configuration.ts';
import { loginByDevice } from '../support/cli-login.ts';
import { startWorld } from '../support/world.ts';
import { listenOnLoopback } from './loopback.ts';
import { type Comparison, compare } from './stopwatch.ts';

const PATH = 'federation/credentials?account_id=111122223333&role_name=Developer';

/** One login, one store, and two bridges: the connector of one of them has no `refresh`. */
export async function measureRefresh(): Promise<Comparison> {
  const world = await startWorld();
  const [refreshing, plain] = [
    await listenOnLoopback(createApp(await world.compose())),
    await listenOnLoopback(createApp(await world.compose(withoutRefresh))),
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
      name: 'role credentials to an AWS tool from a warm cache, with refresh on and not due',
      run: () => handOut(refreshing.url),
      floorName: 'the same without refresh',
      floor: () => handOut(plain.url),
      calls: 300,
      warmUp: 2000,
    });
  } finally {
    await Promise.all([refreshing.close(), plain.close()]);
    await world.close();
  }
}

function withoutRefresh(configuration: Configuration): Configuration {
  const connectors = configuration.connectors.map(connector =>
    connector.protocol === 'oidc' ? { ...connector, refresh: undefined } : connector,
  );
  return { ...configuration, connectors };
}
