/**
 * Profile names of several bridges in one file: the name of the bridge comes first.
 *
 * A named bridge always has its name there. Any other bridge keeps the form that its part of the
 * file has. Without a part, its profiles have plain names in a file without another bridge, else
 * the name of its host. So a login to another bridge never takes over a profile name.
 */
import { type ConfiguredRole, profileNames } from '../../core/aws-config.ts';
import type { Client } from '../session/client.ts';
import { type Bridge, knownBridges } from '../warm/bridges.ts';
import { sectionsByOwner } from './config-file.ts';

/** This bridge as this computer knows it; before the first login, named after its host. */
export function bridgeOf({ settings, server }: Client): Bridge {
  return [...knownBridges(settings), ...knownBridges({ server: server.origin })].find(
    one => one.server === server.origin,
  )!;
}

/** Starts the names of profiles with keys: empty for the first bridge, if it has no name. */
export function keysPrefix(client: Client): string {
  const { name, server, isNamed } = bridgeOf(client);
  const [first] = knownBridges(client.settings);
  return isNamed || (first !== undefined && first.server !== server) ? `${name}-` : '';
}

/** Starts every profile name; empty for plain names. `text` is the current config file. */
export function namePrefix(client: Client, text: string, roles: readonly ConfiguredRole[]): string {
  const { server } = client;
  const bridge = bridgeOf(client);
  const prefix = `${bridge.name}-`;
  if (bridge.isNamed) return prefix;
  const parts = sectionsByOwner(text);
  const own = new Set(parts.get(server.origin));
  const names = [...profileNames(roles).values()];
  if (names.some(name => own.has(prefix + name))) return prefix;
  if (names.some(name => own.has(name))) return '';
  return [...parts.keys()].some(owner => owner !== server.origin) ? prefix : '';
}
