/** What it costs that groups are read again, while a refresh is not due. */
import type { Configuration } from '../../src/config/configuration.ts';
import { startWorld } from '../support/world.ts';
import type { Comparison } from './stopwatch.ts';
import { compareHandOuts } from './two-bridges.ts';

/** The connector of the other bridge has no `refresh`. */
export async function measureRefresh(): Promise<Comparison> {
  const world = await startWorld();
  try {
    return await compareHandOuts(world, withoutRefresh, {
      name: 'role credentials to an AWS tool from a warm cache, with refresh on and not due',
      floorName: 'the same without refresh',
    });
  } finally {
    await world.close();
  }
}

function withoutRefresh(configuration: Configuration): Configuration {
  const connectors = configuration.connectors.map(connector =>
    connector.protocol === 'oidc' ? { ...connector, refresh: undefined } : connector,
  );
  return { ...configuration, connectors };
}
