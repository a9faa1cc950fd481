/** A bridge whose only identity providers are those that a test starts. */
import { parse, stringify } from 'yaml';
import { startWorld, type World } from '../support/world.ts';

export interface WantedConnector {
  readonly id: string;
  readonly [key: string]: unknown;
}

/**
 * The configuration of the demo with these connectors, whose groups count in every rule. Left out
 * is what they cannot prove, such as a second factor, and what users request.
 */
export async function startProviderWorld(
  connectors: readonly WantedConnector[],
  env: Readonly<Record<string, string>>,
  { statesAuthTime = true } = {},
): Promise<World> {
  return startWorld({
    // The providers go by the clock of the machine.
    clock: 'running',
    env,
    configure: yaml => {
      const { administration: _, ...configuration } = parse(yaml);
      const access = configuration.access.filter((rule: object) => !('elevation' in rule));
      for (const rule of access) {
        rule.connectors = connectors.map(({ id }) => id);
        delete rule.require?.mfa;
        if (!statesAuthTime && rule.name === 'admins') delete rule.require;
      }
      return stringify({ ...configuration, connectors, access });
    },
  });
}
